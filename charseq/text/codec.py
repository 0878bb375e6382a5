"""The seam between text and model: a tokenizer and the kind of sequence, as one object.

A codec knows which tokens belong to which character, what a model reads before the first one, how a prompt is
prepared, and where a state starts anew. Nothing else in the project asks whether a sequence is a stream or a
line, or assumes that a character is one token.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray, TokenArray
from charseq.config import Unit
from charseq.text.tokenizers.tokenizer import UNSEEN, Tokenizer, code_points

NEWLINE = "\n"


def restarts(unit: Unit) -> bool:
    """Return whether a text of this kind is many sequences, each of which begins after a newline."""
    return unit == "line"


class Sequence(NamedTuple):
    """A text as pairs of tokens, (L,) each: every token is a target, and the one before it the input.

    `starts` is true where a sequence begins and the state is zero, None where nothing restarts. `begins` is
    true where a target begins a character, None where every target is one.
    """

    inputs: TokenArray
    targets: TokenArray
    starts: BoolArray | None
    begins: BoolArray | None


class Reading(NamedTuple):
    """A text as a model reads it: the `inputs` (S,), and where the state is zero before one, as in Sequence.

    After the inputs with the numbers `expects` (L + 1,) a character is expected: the first one, the one after
    the first, and so on to the one after the last.
    """

    inputs: TokenArray
    starts: BoolArray | None
    expects: NDArray[np.intp]


class Codec:
    """A `tokenizer`, and the kind of sequence, `unit`: one endless "stream", or each "line" by itself."""

    def __init__(self, tokenizer: Tokenizer, unit: Unit) -> None:
        self.tokenizer, self.unit = tokenizer, unit
        self.restarts = restarts(unit)
        """Whether a sequence begins after each newline, where the state is zero again."""

    def __repr__(self) -> str:
        return f"<Codec: {self.tokenizer.name} tokens, {self.unit}s, vocabulary of {self.vocab_size}>"

    @property
    def vocab_size(self) -> int:
        """V, the number of tokens."""
        return self.tokenizer.vocab_size

    @property
    def uniform_bits(self) -> float:
        """The bits per character of a guess that takes all characters of the alphabet for equally likely."""
        return math.log2(len(self.tokenizer.alphabet))

    @property
    def start_token(self) -> int:
        """The input before the first character: the newline that ends a line, the zero vector of a stream."""
        return self.tokenizer.spell(NEWLINE)[-1] if self.restarts else UNSEEN

    @property
    def end(self) -> str | None:
        """The character that ends a sequence, None for a stream, which has no end."""
        return NEWLINE if self.restarts else None

    def examples(self, text: str, *, after: str = "") -> Sequence:
        """Return the pairs of `text`, which continues `after` (its last character is enough) or begins."""
        previous = after[-1:]
        before = self.tokenizer.spell(previous)[-1] if previous else self.start_token
        targets, begins = self.tokenizer.align(text)
        inputs = np.concatenate([np.array([before], np.int32), targets[:-1]]) if len(targets) else targets
        if not self.restarts:
            return Sequence(inputs, targets, None, begins)
        first = np.empty(len(text), np.bool_)
        first[:1] = previous in ("", NEWLINE)
        first[1:] = code_points(text)[:-1] == ord(NEWLINE)
        return Sequence(inputs, targets, self._at_begins(first, begins), begins)

    def prompt(self, text: str) -> list[int]:
        """Return the inputs after which a model continues `text`; with lines only the last one counts."""
        if self.restarts:
            text = text.rpartition(NEWLINE)[2]
        return [self.start_token, *self.tokenizer.encode(text).tolist()]

    def reading(self, text: str) -> "Reading":
        """Return the inputs that lead through `text`, and the steps after which a character is expected."""
        inputs, _, starts, begins = self.examples(
            text + NEWLINE
        )  # so that the last character is an input, too
        expects = np.arange(len(text) + 1) if begins is None else np.flatnonzero(begins)
        end = expects[-1] + 1
        return Reading(inputs[:end], None if starts is None else starts[:end], expects)

    def unknown(self, text: str) -> list[str]:
        """Return the characters of `text` that the model does not know, each once, in their order."""
        return [char for char in dict.fromkeys(text) if self.tokenizer.spell(char) == (UNSEEN,)]

    def shared_tokens(self, other: "Codec") -> tuple[list[int], list[int]]:
        """Return the numbers here and in `other` of the tokens that both vocabularies have."""
        places = {name: token for token, name in enumerate(other.tokenizer.vocab)}
        pairs = [(token, places[name]) for token, name in enumerate(self.tokenizer.vocab) if name in places]
        return [mine for mine, _ in pairs], [theirs for _, theirs in pairs]

    def texts(self, tokens: Iterable[int]) -> Iterator[str]:
        """Yield each character as soon as its last token is there."""
        begun = tuple[int, ...]()
        for token in tokens:
            begun += (token,)
            if (char := self.tokenizer.read(begun)) is not None:
                yield char
                begun = ()

    @staticmethod
    def _at_begins(first: BoolArray, begins: BoolArray | None) -> BoolArray:
        """Return for each token whether it begins a character that is `first` of a sequence."""
        if begins is None:
            return first
        starts = np.zeros(len(begins), np.bool_)
        starts[np.flatnonzero(begins)[first]] = True
        return starts


def chars_at(begins: BoolArray | None, num_bytes: TokenArray) -> TokenArray:
    """Return the UTF-8 length of its character for each token that begins one, 0 for others (L,)."""
    if begins is None:
        return num_bytes
    spread = np.zeros(len(begins), num_bytes.dtype)
    spread[begins] = num_bytes
    return spread
