"""Bytes become text, and what is not UTF-8 becomes one sentence, or characters that know their bytes."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charseq.errors import DataError
from charseq.text import decoding
from charseq.text.decoding import (
    Decoder,
    Source,
    text_bytes,
    watch_returns,
)
from charseq.text.encodings import DecodingErrors
from charseq.text.pieces import bytes_of
from charseq.text.remarks import Remarks

KOREAN = "나는 학교에 갑니다.\n".encode("cp949")


def cut(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[begin : begin + size] for begin in range(0, len(raw), size))


def read(
    raw: bytes, *, size: int = 5, piped: bool = False, errors: DecodingErrors = "strict"
) -> tuple[list[str], list[str]]:
    """Return the pieces of a text `a.txt` that comes `size` bytes at a time, and what is remarked."""
    said: list[str] = []
    remarks, source = Remarks(said.append), Source("a.txt", cut(raw, size), piped)
    return list(Decoder(source, remarks, errors).pieces(text_bytes(source, remarks))), said


def message_of(raw: bytes, *, size: int = 5) -> str:
    with pytest.raises(DataError) as caught:
        read(raw, size=size)
    return str(caught.value)


# ---- what is no text


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_a_mark_is_left_out_however_it_is_cut(size: int) -> None:
    """A byte order mark at the beginning is left out, a second one is text."""
    mark = b"\xef\xbb\xbf"
    pieces, said = read(mark + mark + b"a", size=size)
    assert "".join(pieces) == "\ufeffa"
    assert said == ["a.txt: begins with a byte order mark (U+FEFF), which is left out"]


@pytest.mark.parametrize("raw", [b"\xef", b"\xef\xbb", b"\xef\xbba"], ids=ascii)
def test_part_of_a_mark_is_bad(raw: bytes) -> None:
    """The first bytes of a mark alone are not UTF-8."""
    assert message_of(raw, size=1).startswith("a.txt: not UTF-8 at byte 0, in line 1, column 1: ")


def test_a_mark_counts_for_the_place_of_a_bad_byte() -> None:
    """The place of a bad byte is that in the file, which the mark is a part of."""
    assert message_of(b"\xef\xbb\xbfa\xff").startswith("a.txt: not UTF-8 at byte 4, in line 1, column 2: ")


@pytest.mark.parametrize("size", [1, 2, 3, 9])
@pytest.mark.parametrize("char", ["é", "안", "😀"])
def test_half_a_character_at_the_end_of_a_pipe_is_left_out(char: str, size: int) -> None:
    """Whichever part of a character ends a pipe, the text ends before it, and the bytes are told."""
    raw = char.encode()
    for end in range(1, len(raw)):
        pieces, said = read(b"ab" + raw[:end], size=size, piped=True)
        assert "".join(pieces) == "ab"
        assert said == [f"a.txt: ends in half a character, which is left out ({raw[:end].hex(' ')})"]
    assert read(b"ab" + raw, size=size, piped=True)[1] == []


def test_a_bad_byte_in_a_pipe_is_refused() -> None:
    """What cannot begin a character is no half of one."""
    with pytest.raises(DataError):
        read(b"ab\xff", piped=True)


@pytest.mark.parametrize(
    ("raw", "is_said"), [(b"a\r\n", True), (b"a\r", False), (b"\n\r", False), (b"a\n", False)], ids=repr
)
@pytest.mark.parametrize("size", [1, 9])
def test_crlf_is_remarked_on_and_kept(raw: bytes, is_said: bool, size: int) -> None:
    """CR LF is said wherever chunks end, and other line ends are not."""
    said: list[str] = []
    chunks = watch_returns(Source("a.txt", iter(())), cut(raw, size), Remarks(said.append))
    assert b"".join(chunks) == raw
    assert bool(said) == is_said


# ---- complaints


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_a_complaint_is_the_same_however_the_text_is_cut(size: int) -> None:
    """Place, line, number and look do not depend on chunks.

    Of the 16 bytes that are not ASCII, two pairs happen to be UTF-8: d0 b1 and cf b4.
    """
    assert message_of(b"plain\n" + KOREAN, size=size) == (
        "a.txt: not UTF-8 at byte 6, in line 2, column 1: invalid start byte (12 such places); it looks like "
        "CP949 or EUC-KR (Korean): data.encoding=cp949 reads it for training and scoring, or convert it: "
        "iconv -f CP949 -t UTF-8 a.txt > utf8.txt"
    )


def test_places_are_counted_as_python_replaces_them() -> None:
    """A place is what becomes one U+FFFD; those that were there are not counted."""
    raw = b"\xff\xfe " + "\ufffd".encode() + b" \xf0\x9f\x98 \xc3"
    assert " (4 such places); " in message_of(raw, size=2)


def test_what_is_counted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a limit nothing more is read, and the number is the least that there are."""
    monkeypatch.setattr(decoding, "COUNT_BYTES", 4)
    given = iter([b"\xff" * 4, b"\xff"])
    with pytest.raises(DataError, match=r"\(at least 4 such places\)"):
        list(Decoder(Source("a", given), Remarks(lambda note: None)).pieces(given))
    assert next(given) == b"\xff"


def test_a_pipe_is_not_waited_for() -> None:
    """What would have to be waited for is not counted: whoever writes it may never end."""
    given = iter([b"\xff", b"\xff"])
    with pytest.raises(DataError, match=r"\(at least 1 such place\)"):
        list(Decoder(Source("a", given, ready=lambda: False), Remarks(lambda note: None)).pieces(given))


def test_a_file_that_was_cut_is_called_so() -> None:
    """Half a character at the end of a file is an error, and the command keeps what is before it."""
    assert message_of("안녕".encode()[:5]) == (
        "a.txt: not UTF-8 at byte 3, in line 1, column 2: unexpected end of data (the only such place); "
        "the file was cut within a character; up to there: head -c 3 a.txt > utf8.txt"
    )
    assert "Windows-1252" in message_of(b"un caf\xe9")


def test_a_complaint_about_a_long_name_is_short() -> None:
    """An error is one line of at most 800 characters, whatever the name of the file."""
    source = Source("a\n" * 2000, iter([b"\xff"]))
    with pytest.raises(DataError) as caught:
        list(Decoder(source, Remarks(lambda note: None)).pieces(source.chunks))
    assert len(str(caught.value)) <= 810
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [1, 100])
def test_utf16_that_is_valid_utf8_is_refused(size: int) -> None:
    """NULs between letters are an encoding's, not characters to learn."""
    assert message_of("hello king\n".encode("utf-16-le"), size=size) == (
        "a.txt: not UTF-8: 11 of the first 22 bytes are NUL; it looks like UTF-16 without its mark, little "
        "endian: data.encoding=utf-16-le reads it for training and scoring, or convert it: "
        "iconv -f UTF-16LE -t UTF-8 a.txt > utf8.txt"
    )


def test_utf16_is_only_remarked_on_where_bad_bytes_are_replaced() -> None:
    """Whoever asked for any bytes gets them, and the remark."""
    raw = "hello king\n".encode("utf-16-le")
    pieces, (said,) = read(raw, errors="replace")
    assert "".join(pieces).encode() == raw
    assert said.startswith("a.txt: not UTF-8: 11 of the first 22 bytes are NUL; ")


# ---- bytes of characters


def test_what_stands_for_bad_bytes_counts_as_many() -> None:
    """U+FFFD has the bytes that it replaces; one that was in the text has the three of its UTF-8."""
    pieces, _ = read("a안".encode() + b"\xff\xf0\x9f\x98b" + "\ufffd".encode(), size=99, errors="replace")
    assert pieces[0] == "a안\ufffd\ufffdb\ufffd"
    assert bytes_of(pieces[0]).tolist() == [1, 3, 1, 3, 1, 3]


def test_any_other_text_has_the_bytes_of_its_utf8() -> None:
    """A text from anywhere else is counted as UTF-8."""
    assert bytes_of("aé안😀").tolist() == [1, 2, 3, 4]


@given(raw=st.binary(max_size=40), size=st.integers(1, 9))
@example(raw=b"caf\xe9 caf\xe9", size=2)
def test_the_bytes_of_all_characters_are_those_of_the_file(raw: bytes, size: int) -> None:
    """Whatever is in a file, and however it is cut, its characters have as many bytes as it has."""
    pieces, _ = read(raw, size=size, errors="replace")
    num_skipped = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
    assert sum(int(bytes_of(piece).sum()) for piece in pieces) == len(raw) - num_skipped
