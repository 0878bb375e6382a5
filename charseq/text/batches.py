"""A text cut into parallel streams, and those into windows for truncated backpropagation through time."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.config import Unit
from charseq.text.symbols import EncodedText
from charseq.text.tokenizers.tokenizer import UNSEEN, Tokenizer, bytes_per_char, code_points

NEWLINE = "\n"


class Sequence(NamedTuple):
    """A text as (input, target) pairs, (L,) each: every character is a target, the one before it the input.

    `starts` is true where a sequence of its own begins and the state is zero; None when nothing restarts.
    """

    inputs: TokenArray
    targets: TokenArray
    starts: BoolArray | None


class Window(NamedTuple):
    """T steps of N streams, time-major (T, N).

    `resets` marks the steps before which a state is zeroed, None where nothing restarts. `weights` says how
    much each target counts; without it every target counts once. `begins` marks the targets that begin a
    character; without it every target is one.
    """

    inputs: TokenArray
    targets: TokenArray
    resets: BoolArray | None
    weights: FloatArray | None = None
    begins: BoolArray | None = None

    @property
    def total_weight(self) -> float:
        """The sum of the weights of all targets."""
        return self.targets.size if self.weights is None else float(self.weights.sum())

    @property
    def num_chars(self) -> float:
        """How many characters count in it: the sum of the weights of those targets that begin one."""
        if self.begins is None:
            return self.total_weight
        return float(self.begins.sum() if self.weights is None else self.weights[self.begins].sum())


def start_token(tokenizer: Tokenizer, unit: Unit) -> int:
    """Return the input before the first character: the newline of a line, the zero vector of a stream."""
    return int(tokenizer.encode(NEWLINE)[0]) if unit == "line" else UNSEEN


def prompt_tokens(prompt: str, tokenizer: Tokenizer, unit: Unit) -> list[int]:
    """Return the inputs that make a model ready to continue `prompt`: of a line unit, its last line."""
    if unit == "line":
        prompt = prompt.rpartition(NEWLINE)[2]
    return [start_token(tokenizer, unit), *tokenizer.encode(prompt).tolist()]


def make_sequence(text: str, tokenizer: Tokenizer, unit: Unit, *, after: str = "") -> Sequence:
    """Return the pairs of `text`, which continues `after` (its last character is enough) or begins anew."""
    previous = after[-1:]
    before = tokenizer.encode(previous) if previous else np.array([start_token(tokenizer, unit)], np.int32)
    targets = tokenizer.encode(text)
    inputs = np.concatenate([before, targets[:-1]]) if len(targets) else targets
    if unit == "stream":
        return Sequence(inputs, targets, None)
    starts = np.empty(len(targets), np.bool_)
    starts[:1] = previous in ("", NEWLINE)
    starts[1:] = code_points(text)[:-1] == ord(NEWLINE)
    return Sequence(inputs, targets, starts)


class Examples:
    """The (input, target) pairs of a whole text, made where they are asked for; the text stays where it is.

    They are those of `make_sequence`: one for each character of the text, numbered from 0.
    """

    def __init__(self, text: EncodedText, tokenizer: Tokenizer, unit: Unit) -> None:
        self._text, self._tokens = text, tokenizer.encode(text.alphabet)
        self._num_bytes = bytes_per_char(text.alphabet)
        self._first_input = start_token(tokenizer, unit)
        self.has_starts = unit == "line"

    def __len__(self) -> int:
        return len(self._text)

    def window(self, places: NDArray[np.intp]) -> Window:
        """Return the pairs at `places` (T, N)."""
        first = places == 0
        before = self._text.take(np.where(first, 0, places - 1))
        inputs = np.where(first, np.int32(self._first_input), self._tokens[before])
        resets = first | (before == ord(NEWLINE)) if self.has_starts else None
        return Window(inputs, self._tokens[self._text.take(places)], resets)

    def num_bytes(self, places: NDArray[np.intp]) -> TokenArray:
        """Return the UTF-8 length of each character at `places`."""
        return self._num_bytes[self._text.take(places)]


class Batches:
    """An epoch of windows over N parallel, contiguous streams of one text.

    Stream n is the n-th N-th of the text, so its state can be carried from window to window. Every
    character is a target exactly once, except the last `num_dropped` < N. Windows have at most `seq_length`
    steps, as equal in length as they can be, so that no step learns from a sliver. A text too short for
    `batch_size` streams of `seq_length` characters gets fewer streams: see `num_streams`.
    """

    def __init__(self, examples: Examples, *, batch_size: int, seq_length: int) -> None:
        num_chars = len(examples)
        self.num_streams = max(1, min(batch_size, num_chars // seq_length))
        self._length = num_chars // self.num_streams
        self.num_windows = -(-self._length // seq_length)
        self.num_targets = self._length * self.num_streams
        self.num_dropped = num_chars - self.num_targets
        self.seq_length = -(-self._length // self.num_windows)
        self.has_resets = examples.has_starts
        self._examples = examples

    def __len__(self) -> int:
        return self.num_windows

    def __getitem__(self, index: int) -> Window:
        if not 0 <= index < self.num_windows:
            raise IndexError(index)
        begin, end = (self._length * k // self.num_windows for k in (index, index + 1))
        return self._examples.window(
            np.arange(begin, end)[:, None] + self._length * np.arange(self.num_streams)
        )

    def __iter__(self) -> Iterator[Window]:
        return (self[index] for index in range(self.num_windows))
