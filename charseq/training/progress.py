"""The progress of a run: its counters and sums, and a snapshot of all that resuming needs."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from charseq.arrays import FloatArray

NonNegative = Annotated[int, Field(ge=0, lt=1 << 62)]
Chars = NonNegative | Annotated[float, Field(ge=0, lt=1 << 62)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""The type of a number in the progress of a run that may be a fraction, such as a time."""


@dataclass(slots=True)
class Progress:
    """The counters and sums of a run: all that resuming needs beside the arrays.

    `window` counts the windows of the epoch that are done, `elapsed` is the time of training in seconds.
    `train_nats` and `train_chars` are the sums since the last validation; if targets have weights, each
    character counts with its weight.
    """

    step: NonNegative = 0
    epoch: NonNegative = 0
    window: NonNegative = 0
    elapsed: Amount = 0.0
    best_nats: Amount | None = None
    best_step: NonNegative = 0
    num_bad_validations: NonNegative = 0
    num_recoveries: NonNegative = 0
    rate_scale: Amount = 1.0
    num_optimizer_steps: NonNegative = 0
    train_nats: Amount = 0.0
    train_chars: Chars = 0

    @property
    def epoch_number(self) -> int:
        """The number of the epoch that the last window belongs to, counted from 1."""
        return self.epoch + (self.window > 0)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run between two steps, without the parameters: `arrays` by name, and `record`, which can be JSON."""

    arrays: dict[str, FloatArray]
    record: dict[str, Any]

    def write(self, name: str, out: FloatArray) -> None:
        """Write the array `name` to `out`. Raises KeyError or ValueError if it cannot be what `out` was."""
        saved = self.arrays[name]
        if saved.shape != out.shape or saved.dtype != out.dtype:
            raise ValueError(f"{name} is {saved.dtype} {saved.shape}, not {out.dtype} {out.shape}")
        if not np.isfinite(saved).all():
            raise ValueError(f"{name} holds nan or infinity")
        out[...] = saved
