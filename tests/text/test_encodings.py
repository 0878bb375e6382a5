"""Encodings: which can be read, and how many bytes a character has in each."""

import pytest

from charseq.errors import ConfigError
from charseq.text.encodings import bytes_in, known_encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "cp1252", "cp949", "gb18030", "shift_jis"])
def test_characters_have_the_bytes_of_their_encoding(encoding: str) -> None:
    """The bytes of the characters add up to the encoded text."""
    text = {"cp949": "가a나", "shift_jis": "あaア", "cp1252": "aéé"}.get(encoding, "a가é😀é")
    assert bytes_in(text, encoding).tolist() == [len(char.encode(encoding)) for char in text]


def test_names_of_encodings_are_those_of_python() -> None:
    """Any name that Python knows is good, and a mark is expected in UTF-8 anyway."""
    assert known_encoding("UTF8") == known_encoding("utf-8-sig") == "utf-8"
    assert known_encoding("EUC-KR") == "euc_kr"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("utf-9", "no such encoding; try utf-8"),
        ("a\0b", "no such encoding; try utf-8"),
        ("rot13", "not an encoding of text; try utf-8"),
        ("iso2022_kr", "the bytes of a character depend on its neighbours"),
        ("utf-7", "the bytes of a character depend on its neighbours"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_way_out(name: str, why: str) -> None:
    """An encoding that is none, or in which bytes cannot be counted, is a wrong request."""
    with pytest.raises(ConfigError) as caught:
        known_encoding(name)
    assert str(caught.value).startswith(f"{name!r}: {why}")
