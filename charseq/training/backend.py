"""The backend of a run: compiled code where loading it pays."""

import math

from charseq.backend.work import LEAST_WORK, TRAINING, WORK_THAT_PAYS
from charseq.config import BackendName, TrainConfig
from charseq.training.limits import Limits

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
    work = TRAINING * num_tokens * max(num_parameters, LEAST_WORK[32])
    return "auto" if work >= WORK_THAT_PAYS else "numpy"
