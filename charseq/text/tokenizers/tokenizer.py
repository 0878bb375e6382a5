"""The base class of tokenizers: characters to tokens and back, and the probability of unseen characters."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np

from charseq.arrays import BoolArray, TokenArray

UNSEEN = -1
"""The token of a character that is not in the vocabulary; as an input it is the zero vector."""


class Alignment(NamedTuple):
    """The tokens (L,) of a text; `begins` (L,) marks those that begin a character, None if all of them do."""

    tokens: TokenArray
    begins: BoolArray | None


class TokenDecoder(Protocol):
    """Decodes one stream of tokens, one at a time."""

    def __call__(self, token: int) -> str:
        """Return the characters that are known with this token: none or one, and for bytes at most two."""


class Tokenizer(ABC):
    """A translation of characters to tokens in [0, vocab_size) and back.

    The spelling of a character is one token or more, and is never the beginning of another character's
    spelling; so the surprisal of a character is the sum of the surprisals of its tokens. A character that
    cannot be spelled is the single token UNSEEN.
    """

    name: ClassVar[str]
    """The tokenizer's name in settings and files."""
    one_token_each: ClassVar[bool] = False
    """True if every character is a single token."""
    any_sequence: ClassVar[bool] = False
    """True if every sequence of tokens is a text, so that any token may follow any other."""
    any_bytes: ClassVar[bool] = False
    """True if it spells any file, with U+DC80 to U+DCFF for bytes outside valid UTF-8 (surrogateescape)."""
    is_separated: ClassVar[bool] = False
    """True if blanks separate the characters of its texts and are no characters themselves."""

    @classmethod
    def fit(cls, text: str, *, min_count: int = 1) -> Self:
        """Make the vocabulary of `text`, the training part of a corpus."""
        return cls.fit_counts(Counter(text), min_count=min_count)

    @classmethod
    @abstractmethod
    def fit_counts(cls, counts: Mapping[str, int], *, min_count: int = 1) -> Self:
        """Make the vocabulary of a text from the number of times each character occurs, at least 1.

        Characters that occur fewer than `min_count` times are left out. Raises ValueError if none is left.
        """

    @property
    @abstractmethod
    def vocab(self) -> tuple[str, ...]:
        """The names of the tokens, in the order of their numbers; all names differ."""

    @property
    @abstractmethod
    def alphabet(self) -> Sequence[str]:
        """The characters that can be spelled, in order; `ByteTokenizer` spells a few more."""

    @property
    @abstractmethod
    def escape_probability(self) -> float:
        """The probability in [0, 1) that scoring reserves for characters that cannot be spelled."""

    @abstractmethod
    def spell(self, char: str) -> tuple[int, ...]:
        """Return the tokens of a character, (UNSEEN,) for one that cannot be spelled."""

    @abstractmethod
    def read(self, tokens: tuple[int, ...]) -> str | None:
        """Return the character that `tokens` spell, None if they are only the beginning of a spelling."""

    @abstractmethod
    def continuations(self, tokens: tuple[int, ...]) -> TokenArray | None:
        """Return the tokens that may follow `tokens` in the spelling of a character, None if any may.

        These depend on the last of the `tokens` alone, unless `any_sequence` is true.
        """

    def kind_of_part(self, token: int) -> str | None:
        """Return the kind of a token that is a part of characters, None for one that is a character."""
        return None if len(self.vocab[token]) == 1 else "part"

    def label(self, token: int) -> str:
        """Return the character that a token is, or the name of one that is a part of characters."""
        name = self.vocab[token]
        return self.decode([token]) if len(name) > 1 and self.kind_of_part(token) is None else name

    @abstractmethod
    def to_spec(self) -> dict[str, Any]:
        """Return the argument of `from_spec` for this tokenizer: JSON values, including `name`."""

    @classmethod
    @abstractmethod
    def from_spec(cls, spec: dict[str, Any]) -> "Tokenizer":
        """Rebuild a tokenizer. Raises ValueError, TypeError or KeyError for an invalid spec."""

    @property
    def vocab_size(self) -> int:
        """V, the number of tokens."""
        return len(self.vocab)

    @property
    def learnt(self) -> str:
        """The characters of the alphabet that were taken from the training text, as one text."""
        return "".join(self.alphabet)

    def place(self, char: str) -> int | None:
        """Return the index of a character in the alphabet, None for one that is not in it."""
        return self._places.get(char)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {char: place for place, char in enumerate(self.alphabet)}

    def decoder(self) -> TokenDecoder:
        """Return a decoder that has read nothing."""
        return SpellingDecoder(self.read)

    def align(self, text: str) -> Alignment:
        """Return the tokens of `text`, and marks at those that begin a character."""
        codes, places = np.unique(code_points(text), return_inverse=True)
        spelled = [self.spell(chr(code)) for code in codes.tolist()]
        lengths = np.array([len(tokens) for tokens in spelled], np.int64)
        flat = np.array([token for tokens in spelled for token in tokens], np.int32)
        ends = np.cumsum(lengths[places])
        starts = ends - lengths[places]
        firsts = (np.cumsum(lengths) - lengths)[places]  # index in `flat` of each character's first token
        total = int(ends[-1]) if len(ends) else 0
        tokens = flat[np.arange(total) + np.repeat(firsts - starts, lengths[places])]
        begins = np.zeros(total, np.bool_)
        begins[starts] = True
        return Alignment(tokens, begins)

    def encode(self, text: str) -> TokenArray:
        """Return the tokens of `text`, UNSEEN for each character that cannot be spelled."""
        return self.align(text).tokens

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text that `tokens` spell, without an incomplete last character. None may be UNSEEN."""
        read = self.decoder()
        return "".join(read(int(token)) for token in tokens)


class SpellingDecoder:
    """Decodes tokens with `read`, which is that of a Tokenizer."""

    def __init__(self, read: Callable[[tuple[int, ...]], str | None]) -> None:
        self._read, self._begun = read, tuple[int, ...]()

    def __call__(self, token: int) -> str:
        """Return the character that ends with this token, nothing within a character."""
        self._begun += (token,)
        char = self._read(self._begun)
        if char is None:
            return ""
        self._begun = ()
        return char


def num_rare(counts: Mapping[str, int], min_count: int) -> int:
    """Return how often characters occur that occur fewer than `min_count` times, or only once."""
    return sum(count for count in counts.values() if count < max(2, min_count))


def good_turing(num_once: int, num_chars: int) -> float:
    """Return the probability that the next character is a new one: max(1, num_once) / (num_chars + 1).

    `num_once` is the number of different characters that occur exactly once in `num_chars` characters. If
    rare characters count as unseen, it is the number of times that they occur; see `num_rare`.

    Source: Good 1953, "The population frequencies of species and the estimation of population parameters".
    """
    return max(1, num_once) / (num_chars + 1)


def bytes_per_char(text: str) -> TokenArray:
    """Return the UTF-8 length of each character of `text`, 1 for an undecodable byte (surrogateescape)."""
    codes = code_points(text)
    lengths = 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000)
    return lengths if text.isascii() else np.where(codes >> 7 == 0xDC80 >> 7, 1, lengths)


def code_points(text: str) -> "np.ndarray[Any, np.dtype[np.uint32]]":
    """Return the Unicode code points of `text`, including lone surrogates, as in a broken argument."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
