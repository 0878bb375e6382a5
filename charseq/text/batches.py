"""A text cut into parallel streams, and the streams into windows for truncated backpropagation in time."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import BoolArray, FloatArray, TokenArray, even_slices
from charseq.text import cache
from charseq.text.codec import Codec, chars_at
from charseq.text.lines import NEWLINE, whole_lines
from charseq.text.order import Order
from charseq.text.symbols import EncodedText, SymbolArray, symbol_type

COUNTED_AT_ONCE = 1 << 20
"""The number of tokens that are counted together."""


class Window(NamedTuple):
    """T steps of N streams, time-major (T, N).

    `resets` marks the steps before which the state is set to zero, None if it never is. `weights` has the
    weight of each target; without it every weight is 1. `begins` marks the targets that begin a character;
    without it every target is a whole character. `counted` marks the targets that the codec selects to be
    learnt and counted, None if it selects all.
    """

    inputs: TokenArray
    targets: TokenArray
    resets: BoolArray | None
    weights: FloatArray | None = None
    begins: BoolArray | None = None
    counted: BoolArray | None = None

    @property
    def total_weight(self) -> float:
        """The sum of the weights of all targets."""
        return self.targets.size if self.weights is None else float(self.weights.sum())

    @property
    def num_chars(self) -> float:
        """The weighted number of characters: the sum of the weights of the targets that begin a character."""
        if self.begins is None:
            return self.total_weight
        return float(self.begins.sum() if self.weights is None else self.weights[self.begins].sum())


class Examples:
    """The (input, target) pairs of a whole text, made on demand; the text is not copied.

    They are the pairs of `Codec.examples`: one for each token of the text, numbered from 0. A table gives the
    token of each piece. If every character is one token, a piece is the symbol of a character; otherwise
    it is a number for the symbol and the position in its spelling, and the pieces of a large text are in a
    file, as its symbols are.
    """

    def __init__(self, text: EncodedText, codec: Codec) -> None:
        self.codec, self.num_chars = codec, len(text)
        is_end = text.is_char(codec.end or NEWLINE)
        self._counted = _counted(text, codec)
        if codec.tokenizer.one_token_each:
            self._pieces, self._len = text, len(text)
            self._tokens, self._begins = codec.tokenizer.encode(text.alphabet), None
            self._num_bytes, self._is_end = text.num_bytes, is_end
            return
        spelled = [codec.tokenizer.spell(char) for char in text.alphabet]
        lengths = np.array([len(tokens) for tokens in spelled])
        ends = np.cumsum(lengths)
        self._pieces = _pieces(text, ends - lengths, lengths)
        self._len = len(self._pieces)
        self._tokens = np.array([token for tokens in spelled for token in tokens], np.int32)
        self._begins = np.zeros(len(self._tokens), np.bool_)
        self._begins[ends - lengths] = True
        self._num_bytes = chars_at(self._begins, text.num_bytes)
        self._is_end = np.zeros(len(self._tokens), np.bool_)
        self._is_end[ends[is_end] - 1] = True

    def __len__(self) -> int:
        return self._len

    def token_counts(self) -> NDArray[np.int64]:
        """Return the number of times that each token (V,) occurs, without those that are UNSEEN."""
        counts = np.zeros(self.codec.vocab_size + 1, np.int64)  # the last place is that of UNSEEN, -1
        for begin in range(0, self._len, COUNTED_AT_ONCE):
            pieces = self._pieces.take(np.arange(begin, min(begin + COUNTED_AT_ONCE, self._len)))
            counts += np.bincount(self._tokens[pieces] % len(counts), minlength=len(counts))
        return counts[:-1]

    @property
    def is_plain(self) -> bool:
        """True if every token is a character, and all of them are learnt and counted."""
        return self._begins is None and self._counted is None

    @property
    def counted_share(self) -> float:
        """The share of the tokens that are learnt and counted."""
        return 1.0 if self._counted is None or not self._len else float(self._counted.mean())

    def window(self, places: NDArray[np.intp]) -> Window:
        """Return the pairs at `places` (T, N)."""
        first = places == 0
        before = self._pieces.take(np.where(first, 0, places - 1))
        inputs = np.where(first, np.int32(self.codec.start_token), self._tokens[before])
        resets = first | self._is_end[before] if self.codec.restarts else None
        pieces = self._pieces.take(places)
        begins = None if self._begins is None else self._begins[pieces]
        counted = None if self._counted is None else self._counted[places]
        return Window(inputs, self._tokens[pieces], resets, begins=begins, counted=counted)

    def in_order(self) -> Iterator[Window]:
        """Yield all pairs in order, in windows of one axis (L,)."""
        before, after_end = self.codec.start_token, True
        for pieces in self._pieces.pieces():
            targets = self._tokens[pieces]
            resets = None
            if self.codec.restarts:
                is_end = self._is_end[pieces]
                resets, after_end = np.append(after_end, is_end[:-1]), bool(is_end[-1])
            yield Window(np.append(np.int32(before), targets[:-1]), targets, resets)
            before = int(targets[-1])

    def num_bytes(self, places: NDArray[np.intp]) -> TokenArray:
        """Return the UTF-8 length of the character that begins at each of `places`, 0 if none begins."""
        return self._num_bytes[self._pieces.take(places)]


def _counted(text: EncodedText, codec: Codec) -> BoolArray | None:
    """Return which tokens (L,) of `text` are learnt and counted, None if all of them are."""
    if not codec.selects:
        return None
    parts = [np.empty(0, np.bool_)]
    for piece in whole_lines(text.strings()):
        counted, begins = codec.counted(piece), codec.tokenizer.align(piece).begins
        assert counted is not None
        parts.append(counted if begins is None else counted[np.cumsum(begins) - 1])
    return np.concatenate(parts)


def _pieces(text: EncodedText, firsts: NDArray[np.intp], lengths: NDArray[np.intp]) -> EncodedText:
    """Return the pieces of a text; symbol s becomes the `lengths[s]` numbers from `firsts[s]` on."""
    dtype = symbol_type(int(lengths.sum()))

    def parts() -> Iterator[SymbolArray]:
        yield np.empty(0, dtype)
        for symbols in text.pieces():
            num_pieces = lengths[symbols]
            begins = np.cumsum(num_pieces) - num_pieces
            pieces = np.arange(num_pieces.sum()) + np.repeat(firsts[symbols] - begins, num_pieces)
            yield pieces.astype(dtype)

    return cache.scratch(parts()) if text.is_mapped else EncodedText(np.concatenate(list(parts())), "")


class Batches:
    """An epoch of windows over N parallel streams of one text.

    The text is cut into N parts of equal length. Stream n reads part n, and its state can be carried from
    window to window: it reads pieces of about `piece_length` tokens, whose order is drawn with `seed`, see
    `Order`; or the whole part in its order with a length of 0, and in units of lines, which pieces would
    tear. The state before a piece is that of another place, as it is wherever one text of a corpus follows on
    another. Every token is a target exactly once, except the last `num_dropped` < N tokens. Windows have at
    most `seq_length` steps; their lengths differ by at most 1. A text too short for `batch_size` streams of
    `seq_length` tokens gets fewer streams, `num_streams`. With `share` = (k, n) only the k-th of n parts of
    the streams is read, if every token is a character that counts; the others are zeros, for somebody else to
    learn from. The text may then have no unknown characters.
    """

    def __init__(
        self,
        examples: Examples,
        *,
        batch_size: int,
        seq_length: int,
        piece_length: int = 0,
        seed: int = 1,
        share: tuple[int, int] | None = None,
    ) -> None:
        num_tokens = len(examples)
        self.num_streams = max(1, min(batch_size, num_tokens // seq_length))
        self._length = num_tokens // self.num_streams
        self.num_windows = -(-self._length // seq_length)
        self.num_targets = self._length * self.num_streams
        self.num_dropped = num_tokens - self.num_targets
        self.seq_length = -(-self._length // self.num_windows)
        self.codec, self.has_resets = examples.codec, examples.codec.restarts
        self._examples = examples
        if examples.codec.unit == "line":
            piece_length = 0
        self._order = Order(self._length, self.num_windows, self.num_streams, piece_length, seed)
        self._columns = slice(None)
        if share is not None and examples.is_plain:
            self._columns = even_slices(self.num_streams, share[1])[share[0]]

    def __len__(self) -> int:
        return self.num_windows

    def token_counts(self) -> NDArray[np.int64]:
        """Return the number of times that each token (V,) occurs in the text."""
        return self._examples.token_counts()

    def __getitem__(self, index: int) -> Window:
        if not 0 <= index < self.num_windows:
            raise IndexError(index)
        streams = np.arange(self.num_streams)[self._columns]
        window = self._examples.window(self._order.places(index, streams))
        return window if len(streams) == self.num_streams else self._widened(window)

    def _widened(self, window: Window) -> Window:
        """Return a window of the columns that are read, with zeros in the others."""
        inputs, targets = (np.zeros((len(window.inputs), self.num_streams), np.int32) for _ in range(2))
        inputs[:, self._columns], targets[:, self._columns] = window.inputs, window.targets
        if window.resets is None:
            return Window(inputs, targets, None)
        resets = np.zeros(inputs.shape, np.bool_)
        resets[:, self._columns] = window.resets
        return Window(inputs, targets, resets)

    def __iter__(self) -> Iterator[Window]:
        return (self[index] for index in range(self.num_windows))
