"""N-grams from texts: as baselines by name, and as runs of their own that every command can read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq.config import Settings, Unit
from charseq.config.toml import load_toml
from charseq.errors import ConfigError, DataError
from charseq.models import fit_ngram
from charseq.models.ngram_level import Level
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.counting import count
from charseq.runs.run import Run
from charseq.scoring.scorer import Scorer
from charseq.text import CharTokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.split import CorpusParts
from charseq.text.symbols import EncodedText

CORPUS = "hello king,\nthe expert is hell for kin; 한글\n" * 12 + "Zażółć 😀\n"
each_unit = pytest.mark.parametrize("unit", ["stream", "line"])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory with one corpus in it."""
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_bytes(CORPUS.encode())
    return tmp_path


def settings_of(ngram: int = 3, **data: Any) -> Settings:
    layer = {
        "data": {"corpus": "corpus.txt", **data},
        "model": {"kind": "ngram", "order": ngram, "hidden_size": 4},
    }
    return Settings().with_layer(layer, "test")


def trained(directory: str = "run", ngram: int = 3, **data: Any) -> tuple[Checkpoint, CorpusParts]:
    return count(Path(directory), settings_of(ngram, **data), command="charseq train --ngram 3")


def nats_of(checkpoint: Checkpoint, text: str) -> np.ndarray:
    return Scorer(checkpoint.model, checkpoint.codec).score(text).nats


# ---- counting a text


@each_unit
@pytest.mark.parametrize("order", [0, 1, 4])
def test_a_text_is_counted_in_pairs(unit: Unit, order: int) -> None:
    """The n-grams are those of the pairs that a network is trained on: in a line, of that line alone."""
    tokenizer = CharTokenizer.fit(CORPUS)
    model = fit_ngram(
        Examples(EncodedText.of(CORPUS), Codec(tokenizer, unit)), vocab_size=tokenizer.vocab_size, order=order
    )
    assert (model.order, model.vocab_size) == (order, tokenizer.vocab_size)
    inputs, targets, starts, _ = Codec(tokenizer, unit).examples(CORPUS)
    parts = np.split(np.arange(len(CORPUS)), np.flatnonzero(starts)[1:]) if unit == "line" else [slice(None)]
    for k, level in enumerate(model.levels, start=1):
        grams = {
            (*before, target)
            for part in parts
            for before, target in _ends(inputs[part].tolist(), targets[part].tolist(), k)
        }
        assert len(level.keys) == len(grams)


def _ends(inputs: list[int], targets: list[int], k: int) -> list[tuple[tuple[int, ...], int]]:
    """Return each target with the k - 1 inputs before it, where there are so many that are characters."""
    found = []
    for place, target in enumerate(targets):
        before = tuple(inputs[max(0, place - k + 2) : place + 1]) if k > 1 else ()
        if len(before) == k - 1 and -1 not in before:
            found.append((before, target))
    return found


@each_unit
def test_lines_in_another_order(unit: Unit) -> None:
    """With unit line it does not matter in which order lines come; in a stream it does."""
    tokenizer = CharTokenizer.fit("abc\n")
    counts = [
        [(level.keys.tolist(), level.counts.tolist()) for level in _levels(text, tokenizer, unit)]
        for text in ("ab\nba\nca\n", "ca\nab\nba\n")
    ]
    assert (counts[0] == counts[1]) == (unit == "line")


def _levels(text: str, tokenizer: CharTokenizer, unit: Unit) -> list[Level]:
    return fit_ngram(
        Examples(EncodedText.of(text), Codec(tokenizer, unit)), vocab_size=tokenizer.vocab_size, order=3
    ).levels


@each_unit
def test_a_vocabulary_that_is_not_its_own(unit: Unit) -> None:
    """What the vocabulary lacks is not counted, and what is counted makes distributions."""
    tokenizer = CharTokenizer.fit("ab\n")
    unigrams = [
        fit_ngram(
            Examples(EncodedText.of(text), Codec(tokenizer, unit)), vocab_size=tokenizer.vocab_size, order=1
        )
        for text in ("abQab\nQ", "abab\n")
    ]
    p = [np.exp(model.reader().read(0)) for model in unigrams]
    np.testing.assert_allclose(p[0], p[1], rtol=1e-12)
    reader = fit_ngram(
        Examples(EncodedText.of("abQab\nQQba"), Codec(tokenizer, unit)),
        vocab_size=tokenizer.vocab_size,
        order=4,
    ).reader()
    for token in tokenizer.encode("aQbab\na"):
        np.testing.assert_allclose(np.exp(reader.read(int(token))).sum(), 1, rtol=1e-12)


# ---- a run of its own


def test_a_run_has_a_model_and_its_settings() -> None:
    """Counting leaves two files, since there is nothing to resume and nothing was logged on the way."""
    trained()
    assert sorted(path.name for path in Path("run").iterdir()) == ["charseq.toml", "model.safetensors"]
    assert Settings().with_layer(load_toml(Path("run/charseq.toml")), "run") == settings_of()


@each_unit
def test_the_file_is_the_model(unit: Unit) -> None:
    """The model in the file gives the bits of the one that was counted, its history comes along."""
    checkpoint, texts = trained(unit=unit)
    loaded = Checkpoint.load(Path("run/model.safetensors"))
    np.testing.assert_array_equal(nats_of(loaded, CORPUS), nats_of(checkpoint, CORPUS))
    assert loaded.settings == checkpoint.settings == settings_of(unit=unit)
    assert loaded.provenance == checkpoint.provenance
    assert (loaded.provenance.sha256, loaded.provenance.train_end) == (texts.sha256, len(texts.train))
    assert loaded.provenance.command == "charseq train --ngram 3"
    assert loaded.results == checkpoint.results
    assert loaded.training is None


@each_unit
def test_only_the_training_part_is_counted(unit: Unit) -> None:
    """The model is that of the training part, in its vocabulary."""
    checkpoint, texts = trained(unit=unit)
    tokenizer = CharTokenizer.fit(str(texts.train))
    assert checkpoint.codec.tokenizer.to_spec() == tokenizer.to_spec()
    expected = fit_ngram(
        Examples(texts.train, Codec(tokenizer, unit)), vocab_size=tokenizer.vocab_size, order=3
    )
    np.testing.assert_array_equal(
        nats_of(checkpoint, CORPUS), Scorer(expected, Codec(tokenizer, unit)).score(CORPUS).nats
    )


@each_unit
def test_the_validation_is_that_of_the_scorer(unit: Unit) -> None:
    """The validation part is scored once, as any text is."""
    checkpoint, texts = trained(unit=unit)
    valid = checkpoint.results.valid
    assert valid is not None
    nats = nats_of(checkpoint, str(texts.valid))
    assert (valid.num_chars, valid.nats) == (len(nats), pytest.approx(nats.sum(), rel=1e-12))
    assert (checkpoint.results.epoch, checkpoint.results.step) == (1, 0)


def test_no_validation_part() -> None:
    """Where nothing is held out there is no validation."""
    checkpoint, _ = trained(valid_fraction=0.0)
    assert checkpoint.results.valid is None
    assert Checkpoint.load(Path("run/model.safetensors")).results.valid is None


def test_a_separate_validation_text() -> None:
    """A validation text of its own is scored instead, unseen characters and all."""
    Path("valid.txt").write_text("hello Q\n")
    valid = trained(valid="valid.txt")[0].results.valid
    assert valid is not None
    assert (valid.num_chars, valid.num_unseen) == (8, 1)


def test_an_order_longer_than_the_text() -> None:
    """A text may be shorter than the order; what is not there is not counted."""
    Path("corpus.txt").write_text("hello")
    checkpoint, _ = trained(ngram=99, valid_fraction=0.0, test_fraction=0.0)
    loaded = Checkpoint.load(Path("run/model.safetensors"))
    np.testing.assert_array_equal(nats_of(loaded, "hello hell"), nats_of(checkpoint, "hello hell"))
    assert loaded.model.num_parameters == 4 + 4 + 3 + 2 + 1


def test_nothing_is_overwritten() -> None:
    """A directory that holds something is refused, and stays as it was."""
    trained()
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    with pytest.raises(ConfigError, match=r"^run: exists already; choose another output"):
        trained(ngram=2)
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before


@pytest.mark.parametrize("content", [b"", b"a", b"\xff\xfe"])
def test_an_unusable_corpus_leaves_no_directory(content: bytes) -> None:
    """A corpus that is too short or not UTF-8 is refused before anything is written."""
    Path("corpus.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"^corpus\.txt: "):
        trained()
    assert not Path("run").exists()


def test_a_large_corpus_is_heard_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """How far the reading is, is told, and a text in the cache is counted like any other."""
    expected, _ = trained("small")
    monkeypatch.setattr("charseq.text.corpus.LARGE_BYTES", 100)
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path / "cache"))
    heard: list[str] = []
    checkpoint, _ = count(
        Path("run"), settings_of(), command="", progress=lambda what, done, total: heard.append(what)
    )
    assert list(dict.fromkeys(heard)) == ["hashing", "encoding", "counting", "sorting"]
    np.testing.assert_array_equal(nats_of(checkpoint, CORPUS), nats_of(expected, CORPUS))


def test_a_run_of_steps_is_not_for_ngrams() -> None:
    """What trains networks refuses the settings of n-grams, and writes nothing."""
    with pytest.raises(ConfigError, match=r"^a model of the kind ngram is counted, not trained$"):
        Run.start(Path("run"), settings_of(), command="")
    assert not Path("run").exists()


def test_a_network_does_not_start_from_ngrams() -> None:
    """N-grams have no weights to start from."""
    with pytest.raises(ConfigError, match=r"^ngram:3: no run can start from this kind of model$"):
        Run.start(
            Path("other"),
            Settings().with_layer({"data": {"corpus": "corpus.txt"}}, "test"),
            command="",
            init_from=trained()[0],
        )
    assert not Path("other").exists()
