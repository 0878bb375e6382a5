"""State files: what a model has read, in one .safetensors file, so that it need not read it again.

The tensors are the state of the reader. The metadata is a JSON record: the model that it belongs to, the last
input, which is not read yet, and the end of the text.
"""

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from charseq.config import reason
from charseq.errors import CheckpointError, ConfigError
from charseq.files import exists, write_atomically
from charseq.runs.checkpoint import Checkpoint, checksum_of
from charseq.sampling import Start
from charseq.sampling.start import TAIL_CHARS

METADATA_KEY = "charseq_state"


class _Record(BaseModel):
    """The record in the metadata; `model` is the SHA-256 of the model's tensors and tokenizer."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format_version: Literal[1] = 1
    model: str
    token: int
    tail: str = Field(max_length=TAIL_CHARS)
    checksum: str = ""


def save_state(path: Path, checkpoint: Checkpoint, start: Start) -> None:
    """Write what `start` has read to a file, atomically."""
    from safetensors.numpy import save

    tensors = {name: np.ascontiguousarray(array) for name, array in start.packed().items()}
    record = {
        "format_version": 1,
        "model": _identity(checkpoint),
        "token": start.token,
        "tail": start.tail,
    }
    record["checksum"] = checksum_of(record, tensors)
    write_atomically(path, save(tensors, {METADATA_KEY: json.dumps(record)}))


def load_state(path: Path, checkpoint: Checkpoint) -> Start:
    """Return the place that `save_state` wrote.

    Raises ConfigError for the state of another model, CheckpointError for a file that is damaged or no state.
    """
    metadata, tensors = _read(path)
    if METADATA_KEY not in metadata:
        raise CheckpointError(f"{path}: not a state: it has no record of one")
    try:
        found = json.loads(metadata[METADATA_KEY])
        record = _Record.model_validate(found)
        if found.pop("checksum", None) != checksum_of(found, tensors):
            raise ValueError("its checksum does not match")
        if record.model != _identity(checkpoint):
            raise ConfigError(f"{path}: the state of another model than this {checkpoint.description}")
        return Start.unpacked(
            checkpoint.model, checkpoint.codec, tensors, token=record.token, tail=record.tail
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path}: the state is damaged: {reason(error)}") from None


def check_overwritable(path: Path) -> None:
    """Raise ConfigError if there is a file that is no state: it could be a model."""
    if not exists(str(path)):
        return
    try:
        is_state = METADATA_KEY in _read(path)[0]
    except CheckpointError:
        is_state = False
    if not is_state:
        raise ConfigError(f"{path}: there is a file that is not a state; choose another name")


def _identity(checkpoint: Checkpoint) -> str:
    return checksum_of({"tokenizer": checkpoint.codec.tokenizer.to_spec()}, checkpoint.model.tensors())


def _read(path: Path) -> tuple[dict[str, str], dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            return file.metadata() or {}, tensors
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; a state is made by saving one") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (SafetensorError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: not a state: {error}") from None
