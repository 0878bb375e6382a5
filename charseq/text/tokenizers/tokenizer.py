"""The base class of tokenizers: characters to tokens and back, and the probability of unseen characters."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from charseq.arrays import BoolArray, TokenArray

UNSEEN = -1
"""The token of a character that is not in the vocabulary; as an input it is the zero vector."""


class Alignment(NamedTuple):
    """The tokens (L,) of a text; `begins` (L,) marks those that begin a character, None if all of them do."""

    tokens: TokenArray
    begins: BoolArray | None


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

    @classmethod
    def fit(cls, text: str) -> Self:
        """Make the vocabulary of `text`, the training part of a corpus."""
        return cls.fit_counts(Counter(text))

    @classmethod
    @abstractmethod
    def fit_counts(cls, counts: Mapping[str, int]) -> Self:
        """Make the vocabulary of a text from the number of times each character occurs, at least 1."""

    @property
    @abstractmethod
    def vocab(self) -> tuple[str, ...]:
        """The names of the tokens, in the order of their numbers; all names differ."""

    @property
    @abstractmethod
    def alphabet(self) -> tuple[str, ...]:
        """The characters that can be spelled, in order."""

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
        """Return the tokens that may follow `tokens` in the spelling of a character, None if any may."""

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
        chars, begun = [], tuple[int, ...]()
        for token in tokens:
            begun += (int(token),)
            if (char := self.read(begun)) is not None:
                chars.append(char)
                begun = ()
        return "".join(chars)


def good_turing(num_once: int, num_chars: int) -> float:
    """Return the probability that the next character is a new one: max(1, num_once) / (num_chars + 1).

    `num_once` is the number of different characters that occur exactly once in `num_chars` characters.

    Source: Good 1953, "The population frequencies of species and the estimation of population parameters".
    """
    return max(1, num_once) / (num_chars + 1)


def bytes_per_char(text: str) -> TokenArray:
    """Return the UTF-8 length of each character of `text`."""
    codes = code_points(text)
    return 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000)


def code_points(text: str) -> "np.ndarray[Any, np.dtype[np.uint32]]":
    """Return the Unicode code points of `text`, including lone surrogates, as in a broken argument."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
