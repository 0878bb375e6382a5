"""The connection of text and model: a tokenizer and the kind of sequence, in one object.

A codec knows which tokens belong to which character, which input a model reads before the first character,
how to prepare a prompt, and where the state is reset to zero. Only this module depends on the kind of
sequence, stream, line or document; the others need not assume that a character is one token.
"""

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.config import DataConfig, Unit
from charseq.text.documents import DOCUMENT_END, documents
from charseq.text.following import Following
from charseq.text.form import PLAIN, TextForm
from charseq.text.lines import NEWLINE, SELECTIONS, checked_lines, whole_lines
from charseq.text.tokenizers.tokenizer import UNSEEN, Tokenizer, code_points


def restarts(unit: Unit) -> bool:
    """Return whether a text of this kind has many sequences, each of which begins in the zero state."""
    return end_of(unit) is not None


def end_of(unit: Unit) -> str | None:
    """Return the character that ends a sequence of this kind, None for a stream, which has no end."""
    return {"stream": None, "line": NEWLINE, "document": DOCUMENT_END}[unit]


def separator_of(unit: Unit, separator: str, form: TextForm = PLAIN) -> str | None:
    """Return what separates the documents of a text in `form`, None for a sequence that is no document."""
    return form.separator("separator", separator) if unit == "document" else None


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
    """A `tokenizer` and the kind of sequence, `unit`.

    It is one endless "stream", or each "line" or "document" on its own. The `separator` ends each document;
    it is "" if a file is a document. With `target_after` each line is a source, this string and a target.
    `loss_on` is a name in TARGETS; if it is one of SELECTIONS, only the characters that this selects are
    learnt and counted. `form` is that in which texts are read: the texts that the methods take, and
    `target_after`, are in it; `separator` is as in a file.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        unit: Unit,
        separator: str = "",
        *,
        target_after: str = "",
        loss_on: str = "auto",
        form: TextForm = PLAIN,
    ) -> None:
        self.tokenizer, self.unit, self.separator, self.form = tokenizer, unit, separator, form
        self.target_after = target_after
        self.loss_on = ("target" if target_after else "all") if loss_on == "auto" else loss_on
        self.end = end_of(unit)
        """The character that ends a sequence, None for a stream, which has no end."""
        self.restarts = restarts(unit)
        """True if a new sequence, with a state of zero, begins after each end."""

    @classmethod
    def of(cls, tokenizer: Tokenizer, config: DataConfig) -> "Codec":
        """Return the codec of a tokenizer and the settings in section `data`.

        Raises ConfigError for a separator that cannot be read in the form of the texts.
        """
        form = TextForm.of(config)
        return cls(
            tokenizer,
            config.unit,
            config.separator,
            target_after=form.separator("target_after", config.target_after),
            loss_on=config.loss_on,
            form=form,
        )

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
        """The input before the first character: the end of a sequence; the zero vector for a stream."""
        return UNSEEN if self.end is None else self.tokenizer.spell(self.end)[-1]

    def read(self, pieces: Iterable[str]) -> Iterator[str]:
        """Yield the pieces of a file as the model reads them: with one character for each separator."""
        separator = separator_of(self.unit, self.separator, self.form)
        return iter(pieces) if separator is None else documents(pieces, separator)

    def written(self, text: str) -> str:
        """Return a text of the model as a file has it: with the separators of documents and of characters."""
        if self.unit != "document":
            return self.form.written(text)
        return self.separator.join(map(self.form.written, text.split(DOCUMENT_END)))

    def by_lines(self) -> "Codec":
        """Return a codec of the same tokens and selection, for which each line is a sequence of its own."""
        return Codec(
            self.tokenizer, "line", target_after=self.target_after, loss_on=self.loss_on, form=self.form
        )

    @property
    def selects(self) -> bool:
        """True if only some characters are learnt and counted; `counted` tells which, of whole lines."""
        return self.loss_on in SELECTIONS

    @property
    def needs_lines(self) -> bool:
        """True if texts are scored in whole lines: lines have a separator, or some characters count."""
        return self.selects or bool(self.target_after)

    @property
    def selection(self) -> tuple[str, str]:
        """The separator, and the selection of the characters that figures are about, "" for all of them."""
        return self.target_after, self.loss_on if self.selects else ""

    def counted(self, text: str) -> BoolArray | None:
        """Return which characters (L,) of `text`, whole lines, are learnt and counted; None if all are."""
        return SELECTIONS[self.loss_on](text, self.target_after) if self.selects else None

    def num_counted(self, pieces: Iterable[str]) -> int:
        """Return the number of characters of a text that are counted."""
        if not self.selects:
            return sum(map(len, pieces))
        select = SELECTIONS[self.loss_on]
        return sum(int(select(piece, self.target_after).sum()) for piece in whole_lines(pieces))

    def checked(self, name: str, pieces: Iterable[str]) -> Iterable[str]:
        """Return the text `name` in pieces as this codec needs them: whole lines if it selects characters.

        Raises DataError, naming the line, for a line that has not exactly one separator, if there is one.
        """
        if self.target_after:
            return checked_lines(name, pieces, self.target_after)
        return whole_lines(pieces) if self.selects else pieces

    def completed(self, prompt: str) -> str:
        """Return a prompt with the separator at its end, unless its last line has it or there is none.

        An empty prompt stays empty where sources are learnt, too: the model writes whole lines.
        """
        is_whole = not prompt and not self.selects
        if is_whole or self.target_after in prompt.rpartition(NEWLINE)[2]:
            return prompt
        return prompt + self.target_after

    def examples(self, text: str, *, after: str = "") -> Sequence:
        """Return the pairs of `text`. It follows the text `after`, of which the last character is enough."""
        previous = after[-1:]
        before = self.tokenizer.spell(previous)[-1] if previous else self.start_token
        targets, begins = self.tokenizer.align(text)
        inputs = np.concatenate([np.array([before], np.int32), targets[:-1]]) if len(targets) else targets
        if self.end is None:
            return Sequence(inputs, targets, None, begins)
        first = np.empty(len(text), np.bool_)
        first[:1] = previous in ("", self.end)
        first[1:] = code_points(text)[:-1] == ord(self.end)
        return Sequence(inputs, targets, self._at_begins(first, begins), begins)

    def prompt(self, text: str) -> list[int]:
        """Return the inputs after which a model continues `text`, completed: its last line or document."""
        text = self.completed(text)
        if self.end is not None:
            text = text.rpartition(self.end)[2]
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
        return logits if self.tokenizer.any_sequence else logits + self._following.penalties(inputs)

    @cached_property
    def _following(self) -> Following:
        return Following(self.tokenizer)

    @staticmethod
    def _at_begins(first: BoolArray, begins: BoolArray | None) -> BoolArray:
        """Return for each token whether it begins the first character of a sequence, as marked in `first`."""
        if begins is None:
            return first
        starts = np.zeros(len(begins), np.bool_)
        starts[np.flatnonzero(begins)[first]] = True
        return starts


def chars_at(begins: BoolArray | None, num_bytes: TokenArray) -> TokenArray:
    """Return for each token (L,) the UTF-8 length of the character that it begins, 0 for other tokens."""
    if begins is None:
        return num_bytes
    spread = np.zeros(len(begins), num_bytes.dtype)
    spread[begins] = num_bytes
    return spread
