"""The numbers of a run in progress."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

NonNegative = Annotated[int, Field(ge=0, lt=1 << 62)]
Chars = NonNegative | Annotated[float, Field(ge=0, lt=1 << 62)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""The values that the numbers of a resumed run may have."""


@dataclass(slots=True)
class Progress:
    """The numbers of a run: all that resuming needs beside the arrays.

    `window` counts within the epoch, `elapsed` in seconds of training. `train_nats` and `train_chars` are
    the sums since the last validation; characters whose targets have weights count as much as these say.
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
        """The epoch, counted from 1, that the last window belonged to."""
        return self.epoch + (self.window > 0)
