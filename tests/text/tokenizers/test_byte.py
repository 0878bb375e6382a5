"""One token per byte: any file comes back, byte for byte, whatever it contains."""

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.text.tokenizers.byte import EVERY_CHARACTER, ByteTokenizer
from charseq.text.tokenizers.tokenizer import UNSEEN, bytes_per_char

BYTE = ByteTokenizer()
SCALARS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
"""All characters of Unicode."""
FIRST_BYTES = range(0xC2, 0xF5)
"""The bytes with which a character of several bytes begins."""


def decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


@given(raw=st.binary())
def test_any_bytes_are_their_own_tokens(raw: bytes) -> None:
    """The tokens of a file are its bytes, and it comes back from them."""
    tokens = BYTE.encode(decoded(raw))
    assert bytes(tokens.tolist()) == raw
    assert BYTE.decode(tokens) == decoded(raw)


def test_all_of_unicode_at_once() -> None:
    """The tokens of every character, one after the other, are the UTF-8 of all of them."""
    text = "".join(SCALARS)
    tokens, begins = BYTE.align(text)
    assert bytes(tokens.tolist()) == text.encode()
    assert begins is not None
    assert begins.sum() == len(text)
    assert BYTE.decode(tokens) == text


def test_every_character_is_spelled_as_its_utf8() -> None:
    """A spelling is the UTF-8 of its character, and is read as it."""
    for char in SCALARS[::7]:
        spelled = BYTE.spell(char)
        assert bytes(spelled) == char.encode()
        assert BYTE.read(spelled) == char
        assert all(BYTE.read(spelled[:end]) is None for end in range(1, len(spelled)))


def test_a_byte_outside_utf8_is_one_character_of_one_byte() -> None:
    """Each of the 128 bytes has one token and counts as one byte."""
    for byte in range(0x80, 0x100):
        char = decoded(bytes([byte]))
        assert BYTE.spell(char) == (byte,)
        assert bytes_per_char(char).tolist() == [1]


def test_the_alphabet_is_all_of_unicode_and_the_bytes_that_begin_no_character() -> None:
    """Its places are in order of code point; a byte that could begin a character is not among them."""
    alone = [chr(0xDC00 + byte) for byte in range(0x80, 0x100) if byte not in FIRST_BYTES]
    expected = sorted([*SCALARS, *alone])
    assert list(EVERY_CHARACTER) == expected
    assert len(EVERY_CHARACTER) == len(expected)
    for place in [0, 0xD7FF, 0xD800, 0xD8FF, len(expected) - 1]:
        if place < len(expected):
            assert BYTE.place(expected[place]) == place
    assert [BYTE.place(chr(0xDC00 + byte)) for byte in FIRST_BYTES] == [None] * len(FIRST_BYTES)
    with pytest.raises(IndexError):
        EVERY_CHARACTER[len(expected)]


def test_continuations_are_those_of_valid_utf8() -> None:
    """Along every path that continuations allow there is a character, and every character has its path."""
    first = {char.encode()[:1] for char in SCALARS}
    seen: dict[tuple[int, ...], set[int]] = {}
    for char in SCALARS:
        raw = tuple(char.encode())
        for end in range(1, len(raw)):
            seen.setdefault(raw[:end], set()).add(raw[end])
    assert all(sorted(after) == BYTE.continuations(begun).tolist() for begun, after in seen.items())  # type: ignore[union-attr]
    assert BYTE.continuations(()) is None
    assert len(first) == 128 + len(FIRST_BYTES)


@given(raw=st.binary())
def test_a_decoder_yields_the_text_byte_by_byte(raw: bytes) -> None:
    """What was yielded after each byte is the text as far as it is known; nothing is yielded that changes."""
    read, so_far = BYTE.decoder(), ""
    for end, byte in enumerate(raw, start=1):
        chars = read(byte)
        so_far += chars
        assert len(chars) <= 4
        assert decoded(raw[:end]).startswith(so_far)
    assert len(so_far.encode("utf-8", "surrogateescape")) >= len(raw) - 3


def test_no_surrogate_is_unseen() -> None:
    """Even a lone surrogate that no file has is spelled, in three bytes."""
    tokens, begins = BYTE.align("a\ud800b")
    assert UNSEEN not in tokens
    assert begins is not None
    assert begins.tolist() == [True, True, False, False, True]


def test_min_count_is_refused() -> None:
    """There are no rare bytes."""
    with pytest.raises(ValueError, match="leave out min_count"):
        ByteTokenizer.fit("aab", min_count=2)


@pytest.mark.parametrize("spec", [{}, {"name": "char"}, {"name": "byte", "vocab": "ab"}, [], None, 3])
def test_bad_spec(spec: Any) -> None:
    """A spec has the name and nothing else."""
    with pytest.raises(ValueError, match="nothing but its name"):
        ByteTokenizer.from_spec(spec)


def test_spec_and_names() -> None:
    """All tokenizers of this kind are equal; each token has a name."""
    rebuilt = ByteTokenizer.from_spec(ByteTokenizer.fit("ab").to_spec())
    assert rebuilt.vocab == BYTE.vocab
    assert len(set(BYTE.vocab)) == BYTE.vocab_size == 256
    assert BYTE.escape_probability == 0
    assert np.array_equal(rebuilt.encode("é"), [0xC3, 0xA9])
