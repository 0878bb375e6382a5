"""Learning curves: how the figures of training runs changed from their first step on.

A mean over some steps is a figure of the weights in the middle of these steps. So the first loss of training,
that of the first window before any update, is at step 0; for fresh weights it is about log V.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from charseq.runs.metrics import read_metrics
from charseq.scoring import bits

TRAINING, VALIDATION = "train_bits_per_char", "valid_bits_per_char"
FIGURES = (TRAINING, VALIDATION, "grad_norm", "clipped_fraction", "weight_norm")
"""The figures that have curves."""


class Place(NamedTuple):
    """A place in a run: steps, and characters and seconds, which may be unknown."""

    step: float = 0.0
    num_chars: float | None = 0.0
    seconds: float | None = 0.0

    def before(self, other: "Place") -> "Place":
        """Return the place of the mean over the steps from here to `other`, before the update of each."""
        num_steps = other.step - self.step
        share = (num_steps - 1) / (2 * num_steps) if num_steps else 0.0
        return Place(
            self.step + share * num_steps,
            _between(self.num_chars, other.num_chars, share),
            _between(self.seconds, other.seconds, share),
        )


class Point(NamedTuple):
    """A figure of a run, and how far training was then, as in a Place."""

    figure: str
    value: float
    step: float
    num_chars: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """The finite points of one run, those of each figure in their order; `end` is how far the run came."""

    name: str
    points: tuple[Point, ...]
    end: Place

    def of(self, figure: str) -> list[Point]:
        """Return the points of a figure."""
        return [point for point in self.points if point.figure == figure]

    @property
    def best(self) -> Point | None:
        """The lowest point of validation, if there is any."""
        return min(self.of(VALIDATION), key=lambda point: point.value, default=None)


def curves_of(directories: Mapping[str, Path]) -> tuple[Curve, ...]:
    """Return the curves of runs by name, without those that have none: only training writes records.

    Raises CheckpointError for damaged records.
    """
    found = [curve_of(name, read_metrics(directory)) for name, directory in directories.items()]
    return tuple(curve for curve in found if curve.points)


def curve_of(name: str, records: Sequence[Mapping[str, Any]]) -> Curve:
    """Return the curve of the run with these records of metrics.jsonl."""
    return Curve(name, tuple(_points(records)), _place(records[-1]) if records else Place())


def _place(record: Mapping[str, Any]) -> Place:
    return Place(record["step"], record.get("num_chars"), record.get("elapsed"))


def _between(begin: float | None, end: float | None, share: float) -> float | None:
    return None if begin is None or end is None else begin + share * (end - begin)


def _points(records: Sequence[Mapping[str, Any]]) -> Iterator[Point]:
    last = Place()
    for record in records:
        place = _place(record)
        middle = last.before(place)
        is_recent = "recent_nats_per_char" in record  # older versions: since the last validation
        nats = record["recent_nats_per_char" if is_recent else "train_nats_per_char"]
        figures = [(TRAINING, None if nats is None else bits(nats), middle)]
        nats = record["valid_nats_per_char"]
        figures.append((VALIDATION, None if nats is None else bits(nats), place))
        figures += [(name, record.get(name), middle) for name in ("grad_norm", "clipped_fraction")]
        figures.append(("weight_norm", record.get("weight_norm"), place))
        for figure, value, where in figures:
            if value is not None and math.isfinite(value):
                yield Point(figure, value, *where)
        last = place
