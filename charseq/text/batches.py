"""A text cut into parallel streams, and those into windows for truncated backpropagation through time."""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray, TokenArray
from charseq.config import Unit
from charseq.text.tokenizer import UNSEEN, Tokenizer, code_points

NEWLINE = "\n"
Scalar = TypeVar("Scalar", bound=np.generic)


class Sequence(NamedTuple):
    """A text as (input, target) pairs, (L,) each: every character is a target, the one before it the input.

    `starts` is true where a sequence of its own begins and the state is zero; None when nothing restarts.
    """

    inputs: TokenArray
    targets: TokenArray
    starts: BoolArray | None


class Window(NamedTuple):
    """T steps of N streams, time-major (T, N); `resets` marks the steps before which a state is zeroed."""

    inputs: TokenArray
    targets: TokenArray
    resets: BoolArray | None


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


class Batches:
    """An epoch of windows over N parallel, contiguous streams of one sequence.

    Stream n is the n-th N-th of the text, so its state can be carried from window to window. Every
    character is a target exactly once, except the last `num_dropped` < N. Windows have at most `seq_length`
    steps, as equal in length as they can be, so that no step learns from a sliver. A text too short for
    `batch_size` streams of `seq_length` characters gets fewer streams: see `num_streams`.
    """

    def __init__(self, sequence: Sequence, *, batch_size: int, seq_length: int) -> None:
        num_chars = len(sequence.targets)
        self.num_streams = max(1, min(batch_size, num_chars // seq_length))
        length = num_chars // self.num_streams
        self.num_windows = -(-length // seq_length)
        self.num_targets = length * self.num_streams
        self.num_dropped = num_chars - self.num_targets
        self.seq_length = -(-length // self.num_windows)
        self.has_resets = sequence.starts is not None
        self._sequence = sequence
        self._borders = [length * k // self.num_windows for k in range(self.num_windows + 1)]

    def __len__(self) -> int:
        return self.num_windows

    def __getitem__(self, index: int) -> Window:
        if not 0 <= index < self.num_windows:
            raise IndexError(index)
        steps = slice(self._borders[index], self._borders[index + 1])

        def cut(array: NDArray[Scalar]) -> NDArray[Scalar]:
            streams = array[: self.num_targets].reshape(self.num_streams, -1)
            return streams[:, steps].T.copy()

        inputs, targets, starts = self._sequence
        return Window(cut(inputs), cut(targets), None if starts is None else cut(starts))

    def __iter__(self) -> Iterator[Window]:
        return (self[index] for index in range(self.num_windows))
