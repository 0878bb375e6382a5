"""The first characters of texts, and nothing behind them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from charseq.text.beginning import beginnings, first_chars, read_beginning
from charseq.text.corpus import iter_texts
from charseq.text.encodings import SourceFormat
from charseq.text.pieces import bytes_of
from charseq.text.remarks import Remarks


def endless() -> Iterator[str]:
    """Yield three pieces, and fail if another is asked for."""
    yield from ("abc", "", "de")
    pytest.fail("more was read than needed")


@pytest.mark.parametrize("num_chars", [1, 2, 3, 4, 5])
def test_no_more_is_read_than_needed(num_chars: int) -> None:
    """The text is cut within a piece, and the one behind the last needed piece is not asked for."""
    assert "".join(first_chars(endless(), num_chars)) == "abcde"[:num_chars]


def test_a_short_text_is_whole() -> None:
    """A text with fewer characters stays as it is, and so does each text if no number is given."""
    assert list(first_chars(["ab", "c"], 9)) == ["ab", "c"]
    texts = [("x", ["ab", "c"]), ("y", ["d", "ef"])]
    assert [(name, list(pieces)) for name, pieces in beginnings(texts, None)] == texts
    cut = [(name, "".join(pieces)) for name, pieces in beginnings(texts, 2)]
    assert cut == [("x", "ab"), ("y", "de")]


def test_the_bytes_of_replaced_characters_stay_known(tmp_path: Path) -> None:
    """A bad byte stands for one byte, though U+FFFD has three in UTF-8."""
    (tmp_path / "text").write_bytes(b"a\xffb\xffc")
    ((_, pieces),) = iter_texts(str(tmp_path / "text"), how=SourceFormat(errors="replace"))
    begin = list(first_chars(pieces, 3))
    assert "".join(begin) == "a\ufffdb"
    assert [bytes_of(piece).tolist() for piece in begin] == [[1, 1, 1]]


def test_the_beginning_of_a_folder(tmp_path: Path) -> None:
    """Files are joined as in a corpus; remarks are finished at the end of the last one."""
    notes: list[str] = []
    for number in range(7):
        (tmp_path / f"{number}").write_bytes(b"\xef\xbb\xbfab")
    assert read_beginning(str(tmp_path), 100, Remarks(notes.append)) == "ab" * 7
    assert notes[-1].startswith("2 more files: ")
    notes.clear()
    assert read_beginning(str(tmp_path), 3, Remarks(notes.append)) == "aba"
    assert not any("more files" in note for note in notes)
