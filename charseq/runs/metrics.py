"""The records of a run in metrics.jsonl: one for each validation, and more of them at the beginning.

A record holds the figures of the run at a step. Records between validations have no validation, and nothing
that is counted from one validation to the next. The record of step 0 has a score of the untrained model,
which is no validation. Records of older versions lack the fields of FIGURES.
"""

import errno
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from charseq.errors import CharseqError, CheckpointError
from charseq.files import write_atomically
from charseq.limits import MAX_STEP
from charseq.runs.directory import METRICS
from charseq.scoring import Score, Validator
from charseq.training.events import Figures, StepDone, Validated
from charseq.training.progress import Progress

NATS = ("train_nats_per_char", "valid_nats_per_char")
"""The fields of a record that hold nats per character, or None."""
FIELDS = (
    *("step", "epoch", "elapsed", "learning_rate", "train_nats_per_char", "valid_nats_per_char"),
    *("valid_bits_per_char", "improved", "averaged", "num_chars", "recent_nats_per_char", "grad_norm"),
    *("clipped_fraction", "weight_norm"),
)
"""The fields of a record, in the order in which they are written."""
FIGURES = ("elapsed", "num_chars", "recent_nats_per_char", "grad_norm", "clipped_fraction", "weight_norm")
"""The fields of a record that hold a number or None, and may be missing."""


def append_metrics(directory: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Append `records`, all of them or none. Raises CharseqError if that is not possible."""
    path = directory / METRICS
    lines = "".join(json.dumps(record) + "\n" for record in records).encode()
    if not lines:
        return
    try:
        with path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                if file.write(lines) < len(lines):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    file.truncate(size)
                raise
    except OSError as error:
        raise CharseqError(f"{path}: cannot be written: {error.strerror}") from None


def read_metrics(directory: Path) -> list[dict[str, Any]]:
    """Return the records of a run, if any; an unfinished last line is left out.

    Raises CheckpointError, naming the line, for a line that is not a record.
    """
    path = directory / METRICS
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from None
    return [_metrics_of(line, f"{path}: line {number}") for number, line in enumerate(lines, start=1)]


def forget_later(directory: Path, now: Progress) -> list[dict[str, Any]]:
    """Return the records of a run up to its last save, at `now`.

    Those that it made later, before it was killed, are removed from its file: they will be made again.
    """
    path, last_validation = directory / METRICS, now.step - 1 if now.train_chars else now.step
    if not path.exists():
        return []
    records = [
        record
        for record in read_metrics(directory)
        if record["step"] <= (last_validation if is_validation(record) else now.step)
    ]
    write_atomically(path, "".join(json.dumps(record) + "\n" for record in records).encode())
    return records


def _metrics_of(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not (isinstance(record, dict) and _is_record(record)):
        raise CheckpointError(f"{where}: damaged: not the record of a run")
    return record


def _is_record(record: dict[str, Any]) -> bool:
    """Say whether a record has the fields that are read, in the types that are written."""
    nats = [record.get(key, "") for key in NATS]
    return (
        _is_count(record.get("step"))
        and all(number is None or isinstance(number, float) for number in nats)
        and all(_is_figure(record.get(key)) for key in FIGURES)
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value < MAX_STEP


def _is_figure(value: object) -> bool:
    return value is None or isinstance(value, float) or _is_count(value)


def is_validation(record: Mapping[str, Any]) -> bool:
    """Say whether a record is that of a validation, with or without a text to score."""
    return record["train_nats_per_char"] is not None


def records_before(validator: Validator | None) -> list[dict[str, Any]]:
    """Return the line of METRICS for step 0: the untrained model, scored quickly on a little of the text.

    There is none without a validation text, or if no character of that little counts.
    """
    valid = Score() if validator is None else validator.score(num_steps=validator.STEPS)
    if not valid.num_chars:
        return []
    figures = {"valid_nats_per_char": valid.nats_per_char, "valid_bits_per_char": valid.bits_per_char}
    return [{**dict.fromkeys(FIELDS), "step": 0, "epoch": 0, "elapsed": 0.0, "num_chars": 0, **figures}]


def record_of(event: StepDone | Validated, figures: Figures) -> dict[str, Any]:
    """Return the line of METRICS for an event with its figures."""
    found = event if isinstance(event, Validated) else None
    valid = None if found is None else found.valid
    return {
        "step": event.step,
        "epoch": event.epoch,
        "elapsed": event.elapsed,
        "learning_rate": event.learning_rate,
        "train_nats_per_char": None if found is None else found.train_nats_per_char,
        "valid_nats_per_char": None if valid is None else valid.nats_per_char,
        "valid_bits_per_char": None if valid is None else valid.bits_per_char,
        "improved": None if found is None else found.improved,
        "averaged": None if found is None else found.averaged,
        "num_chars": figures.num_chars,
        "recent_nats_per_char": figures.nats_per_char,
        "grad_norm": figures.grad_norm,
        "clipped_fraction": figures.clipped_fraction,
        "weight_norm": figures.weight_norm,
    }
