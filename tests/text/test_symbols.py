"""A text as places in an alphabet: nothing is lost, the numbers are narrow, pages of a file are let go."""

import mmap
from collections import Counter
from itertools import chain, islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charseq.text import symbols
from charseq.text.pieces import FilePiece, bytes_of
from charseq.text.symbols import ASCII, EncodedText, Encoder, symbol_type

KINDS = {
    "ASCII": "hello\r\nwor\rld\0\x7f\n",
    "Latin": "zażółć gęślą jaźń, café\r\n",
    "BMP": "\ufeff안녕하세요 «кино» 汉字\u2028\r",
    "astral": "😀 and 𝄞 and 😀\n\U0010ffff",
}
texts = st.text(
    st.one_of(
        st.sampled_from("ab\r\n\ufeff"),
        st.characters(max_codepoint=0xFF),
        st.characters(max_codepoint=0xFFFF),
        st.characters(min_codepoint=0x10000),
    ),
    max_size=60,
)
cuts_of_texts = st.lists(st.integers(0, 60), max_size=5).map(sorted)


def many_characters(num: int) -> str:
    """Return so many different characters, none of them ASCII or a surrogate."""
    codes = chain(range(0x80, 0xD800), range(0xE000, 0x110000))
    return "".join(map(chr, islice(codes, num)))


def alphabet_text(num: int) -> str:
    """Return a text whose alphabet has `num` characters, the 128 of ASCII among them."""
    return "a" + many_characters(num - len(ASCII))


@pytest.mark.parametrize("text", KINDS.values(), ids=KINDS.keys())
def test_a_text_comes_back(text: str) -> None:
    """A text of any kind is what its symbols stand for, line ends and byte order marks included."""
    assert str(EncodedText.of(text)) == text


@settings(deadline=None)
@given(text=texts)
def test_any_text_comes_back(text: str) -> None:
    """Any mixture of characters, lone surrogates among them, is what its symbols stand for."""
    encoded = EncodedText.of(text)
    assert str(encoded) == text
    assert [encoded.alphabet[symbol] for symbol in encoded.symbols.tolist()] == list(text)
    assert len(encoded) == len(text)


@settings(deadline=None)
@given(text=texts, cuts=cuts_of_texts)
def test_chunks_make_one_text(text: str, cuts: list[int]) -> None:
    """The symbols of a text's chunks, end to end, stand for the text in the alphabet of the last."""
    encode = Encoder()
    borders = [0, *cuts, len(text)]
    chunks = [encode(text[begin:end]) for begin, end in pairwise(borders)]
    assert str(EncodedText(np.concatenate(chunks), encode.alphabet)) == text


@settings(deadline=None)
@given(text=texts)
def test_the_alphabet_is_ascii_and_what_else_is_met(text: str) -> None:
    """An alphabet holds ASCII in its order, then each other character of the text, once."""
    alphabet = EncodedText.of(text).alphabet
    assert alphabet.startswith(ASCII)
    assert len(set(alphabet)) == len(alphabet)
    assert set(alphabet) == set(ASCII) | set(text)


def test_ascii_stands_for_itself() -> None:
    """The symbols of ASCII are its code points."""
    assert EncodedText.of(ASCII).symbols.tolist() == list(range(128))


@pytest.mark.parametrize(
    ("num", "dtype"), [(128, "u1"), (256, "u1"), (257, "u2"), (65_536, "u2"), (65_537, "u4")]
)
def test_symbols_are_as_narrow_as_can_be(num: int, dtype: str) -> None:
    """Up to 256 different characters take one byte each, up to 65,536 two."""
    encoded = EncodedText.of(alphabet_text(num))
    assert len(encoded.alphabet) == num
    assert encoded.symbols.dtype == symbol_type(num) == np.dtype(dtype)
    assert str(encoded) == alphabet_text(num)


def test_chunks_widen_as_the_alphabet_grows() -> None:
    """A chunk is as wide as the alphabet by then demands; ASCII stays narrow."""
    encode = Encoder()
    chunks = ("ascii", many_characters(128), many_characters(129), "ascii", many_characters(70_000), "é")
    assert [encode(chunk).dtype.itemsize for chunk in chunks] == [1, 1, 2, 1, 4, 4]


@settings(deadline=None)
@given(text=texts, begin=st.integers(0, 60), end=st.integers(0, 60))
def test_a_slice_of_a_text_is_the_text_of_the_slice(text: str, begin: int, end: int) -> None:
    """A slice of a text is the text of the slice."""
    assert str(EncodedText.of(text)[begin:end]) == text[begin:end]
    assert str(EncodedText.of(text)[begin:][:end]) == text[begin:][:end]


def test_the_empty_text_is_false_and_has_no_pieces() -> None:
    """The empty text is false and has no pieces; any other is true."""
    assert not EncodedText.of("")
    assert list(EncodedText.of("").pieces()) == []
    assert EncodedText.of("\0")


@settings(deadline=None)
@given(text=texts.filter(len), size=st.integers(1, 5))
def test_symbols_are_taken_at_places_of_any_shape(text: str, size: int) -> None:
    """Symbols are taken at places of any shape."""
    encoded = EncodedText.of(text)
    places = np.random.default_rng(size).integers(0, len(text), (size, 3))
    taken = encoded.take(places)
    assert taken.shape == places.shape
    assert [encoded.alphabet[symbol] for symbol in taken.ravel()] == [text[k] for k in places.ravel()]


@settings(deadline=None)
@given(text=texts, piece=st.integers(1, 9))
def test_pieces_of_any_size_join_to_the_text(text: str, piece: int) -> None:
    """Pieces of any size join to the text, as symbols and as strings."""
    encoded = EncodedText.of(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(symbols, "PIECE", piece)
        assert [*encoded.symbols] == [symbol for part in encoded.pieces() for symbol in part]
        assert max(map(len, encoded.strings()), default=0) <= piece
        assert "".join(encoded.strings()) == str(encoded) == text


@settings(deadline=None)
@given(text=texts, piece=st.integers(1, 9))
def test_the_characters_that_occur_are_counted(text: str, piece: int) -> None:
    """Counted are the characters that occur, and no others."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(symbols, "PIECE", piece)
        assert EncodedText.of(text).counts() == Counter(text)


@settings(deadline=None)
@given(text=texts, start=st.integers(0, 60), piece=st.integers(1, 9))
@example("a\nbc\n", 2, 1)
def test_a_newline_is_found_where_str_find_finds_it(text: str, start: int, piece: int) -> None:
    """A newline is found where `str.find` finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(symbols, "PIECE", piece)
        assert EncodedText.of(text).find("\n", start) == text.find("\n", start)


class WatchedMapping(mmap.mmap):
    """A mapping that counts how often its pages were let go."""

    num_releases = 0

    def madvise(self, *arguments: int) -> None:
        assert arguments == (mmap.MADV_DONTNEED,)
        self.num_releases += 1


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="pages cannot be let go here")
def test_pages_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are let go after each piece, and when enough was taken here and there."""
    monkeypatch.setattr(symbols, "PIECE", 1000)
    monkeypatch.setattr(symbols, "RELEASE_BYTES", 500)
    (tmp_path / "text").write_bytes(b"x" * 3500)
    with (tmp_path / "text").open("rb") as file:
        mapping = WatchedMapping(file.fileno(), 0, access=mmap.ACCESS_READ)
    text = EncodedText(np.frombuffer(mapping, np.uint8), ASCII, mapping)
    assert len(list(text[:2500].pieces())) == mapping.num_releases == 3
    assert text.counts() == {"x": 3500}
    assert mapping.num_releases == 3 + 4
    part = text[1000:]
    for _ in range(12):
        part.take(np.arange(100))
    assert mapping.num_releases == 3 + 4 + 2


def test_characters_of_other_sizes_have_symbols_of_their_own() -> None:
    """Their bytes stay known in the text, in its parts and in its strings; counts and places join them."""
    encode = Encoder()
    piece = FilePiece.of("a\ufffdb\ufffd\ufffdé", np.array([1, 1, 1, 3, 2, 1], np.int32))
    text = EncodedText(encode(piece), encode.alphabet, num_bytes=encode.num_bytes)
    assert str(text) == piece
    assert [bytes_of(part).tolist() for part in text[1:].strings()] == [[1, 1, 3, 2, 1]]
    assert text.counts() == {"a": 1, "b": 1, "\ufffd": 3, "é": 1}
    assert text.places("\ufffd").tolist() == [1, 3, 4]
    assert text.find("\ufffd", 2) == 3
    assert encode("plain é").tolist()[-1] != text.symbols[-1]
