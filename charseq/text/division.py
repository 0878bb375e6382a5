"""The ways of dividing a text into a training, a validation and a test part; SPLITS has them by name.

A way returns the ranges of characters, (begin, end), of each part in text order. The named splits of the
field are those of nanoGPT (data/shakespeare_char/prepare.py), char-rnn (util/CharSplitLMMinibatchLoader.lua),
torch-rnn (scripts/preprocess.py) and, for text8, of Mikolov et al. 2012 as in Transformer-XL (prep_text8.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charseq.errors import ConfigError, DataError
from charseq.text.symbols import EncodedText

Ranges: TypeAlias = list[tuple[int, int]]
FEWEST_BLOCKS, MOST_BLOCKS, BLOCK_CHARS = 20, 1000, 1000
"""The bounds of the number of blocks of a stream, and the characters that a block has between them."""
TEXT8_CHARS = 5_000_000
"""The characters of the validation part of text8, and of its test part."""
CHAR_RNN_STREAMS = CHAR_RNN_STEPS = 50
"""The default batch_size and seq_length of char-rnn, on which its split depends."""


class Parts(NamedTuple):
    """The ranges of characters of each part, in text order."""

    train: Ranges
    valid: Ranges
    test: Ranges


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of the text that are held out, and the seed of a random choice."""

    valid: float
    test: float
    seed: int


Way: TypeAlias = Callable[[EncodedText, str | None, Shares], Parts]
"""A function of a text, the character that ends a sequence in it (None for a stream), and the shares."""


def tail(text: EncodedText, end: str | None, shares: Shares) -> Parts:
    """Hold out the end of the text: validation, then test. The training part has at least 2 characters."""

    def cut(share: float) -> int:
        return max(2, int(len(text) * share + 1e-6))  # 1 - 0.05 - 0.05 is a little less than 0.9

    return _cut(text, end, cut(1 - shares.valid - shares.test), cut(1 - shares.test))


def blocks(text: EncodedText, end: str | None, shares: Shares) -> Parts:
    """Hold out blocks that are chosen by the seed from the whole text; of lines or documents, whole ones."""
    if end is not None:
        ends = text.places(end) + 1
    else:
        number = min(MOST_BLOCKS, max(FEWEST_BLOCKS, len(text) // BLOCK_CHARS))
        ends = _at_newlines(text, len(text) * np.arange(1, number) // number)
    return _chosen(text, ends, shares, "blocks")


def files(text: EncodedText, end: str | None, shares: Shares) -> Parts:
    """Hold out whole files that are chosen by the seed. Raises DataError for a single file."""
    if len(text.file_ends) < 3:
        raise DataError(
            f"data.split=files needs 3 files or more, not {len(text.file_ends)}: try data.split=blocks"
        )
    return _chosen(text, np.array(text.file_ends, np.int64), shares, "files")


def nanogpt(text: EncodedText, end: str | None, shares: Shares) -> Parts:
    """Train on the first 90 %, validate on the rest; there is no test part."""
    return _cut(text, end, int(len(text) * 0.9), len(text))


def torch_rnn(text: EncodedText, end: str | None, shares: Shares) -> Parts:
    """Validate on a tenth and test on the last tenth, each rounded down."""
    tenth = int(0.1 * len(text))
    return _cut(text, end, len(text) - 2 * tenth, len(text) - tenth)


def text8(text: EncodedText, end: str | None, shares: Shares) -> Parts:
    """Validate on the 5,000,000 characters before the last 5,000,000, on which is tested."""
    if len(text) <= 2 * TEXT8_CHARS:
        raise DataError(
            f"data.split=text8 holds out {2 * TEXT8_CHARS:,} characters, and the text has {len(text):,}: "
            "try data.split=tail, which holds out shares"
        )
    return _cut(text, end, len(text) - 2 * TEXT8_CHARS, len(text) - TEXT8_CHARS)


def char_rnn(text: EncodedText, end: str | None, shares: Shares) -> Parts:
    """Cut the text into 50 streams of whole windows of 50; validate on the last 5 % of each stream's windows.

    The characters that fill no window are in no part. There is no test part. (In Python int(0.95 * n) is the
    floor that char-rnn takes.)
    """
    if end is not None:
        raise ConfigError("data.split=char-rnn is for data.unit=stream: it cuts the text anywhere")
    num_windows = len(text) // (CHAR_RNN_STREAMS * CHAR_RNN_STEPS)
    num_train = int(num_windows * 0.95)
    if not 0 < num_train < num_windows:
        raise DataError("data.split=char-rnn needs 5,000 characters or more: try data.split=blocks")
    length, cut = num_windows * CHAR_RNN_STEPS, num_train * CHAR_RNN_STEPS
    begins = [length * stream for stream in range(CHAR_RNN_STREAMS)]
    return Parts([(b, b + cut) for b in begins], [(b + cut, b + length) for b in begins], [])


SPLITS: Mapping[str, Way] = {
    "tail": tail,
    "blocks": blocks,
    "files": files,
    "nanogpt": nanogpt,
    "char-rnn": char_rnn,
    "torch-rnn": torch_rnn,
    "text8": text8,
}
"""The ways of dividing a text, by name."""
BY_SHARES = frozenset({"tail", "blocks", "files"})
"""The ways that follow valid_fraction and test_fraction; the others have their own shares."""


def _cut(text: EncodedText, end: str | None, train_end: int, valid_end: int) -> Parts:
    """Cut at two places, moved forward to the beginning of the next sequence, so that none is cut."""
    if end is not None:
        train_end, valid_end = (text.find(end, cut - 1) + 1 or len(text) for cut in (train_end, valid_end))
    return Parts([(0, train_end)], _range(train_end, valid_end), _range(valid_end, len(text)))


def _range(begin: int, end: int) -> Ranges:
    return [(begin, end)] if begin < end else []


def _at_newlines(text: EncodedText, cuts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move each cut to the next beginning of a line, unless there is none before the next cut."""
    lines = text.places("\n") + 1
    if not len(lines):
        return cuts
    moved = lines[np.minimum(np.searchsorted(lines, cuts), len(lines) - 1)]
    fits = (moved >= cuts) & (moved < np.append(cuts[1:], len(text)))
    return np.where(fits, moved, cuts)


def _chosen(text: EncodedText, ends: NDArray[np.int64], shares: Shares, what: str) -> Parts:
    """Put whole units, which end at `ends`, into the parts by chance, one or more and about their shares."""
    ends = np.unique(np.append(ends[ends > 0], len(text)))
    begins = np.append(0, ends[:-1])
    order = np.random.default_rng([shares.seed, 3]).permutation(len(ends))
    sizes = (ends - begins)[order]
    middles = (np.cumsum(sizes) - sizes / 2) / len(text)
    num_test = max(int((middles < shares.test).sum()), shares.test > 0)
    num_held = num_test + max(int((middles < shares.test + shares.valid).sum()) - num_test, shares.valid > 0)
    if num_held >= len(ends):
        raise DataError(f"data.split={what}: too few {what}, {len(ends)}, for all parts")
    part = np.zeros(len(ends), np.int64)
    part[order[:num_held]], part[order[:num_test]] = 1, 2
    return Parts(*(_joined(begins[part == k], ends[part == k]) for k in range(3)))


def _joined(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> Ranges:
    """Return ranges in which neighbours are one."""
    if not len(begins):
        return []
    apart = np.flatnonzero(begins[1:] != ends[:-1])
    firsts, lasts = np.append(begins[:1], begins[apart + 1]), np.append(ends[apart], ends[-1:])
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
