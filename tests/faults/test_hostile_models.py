"""Model files from strangers: whatever is in them, one line or a sound model, little memory, no code."""

import json
import random
import resource
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from charseq.config import ModelConfig, Settings
from charseq.errors import CheckpointError
from charseq.models import LanguageModel, NGram, fit_ngram
from charseq.models.mixture import MEMBERS, WEIGHTS, MemberRecord, Mixture
from charseq.network import CharModel
from charseq.runs.checkpoint import METADATA_KEY, Checkpoint, Provenance, checksum_of
from charseq.scoring.scorer import Scorer
from charseq.text import CharTokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from tests.cli.conftest import surroundings

TOKENIZER = CharTokenizer.fit("hello king,\nexper\n")
FORMATS = Path(__file__).parents[1] / "formats"
each_kind = pytest.mark.parametrize(("kind", "step"), [("recurrent", 3), ("ngram", 3), ("mixture", 31)])
"""A kind of model, and the places that are tried: every third, fewer where most are those of other kinds."""
PROVENANCE = Provenance(("a.txt",), "0" * 64, 9, 5, 7, 9, "", "charseq train a.txt", "0.1.0", "2.0.0")


def model_file(path: Path, kind: str = "recurrent") -> bytes:
    """Return a small model file."""
    config = ModelConfig(kind=kind, hidden_size=3, order=2)
    if kind == "mixture":
        configs = [ModelConfig(hidden_size=1), ModelConfig(kind="ngram", order=1)]
        models = [model_of(config) for config in configs]
        members = [MemberRecord(config=config, source="a", sha256="0" * 64) for config in configs]
        model: LanguageModel = Mixture(members, models, np.array([0.5, 0.6]), "log-linear")
    else:
        model = model_of(config)
    Checkpoint(
        model, Codec(TOKENIZER, Settings(model=config).data.unit), Settings(model=config), PROVENANCE
    ).save(path)
    return path.read_bytes()


def model_of(config: ModelConfig) -> LanguageModel:
    """Return a small network, or the n-grams of a small text."""
    if config.kind == "ngram":
        examples = Examples(EncodedText.of("hello king,\nexper\n"), Codec(TOKENIZER, "stream"))
        return fit_ngram(examples, vocab_size=TOKENIZER.vocab_size, order=config.order)
    model = CharModel(config, TOKENIZER.vocab_size)
    model.initialise_(np.random.default_rng(0))
    return model


def loading_error(path: Path, content: bytes) -> str:
    """Return the error of one line that loading gives."""
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        Checkpoint.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 1000
    return message


@each_kind
def test_a_file_cut_off_anywhere_is_refused(kind: str, step: int, tmp_path: Path) -> None:
    """No beginning of a model file is taken for one."""
    path = tmp_path / "m.safetensors"
    content = model_file(path, kind)
    for end in [*range(0, len(content) - 8, step), *range(len(content) - 8, len(content))]:
        loading_error(path, content[:end])


@each_kind
def test_any_flipped_bit_is_noticed(kind: str, step: int, tmp_path: Path) -> None:
    """A bit that flipped on the disk is an error, wherever it stands, but in the blanks between the parts."""
    path = tmp_path / "m.safetensors"
    content = model_file(path, kind)
    (length,) = struct.unpack("<Q", content[:8])
    header_end = 8 + len(content[8 : 8 + length].rstrip(b" "))
    places = [k for k in range(len(content)) if not header_end <= k < 8 + length]
    for k in places[random.Random(0).randrange(step) :: step]:
        flipped = bytearray(content)
        flipped[k] ^= 1 << (k % 8)
        loading_error(path, bytes(flipped))


def test_the_checksum_covers_weights_and_record(tmp_path: Path) -> None:
    """A weight or a word that was changed, however plausible, does not pass."""
    path = tmp_path / "m.safetensors"
    content = model_file(path)
    assert "its checksum does not match" in loading_error(path, content[:-4] + struct.pack("<f", 0.123))
    changed = content.replace(b'\\"unit\\": \\"stream\\"', b'\\"unit\\": \\"line\\"  ')
    assert changed != content
    assert "its checksum does not match" in loading_error(path, changed)


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=20),
        st.just(10**400),
        st.just("\ud800"),
        st.just("\x1b[2J"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


def paths_of(record: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value of a record."""
    found = [prefix] if prefix else []
    for key, value in record.items() if isinstance(record, dict) else ():
        found += paths_of(value, (*prefix, key))
    return found


@settings(deadline=None, max_examples=40)
@given(data=st.data(), value=json_values)
def test_any_value_in_the_record_is_a_sound_model_or_one_line(
    data: st.DataObject, value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever stands in the metadata, with a fitting checksum, is a sound model or an error of one line."""
    path = tmp_path_factory.mktemp("m") / "m.safetensors"
    content = model_file(path)
    (length,) = struct.unpack("<Q", content[:8])
    record = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][METADATA_KEY])
    *way, last = data.draw(st.sampled_from(paths_of(record)))
    place = record
    for key in way:
        place = place[key]
    place[last] = value
    record.pop("checksum", None)
    tensors = dict(load_file(path))
    record["checksum"] = checksum_of(record, tensors)
    save_file(tensors, path, {METADATA_KEY: json.dumps(record)})
    try:
        checkpoint = Checkpoint.load(path)
    except CheckpointError as error:
        message = str(error)
    else:
        message = ""
        Scorer(checkpoint.model, checkpoint.codec).score("hello")
    assert "\n" not in message
    assert len(message) < 1000


CLAIMS = {
    "wide": {"hidden_size": 65536, "num_layers": 64},
    "deep": {"num_layers": 64},
    "embedded": {"embedding_size": 65536, "hidden_size": 65536},
    "n-grams": {"kind": "ngram", "order": 99},
}
LOAD_EACH = """
import resource, sys
from pathlib import Path
from charseq.errors import CheckpointError
from charseq.runs.checkpoint import Checkpoint
resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
for name in sys.argv[1:]:
    try:
        Checkpoint.load(Path(name))
    except CheckpointError as error:
        print(error)
"""
"""Loads files in little memory, and prints the error of each."""


def test_a_small_file_takes_little_memory(tmp_path: Path) -> None:
    """What a file says of its sizes takes no memory before the numbers are there to fill it."""
    for name, claim in CLAIMS.items():
        path = tmp_path / name
        content = model_file(path)
        (length,) = struct.unpack("<Q", content[:8])
        record = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][METADATA_KEY])
        record["settings"]["model"] |= claim
        save_file(dict(load_file(path)), path, {METADATA_KEY: json.dumps(record)})
    done = subprocess.run(
        [sys.executable, "-c", LOAD_EACH, *CLAIMS],
        cwd=tmp_path,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == list(CLAIMS)
    assert all("the model file is damaged" in line for line in lines)


def test_metadata_nested_without_end_is_refused(tmp_path: Path) -> None:
    """Nesting without end is an error, not a crash."""
    path = tmp_path / "m.safetensors"
    save_file({"a": np.zeros(1, np.float32)}, path, {METADATA_KEY: "[" * 100_000})
    assert "not a charseq model" in loading_error(path, path.read_bytes())


def test_a_header_longer_than_the_file_is_refused_without_memory_for_it(tmp_path: Path) -> None:
    """A length that nothing has is refused without memory for it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for length in (2**63 - 1, 2**64 - 1, 10**9):
        loading_error(tmp_path / "m.safetensors", struct.pack("<Q", length) + b"{}")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_tensor_of_no_part_is_refused(tmp_path: Path) -> None:
    """A file holds what it needs and nothing else."""
    path = tmp_path / "m.safetensors"
    content = model_file(path)
    (length,) = struct.unpack("<Q", content[:8])
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    save_file(dict(load_file(path)) | {"payload": np.zeros(3, np.uint8)}, path, metadata)
    assert "tensor payload belongs to no part of it" in loading_error(path, path.read_bytes())


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        (WEIGHTS, np.array([-0.5, 1.0]), "a weight is negative, too large, or no number"),
        (WEIGHTS, np.zeros((2, 2)), "the weights are float64 (2, 2)"),
        (
            MEMBERS,
            np.frombuffer(b"{", np.uint8),
            "Invalid JSON: EOF while parsing an object at line 1 column 1",
        ),
        (MEMBERS, np.array([1e300]), "Invalid JSON: expected value at line 1 column 1"),
        ("members.0.extra", np.zeros(1), "tensor members.0.extra belongs to no part of it"),
        ("members.2.extra", np.zeros(1), "tensor members.2.extra belongs to no part of it"),
    ],
    ids=str,
)
def test_a_damaged_part_of_a_mixture_is_named(name: str, tensor: Any, message: str, tmp_path: Path) -> None:
    """With a checksum that fits."""
    path = tmp_path / "m.safetensors"
    content = model_file(path, "mixture")
    (length,) = struct.unpack("<Q", content[:8])
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    save_file(dict(load_file(path)) | {name: tensor}, path, metadata)
    assert loading_error(path, path.read_bytes()) == f"{path}: the model file is damaged: {message}"


# ---- files of older versions


def test_a_file_of_version_1_gives_the_figure_that_it_gave_then() -> None:
    """A file of version 1, which had no checksum, gives the figure that it gave then."""
    checkpoint = Checkpoint.load(FORMATS / "version_1.safetensors")
    score = (
        Scorer(checkpoint.model, Codec(checkpoint.codec.tokenizer, "stream"))
        .score("hello king, exper\n" * 40)
        .score()
    )
    assert score.nats_per_char == pytest.approx(2.628537032793553, rel=1e-6)
    assert checkpoint.training is not None
    assert not isinstance(checkpoint.model, NGram)
