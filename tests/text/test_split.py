"""The parts of a corpus: their borders, and their texts."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charseq.config import DataConfig
from charseq.errors import ConfigError, DataError
from charseq.text.split import CorpusParts, Split
from charseq.text.symbols import EncodedText
from tests.text.test_division import begins_a_line, tail_of

TEXT = "the rain in spain stays\nmainly in the plain\nand the king sings in the rain\n" * 12

# ---- texts


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a directory with one corpus in it."""
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


def config_of(*corpus: str, valid: str = "", valid_fraction: float = 0.1, test: float = 0.2) -> DataConfig:
    return DataConfig(corpus=corpus, valid=valid, valid_fraction=valid_fraction, test_fraction=test)


def strings(texts: CorpusParts) -> str:
    """Return the parts of a corpus, put together again."""
    return f"{texts.train}{texts.valid}{texts.test}"


@pytest.mark.parametrize(("valid", "test"), [(0.5, 0.5), (0.9, 0.1), (0.7, 0.4), (0.1, 0.9), (0.3, 0.7)])
def test_fractions_that_leave_nothing_are_refused(valid: float, test: float) -> None:
    """Fractions that add up to 1 or more are a wrong request."""
    with pytest.raises(ConfigError) as caught:
        CorpusParts.read(config_of("none", valid_fraction=valid, test=test))
    assert str(caught.value) == "data.valid_fraction + data.test_fraction must be less than 1"


def message_of(config: DataConfig) -> str:
    with pytest.raises(DataError) as caught:
        CorpusParts.read(config)
    return str(caught.value)


@pytest.mark.usefixtures("here")
def test_the_corpus_is_cut_in_order() -> None:
    """The parts are the beginning, the middle and the end of the corpus, without a gap."""
    texts = CorpusParts.read(config_of("corpus.txt"))
    assert strings(texts) == TEXT
    assert [len(texts.train), len(texts.valid), len(texts.test)] == pytest.approx(
        [0.7 * len(TEXT), 0.1 * len(TEXT), 0.2 * len(TEXT)], abs=1
    )
    assert texts.split == Split(*tail_of(EncodedText.of(TEXT), 0.1, 0.2))
    assert len(texts.train) == texts.split.train_end
    assert len(texts.train) + len(texts.valid) == texts.split.valid_end


@pytest.mark.usefixtures("here")
def test_several_sources_are_one_corpus() -> None:
    """The sources are cut as one text, which has one checksum and one size in bytes."""
    Path("more.txt").write_text("¿more?", encoding="utf-8")
    texts, whole = CorpusParts.read(config_of("corpus.txt", "more.txt")), TEXT + "¿more?"
    assert strings(texts) == whole
    assert texts.sources == ("corpus.txt", "more.txt")
    assert texts.sha256 == hashlib.sha256(whole.encode()).hexdigest()
    assert texts.num_bytes == len(whole.encode())
    assert texts.valid_sha256 == ""


@pytest.mark.usefixtures("here")
def test_a_separate_validation_text() -> None:
    """With a validation text of its own, the corpus is cut into two parts only."""
    Path("valid.txt").write_text("a king in spain\n")
    texts = CorpusParts.read(config_of("corpus.txt", valid="valid.txt"))
    assert str(texts.valid) == "a king in spain\n"
    assert str(texts.train) + str(texts.test) == TEXT
    assert texts.split == Split(*tail_of(EncodedText.of(TEXT), 0, 0.2))
    assert texts.valid_sha256 == hashlib.sha256(b"a king in spain\n").hexdigest()
    assert texts.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()


def test_progress_of_both_texts(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants to hears how a large corpus is read, and then a large validation text."""
    monkeypatch.setattr("charseq.text.corpus.LARGE_BYTES", 100)
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(here / "cache"))
    Path("valid.txt").write_text("a king in spain\n" * 9)
    heard: list[tuple[str, int, int | None]] = []
    CorpusParts.read(
        config_of("corpus.txt", valid="valid.txt"), progress=lambda *report: heard.append(report)
    )
    assert [report for report in heard if report[0] == "encoding"] == [
        ("encoding", len(TEXT), len(TEXT)),
        ("encoding", 9 * 16, 9 * 16),
    ]


@pytest.mark.usefixtures("here")
def test_a_validation_text_takes_no_fraction() -> None:
    """With a validation text of its own, the share for validation does not count."""
    Path("valid.txt").write_text("a king in spain\n")
    texts = CorpusParts.read(config_of("corpus.txt", valid="valid.txt", valid_fraction=0.9, test=0.5))
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


@pytest.mark.usefixtures("here")
@given(
    text=st.lists(st.text(st.sampled_from("ab "), max_size=9), min_size=1, max_size=12).map("\n".join),
    valid_fraction=st.floats(0, 0.5, exclude_max=True),
    test_fraction=st.floats(0, 0.5),
)
@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lines_stay_whole(text: str, valid_fraction: float, test_fraction: float) -> None:
    """With unit line the parts are whole lines, and together they are the corpus."""
    if len(text) < 2:
        return
    Path("lines.txt").write_text(text)
    texts = CorpusParts.read(
        DataConfig(
            corpus=("lines.txt",), unit="line", valid_fraction=valid_fraction, test_fraction=test_fraction
        )
    )
    assert strings(texts) == text
    assert all(begins_a_line(text, end) for end in (texts.split.train_end, texts.split.valid_end))
    assert len(texts.train) == texts.split.train_end
    assert len(texts.train) + len(texts.valid) == texts.split.valid_end
    assert texts.split.test_end == len(text)
    assert len(texts.train) >= 2


@pytest.mark.usefixtures("here")
def test_only_lines_move_the_cuts() -> None:
    """A stream is cut where its fractions end, lines at the next beginning of one."""
    config = config_of("corpus.txt")
    stream, lines = (
        CorpusParts.read(config.model_copy(update={"unit": unit})) for unit in ("stream", "line")
    )
    split = Split(*tail_of(EncodedText.of(TEXT), 0.1, 0.2))
    assert stream.split == split
    assert not str(stream.train).endswith("\n")
    assert lines.split == Split(*tail_of(EncodedText.of(TEXT), 0.1, 0.2, "\n")) != split
    assert all(str(part).endswith("\n") for part in (lines.train, lines.valid, lines.test))
    assert strings(lines) == strings(stream) == TEXT


@pytest.mark.usefixtures("here")
def test_a_single_line_is_all_for_training() -> None:
    """With unit line, a corpus of one line leaves nothing to validate or to test on."""
    Path("one.txt").write_text("a single line that never ends")
    texts = CorpusParts.read(config_of("one.txt").model_copy(update={"unit": "line"}))
    parts = (texts.train, texts.valid, texts.test)
    assert [str(part) for part in parts] == ["a single line that never ends", "", ""]
    assert texts.split == Split(29, 29, 29)


@pytest.mark.usefixtures("here")
def test_lines_with_a_separate_validation_text() -> None:
    """With unit line and a validation text of its own, the cut before the test part is at a line too."""
    Path("valid.txt").write_text("a king in spain")
    texts = CorpusParts.read(config_of("corpus.txt", valid="valid.txt").model_copy(update={"unit": "line"}))
    assert str(texts.valid) == "a king in spain"
    assert str(texts.train) + str(texts.test) == TEXT
    assert str(texts.train).endswith("\n")
    assert texts.split.train_end == texts.split.valid_end == len(texts.train)
