"""Ranges of a text put together."""

from pathlib import Path

import pytest

from charseq.text.arranging import arranged
from charseq.text.corpus import read_corpus
from charseq.text.symbols import EncodedText

TEXT = "the rain in spain, «한글»\n" * 40


def test_ranges_in_order_are_not_copied() -> None:
    """Consecutive ranges are a view of the text."""
    text = EncodedText.of("abcdef")
    assert str(arranged(text, [(1, 3), (3, 5)], "x")) == "bcde"
    assert arranged(text, [(1, 3), (3, 5)], "x").symbols.base is not None
    assert str(arranged(text, [], "x")) == ""


def test_ranges_come_in_the_order_in_which_they_are_given() -> None:
    """The text in memory is put together in memory."""
    assert str(arranged(EncodedText.of("abcdef"), [(4, 6), (0, 2)], "x")) == "efab"


def test_a_large_text_is_arranged_in_the_cache_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was put together is found again by its key."""
    monkeypatch.setattr("charseq.text.corpus.LARGE_BYTES", 100)
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "a").write_text(TEXT, encoding="utf-8")
    text = read_corpus((str(tmp_path / "a"),)).encoded
    for _ in range(2):
        found = arranged(text, [(500, 900), (0, 500)], "key")
        assert found.is_mapped
        assert str(found) == TEXT[500:900] + TEXT[:500]
        assert len(list((tmp_path / "cache").iterdir())) == 2
    assert str(arranged(text, [(500, 900), (0, 400)], "another key")) == TEXT[500:900] + TEXT[:400]
