"""Whole lines, and the characters of lines that are learnt and counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.errors import DataError
from charseq.text.lines import after_separator, checked_lines, last_of_line, whole_lines
from charseq.text.pieces import FilePiece, bytes_of

PIECES = st.lists(st.text(alphabet="ab=\n", max_size=6), max_size=6)


def marked(text: str, is_counted: np.ndarray) -> str:
    """Return the counted characters of a text."""
    return "".join(char for char, yes in zip(text, is_counted.tolist(), strict=True) if yes)


@given(PIECES)
def test_whole_lines_are_the_same_text_cut_after_newlines(pieces: list[str]) -> None:
    """Every piece but the last ends at a newline, and none is empty."""
    found = list(whole_lines(pieces))
    assert "".join(found) == "".join(pieces)
    assert all(piece.endswith("\n") for piece in found[:-1])
    assert "" not in found


def test_a_line_is_cut_where_it_is_too_long_to_be_held() -> None:
    """Pieces end within a line of more characters than may be held, and nowhere else within a line."""
    pieces = ["ab", "cd", "e", "f\ngh", "i\n"]
    assert list(whole_lines(pieces, most=3)) == ["abcd", "ef\n", "ghi\n"]


def test_whole_lines_keep_the_bytes_of_each_character() -> None:
    """The sizes that a file's pieces record are joined and cut with the pieces."""
    pieces = [FilePiece("a\ufffd"), FilePiece("\nb\ufffd")]
    pieces[0].num_bytes, pieces[1].num_bytes = np.array([1, 4], np.int32), np.array([1, 1, 2], np.int32)
    assert [bytes_of(piece).tolist() for piece in whole_lines(pieces)] == [[1, 4, 1], [1, 2]]


@given(st.lists(st.tuples(st.text("ab", max_size=4), st.text("ab-", max_size=4)), max_size=6), st.booleans())
def test_what_follows_the_separator_counts_with_the_newline(
    pairs: list[tuple[str, str]], is_ended: bool
) -> None:
    """The twin cuts line by line with strings; the separator has two characters."""
    text = "\n".join(f"{source}=>{target}" for source, target in pairs) + "\n" * is_ended
    wanted = "\n".join(target for _, target in pairs) + "\n" * (is_ended and bool(pairs))
    assert marked(text, after_separator(text, "=>")) == (wanted if pairs else "")


@pytest.mark.parametrize(
    ("text", "counted"),
    [("hello\nkin\n", "o\nn\n"), ("hello\nkin", "o\nn"), ("\n\n", "\n\n"), ("", ""), ("x", "x")],
)
def test_the_last_character_of_a_line_counts_with_its_newline(text: str, counted: str) -> None:
    """An empty line has its newline only, and a text's end ends a line."""
    assert marked(text, last_of_line(text, "")) == counted


def test_lines_with_one_separator_each_pass() -> None:
    """The text is not changed."""
    assert "".join(checked_lines("a.tsv", ["a\tb\nc", "\td"], "\t")) == "a\tb\nc\td"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a\tb\ncd\n", r"a.tsv: line 2, column 3: the line ends without the separator '\t'"),
        ("a\tb\nc\td\te\n", r"a.tsv: line 2, column 4: a second separator '\t'"),
        ("a\tb\n\n", r"a.tsv: line 2, column 1: the line ends without the separator '\t'"),
    ],
)
def test_a_line_without_the_separator_or_with_two_is_named(text: str, place: str) -> None:
    """The error has the file, the line, the column, and what a line should be, wherever pieces are cut."""
    for pieces in ([text], list(text)):
        with pytest.raises(DataError) as caught:
            list(checked_lines("a.tsv", pieces, "\t"))
        assert (
            str(caught.value) == f"{place}; with target_after each line is a source, the separator, a target"
        )
