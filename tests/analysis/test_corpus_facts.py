"""The facts of a corpus."""

from pathlib import Path

import pytest

from charseq.analysis.corpus_facts import CorpusFacts, Lines
from charseq.errors import DataError
from charseq.text.corpus import read_corpus
from charseq.text.encodings import SourceFormat
from charseq.text.symbols import EncodedText

REPLACE = SourceFormat(errors="replace")


def facts_of(path: Path, raw: bytes) -> CorpusFacts:
    path.write_bytes(raw)
    return CorpusFacts.of(read_corpus((str(path),), how=REPLACE), REPLACE)


def test_lines_are_counted_and_measured() -> None:
    """The last line need not end; the first of several longest lines is named."""
    lines = Lines.of(EncodedText.of("ab\n\n\tcdef\nab\nghijk"))
    assert (lines.number, lines.longest, lines.longest_number) == (5, 5, 3)
    assert (lines.num_empty, lines.num_indented, lines.num_duplicates, lines.is_sorted) == (1, 1, 1, False)


@pytest.mark.parametrize("text", ["a", "a\n", "\n"])
def test_a_single_line_is_one(text: str) -> None:
    """With or without its newline."""
    assert Lines.of(EncodedText.of(text)).number == 1


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(b"a\nb\n", "LF"), (b"a\r\nb\r\n", "CR LF"), (b"a\rb\r", "CR"), (b"a\r\nb\n", "mixed"), (b"a", "none")],
)
def test_line_ends_are_named(tmp_path: Path, raw: bytes, kind: str) -> None:
    """CR LF is one line end and not two."""
    assert facts_of(tmp_path / "a", raw).line_ends == kind


def test_the_alphabet_and_its_rare_characters(tmp_path: Path) -> None:
    """Frequent characters come first in the alphabet, the rarest ones first among the rare."""
    facts = facts_of(tmp_path / "a", b"aaaaaabbbbbccd")
    assert (facts.alphabet, facts.rare, facts.num_chars) == ("abcd", "dc", 14)
    assert facts.share("a", "b") == pytest.approx(11 / 14)


def test_bad_bytes_have_their_places_and_a_guess(tmp_path: Path) -> None:
    """The remarks name places, and what the encoding looks like."""
    raw = "나는 학교에 갑니다.\n".encode("cp949") * 9
    first, second = facts_of(tmp_path / "a", b"\xef\xbb\xbfab\n" + raw).remarks[1:]
    assert first.startswith(
        f"{tmp_path}/a: 108 places (108 bytes) are not UTF-8 and were read as U+FFFD: line 2,"
    )
    assert "it looks like CP949 or EUC-KR (Korean)" in second


def test_an_empty_corpus_is_refused(tmp_path: Path) -> None:
    """There is nothing to say about nothing."""
    with pytest.raises(DataError, match=r"/a: empty: there is nothing to examine$"):
        facts_of(tmp_path / "a", b"")
