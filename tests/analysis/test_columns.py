"""Texts in a column of CSV files."""

import csv
from pathlib import Path

import pytest

from charseq.analysis import columns
from charseq.analysis.columns import ColumnTexts
from charseq.errors import ConfigError, DataError


def rows(path: Path, raw: bytes, **options: tuple[str, ...]) -> list[tuple[str, dict[str, str]]]:
    """Return the text of each row with the cells that are kept."""
    (path / "a.csv").write_bytes(raw)
    texts = ColumnTexts([str(path / "a.csv")], "text", **options)
    return [(text, dict(texts.kept)) for _, (text,) in texts]


def test_each_cell_is_a_text_and_the_others_are_kept(tmp_path: Path) -> None:
    """Quoted cells may hold commas and newlines; a byte order mark is no part of the header."""
    raw = b'\xef\xbb\xbfid,text,rt\r\n1,"a, b\nc",300\r\n\r\n2,d,\r\n'
    assert rows(tmp_path, raw) == [("a, b\nc", {"id": "1", "rt": "300"}), ("d", {"id": "2", "rt": ""})]


@pytest.mark.parametrize(
    ("raw", "kind", "complaint"),
    [
        (b"id,words\n1,a\n", ConfigError, "no column 'text'; the first line has id, words"),
        (b"", ConfigError, "no column 'text'; the first line has none"),
        (
            b"id,text,bits\n",
            ConfigError,
            "the column 'bits' would be there twice: rename it in the first line",
        ),
        (b"text,text\n", ConfigError, "two columns have the same name: rename it in the first line"),
        (b"id,text\n1,a\n2,b,c\n", DataError, "line 3: 3 cells, not 2 as in the first line"),
        (b'id,text\n1,"a"b\n', DataError, "line 2: not CSV: ',' expected after '\"'"),
    ],
)
def test_what_is_no_table_is_refused(
    tmp_path: Path, raw: bytes, kind: type[Exception], complaint: str
) -> None:
    """With the file and the line, or the columns that there are."""
    with pytest.raises(kind) as caught:
        rows(tmp_path, raw, taken=("bits", "text"))
    assert str(caught.value) == f"{tmp_path / 'a.csv'}: {complaint}"


def test_long_cells_are_read_whole(tmp_path: Path) -> None:
    """Also those that are longer than the limit that Python's csv has by default, and those that are kept."""
    path, long = tmp_path / "long.csv", "a" * 200_000
    path.write_text(f"text,note\n{long},{long}\nb,c\n")
    texts = ColumnTexts([str(path)], "text")
    found = [(parts, dict(texts.kept)) for _, parts in texts]
    assert found == [([long], {"note": long}), (["b"], {"note": "c"})]


def test_a_cell_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the line and the usual cause."""
    before, path = csv.field_size_limit(), tmp_path / "open.csv"
    monkeypatch.setattr(columns, "MAX_CELL_CHARS", 5)
    path.write_text('text\nfine\n"open\nand on\n')
    try:
        with pytest.raises(DataError, match=r"open\.csv: line 4: a cell of more than 5 characters: is a"):
            list(ColumnTexts([str(path)], "text"))
    finally:
        csv.field_size_limit(before)


def test_the_table_may_be_in_any_encoding(tmp_path: Path) -> None:
    """As spreadsheets write it, with a mark at its beginning."""
    path = tmp_path / "wide.csv"
    path.write_bytes("text,rt\n한국,3\n".encode("utf-16"))
    texts = ColumnTexts([str(path)], "text", encoding="utf-16")
    assert [(parts, dict(texts.kept)) for _, parts in texts] == [(["한국"], {"rt": "3"})]
