"""The connection of text and model: a tokenizer and the kind of sequence, in one object.

A codec knows which tokens belong to which character, which input a model reads before the first character,
how to prepare a prompt, and where the state is reset to zero. Only this module depends on the kind of
sequence, stream or line; the others need not assume that a character is one token.
"""

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.config import DataConfig, Unit
from charseq.errors import ConfigError
from charseq.registry import TOKENIZERS
from charseq.text.form import PLAIN, TextForm
from charseq.text.symbols import EncodedText
from charseq.text.tokenizers.tokenizer import UNSEEN, Tokenizer, code_points

NEWLINE = "\n"


def restarts(unit: Unit) -> bool:
    """Return whether a text of this kind has many sequences; then each one begins after a newline."""
    return unit == "line"


class Sequence(NamedTuple):
    """A text as pairs of tokens, (L,) each: every token is a target, and the token before it is its input.

    `starts` is true at the first step of a sequence, where the state is zero; it is None if the state is
    never reset. `begins` is true for a target that begins a character; it is None if each target is a
    whole character.
    """

    inputs: TokenArray
    targets: TokenArray
    starts: BoolArray | None
    begins: BoolArray | None


class Reading(NamedTuple):
    """A text as a model reads it: the `inputs` (S,), and `starts` as in Sequence.

    `expects` (L + 1,) has the indices of the inputs after which a new character is predicted: the first
    character, the second one, and so on, up to the one after the end of the text.
    """

    inputs: TokenArray
    starts: BoolArray | None
    expects: NDArray[np.intp]


class Codec:
    """A `tokenizer` and the kind of sequence, `unit`: one endless "stream", or each "line" on its own.

    `form` is that in which texts are read: the texts that the other methods take are in it.
    """

    def __init__(self, tokenizer: Tokenizer, unit: Unit, form: TextForm = PLAIN) -> None:
        self.tokenizer, self.unit, self.form = tokenizer, unit, form
        self.restarts = restarts(unit)
        """True if a new sequence, with a state of zero, begins after each newline."""

    @classmethod
    def of(cls, tokenizer: Tokenizer, config: DataConfig) -> "Codec":
        """Return the codec with these settings and a tokenizer of their kind."""
        return cls(tokenizer, config.unit, TextForm.of(config))

    @classmethod
    def fit(cls, config: DataConfig, text: EncodedText) -> "Codec":
        """Return the codec that is made from a training text. Raises ConfigError if there is none."""
        try:
            tokenizer = TOKENIZERS[config.tokenizer].fit_counts(text.counts(), min_count=config.min_count)
        except ValueError as error:
            raise ConfigError(f"data.min_count = {config.min_count}: {error}") from None
        return cls.of(tokenizer, config)

    def __repr__(self) -> str:
        return f"<Codec: {self.tokenizer.name} tokens, {self.unit}s, vocabulary of {self.vocab_size}>"

    @property
    def vocab_size(self) -> int:
        """V, the number of tokens."""
        return self.tokenizer.vocab_size

    @property
    def uniform_bits(self) -> float:
        """The bits per character of a uniform guess: all characters of the alphabet are equally likely."""
        return math.log2(len(self.tokenizer.alphabet))

    @property
    def start_token(self) -> int:
        """The input before the first character: a newline for lines, the zero vector for a stream."""
        return self.tokenizer.spell(NEWLINE)[-1] if self.restarts else UNSEEN

    @property
    def end(self) -> str | None:
        """The character that ends a sequence, None for a stream, which has no end."""
        return NEWLINE if self.restarts else None

    def examples(self, text: str, *, after: str = "") -> Sequence:
        """Return the pairs of `text`. It follows the text `after`, of which the last character is enough."""
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
        """Return the inputs after which a model continues `text`; for lines, only those of its last line."""
        if self.restarts:
            text = text.rpartition(NEWLINE)[2]
        return [self.start_token, *self.tokenizer.encode(text).tolist()]

    def reading(self, text: str) -> "Reading":
        """Return the inputs for reading `text`, and the steps after which a new character is predicted."""
        inputs, _, starts, begins = self.examples(
            text + NEWLINE
        )  # the newline makes the last character an input, too
        expects = np.arange(len(text) + 1) if begins is None else np.flatnonzero(begins)
        end = expects[-1] + 1
        return Reading(inputs[:end], None if starts is None else starts[:end], expects)

    def unknown(self, text: str) -> list[str]:
        """Return the characters of `text` that are not in the vocabulary, each once, in text order."""
        return [char for char in dict.fromkeys(text) if self.tokenizer.spell(char) == (UNSEEN,)]

    def shared_tokens(self, other: "Codec") -> tuple[list[int], list[int]]:
        """Return the numbers, in this codec and in `other`, of the tokens that both vocabularies have."""
        places = {name: token for token, name in enumerate(other.tokenizer.vocab)}
        pairs = [(token, places[name]) for token, name in enumerate(self.tokenizer.vocab) if name in places]
        return [mine for mine, _ in pairs], [theirs for _, theirs in pairs]

    def texts(self, tokens: Iterable[int]) -> Iterator[str]:
        """Yield each character as soon as its last token has been read."""
        read = self.tokenizer.decoder()
        for token in tokens:
            yield from read(token)

    def possible(self, logits: FloatArray, inputs: TokenArray | int) -> FloatArray:
        """Return the logits (..., V), with -infinity for tokens that cannot follow the `inputs` (...).

        Their softmax is the distribution of the next token among those with which a character can go on or
        begin. The logits are returned as they are if any token may follow any other.
        """
        return logits if self.tokenizer.any_sequence else logits + self._follow.penalties(inputs)

    @cached_property
    def _follow(self) -> "_Follow":
        return _Follow(self.tokenizer)

    @staticmethod
    def _at_begins(first: BoolArray, begins: BoolArray | None) -> BoolArray:
        """Return for each token whether it begins the first character of a sequence, as marked in `first`."""
        if begins is None:
            return first
        starts = np.zeros(len(begins), np.bool_)
        starts[np.flatnonzero(begins)[first]] = True
        return starts


class _Follow:
    """The tokens that may follow each token of a `tokenizer`."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        kinds = {_continuations(tokenizer, ()): 0}
        self._kinds = np.zeros(tokenizer.vocab_size + 1, np.intp)  # 0 after a character; the last is UNSEEN
        begun = [tuple[int, ...]()]
        while begun:
            tokens = begun.pop()
            for token in _continuations(tokenizer, tokens):
                longer = (*tokens, token)
                if tokenizer.read(longer) is None:
                    after = _continuations(tokenizer, longer)
                    self._kinds[token] = kinds.setdefault(after, len(kinds))
                    begun.append(longer)
        self._penalties = np.full((len(kinds), tokenizer.vocab_size), -np.inf, np.float32)
        for allowed, kind in kinds.items():
            self._penalties[kind, list(allowed)] = 0

    def penalties(self, inputs: TokenArray | int) -> FloatArray:
        """Return 0 for the tokens that may follow each of `inputs` (...), -infinity for others: (..., V)."""
        return self._penalties[self._kinds[inputs]]


def _continuations(tokenizer: Tokenizer, tokens: tuple[int, ...]) -> tuple[int, ...]:
    allowed = tokenizer.continuations(tokens)
    return tuple(range(tokenizer.vocab_size) if allowed is None else allowed.tolist())


def chars_at(begins: BoolArray | None, num_bytes: TokenArray) -> TokenArray:
    """Return for each token (L,) the UTF-8 length of the character that it begins, 0 for other tokens."""
    if begins is None:
        return num_bytes
    spread = np.zeros(len(begins), num_bytes.dtype)
    spread[begins] = num_bytes
    return spread
