"""Words and lines as a text is cut into them: against a plain twin, in any pieces, and as soon as may be."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from charseq.analysis.segments import SEGMENT_KINDS, TEXT_CHARS, Segment, Segments, is_space
from charseq.scoring.surprisal import Surprisal
from tests.analysis.builders import (
    assert_same_score,
    cuts,
    pieces_of,
    plain_score,
    seeds,
    surprisal_of,
    texts,
)

each_kind = pytest.mark.parametrize("kind", SEGMENT_KINDS)


def plain_segments(kind: str, text: str) -> list[tuple[int, str]]:
    """Return where each segment begins, and all of it, what separates it included."""
    if kind == "line":
        found = re.finditer(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
        return [(match.start(), match[0]) for match in found]
    if kind == "document":
        return [(match.start(), match[0]) for match in re.finditer("[^\x1e]*\x1e|[^\x1e]+", text)]
    begins = [k for k, char in enumerate(text) if k == 0 or (not char.isspace() and text[k - 1].isspace())]
    return [(begin, text[begin:end]) for begin, end in pairwise([*begins, len(text)])]


def segments_of(kind: str, text: str, surprisal: Surprisal, cuts: list[int]) -> list[Segment]:
    segments = Segments(kind)
    found = [segment for piece in pieces_of(text, surprisal, cuts) for segment in segments.add(*piece)]
    return [*found, *segments.finish()]


def fed(kind: str, *pieces: str) -> list[list[str]]:
    """Return the texts of the segments that each piece completes, and in the end those that are left."""
    segments = Segments(kind)
    found = [[segment.text for segment in segments.add(piece, surprisal_of(piece))] for piece in pieces]
    return [*found, [segment.text for segment in segments.finish()]]


@each_kind
@settings(deadline=None)
@given(text=texts, cuts=cuts, seed=seeds)
def test_segments_equal_the_plain_twin(kind: str, text: str, cuts: list[int], seed: int) -> None:
    """However the text was cut, segments have the place, the text and the score that a look at all gives."""
    surprisal = surprisal_of(text, seed)
    segments = segments_of(kind, text, surprisal, cuts)
    expected = plain_segments(kind, text)
    separators = {"line": "\r\n", "document": "\x1e", "word": None}[kind]
    stripped = [whole.rstrip(separators) for _, whole in expected]
    assert [(s.offset, s.text) for s in segments] == [
        (offset, text) for (offset, _), text in zip(expected, stripped, strict=True)
    ]
    for segment, (offset, whole) in zip(segments, expected, strict=True):
        assert_same_score(segment.score, plain_score(surprisal, range(offset, offset + len(whole))))


@each_kind
@settings(deadline=None)
@given(text=texts, seed=seeds)
def test_character_by_character(kind: str, text: str, seed: int) -> None:
    """A text that comes one character at a time has the segments of the whole."""
    surprisal = surprisal_of(text, seed)
    single = segments_of(kind, text, surprisal, list(range(len(text))))
    whole = segments_of(kind, text, surprisal, [])
    assert [(s.offset, s.text) for s in single] == [(s.offset, s.text) for s in whole]
    for a, b in zip(single, whole, strict=True):
        assert_same_score(a.score, b.score)


@settings(deadline=None)
@given(text=texts)
def test_words_are_those_of_python(text: str) -> None:
    """The words are those of `str.split`, but for the space before the first of them."""
    words = [segment.text for segment in segments_of("word", text, surprisal_of(text), [])]
    assert [word for word in words if word] == text.split()


def test_space_is_that_of_python() -> None:
    """What separates words is what Python calls space, in all of Unicode."""
    text = "".join(map(chr, range(0x11000)))
    assert is_space(text).tolist() == [char.isspace() for char in text]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("one", ["one"]),
        ("one\n", ["one"]),
        ("\n", [""]),
        ("one\n\ntwo", ["one", "", "two"]),
        ("one\r\ntwo\r\n", ["one", "two"]),
        ("one\rtwo\r", ["one", "two"]),
        ("\r\r\n\n\r", ["", "", "", ""]),
        ("one\u2028two\x0bthree\x85", ["one\u2028two\x0bthree\x85"]),
        ("  one  \n", ["  one  "]),
    ],
)
def test_lines(text: str, lines: list[str]) -> None:
    r"""A line ends with \n, with \r\n, or with \r alone, and with nothing else."""
    assert [segment.text for segment in segments_of("line", text, surprisal_of(text), [])] == lines


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \n\t", [""]),
        ("one", ["one"]),
        ("  one", ["", "one"]),
        ("one \n two ", ["one", "two"]),
        ("it's e\u0301té\u3000한글", ["it's", "e\u0301té", "한글"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    """Words are what space separates; what stands before the first one is a part of its own, of no text."""
    assert [segment.text for segment in segments_of("word", text, surprisal_of(text), [])] == words


@pytest.mark.parametrize(
    ("kind", "after", "text", "starts"),
    [
        ("line", "", "a\nb", [True, False, True]),
        ("line", "\n", "a\r\nb", [True, False, False, True]),
        ("line", "\r", "\n\r\r", [False, True, True]),
        ("line", "x\r", "ab", [True, False]),
        ("line", "\nx", "ab", [False, False]),
        ("word", "", "ab c", [True, False, False, True]),
        ("word", "", " ab", [False, True, False]),
        ("word", "x ", "ab", [True, False]),
        ("word", " x", "a b", [False, False, True]),
    ],
)
def test_starts(kind: str, after: str, text: str, starts: list[bool]) -> None:
    """Where words and lines begin depends on the last character before, and on nothing earlier."""
    assert SEGMENT_KINDS[kind].starts(text, after).tolist() == starts


def test_a_line_is_there_with_its_newline() -> None:
    """A line is complete as soon as its newline is read, and nothing is left of it."""
    assert fed("line", "on", "e\n", "two\nthr", "ee\n") == [[], ["one"], ["two"], ["three"], []]


def test_a_carriage_return_waits() -> None:
    r"""A line that ends with \r is complete with the next character, which may be its \n."""
    assert fed("line", "one\r", "two\r", "\n", "\n", "\r") == [[], ["one"], ["two"], [""], [], [""]]


def test_a_word_waits_for_the_next() -> None:
    """A word is complete when the next one begins, since the space after it is a part of it."""
    assert fed("word", "on", "e ", " ", "two\n") == [[], [], [], ["one"], ["two"]]


@each_kind
def test_empty_pieces_change_nothing(kind: str) -> None:
    """A piece without a character completes nothing, wherever it comes."""
    single = [fed(kind, *pieces)[-2:] for pieces in (("one", " two\n"), ("", "one", "", "", " two\n"))]
    assert single[0] == single[1]
    assert fed(kind, "", "one", "", "") == [[], [], [], [], ["one"]]


@each_kind
def test_finished_is_finished(kind: str) -> None:
    """After its end a text has nothing left."""
    segments = Segments(kind)
    assert list(segments.add("one", surprisal_of("one"))) == []
    assert len(list(segments.finish())) == 1
    assert list(segments.finish()) == []


@each_kind
@pytest.mark.parametrize("num_pieces", [1, 7])
def test_a_long_text_is_cut(kind: str, num_pieces: int) -> None:
    """The text of a long segment is cut to TEXT_CHARS, its score is that of all of it."""
    text = "ab" * TEXT_CHARS + ("\x1ec" if kind == "document" else "\nc")
    surprisal = surprisal_of(text)
    places = np.linspace(0, len(text), num_pieces + 1).astype(int)[1:-1].tolist()
    first, second = segments_of(kind, text, surprisal, places)
    assert first.text == text[:TEXT_CHARS]
    assert_same_score(first.score, plain_score(surprisal, range(len(text) - 1)))
    assert (second.offset, second.text) == (len(text) - 1, "c")


def test_a_text_just_not_too_long() -> None:
    """A segment of TEXT_CHARS characters keeps all of them."""
    text = "a" * TEXT_CHARS
    assert [segment.text for segment in segments_of("line", text, surprisal_of(text), [9])] == [text]
