"""The corpus of a model, found again: its parts are those of training, and anything else is refused."""

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from charseq.config import Settings
from charseq.errors import CharseqError, ConfigError, DataError
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.counting import count
from charseq.runs.provenance import held_out_part, training_part, validation_part
from charseq.text.split import CorpusParts

CORPUS = "hello king,\nthe expert is hell for kin; 한글\n" * 12 + "Zażółć 😀\n"
ADVICE = {
    training_part: "leave out the baselines",
    validation_part: "train it again",
    held_out_part: "name a text to score",
}
each_part = pytest.mark.parametrize("part", ADVICE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory with one corpus in it."""
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_bytes(CORPUS.encode())
    return tmp_path


def trained(**data: Any) -> tuple[Checkpoint, CorpusParts]:
    settings = Settings().with_layer(
        {"data": {"corpus": "corpus.txt", **data}, "model": {"kind": "ngram", "order": 1}}, "test"
    )
    _, texts = count(Path("run"), settings, command="")
    return Checkpoint.load(Path("run/model.safetensors")), texts


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"unit": "line"},
        {"valid_fraction": 0.0},
        {"valid_fraction": 0.3, "test_fraction": 0.4},
        {"valid": "corpus.txt"},
        {"corpus": ["corpus.txt", "corpus.txt"]},
    ],
    ids=str,
)
def test_the_parts_are_those_of_training(data: dict[str, Any]) -> None:
    """What the model learnt from, and what was held out for testing, are read again as they were."""
    checkpoint, texts = trained(**data)
    assert str(training_part(checkpoint)) == str(texts.train)
    assert str(held_out_part(checkpoint)) == str(texts.test)
    if texts.valid:
        assert str(validation_part(checkpoint)) == str(texts.valid)
    assert len(texts.train) > 0
    assert len(texts.test) > 0


def test_the_parts_of_a_whole_corpus() -> None:
    """The training part is the beginning of the corpus, the test part its end."""
    checkpoint, _ = trained(valid_fraction=0.25, test_fraction=0.25)
    half, quarter = len(CORPUS) // 2, 3 * len(CORPUS) // 4
    assert str(training_part(checkpoint)) == CORPUS[:half]
    assert str(held_out_part(checkpoint)) == CORPUS[quarter:]


def test_compressed_and_in_folders() -> None:
    """A corpus may be a folder of files, some of them compressed."""
    Path("texts").mkdir()
    Path("texts/a.txt.gz").write_bytes(gzip.compress(CORPUS.encode()))
    Path("texts/b.txt").write_bytes(CORPUS.encode())
    checkpoint, texts = trained(corpus="texts", test_fraction=0.4)
    assert str(held_out_part(checkpoint)) == str(texts.test) == (2 * CORPUS)[-len(texts.test) :]


def test_the_same_text_elsewhere_in_the_same_file() -> None:
    """It is the text that counts, not when it was written."""
    checkpoint, texts = trained()
    Path("corpus.txt").unlink()
    Path("corpus.txt").write_bytes(CORPUS.encode())
    assert str(held_out_part(checkpoint)) == str(texts.test)


def test_no_test_part() -> None:
    """Where nothing was held out, that is said; what was learnt from is there all the same."""
    checkpoint, texts = trained(test_fraction=0.0)
    with pytest.raises(ConfigError) as caught:
        held_out_part(checkpoint)
    assert str(caught.value) == "the model was trained without a test part: name a text to score"
    assert str(training_part(checkpoint)) == str(texts.train)


def test_no_validation_part() -> None:
    """Where nothing was held out for validation, that is said."""
    checkpoint, _ = trained(valid_fraction=0.0)
    with pytest.raises(
        ConfigError, match=r"^the model was trained without a validation part: train it again with one$"
    ):
        validation_part(checkpoint)


def test_a_separate_validation_text_that_has_changed() -> None:
    """It is refused by its SHA-256, like a corpus."""
    Path("valid.txt").write_text("hello\n")
    checkpoint, _ = trained(valid="valid.txt")
    Path("valid.txt").write_text("Hello\n")
    with pytest.raises(
        DataError, match=r"^valid\.txt: no longer the text that the model was validated on: train it again$"
    ):
        validation_part(checkpoint)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("-", "the model was validated on standard input, which is gone: train it again"),
        ("/dev/zero", "/dev/zero: neither a file nor a directory: train it again"),
    ],
)
def test_a_separate_validation_text_without_an_end_is_not_read(source: str, message: str) -> None:
    """A stranger's model file may name one."""
    checkpoint, _ = trained(valid="corpus.txt")
    checkpoint.settings = checkpoint.settings.with_layer({"data": {"valid": source}}, "test")
    with pytest.raises(CharseqError) as caught:
        validation_part(checkpoint)
    assert str(caught.value) == message


@each_part
@pytest.mark.parametrize("change", [lambda text: "H" + text[1:], lambda text: ""])
def test_a_changed_corpus(part: Any, change: Any) -> None:
    """A corpus that is not the same to the last byte is refused, and both sums are shown."""
    checkpoint, texts = trained()
    Path("corpus.txt").write_text(change(CORPUS))
    with pytest.raises(DataError) as caught:
        part(checkpoint)
    message = str(caught.value)
    assert message.startswith("corpus.txt: no longer the text that the model was trained on (SHA-256 ")
    assert message.endswith(f", not {texts.sha256[:12]}): {ADVICE[part]}")


@each_part
def test_a_longer_corpus_is_not_read_to_its_end(part: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than it was is refused as soon as that shows."""
    checkpoint, texts = trained()
    with Path("corpus.txt").open("w") as file:
        file.write(CORPUS)
        file.truncate(1 << 40)  # a hole that takes no room
    with pytest.raises(
        DataError, match=f"^corpus.txt: more than the {texts.num_bytes:,} bytes that it had: "
    ):
        part(checkpoint)


@each_part
def test_a_missing_corpus(part: Any) -> None:
    """A corpus that is gone is named, with what to do."""
    checkpoint, _ = trained()
    Path("corpus.txt").unlink()
    why = "no such file or directory, and the model was trained on it"
    way = f"{ADVICE[part]}, or go to the directory of the training"
    with pytest.raises(ConfigError, match=rf"^corpus\.txt: {why}: {way}$"):
        part(checkpoint)


@each_part
def test_an_unreadable_corpus(part: Any) -> None:
    """A corpus that is no text any more is refused with the place."""
    checkpoint, _ = trained()
    Path("corpus.txt").write_bytes(b"hello\xff")
    with pytest.raises(DataError, match=r"^corpus\.txt: not UTF-8 at byte 5"):
        part(checkpoint)


@each_part
@pytest.mark.parametrize("sources", [("-",), ("corpus.txt", "-")])
def test_standard_input_is_gone(part: Any, sources: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """What came through a pipe cannot be read again, and nothing is waited for."""
    checkpoint, _ = trained()
    checkpoint.provenance = replace(checkpoint.provenance, sources=sources)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ConfigError, match=r"^the model was trained on standard input"):
        part(checkpoint)


@each_part
def test_a_large_corpus_is_heard_of(part: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """How far the reading of a large corpus is, is told."""
    monkeypatch.setattr("charseq.text.corpus.LARGE_BYTES", 100)
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path / "cache"))
    checkpoint, _ = trained()
    heard: list[str] = []
    part(checkpoint, progress=lambda what, done, total: heard.append(what))
    assert set(heard) == {"hashing"}


@each_part
def test_every_refusal_is_ours(part: Any) -> None:
    """A folder that has become empty is refused like anything else."""
    Path("texts").mkdir()
    Path("texts/a.txt").write_bytes(CORPUS.encode())
    checkpoint, _ = trained(corpus="texts")
    Path("texts/a.txt").unlink()
    with pytest.raises(CharseqError, match=r"^texts: "):
        part(checkpoint)
