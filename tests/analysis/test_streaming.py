"""One row for each character, word, line or file: the right ones, adding up, and as soon as may be."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis.streaming import EACH_KINDS, Each, each
from charseq.config import ModelConfig, Settings, Unit
from charseq.errors import DataError
from charseq.network import CharModel
from charseq.reports import Row
from charseq.reports.each import each_report
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer, Surprisal
from charseq.text import CharTokenizer
from charseq.text.codec import Codec
from tests.analysis.builders import PROVENANCE, TOKENIZER, UNITS, checkpoint_of, model_of
from tests.analysis.test_evaluation import cut
from tests.analysis.test_segments import plain_segments

TEXT = "hello wörld\r\n\nkin\tand  expert \rzażółć 😀, Q\n no end"
KEYS = {kind: [key for key, _ in each_report(kind).fields()] for kind in EACH_KINDS}
each_kind = pytest.mark.parametrize("kind", EACH_KINDS)
each_segment = pytest.mark.parametrize("kind", ["word", "line"])
each_unit = pytest.mark.parametrize("unit", UNITS)


def rows_in(found: Iterator[Each], kind: str) -> list[Row]:
    """Return the rows of what was found."""
    return list(each_report(kind).rows(found))


def rows_of(kind: str, *pieces: str, unit: Unit = "stream") -> list[Row]:
    """Return the rows of one text in pieces."""
    return rows_in(each(checkpoint_of(unit), [("a.txt", pieces)], kind), kind)


def surprisal_of(text: str, unit: Unit = "stream") -> Surprisal:
    return Scorer(model_of("gru"), Codec(TOKENIZER, unit), num_guesses=3).score(text)


def assert_same(rows: list[Row], expected: list[Row]) -> None:
    """Compare rows, numbers up to rounding."""
    for row, other in zip(rows, expected, strict=True):
        assert list(row) == list(other)
        for key, value in other.items():
            close = pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
            assert row[key] == close


# ---- all kinds


@each_kind
@each_unit
def test_rows_sum_up_to_the_text(kind: str, unit: Unit) -> None:
    """Whatever the rows are of, together they are all of the text."""
    rows, surprisal = rows_of(kind, TEXT, unit=unit), surprisal_of(TEXT, unit)
    assert sum(row["nats"] for row in rows) == pytest.approx(surprisal.nats.sum(), rel=1e-12)
    assert sum(row["bits"] for row in rows) == pytest.approx(surprisal.bits.sum(), rel=1e-12)
    assert sum(row.get("num_chars", 1) for row in rows) == len(TEXT)
    unseen = [row["rank"] == 0 if kind == "char" else row["num_unseen"] for row in rows]
    assert sum(unseen) == surprisal.unseen.sum() > 0


@each_kind
@each_unit
@settings(deadline=None, max_examples=8)
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=6).map(sorted))
def test_rows_in_any_pieces(kind: str, unit: Unit, cuts: list[int]) -> None:
    """However the text was cut, the rows are the same."""
    assert_same(rows_of(kind, *cut(TEXT, cuts), unit=unit), rows_of(kind, TEXT, unit=unit))


@each_kind
def test_several_files(kind: str) -> None:
    """Each file begins anew, with the offset 0 and its own name."""
    files = {"a.txt": [TEXT], "empty.txt": [], "b.txt": ["hello\n"]}
    rows = rows_in(each(checkpoint_of(), files.items(), kind), kind)
    alone = rows_in(each(checkpoint_of(), [("b.txt", ["hello\n"])], kind), kind)
    assert_same([row for row in rows if row["file"] == "b.txt"], alone)
    assert alone[0]["offset"] == 0
    assert_same([row for row in rows if row["file"] == "a.txt"], rows_of(kind, TEXT))


@each_kind
@pytest.mark.parametrize("pieces", [[], [""], ["", ""]])
def test_nothing_to_score(kind: str, pieces: list[str]) -> None:
    """Nothing at all is an error that names the files, at the end."""
    with pytest.raises(DataError, match=r"^a\.txt, b\.txt: empty: there is nothing to score$"):
        rows_in(each(checkpoint_of(), [("a.txt", pieces), ("b.txt", pieces)], kind), kind)


@each_kind
def test_a_single_character(kind: str) -> None:
    """A text of one character has one row."""
    (row,) = rows_of(kind, "h")
    assert row["nats"] == pytest.approx(surprisal_of("h").nats[0], rel=1e-12)


# ---- as soon as may be


@pytest.mark.parametrize(
    ("kind", "pieces", "known"),
    [
        ("char", ["he", "", "l"], [2, 0, 1, 0]),
        ("word", ["he", "llo", " ", "wo", "rld\n", "a b c"], [0, 0, 0, 1, 0, 3, 1]),
        ("line", ["he", "llo\n", "a\nb", "\n\n", "end"], [0, 1, 1, 2, 0, 1]),
        ("line", ["a\r", "\nb\r", "c"], [0, 1, 1, 1]),
        ("file", ["a\n", "b\n"], [0, 0, 1]),
    ],
)
def test_rows_come_as_soon_as_they_are_known(kind: str, pieces: list[str], known: list[int]) -> None:
    """With each piece come the rows that it completes, before the next piece is asked for."""
    num_rows = [0]

    def read() -> Iterator[str]:
        for piece in pieces:
            yield piece
            num_rows.append(0)

    for _ in each_report(kind).rows(each(checkpoint_of(), [("a.txt", read())], kind)):
        num_rows[-1] += 1
    assert num_rows == known


# ---- words and lines


@pytest.mark.parametrize("kind", ["word", "line", "file"])
def test_segments_need_no_ranks(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No time is spent on ranks, which no row of a word, a line or a file has."""
    monkeypatch.setattr("charseq.network.pricing._ranks", None)
    assert rows_of(kind, TEXT)


@each_segment
@each_unit
def test_segments(kind: str, unit: Unit) -> None:
    """A row has the documented keys, what it is of, where that is, and the figures of those characters."""
    rows, nats = rows_of(kind, TEXT, unit=unit), surprisal_of(TEXT, unit).nats
    strip = None if kind == "word" else "\r\n"
    assert [(row["offset"], row["text"]) for row in rows] == [
        (offset, whole.rstrip(strip)) for offset, whole in plain_segments(kind, TEXT)
    ]
    for row, (offset, whole) in zip(rows, plain_segments(kind, TEXT), strict=True):
        assert list(row) == KEYS[kind]
        cost = nats[offset : offset + len(whole)]
        assert (row["file"], row["num_chars"]) == ("a.txt", len(whole))
        assert row["nats"] == pytest.approx(cost.sum(), rel=1e-12)
        assert row["bits_per_char"] == pytest.approx(cost.mean() / math.log(2), rel=1e-12)
        assert row["perplexity"] == pytest.approx(math.exp(cost.mean()), rel=1e-12)
        assert row["num_unseen"] == sum(char not in TOKENIZER.vocab for char in whole)


@each_segment
def test_a_long_segment_is_cut(kind: str) -> None:
    """The text of a very long word or line is its beginning, its figures are those of all of it."""
    (row,) = rows_of(kind, "hell" * 1000, "o" * 1000)
    assert row["text"] == "hell" * 1000 + "o" * 96
    assert row["num_chars"] == 5000


def test_files() -> None:
    """The row of a file has the figures of all of it, and no text."""
    (row,) = rows_of("file", TEXT)
    assert list(row) == KEYS["file"]
    assert (row["num_chars"], row["offset"], row["file"], row["text"]) == (len(TEXT), 0, "a.txt", None)
    assert row["bits_per_char"] == pytest.approx(surprisal_of(TEXT).bits.mean(), rel=1e-12)


def test_an_empty_file_has_a_row() -> None:
    """Beside others, a file of nothing has a row without figures."""
    rows = rows_in(each(checkpoint_of(), [("a.txt", []), ("b.txt", ["x"])], "file"), "file")
    assert [(row["file"], row["num_chars"]) for row in rows] == [("a.txt", 0), ("b.txt", 1)]
    assert math.isnan(rows[0]["bits_per_char"])


# ---- characters


@each_unit
def test_characters(unit: Unit) -> None:
    """A row has the documented keys, and what the character cost."""
    rows, surprisal = rows_of("char", TEXT, unit=unit), surprisal_of(TEXT, unit)
    assert surprisal.expected is not None
    for k, (row, char) in enumerate(zip(rows, TEXT, strict=True)):
        assert list(row) == KEYS["char"]
        assert (row["char"], row["offset"], row["file"]) == (char, k, "a.txt")
        assert row["rank"] == surprisal.ranks[k]
        assert row["nats"] == pytest.approx(surprisal.nats[k], rel=1e-12)
        assert row["probability"] == pytest.approx(math.exp(-surprisal.nats[k]), rel=1e-12)
        assert row["entropy"] == pytest.approx(surprisal.expected.entropies[k] / math.log(2), rel=1e-12)


def test_the_likeliest_other_character() -> None:
    """The alternative is the first guess, or the second one where the first was right."""
    expected = surprisal_of(TEXT).expected
    assert expected is not None
    rows, right = rows_of("char", TEXT), 0
    for k, row in enumerate(rows):
        first, second, _ = (TOKENIZER.vocab[token] for token in expected.guesses[k])
        place = int(first == row["char"])
        right += place
        assert row["alternative"] == (second if place else first)
        assert row["alternative_probability"] == pytest.approx(expected.probabilities[k][place], rel=1e-12)
        assert row["alternative"] != row["char"]
    assert 0 < right < len(rows)


def test_an_unseen_character() -> None:
    """A character that is not in the vocabulary has rank 0 and its full price."""
    row = rows_of("char", "😀")[0]
    eps = TOKENIZER.escape_probability
    assert row["rank"] == 0
    assert row["bits"] == pytest.approx(32 - math.log2(eps), rel=1e-12)
    assert row["probability"] == pytest.approx(eps / 256**4, rel=1e-12)


def test_no_other_character() -> None:
    """Where the vocabulary has one character alone, there is no alternative to it."""
    tokenizer = CharTokenizer.fit("aaa")
    model = CharModel(ModelConfig(hidden_size=2), 1)
    model.initialise_(np.random.default_rng(0))
    checkpoint = Checkpoint(model, Codec(tokenizer, "stream"), Settings(), PROVENANCE)
    known, unseen = rows_in(each(checkpoint, [("a.txt", ["ab"])], "char"), "char")
    assert (known["alternative"], known["alternative_probability"]) == (None, None)
    assert unseen["alternative"] == "a"


def test_the_kinds_are_all_there_are() -> None:
    """Another kind is nobody's."""
    anything: Any = "chapter"
    assert tuple(EACH_KINDS) == ("char", "word", "line", "document", "file")
    with pytest.raises(KeyError):
        rows_of(anything, "hello")
