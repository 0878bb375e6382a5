"""Model files: what goes in comes out bit for bit, anything else is one CheckpointError naming the file."""

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from charseq.cells import CELLS
from charseq.config import (
    AUTO,
    CellName,
    DataConfig,
    ModelConfig,
    OptimConfig,
    SampleConfig,
    Settings,
    TrainConfig,
)
from charseq.errors import CheckpointError, ConfigError
from charseq.models import fit_ngram
from charseq.network import CharModel
from charseq.runs.checkpoint import FORMAT_VERSION, METADATA_KEY, Checkpoint, Provenance, Results
from charseq.scoring.score import Score
from charseq.text import CharTokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from charseq.training.progress import Snapshot

Array: TypeAlias = NDArray[Any]
Tensors: TypeAlias = dict[str, Array]
Record: TypeAlias = dict[str, Any]

TOKENIZER = CharTokenizer.fit("hello king,\nhello 한글 \U0001f600 «expert»\n")
V, H, D = TOKENIZER.vocab_size, 4, 3
PROVENANCE = Provenance(
    sources=("a text.txt", "b/한글.txt"),
    sha256="0123456789abcdef" * 4,
    num_bytes=1234,
    train_end=900,
    valid_end=950,
    test_end=1000,
    valid_sha256="",
    command="charseq train 'a text.txt' b/한글.txt",
    charseq_version="0.1.0",
    numpy_version="2.0.0",
)
VALID = Score(num_chars=50, num_bytes=64, num_unseen=2, nats=1 / 3)
RESULTS = Results(step=310, epoch=2, train_seconds=1.25, train_nats_per_char=1.1, valid=VALID)

every_cell = pytest.mark.parametrize("cell", CELLS)
every_embedding = pytest.mark.parametrize("embedding_size", [0, D], ids=["one-hot", "embedding"])


def make_checkpoint(cell: CellName = "lstm", embedding_size: int = 0) -> Checkpoint:
    """Return a model of two layers with no parameter that is zero, and settings that are not the default."""
    settings = Settings(
        data=DataConfig(corpus=("a text.txt", "b/한글.txt"), valid_fraction=0.1, unit="line"),
        model=ModelConfig(cell=cell, hidden_size=H, num_layers=2, embedding_size=embedding_size, dropout=0.1),
        optim=OptimConfig(optimizer="rmsprop", learning_rate=1 / 3),
        train=TrainConfig(max_time=90.5, seed=7),
        sample=SampleConfig(temperature=0.0),
    )
    model = CharModel(settings.model, V)
    model.params.flat[...] = np.random.default_rng(0).normal(0, 0.6, model.params.flat.size)
    return Checkpoint(model, Codec(TOKENIZER, settings.data.unit), settings, PROVENANCE, RESULTS)


def make_training() -> Snapshot:
    rng = np.random.default_rng(1)
    arrays = {
        "training.best": rng.normal(size=50).astype(np.float32),
        "training.optimizer.mean_square": rng.random(50).astype(np.float32),
        "training.state.layers.0.h": rng.normal(size=(3, H)).astype(np.float32),
    }
    record = {"step": 310, "best_nats": 1.2345678901234567, "rng": rng.bit_generator.state}
    return Snapshot(arrays, record)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"


def round_trip(checkpoint: Checkpoint, path: Path) -> Checkpoint:
    checkpoint.save(path)
    return Checkpoint.load(path)


def parts_of(path: Path) -> tuple[Tensors, Record]:
    """Return the tensors of a file and the record in its metadata."""
    header, _ = header_of(path)
    return dict(load_file(path)), json.loads(header["__metadata__"][METADATA_KEY])


def header_of(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the header of a safetensors file, read by hand, and the bytes after it."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def write_header(path: Path, header: dict[str, Any], data: bytes) -> None:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_parts(path: Path, tensors: Tensors, record: object) -> None:
    save_file(tensors, path, {METADATA_KEY: json.dumps(record)})


def error_of(path: Path) -> str:
    """Return what loading a file says, one line that begins with the file."""
    with pytest.raises(CheckpointError) as caught:
        Checkpoint.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


# ---- the round trip


@every_embedding
@every_cell
def test_weights_come_back_bit_for_bit(cell: CellName, embedding_size: int, path: Path) -> None:
    """Every parameter of a loaded model has the bits that were saved."""
    checkpoint = make_checkpoint(cell, embedding_size)
    loaded = round_trip(checkpoint, path)
    assert list(loaded.model.params) == list(checkpoint.model.params)
    assert loaded.model.params.flat.dtype == np.float32
    np.testing.assert_array_equal(loaded.model.params.flat, checkpoint.model.params.flat)


@every_cell
def test_a_loaded_model_reads_as_the_saved_one(cell: CellName, path: Path) -> None:
    """A loaded model gives the same logits, bit for bit."""
    checkpoint = make_checkpoint(cell)
    tokens = np.arange(12, dtype=np.int32).reshape(6, 2) % V
    logits = [
        c.model.forward(tokens, c.model.initial_state(2), c.model.workspace(6, 2))
        for c in (checkpoint, round_trip(checkpoint, path))
    ]
    np.testing.assert_array_equal(logits[0], logits[1])


@every_cell
def test_loading_initialises_nothing(cell: CellName, path: Path) -> None:
    """A model of zeros is loaded as zeros: no forget bias of 1 is set on the way."""
    checkpoint = make_checkpoint(cell)
    checkpoint.model.params.flat.fill(0)
    assert not round_trip(checkpoint, path).model.params.flat.any()


def test_the_rest_comes_back(path: Path) -> None:
    """Tokenizer, settings, provenance and results of a loaded model equal what was saved."""
    checkpoint = make_checkpoint()
    loaded = round_trip(checkpoint, path)
    assert loaded.codec.tokenizer.to_spec() == TOKENIZER.to_spec()
    assert loaded.codec.tokenizer.vocab == TOKENIZER.vocab
    assert loaded.settings == checkpoint.settings
    assert loaded.provenance == PROVENANCE
    assert loaded.results == RESULTS
    assert loaded.training is None


def test_results_may_lack_a_validation(path: Path) -> None:
    """Where there was nothing to validate on, there still is nothing after loading."""
    loaded = round_trip(replace(make_checkpoint(), results=Results()), path)
    assert loaded.results == Results(0, 0, 0.0, None, None)


def test_training_comes_back(path: Path) -> None:
    """The trainer's arrays come back bit for bit and its record number for number."""
    training = make_training()
    loaded = round_trip(replace(make_checkpoint(), training=training), path).training
    assert loaded is not None
    assert loaded.record == training.record
    assert loaded.arrays.keys() == training.arrays.keys()
    for name, array in training.arrays.items():
        assert loaded.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded.arrays[name], array)


@pytest.mark.parametrize("with_training", [False, True])
def test_saving_again_gives_the_same_file(with_training: bool, path: Path) -> None:
    """A file that is loaded and saved again has the same bytes."""
    checkpoint = make_checkpoint()
    if with_training:
        checkpoint.training = make_training()
    loaded, first = round_trip(checkpoint, path), path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == first


def test_saving_leaves_the_model_alone(path: Path) -> None:
    """Saving changes no parameter, and the model goes on to be its own."""
    checkpoint = make_checkpoint()
    before = checkpoint.model.params.flat.copy()
    loaded = round_trip(checkpoint, path)
    np.testing.assert_array_equal(checkpoint.model.params.flat, before)
    checkpoint.model.params.flat.fill(0)
    np.testing.assert_array_equal(loaded.model.params.flat, before)


@pytest.mark.parametrize(
    ("train_end", "valid_end", "test_end"), [(-1, 5, 9), (6, 5, 9), (3, 10, 9), (3, 5, 4), (9, 5, 3)]
)
def test_the_parts_of_a_corpus_are_in_order(train_end: int, valid_end: int, test_end: int) -> None:
    """A provenance whose parts would overlap, or begin before the corpus, is refused."""
    with pytest.raises(ValueError, match=r"^the parts of the corpus are out of order$"):
        replace(PROVENANCE, train_end=train_end, valid_end=valid_end, test_end=test_end)


@pytest.mark.parametrize(("train_end", "valid_end", "test_end"), [(0, 0, 0), (5, 5, 5), (2, 2, 9), (2, 9, 9)])
def test_the_parts_of_a_corpus_may_be_empty(
    train_end: int, valid_end: int, test_end: int, path: Path
) -> None:
    """A part of a corpus may be empty: then two offsets are the same, and come back the same."""
    made_of = replace(PROVENANCE, train_end=train_end, valid_end=valid_end, test_end=test_end)
    assert round_trip(replace(make_checkpoint(), provenance=made_of), path).provenance == made_of


def test_a_file_is_replaced(path: Path) -> None:
    """Saving over a file leaves the new model and no other file."""
    make_checkpoint("gru").save(path)
    make_checkpoint("rnn").save(path)
    assert Checkpoint.load(path).settings.model.cell == "rnn"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


# ---- the format


@every_embedding
@pytest.mark.parametrize(("cell", "num_gates"), [("gru", 3), ("lstm", 4), ("rnn", 1)])
def test_tensors_have_the_shapes_of_the_equations(
    cell: CellName, num_gates: int, embedding_size: int, path: Path
) -> None:
    """The tensors are U, W, b, V, c and E as the equations have them, gates one below the other."""
    checkpoint = make_checkpoint(cell, embedding_size)
    checkpoint.save(path)
    expected: dict[str, tuple[int, ...]] = {"embedding.E": (D, V)} if embedding_size else {}
    for layer, width in (("layers.0", embedding_size or V), ("layers.1", H)):
        expected |= {f"{layer}.U": (num_gates * H, width), f"{layer}.W": (num_gates * H, H)}
        expected |= {f"{layer}.b": (num_gates * H,)} | ({f"{layer}.b_h": (H,)} if cell == "gru" else {})
    expected |= {"projection.V": (V, H), "projection.c": (V,)}
    tensors, _ = parts_of(path)
    assert {name: tensor.shape for name, tensor in tensors.items()} == expected
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tensor, checkpoint.model.params[name], err_msg=name)


@pytest.mark.parametrize("with_training", [False, True])
def test_a_file_is_plain_safetensors(with_training: bool, path: Path) -> None:
    """A file is a length, a JSON header and numbers, row after row, that fill it to its end: no code."""
    checkpoint = make_checkpoint()
    if with_training:
        checkpoint.training = make_training()
    checkpoint.save(path)
    header, data = header_of(path)
    assert list(header.pop("__metadata__")) == [METADATA_KEY]
    arrays = {**checkpoint.model.params, **(checkpoint.training.arrays if checkpoint.training else {})}
    assert header.keys() == arrays.keys()
    places = sorted(entry["data_offsets"] for entry in header.values())
    assert [begin for begin, _ in places] + [len(data)] == [0] + [end for _, end in places]
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32"
        assert entry["shape"] == list(arrays[name].shape)
        assert data[begin:end] == arrays[name].astype("<f4").tobytes(order="C")


def test_the_record_is_readable(path: Path) -> None:
    """The metadata is one JSON text with the version, the settings and the vocabulary in it."""
    make_checkpoint().save(path)
    _, record = parts_of(path)
    assert record["format_version"] == FORMAT_VERSION == 4
    assert record["settings"]["model"]["cell"] == "lstm"
    assert record["tokenizer"]["vocab"] == "".join(TOKENIZER.vocab)
    assert record["provenance"]["sources"] == ["a text.txt", "b/한글.txt"]
    assert record["results"] == {
        "step": 310,
        "epoch": 2,
        "train_seconds": 1.25,
        "train_nats_per_char": 1.1,
        "valid": {
            "num_chars": 50,
            "num_bytes": 64,
            "num_words": 0,
            "num_unseen": 2,
            "num_top1": 0,
            "num_top5": 0,
            "nats": 1 / 3,
        },
        "num_shards": None,
    }
    assert record["training"] is None


# ---- what is no model


def test_a_missing_file(path: Path) -> None:
    """A file that is not there cannot be read, and that is the reason given."""
    assert error_of(path).startswith("cannot be read: No such file or directory")


def test_a_directory(path: Path) -> None:
    """A directory cannot be read."""
    path.mkdir()
    assert error_of(path).startswith("cannot be read: ")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"a text that is longer than eight bytes\n", b"\x80\x04\x95pickle", b"\0" * 99]
)
def test_not_a_safetensors_file(content: bytes, path: Path) -> None:
    """Text, a pickle, zeros or nothing at all is not a model."""
    path.write_bytes(content)
    assert error_of(path).startswith("not a charseq model: ")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.3, 0.6, 0.9, 0.9999])
def test_a_truncated_file(share: float, path: Path) -> None:
    """A file that ends too early is not a model, wherever it ends."""
    make_checkpoint().save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert error_of(path).startswith("not a charseq model: ")


def test_a_file_that_goes_on(path: Path) -> None:
    """A file with something after its end is not a model."""
    make_checkpoint().save(path)
    path.write_bytes(path.read_bytes() + b"more")
    assert error_of(path).startswith("not a charseq model: ")


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}])
def test_a_foreign_safetensors_file(metadata: dict[str, str] | None, path: Path) -> None:
    """A file of another program has tensors and no record of ours."""
    save_file({"weight": np.zeros((2, 2), np.float32)}, path, metadata)
    assert error_of(path) == "not a charseq model: it has no charseq metadata"


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3"])
def test_a_foreign_file_of_numbers_that_numpy_lacks(dtype: str, path: Path) -> None:
    """A file of another program may hold numbers that numpy cannot read: no model of ours either."""
    width = 2 if dtype == "BF16" else 1
    write_header(path, {"w": {"dtype": dtype, "shape": [2], "data_offsets": [0, 2 * width]}}, b"\0\0" * width)
    assert error_of(path).startswith("not a charseq model: ")


@pytest.mark.parametrize("text", ["", "{", "nope", "{'a': 1}", "[" * 100_000])
def test_metadata_that_is_no_json(text: str, path: Path) -> None:
    """A record that cannot be parsed makes no model."""
    save_file({"weight": np.zeros(2, np.float32)}, path, {METADATA_KEY: text})
    assert error_of(path).startswith("not a charseq model: ")


@pytest.mark.parametrize("record", [[], 1, "text", None])
def test_metadata_that_is_no_object(record: object, path: Path) -> None:
    """A record that is no JSON object makes no model."""
    write_parts(path, {"weight": np.zeros(2, np.float32)}, record)
    assert error_of(path) == "not a charseq model: its metadata is not a JSON object"


@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, 99])
def test_a_newer_format(version: int, path: Path) -> None:
    """A file of a later version says so, whatever else is in it."""
    write_parts(path, {"weight": np.zeros(2, np.float32)}, {"format_version": version, "new": "things"})
    assert error_of(path) == f"written by a newer charseq (format {version}); update this one"


@pytest.mark.parametrize("version", [None, "1", 1.5, [1], 0, -1])
def test_a_version_that_is_none(version: object, path: Path) -> None:
    """A version that no charseq has ever written is not loaded."""
    make_checkpoint().save(path)
    tensors, record = parts_of(path)
    write_parts(path, tensors, record | {"format_version": version})
    assert error_of(path) == f"not a charseq model: its format is {version!r}"


# ---- damage


def rename(tensors: Tensors) -> None:
    tensors["layers.0.w"] = tensors.pop("layers.0.W")


def transpose(tensors: Tensors) -> None:
    tensors["projection.V"] = tensors["projection.V"].T.copy()


def shorten(tensors: Tensors) -> None:
    tensors["layers.1.b"] = tensors["layers.1.b"][:-1]


def flatten(tensors: Tensors) -> None:
    tensors["layers.0.U"] = tensors["layers.0.U"].ravel()


def widen(tensors: Tensors) -> None:
    tensors["projection.c"] = tensors["projection.c"].astype(np.float64)


def round_off(tensors: Tensors) -> None:
    tensors["projection.c"] = tensors["projection.c"].astype(np.int32)


def spoil(value: float) -> Callable[[Tensors], None]:
    def change(tensors: Tensors) -> None:
        tensors["layers.0.W"][1, 2] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("projection.V"), "tensor projection.V is missing"),
        (lambda tensors: tensors.clear(), "tensor layers.0.U is missing"),
        (rename, "tensor layers.0.W is missing"),
        (transpose, f"tensor projection.V is float32 ({H}, {V}), not float32 ({V}, {H})"),
        (shorten, f"tensor layers.1.b is float32 ({4 * H - 1},), not float32 ({4 * H},)"),
        (flatten, f"tensor layers.0.U is float32 ({4 * H * V},), not float32 ({4 * H}, {V})"),
        (widen, f"tensor projection.c is float64 ({V},), not float32 ({V},)"),
        (round_off, f"tensor projection.c is int32 ({V},), not float32 ({V},)"),
        (spoil(np.nan), "tensor layers.0.W holds nan or infinity"),
        (spoil(-np.inf), "tensor layers.0.W holds nan or infinity"),
    ],
)
def test_damaged_tensors(change: Callable[[Tensors], object], message: str, path: Path) -> None:
    """A tensor that is missing, of another shape or type, or not finite is named."""
    make_checkpoint().save(path)
    tensors, record = parts_of(path)
    change(tensors)
    write_parts(path, tensors, record)
    assert error_of(path) == f"the model file is damaged: {message}"


def test_a_tensor_too_many(path: Path) -> None:
    """A tensor that belongs to no part is named on one line, whatever is in its name."""
    make_checkpoint().save(path)
    tensors, record = parts_of(path)
    write_parts(path, tensors | {"one\nmore": np.zeros(2, np.float32)}, record)
    assert error_of(path) == "the model file is damaged: tensor one more belongs to no part of it"


def test_a_tensor_of_numbers_that_numpy_lacks(path: Path) -> None:
    """A parameter stored as bfloat16 is damage, not a crash."""
    make_checkpoint().save(path)
    header, data = header_of(path)
    entry = header["projection.c"]
    entry |= {"dtype": "BF16", "shape": [2 * V]}
    write_header(path, header, data)
    error_of(path)


def test_the_weights_of_another_cell(path: Path) -> None:
    """The tensors of a GRU are no LSTM, whatever the settings say."""
    make_checkpoint("gru").save(path)
    tensors, record = parts_of(path)
    record["settings"]["model"]["cell"] = "lstm"
    write_parts(path, tensors, record)
    assert error_of(path).startswith("the model file is damaged: tensor layers.0.U is float32")


DAMAGE: list[tuple[tuple[str, ...], object]] = [
    (("tokenizer",), None),
    (("tokenizer", "name"), "syllable"),
    (("tokenizer", "name"), ["char"]),
    (("tokenizer", "vocab"), "ba"),
    (("tokenizer", "vocab"), ""),
    (("tokenizer", "vocab"), 7),
    (("tokenizer", "vocab"), "ab"),
    (("tokenizer", "num_chars"), -1),
    (("tokenizer", "num_chars"), "many"),
    (("tokenizer", "num_once"), None),
    (("settings",), None),
    (("settings",), []),
    (("settings", "model"), "lstm"),
    (("settings", "model", "cell"), "lstn"),
    (("settings", "model", "hidden_size"), H + 1),
    (("settings", "model", "hidden_size"), -1),
    (("settings", "model", "hidden_size"), "4"),
    (("settings", "model", "num_layers"), 3),
    (("settings", "model", "embedding_size"), D),
    (("settings", "model", "new"), 1),
    (("settings", "new"), {}),
    (("provenance",), None),
    (("provenance",), []),
    (("provenance", "sources"), None),
    (("provenance", "sources"), "a text.txt"),
    (("provenance", "sources"), [1]),
    (("provenance", "sha256"), 7),
    (("provenance", "num_bytes"), "many"),
    (("provenance", "train_end"), None),
    (("provenance", "train_end"), 1.5),
    (("provenance", "train_end"), -1),
    (("provenance", "train_end"), 951),
    (("provenance", "valid_end"), 899),
    (("provenance", "valid_end"), 1001),
    (("provenance", "test_end"), 949),
    (("provenance", "command"), ["charseq"]),
    (("results",), None),
    (("results",), []),
    (("results", "step"), None),
    (("results", "step"), "far"),
    (("results", "epoch"), 0.5),
    (("results", "train_seconds"), "long"),
    (("results", "train_nats_per_char"), [1.1]),
    (("results", "valid"), 1.2),
    (("results", "valid", "num_chars"), None),
    (("results", "valid", "nats"), "few"),
]


@pytest.mark.parametrize(
    ("place", "value"), DAMAGE, ids=lambda part: ".".join(part) if type(part) is tuple else None
)
def test_a_damaged_record(place: tuple[str, ...], value: object, path: Path) -> None:
    """A record with a wrong value anywhere is damage."""
    make_checkpoint().save(path)
    tensors, record = parts_of(path)
    inner = record
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    write_parts(path, tensors, record)
    assert error_of(path).startswith("the model file is damaged: ")


def test_a_damaged_setting_is_named(path: Path) -> None:
    """A setting that is out of range is named, as one of those in the file."""
    make_checkpoint().save(path)
    tensors, record = parts_of(path)
    record["settings"]["model"]["hidden_size"] = -1
    write_parts(path, tensors, record)
    assert error_of(path).startswith("the model file is damaged: settings: model.hidden_size ")


@pytest.mark.parametrize(
    "place", [("tokenizer",), ("tokenizer", "vocab"), ("provenance",), ("provenance", "sha256"), ("results",)]
)
def test_a_record_with_a_hole(place: tuple[str, ...], path: Path) -> None:
    """A record in which something is missing is damage."""
    make_checkpoint().save(path)
    tensors, record = parts_of(path)
    inner = record
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    write_parts(path, tensors, record)
    assert error_of(path).startswith("the model file is damaged: ")


def test_sizes_that_no_memory_holds(path: Path) -> None:
    """A small file that claims a model of terabytes is damaged, not out of memory."""
    make_checkpoint().save(path)
    tensors, record = parts_of(path)
    record["settings"]["model"] |= {"hidden_size": 65536, "num_layers": 64}
    write_parts(path, tensors, record)
    assert error_of(path).startswith("the model file is damaged: ")


def test_settings_of_an_older_charseq(path: Path) -> None:
    """A setting that the file does not know yet takes its default."""
    make_checkpoint().save(path)
    tensors, record = parts_of(path)
    del record["settings"]["train"]["threads"], record["settings"]["sample"]
    record["format_version"] = 1
    write_parts(path, tensors, record)
    settings = Checkpoint.load(path).settings
    assert settings.train.threads == TrainConfig().threads == AUTO
    assert settings.sample == SampleConfig()
    assert settings.train.seed == 7


# ---- n-grams

NGRAM_TEXT = "hello king,\nhello 한글 \U0001f600 «expert»\n" * 2


def make_ngram_checkpoint(order: int = 3) -> Checkpoint:
    settings = Settings(data=DataConfig(unit="line"), model=ModelConfig(kind="ngram", order=order))
    model = fit_ngram(
        Examples(EncodedText.of(NGRAM_TEXT), Codec(TOKENIZER, "line")),
        vocab_size=TOKENIZER.vocab_size,
        order=order,
    )
    return Checkpoint(
        model, Codec(TOKENIZER, settings.data.unit), settings, PROVENANCE, Results(epoch=1, valid=VALID)
    )


def logits_of(checkpoint: Checkpoint) -> Array:
    tokens, model = TOKENIZER.encode("hello 한Qg\n\nkin"), checkpoint.model
    return model.forward(tokens[:, None], model.initial_state(1), model.workspace(len(tokens), 1))


@pytest.mark.parametrize("order", [1, 2, 6, 99])
def test_ngrams_come_back_bit_for_bit(order: int, path: Path) -> None:
    """N-grams that are loaded give the bits of those that were saved, and all the rest is as it was."""
    checkpoint = make_ngram_checkpoint(order)
    loaded = round_trip(checkpoint, path)
    np.testing.assert_array_equal(logits_of(loaded), logits_of(checkpoint))
    assert loaded.model.num_parameters == checkpoint.model.num_parameters
    assert loaded.codec.tokenizer.to_spec() == TOKENIZER.to_spec()
    assert (loaded.settings, loaded.provenance) == (checkpoint.settings, PROVENANCE)
    assert (loaded.results, loaded.training) == (checkpoint.results, None)


def test_ngrams_are_saved_as_they_were_loaded(path: Path) -> None:
    """A file of n-grams that is loaded and saved again has the same bytes."""
    loaded, first = round_trip(make_ngram_checkpoint(), path), path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == first


def test_the_tensors_of_ngrams(path: Path) -> None:
    """A file of n-grams holds the keys and the counts of each order, in the smallest types."""
    make_ngram_checkpoint().save(path)
    tensors, record = parts_of(path)
    assert set(tensors) == {f"ngram.{k}.{what}" for k in (1, 2, 3) for what in ("keys", "counts")}
    assert tensors["ngram.1.counts"].dtype == np.uint8
    assert record["settings"]["model"]["order"] == 3
    assert record["training"] is None


@pytest.mark.parametrize("name", [f"ngram.{k}.{what}" for k in (1, 2, 3) for what in ("keys", "counts")])
@pytest.mark.parametrize(
    "damage",
    [
        lambda tensor: None,
        lambda tensor: tensor.astype(np.int32),
        lambda tensor: tensor.astype(np.float64),
        lambda tensor: tensor[:-1],
        lambda tensor: tensor[:, None],
        lambda tensor: tensor[0],
        lambda tensor: np.concatenate([tensor[:-1], [2**62]]),
        lambda tensor: np.concatenate([[-1], tensor[1:]]),
    ],
    ids=["missing", "int32", "float64", "short", "(L, 1)", "()", "large", "negative"],
)
def test_damaged_ngrams(name: str, damage: Callable[[Array], Array | None], path: Path) -> None:
    """Whatever is wrong with a tensor of n-grams, the file is damaged, which is one line."""
    make_ngram_checkpoint().save(path)
    tensors, record = parts_of(path)
    if (tensor := damage(tensors.pop(name))) is not None:
        tensors[name] = np.ascontiguousarray(tensor)
    write_parts(path, tensors, record)
    assert error_of(path).startswith("the model file is damaged: ")


def test_a_missing_tensor_of_ngrams_is_named(path: Path) -> None:
    """What is missing in a file of n-grams is said as it is of a network."""
    make_ngram_checkpoint().save(path)
    tensors, record = parts_of(path)
    del tensors["ngram.2.counts"]
    write_parts(path, tensors, record)
    assert error_of(path) == "the model file is damaged: tensor ngram.2.counts is missing"


@pytest.mark.parametrize("order", [0, 4, 100, -1, "3", None])
def test_ngrams_of_another_order_are_damaged(order: object, path: Path) -> None:
    """An order in the settings that is not that of the tensors is damage."""
    make_ngram_checkpoint().save(path)
    tensors, record = parts_of(path)
    record["settings"]["model"]["order"] = order
    write_parts(path, tensors, record)
    assert error_of(path).startswith("the model file is damaged: ")


def test_a_network_is_no_ngrams(path: Path) -> None:
    """The weights of a network are not taken for n-grams."""
    make_checkpoint().save(path)
    tensors, record = parts_of(path)
    record["settings"]["model"] |= {"kind": "ngram", "order": 2}
    write_parts(path, tensors, record)
    assert error_of(path).startswith("the model file is damaged: ")


def test_settings_from_before_ngrams(path: Path) -> None:
    """A file whose settings do not know of n-grams yet holds a network."""
    make_checkpoint().save(path)
    tensors, record = parts_of(path)
    del record["settings"]["model"]["kind"], record["settings"]["model"]["order"]
    record["format_version"] = 1
    write_parts(path, tensors, record)
    loaded = Checkpoint.load(path)
    assert loaded.settings.model.kind == "recurrent"
    assert isinstance(loaded.model, CharModel)


@every_cell
def test_the_network_is_the_model(cell: CellName) -> None:
    """Where a network is needed, it is there."""
    checkpoint = make_checkpoint(cell)
    assert checkpoint.network is checkpoint.model


def test_ngrams_are_no_network() -> None:
    """Where a network is needed, n-grams are refused by name."""
    with pytest.raises(ConfigError) as caught:
        _ = make_ngram_checkpoint(5).network
    assert str(caught.value) == "ngram:5: this kind of model has no states or gates"


@every_cell
def test_the_description_of_a_network(cell: CellName) -> None:
    """A network is described by its cell, its layers and their size."""
    assert make_checkpoint(cell).description == f"{cell} 2 x 4"


def test_the_description_of_ngrams() -> None:
    """N-grams are described by their order, as baselines are named."""
    assert make_ngram_checkpoint(5).description == "ngram:5"
