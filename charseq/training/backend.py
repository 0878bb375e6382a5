"""The backend of a run: compiled code where loading it pays."""

import math

from charseq.config import BackendName, TrainConfig
from charseq.scoring.compiling import WORK_THAT_PAYS
from charseq.training.limits import Limits

READINGS_PER_STEP = 3
"""The work of training on a token, in forward passes: the backward pass is two more."""
LEAST_PARAMETERS = 30_000
"""The parameters that a token counts as at least: between two products a step takes time, too."""
LEAST_SECONDS = 3.0
"""The limit in time from which on compiled code pays."""


def backend_for(train: TrainConfig, *, num_parameters: int, num_windows: int) -> BackendName:
    """Return the backend of the settings; for "auto", "numpy" if training ends before numba is loaded.

    It depends on the settings, the size of the model and the `num_windows` of an epoch, and on no clock: a
    run that is resumed has the same one, unless its limits are others now.
    """
    if train.backend != "auto":
        return train.backend
    limits = Limits.of(train)
    if 0 < limits.max_time < LEAST_SECONDS:
        return "numpy"
    steps = min(
        limits.max_steps or math.inf,
        limits.num_epochs * num_windows or math.inf,
    )
    num_tokens = steps * train.batch_size * train.seq_length
    work = READINGS_PER_STEP * num_tokens * max(num_parameters, LEAST_PARAMETERS)
    return "auto" if work >= WORK_THAT_PAYS else "numpy"
