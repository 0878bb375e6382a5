"""One token per byte of UTF-8: 256 tokens for any file, whatever it contains.

A byte outside valid UTF-8 is a character of its own, U+DC00 plus the byte, as Python's error handler
surrogateescape has it.
"""

import codecs
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, overload

import numpy as np

from charseq.arrays import TokenArray
from charseq.text.tokenizers.tokenizer import Alignment, Tokenizer, bytes_per_char

NUM_BYTES = 256
INSIDE = range(0x80, 0xC0)
"""The bytes of a character of UTF-8 after its first one; three first bytes allow fewer as the second."""
SECOND = {
    0xE0: range(0xA0, 0xC0),
    0xED: range(0x80, 0xA0),
    0xF0: range(0x90, 0xC0),
    0xF4: range(0x80, 0x90),
}
LENGTHS = {
    **dict.fromkeys(range(0xC2, 0xE0), 2),
    **dict.fromkeys(range(0xE0, 0xF0), 3),
    **dict.fromkeys(range(0xF0, 0xF5), 4),
}
"""The length of the characters that begin with a byte; any other byte is a character of its own."""
CODES = (range(0xD800), range(0xDC80, 0xDCC2), range(0xDCF5, 0xDD00), range(0xE000, 0x110000))
"""The code points of all characters, with those of the bytes that begin no character of UTF-8."""


class EveryCharacter(Sequence[str]):
    """All characters of Unicode and the bytes that begin none, in order of code point; nothing is stored."""

    def __init__(self) -> None:
        self._ends = np.cumsum([len(codes) for codes in CODES]).tolist()

    def __len__(self) -> int:
        return int(self._ends[-1])

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        place %= len(self)
        part = bisect_left(self._ends, place + 1)
        return chr(CODES[part][place - (self._ends[part] - len(CODES[part]))])

    def __contains__(self, char: object) -> bool:
        return isinstance(char, str) and self.place(char) is not None

    def place(self, char: str) -> int | None:
        """Return the index of a character, None for one that is not among them."""
        for codes, end in zip(CODES, self._ends, strict=True):
            if ord(char) in codes:
                return int(end) - len(codes) + codes.index(ord(char))
        return None


EVERY_CHARACTER = EveryCharacter()


class ByteTokenizer(Tokenizer):
    """The 256 bytes; there is nothing to learn from a text, and no character is unseen.

    Any byte may follow any other. So a byte that begins no character although it could, such as C3 before a
    blank, is the one case of a spelling that begins others. It is not in the alphabet, its price is that of
    its token, and the byte after it pays for not going on. The price of a text is that of its bytes.
    """

    name = "byte"
    any_sequence = True
    any_bytes = True
    escape_probability = 0.0
    alphabet = EVERY_CHARACTER
    learnt = ""
    vocab = tuple(f"byte {byte:02x}" for byte in range(NUM_BYTES))

    @classmethod
    def fit_counts(cls, counts: Mapping[str, int], *, min_count: int = 1) -> Self:
        """Return the tokenizer of any text."""
        if min_count > 1:
            raise ValueError("the tokenizer byte knows every byte: leave out min_count")
        return cls()

    def place(self, char: str) -> int | None:
        """Return the index of a character in the alphabet."""
        return self.alphabet.place(char)

    def spell(self, char: str) -> tuple[int, ...]:
        """Return the bytes of a character."""
        return tuple(_utf8(char))

    def read(self, tokens: tuple[int, ...]) -> str | None:
        """Return the character of some bytes, None if a character may begin with them."""
        if len(tokens) < LENGTHS.get(tokens[0], 1):
            return None
        return bytes(tokens).decode("utf-8", "surrogateescape")

    def continuations(self, tokens: tuple[int, ...]) -> TokenArray | None:
        """Return the bytes that continue a character of UTF-8."""
        if not tokens:
            return None
        inside = SECOND.get(tokens[0], INSIDE) if len(tokens) == 1 else INSIDE
        return np.arange(inside.start, inside.stop, dtype=np.int32)

    def kind_of_part(self, token: int) -> str | None:
        """Return the place of a byte in the characters of UTF-8, None for one of ASCII."""
        if token < INSIDE.start:
            return None
        return "first byte" if token in LENGTHS else "inner byte" if token in INSIDE else "byte of none"

    def decoder(self) -> "ByteDecoder":
        """Return a decoder that has read nothing."""
        return ByteDecoder()

    def align(self, text: str) -> Alignment:
        """Return the bytes of a text, and marks at those that begin a character."""
        tokens = np.frombuffer(_utf8(text), np.uint8).astype(np.int32)
        begins = np.zeros(len(tokens), np.bool_)
        lengths = bytes_per_char(text)
        begins[np.cumsum(lengths) - lengths] = True
        return Alignment(tokens, begins)

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of some bytes, also if they end within a character."""
        return bytes(int(token) for token in tokens).decode("utf-8", "surrogateescape")

    def to_spec(self) -> dict[str, Any]:
        """Return {name}: there is nothing else to keep."""
        return {"name": self.name}

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """Rebuild from `to_spec`."""
        if spec != {"name": cls.name}:
            raise ValueError("the tokenizer byte has nothing but its name")
        return cls()


class ByteDecoder:
    """Decodes bytes one by one; a byte outside valid UTF-8 is known when the next one is there."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode

    def __call__(self, token: int) -> str:
        """Return the characters that are known with this byte."""
        return self._decode(bytes((token,)))


def _utf8(text: str) -> bytes:
    """Return the bytes of a text; other lone surrogates, which no file has, become three bytes each."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        kinds = ("surrogateescape" if "\udc80" <= char <= "\udcff" else "surrogatepass" for char in text)
        return b"".join(char.encode("utf-8", kind) for char, kind in zip(text, kinds, strict=True))
