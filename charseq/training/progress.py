"""The progress of a run: its counters and sums, and a snapshot of all that resuming needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter

from charseq.arrays import FloatArray
from charseq.training.events import Figures

NonNegative = Annotated[int, Field(ge=0, lt=1 << 62)]
Chars = NonNegative | Annotated[float, Field(ge=0, lt=1 << 62)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""The type of a number in the progress of a run that may be a fraction, such as a time."""

SINCE: dict[str, Any] = {"num_chars": None, "recent": {}, "closing": 0.0, "part_length": 0}
"""The progress that older versions did not save."""
RECORD_SHARE = 0.25
"""A record is due when this share of all steps was done since the last one: many at first, then few."""


@dataclass(slots=True)
class Recent:
    """Sums since the last record; `grad_norms` is of norms before clipping."""

    num_steps: NonNegative = 0
    nats: Amount = 0.0
    chars: Chars = 0
    grad_norms: Amount = 0.0
    num_clipped: NonNegative = 0

    def add_(self, *, nats: float, num_chars: float, grad_norm: float, max_norm: float) -> None:
        """Add a step; its gradient was clipped at `max_norm`, or not if that is 0."""
        self.num_steps += 1
        self.nats += nats
        self.chars += num_chars
        self.grad_norms += grad_norm
        self.num_clipped += 0 < max_norm < grad_norm

    def is_due(self, step: int) -> bool:
        """Say whether a record is due after `step` steps in all."""
        return self.num_steps >= RECORD_SHARE * step

    def figures(self, num_chars: float | None, params: FloatArray) -> Figures:
        """Return the figures of a record, for a run that has learnt from `num_chars` in all."""
        return Figures(
            num_chars=num_chars,
            nats_per_char=self.nats / self.chars if self.chars else None,
            grad_norm=self.grad_norms / self.num_steps if self.num_steps else None,
            clipped_fraction=self.num_clipped / self.num_steps if self.num_steps else None,
            weight_norm=float(np.sqrt(np.dot(params, params))),
        )


@dataclass(slots=True)
class Progress:
    """The counters and sums of a run: all that resuming needs beside the arrays.

    `window` counts the windows of the epoch that are done, `elapsed` is the time of training in seconds.
    `train_nats` and `train_chars` are the sums since the last validation; if targets have weights, each
    character counts with its weight. `num_chars` is the number of characters learnt from since the beginning,
    None for a run that an older version began. `recent` is for the next record. `closing` is the time in
    seconds that was left for the end when a limit was reached. `part_length` is the number of tokens that
    are scored of each part of the validation text, if there is no time for all of them, otherwise 0.
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
    num_chars: Chars | None = 0
    closing: Amount = 0.0
    part_length: NonNegative = 0
    recent: Recent = field(default_factory=Recent)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Progress":
        """Return the progress in the record of a snapshot, which an older version may have made.

        Raises KeyError, TypeError or ValueError if it is none.
        """
        known = {**SINCE, **record}
        return TypeAdapter(cls).validate_python({field.name: known[field.name] for field in fields(cls)})

    def count_(self, nats: float, num_chars: float, grad_norm: float, *, max_norm: float) -> None:
        """Add what a step has learnt from to the sums; its gradient was clipped at `max_norm`, if not 0."""
        self.train_nats += nats
        self.train_chars += num_chars
        self.num_chars = None if self.num_chars is None else self.num_chars + num_chars
        self.recent.add_(nats=nats, num_chars=num_chars, grad_norm=grad_norm, max_norm=max_norm)

    def figures_(self, params: FloatArray) -> Figures:
        """Return the figures since the last record, with these parameters, and begin the next sums."""
        figures = self.recent.figures(self.num_chars, params)
        self.recent = Recent()
        return figures

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
