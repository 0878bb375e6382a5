"""State files: going on as if the prompt had been read again; other files and other models are refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from charseq.config import DataConfig, ModelConfig, SampleConfig, Settings
from charseq.errors import CharseqError, CheckpointError, ConfigError
from charseq.models import LanguageModel
from charseq.models.mlp import MLP
from charseq.runs.checkpoint import Checkpoint, Provenance, checksum_of
from charseq.runs.state_file import METADATA_KEY, check_overwritable, load_state, save_state
from charseq.sampling import Order, Start, sampled
from tests.extensions.recency import Recency
from tests.scoring.twins import Kind

PROMPT, MORE = "hello world\nkin and hel", "lo w"
ORDER_CONFIG = SampleConfig(num_samples=3, length=30, temperature=1.0, seed=5)
ORIGIN = Provenance((), "", 0, 0, 0, 0, "", "", "", "")


def checkpoint_of(model: LanguageModel, kind: Kind) -> Checkpoint:
    settings = Settings(data=DataConfig(unit=kind.unit))
    return Checkpoint(model, kind.codec, settings, ORIGIN)


def window() -> MLP:
    model = MLP(ModelConfig(kind="mlp", order=4, hidden_size=9), Kind("gru", "line").codec.vocab_size)
    model.params.flat[...] = np.random.default_rng(1).normal(size=model.params.flat.size)
    return model


def some(name: str) -> Checkpoint:
    """Return a model by its kind and unit."""
    cell, unit, *tokens = name.split("-")
    kind = Kind("gru" if cell == "mlp" else cell, unit, *tokens)  # type: ignore[arg-type]
    return checkpoint_of(window() if cell == "mlp" else kind.make(), kind)


KINDS = [
    *(
        "gru-stream",
        "lstm-line",
        "ngram-stream",
        "ngram-line",
        "mixture-stream",
        "mixture-line",
        "mlp-stream",
    ),
    *("gru-stream-pair", "lstm-line-pair"),
]


def texts(start: Start) -> list[Any]:
    return list(sampled(start, Order.of(ORDER_CONFIG, start.codec)))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("more", ["", MORE, "in\nwor", "in\n"])
def test_a_state_goes_on_as_if_the_prompt_had_been_read_again(name: str, more: str, tmp_path: Path) -> None:
    """Texts and nats are the same to the last bit, also with more to read after the state."""
    checkpoint, path = some(name), tmp_path / "state.safetensors"
    save_state(path, checkpoint, Start(checkpoint.model, checkpoint.codec, PROMPT))
    start = load_state(path, checkpoint)
    start.read_(more)
    whole = Start(checkpoint.model, checkpoint.codec, PROMPT + more)
    assert (start.token, start.tail) == (whole.token, whole.tail)
    assert texts(start) == texts(whole)


def test_the_state_of_another_model_is_refused(tmp_path: Path) -> None:
    """Another kind, and the same kind with one other weight."""
    checkpoint, path = some("mlp-stream"), tmp_path / "state.safetensors"
    save_state(path, checkpoint, Start(checkpoint.model, checkpoint.codec, PROMPT))
    other = window()
    other.params.flat[3] += 0.1
    for wrong in (some("ngram-stream"), checkpoint_of(other, Kind("gru", "stream"))):
        with pytest.raises(ConfigError, match="the state of another model"):
            load_state(path, wrong)


def test_a_kind_of_model_without_states_to_save_is_refused(tmp_path: Path) -> None:
    """The message says so, and no file is made."""
    checkpoint = checkpoint_of(Recency(np.arange(20)), Kind("gru", "stream"))
    with pytest.raises(ConfigError, match="cannot be saved"):
        save_state(tmp_path / "state", checkpoint, Start(checkpoint.model, checkpoint.codec, ""))
    assert not list(tmp_path.iterdir())


Change = Callable[[dict[str, Any], dict[str, Any]], object]
"""A change of a record and of tensors, after which the checksum is made to fit."""

HOSTILE: dict[str, tuple[str, Change]] = {
    "a token out of range": ("gru-stream", lambda record, _: record.update(token=10**6)),
    "a token that is none": ("gru-stream", lambda record, _: record.update(token="a")),
    "a long tail": ("gru-stream", lambda record, _: record.update(tail="a" * 1001)),
    "another version": ("gru-stream", lambda record, _: record.update(format_version=2)),
    "one more field": ("gru-stream", lambda record, _: record.update(more=1)),
    "no token": ("gru-stream", lambda record, _: record.pop("token")),
    "a turn of 2": ("gru-stream", lambda _, tensors: tensors.update(turn=np.array([2]))),
    "a negative number of tokens": (
        "gru-stream",
        lambda _, tensors: tensors.update(num_read=np.array([-1])),
    ),
    "numbers of tokens": ("gru-stream", lambda _, tensors: tensors.update(num_read=np.array([1, 2]))),
    "no turn": ("gru-stream", lambda _, tensors: tensors.pop("turn")),
    "nan": ("gru-stream", lambda _, tensors: tensors["state.0"].fill(np.nan)),
    "a wrong size": ("gru-stream", lambda _, tensors: tensors.update({"state.0": np.zeros(3)})),
    "a wrong type": (
        "gru-stream",
        lambda _, tensors: tensors.update({"state.0": tensors["state.0"].astype(np.float16)}),
    ),
    "no context": ("ngram-stream", lambda _, tensors: tensors.update(contexts=np.zeros(0, np.int64))),
    "many contexts": ("ngram-stream", lambda _, tensors: tensors.update(contexts=np.zeros(99, np.int64))),
    "a context too far": (
        "ngram-stream",
        lambda _, tensors: tensors.update(contexts=np.array([0, 10**9])),
    ),
    "a negative context": ("ngram-stream", lambda _, tensors: tensors.update(contexts=np.array([-1]))),
    "contexts that are no numbers": (
        "ngram-stream",
        lambda _, tensors: tensors.update(contexts=np.zeros(1)),
    ),
    "a past out of range": ("mlp-stream", lambda _, tensors: tensors["past"].fill(10**6)),
    "a negative past": ("mlp-stream", lambda _, tensors: tensors["past"].fill(-1)),
    "a short past": ("mlp-stream", lambda _, tensors: tensors.update(past=np.zeros(1, np.int64))),
    "a member too many": ("mixture-stream", lambda _, tensors: tensors.update({"2.turn": np.array([0])})),
    "a member's context too far": (
        "mixture-stream",
        lambda _, tensors: tensors.update({"1.contexts": np.array([0, 10**9])}),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_state_is_refused(name: str, tmp_path: Path) -> None:
    """Its checksum fits, but it cannot be the state of the model."""
    kind, change = HOSTILE[name]
    checkpoint, path = some(kind), tmp_path / "state.safetensors"
    save_state(path, checkpoint, Start(checkpoint.model, checkpoint.codec, PROMPT))
    with safe_open(path, framework="numpy") as file:
        record = json.loads(file.metadata()[METADATA_KEY])
        tensors = {key: file.get_tensor(key).copy() for key in file.keys()}  # noqa: SIM118
    del record["checksum"]
    change(record, tensors)
    record["checksum"] = checksum_of(record, tensors)
    save_file(tensors, path, {METADATA_KEY: json.dumps(record)})
    with pytest.raises(CheckpointError, match=r"state\.safetensors: the state is damaged: "):
        load_state(path, checkpoint)


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    """Cut off anywhere, or with a bit flipped."""
    checkpoint, path = some("gru-line"), tmp_path / "state.safetensors"
    save_state(path, checkpoint, Start(checkpoint.model, checkpoint.codec, PROMPT))
    whole = path.read_bytes()
    flipped = [whole[:k] + bytes([whole[k] ^ 1]) + whole[k + 1 :] for k in range(0, len(whole), 7)]
    for content in (*(whole[:k] for k in range(0, len(whole), 11)), *flipped):
        path.write_bytes(content)
        with pytest.raises(CharseqError):
            load_state(path, checkpoint)


def test_only_a_state_is_overwritten(tmp_path: Path) -> None:
    """A model or a text could not be had again."""
    checkpoint, path = some("gru-line"), tmp_path / "state.safetensors"
    check_overwritable(path)
    save_state(path, checkpoint, Start(checkpoint.model, checkpoint.codec, PROMPT))
    check_overwritable(path)
    path.write_text("a text")
    with pytest.raises(ConfigError, match="a file that is not a state"):
        check_overwritable(path)
