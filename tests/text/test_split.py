"""How a corpus is cut, and the texts that come of it."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.config import DataConfig
from charseq.errors import ConfigError, DataError
from charseq.text.split import Split, Texts

TEXT = "the rain in spain stays\nmainly in the plain\nand the king sings in the rain\n" * 12

fractions = st.floats(0, 1, exclude_max=True)


@given(num_chars=st.integers(2, 10**9), valid=fractions, test=fractions)
def test_split_is_contiguous_and_whole(num_chars: int, valid: float, test: float) -> None:
    """The parts follow one another, the first has at least 2 characters, the last ends with the text."""
    if valid + test >= 1:
        return
    split = Split.of(num_chars, valid_fraction=valid, test_fraction=test)
    assert 2 <= split.train_end <= split.valid_end <= split.test_end == num_chars


@given(num_chars=st.integers(2, 10**7))
def test_split_into_twentieths(num_chars: int) -> None:
    """With the default fractions the parts end at the whole characters below 90 % and 95 %."""
    split = Split.of(num_chars, valid_fraction=0.05, test_fraction=0.05)
    assert split.train_end == max(2, num_chars * 90 // 100)
    assert split.valid_end == max(2, num_chars * 95 // 100)


def test_split_of_a_thousand() -> None:
    """A thousand characters are split 900, 50, 50 by the default fractions."""
    assert Split.of(1000, valid_fraction=0.05, test_fraction=0.05) == Split(900, 950, 1000)


def test_split_of_tiny_shakespeare() -> None:
    """Tiny Shakespeare is split where the literature splits it: 1,003,854 and 111,540 characters."""
    split = Split.of(1_115_394, valid_fraction=0.1, test_fraction=0)
    assert (split.train_end, split.valid_end - split.train_end) == (1_003_854, 111_540)
    assert split.valid_end == split.test_end


def test_split_of_two_characters() -> None:
    """Two characters all go to training."""
    assert Split.of(2, valid_fraction=0.4, test_fraction=0.4) == Split(2, 2, 2)


@pytest.mark.parametrize("num_chars", [0, 1])
def test_split_of_too_few(num_chars: int) -> None:
    """Less than two characters cannot be trained on."""
    with pytest.raises(DataError) as caught:
        Split.of(num_chars, valid_fraction=0, test_fraction=0)
    assert str(caught.value) == f"the corpus has {num_chars} characters: training needs at least 2"


@pytest.mark.parametrize(("valid", "test"), [(0.5, 0.5), (0.9, 0.1), (0.7, 0.4), (0.1, 0.9), (0.3, 0.7)])
def test_fractions_that_leave_nothing(valid: float, test: float) -> None:
    """Fractions that add up to 1 or more are a wrong request."""
    with pytest.raises(ConfigError) as caught:
        Split.of(1000, valid_fraction=valid, test_fraction=test)
    assert str(caught.value) == "data.valid_fraction + data.test_fraction must be less than 1"


# ---- texts


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a directory with one corpus in it."""
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


def config_of(*corpus: str, valid: str = "", valid_fraction: float = 0.1, test: float = 0.2) -> DataConfig:
    return DataConfig(corpus=corpus, valid=valid, valid_fraction=valid_fraction, test_fraction=test)


def message_of(config: DataConfig) -> str:
    with pytest.raises(DataError) as caught:
        Texts.read(config)
    return str(caught.value)


@pytest.mark.usefixtures("here")
def test_the_corpus_is_cut_in_order() -> None:
    """The parts are the beginning, the middle and the end of the corpus, without a gap."""
    texts = Texts.read(config_of("corpus.txt"))
    assert texts.train + texts.valid + texts.test == TEXT
    assert [len(texts.train), len(texts.valid), len(texts.test)] == pytest.approx(
        [0.7 * len(TEXT), 0.1 * len(TEXT), 0.2 * len(TEXT)], abs=1
    )
    assert texts.split == Split.of(len(TEXT), valid_fraction=0.1, test_fraction=0.2)
    assert len(texts.train) == texts.split.train_end
    assert len(texts.train + texts.valid) == texts.split.valid_end


@pytest.mark.usefixtures("here")
def test_several_sources_are_one_corpus() -> None:
    """The sources are cut as one text, which has one checksum and one size in bytes."""
    Path("more.txt").write_text("¿more?", encoding="utf-8")
    texts, whole = Texts.read(config_of("corpus.txt", "more.txt")), TEXT + "¿more?"
    assert texts.train + texts.valid + texts.test == whole
    assert texts.sources == ("corpus.txt", "more.txt")
    assert texts.sha256 == hashlib.sha256(whole.encode()).hexdigest()
    assert texts.num_bytes == len(whole.encode())
    assert texts.valid_sha256 == ""


@pytest.mark.usefixtures("here")
def test_a_separate_validation_text() -> None:
    """With a validation text of its own, the corpus is cut into two parts only."""
    Path("valid.txt").write_text("a king in spain\n")
    texts = Texts.read(config_of("corpus.txt", valid="valid.txt"))
    assert texts.valid == "a king in spain\n"
    assert texts.train + texts.test == TEXT
    assert texts.split == Split.of(len(TEXT), valid_fraction=0, test_fraction=0.2)
    assert texts.valid_sha256 == hashlib.sha256(b"a king in spain\n").hexdigest()
    assert texts.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()


@pytest.mark.usefixtures("here")
def test_a_validation_text_takes_no_fraction() -> None:
    """With a validation text of its own, the share for validation does not count."""
    Path("valid.txt").write_text("a king in spain\n")
    texts = Texts.read(config_of("corpus.txt", valid="valid.txt", valid_fraction=0.9, test=0.5))
    assert len(texts.train) == len(texts.test) == len(TEXT) // 2


@pytest.mark.usefixtures("here")
def test_an_empty_validation_text() -> None:
    """A validation text that is named and empty is refused by its name."""
    Path("x.txt").touch()
    assert message_of(config_of("corpus.txt", valid="x.txt")) == (
        "x.txt: empty: there is nothing to validate on"
    )


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("content", ["", "a", "한"])
def test_a_corpus_that_is_too_short(content: str) -> None:
    """A corpus of less than two characters, however many bytes, is refused by the names of its sources."""
    Path("one.txt").write_text(content, encoding="utf-8")
    Path("none.txt").touch()
    too_short = "too short: training needs at least 2 characters"
    assert message_of(config_of("one.txt")) == f"one.txt: {too_short}"
    assert message_of(config_of("one.txt", "none.txt")) == f"one.txt, none.txt: {too_short}"
