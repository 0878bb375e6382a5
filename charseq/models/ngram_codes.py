"""The numbers by which n-grams are sorted: equal for equal n-grams, and in the order of their tokens.

K tokens of a large vocabulary do not fit a number of 64 bits as K digits. So tokens are joined to pairs,
pairs to fours, and so on: each different one gets its rank among all that occur, until the ranks of the
blocks of which an n-gram consists fit one number together. Source: Karp, Miller and Rosenberg 1972, "Rapid
identification of repeated patterns in strings, trees and arrays".
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import TokenArray
from charseq.models.sorted_runs import Codes

MAX_CODE = 1 << 62
"""Codes are smaller: two bits are left for what stands before an n-gram."""


class Coder:
    """The codes of the K = `size` tokens that begin at each place of a sequence.

    A negative number in the sequence is an end: no n-gram reaches beyond it. A place with fewer tokens before
    the next end has the code of these, with ends in place of the rest. An end comes before every token.
    """

    def __init__(self, size: int, vocab_size: int) -> None:
        self._size, self._block = size, 1
        self._num_symbols, self._tables = [vocab_size + 1], list[Codes]()

    @property
    def is_ready(self) -> bool:
        """True if `encode` can be called, False if blocks must be doubled first."""
        num_codes: int = self._num_symbols[-1] ** len(self._offsets)
        return num_codes <= MAX_CODE or len(self._offsets) == 1

    @property
    def width(self) -> int:
        """The number W of tokens from which `encode` makes a code: K, or more if a block is longer."""
        return max(self._size, self._block)

    @property
    def pair_width(self) -> int:
        """The number P of tokens from which `pairs` makes a code."""
        return 2 * self._block

    def pairs(self, tokens: TokenArray) -> Codes:
        """Return the code of two blocks in a row (L - P + 1,), for each place of `tokens` (L,)."""
        return _joined(self._symbols(tokens), tokens, [0, self._block], self._num_symbols[-1])

    def double_(self, pairs: Codes) -> None:
        """Make blocks twice as long; `pairs` are all different results of `pairs`, in ascending order."""
        table = np.append(np.uint64(0), pairs[pairs > 0])  # an end is a block in any case
        self._tables.append(table)
        self._num_symbols.append(len(table))
        self._block *= 2

    def encode(self, tokens: TokenArray) -> Codes:
        """Return the code of the tokens that begin at each place (L - W + 1,) of `tokens` (L,)."""
        return _joined(self._symbols(tokens), tokens, self._offsets, self._num_symbols[-1])

    def decode(self, codes: Codes) -> TokenArray:
        """Return the tokens (K, M) of M codes, -1 for an end."""
        digits, num_symbols = np.zeros((self.width, len(codes)), np.int32), self._num_symbols[-1]
        for offset in reversed(self._offsets):
            codes, symbols = np.divmod(codes, np.uint64(num_symbols))
            digits[offset : offset + self._block] |= self._spelled(symbols, len(self._tables))
        return digits[: self._size] - 1

    @property
    def _offsets(self) -> list[int]:
        """The places in an n-gram at which its blocks begin; the last one may overlap with the one before."""
        last = self.width - self._block
        return [*range(0, last, self._block), last]

    def _symbols(self, tokens: TokenArray) -> Codes:
        """Return the number of the block that begins at each place; 0 is a block without any token."""
        symbols, block = (np.maximum(tokens, -1) + 1).astype(np.uint64), 1
        for table, num_symbols in zip(self._tables, self._num_symbols, strict=False):
            pairs = _joined(symbols, tokens, [0, block], num_symbols)
            symbols, block = table.searchsorted(pairs).astype(np.uint64), 2 * block
        return symbols

    def _spelled(self, symbols: Codes, depth: int) -> NDArray[Any]:
        """Return the digits (b, M), tokens + 1, of blocks that were doubled `depth` times."""
        if not depth:
            return symbols[None].astype(np.int32)
        pairs = np.divmod(self._tables[depth - 1][symbols], np.uint64(self._num_symbols[depth - 1]))
        return np.concatenate([self._spelled(half, depth - 1) for half in pairs])


def _joined(symbols: Codes, tokens: TokenArray, offsets: list[int], num_symbols: int) -> Codes:
    """Return one number for the symbols at `offsets` from each place, 0 for those beyond an end."""
    length, ends = len(symbols) - offsets[-1], np.flatnonzero(tokens < 0)
    codes = symbols[:length]
    for offset in offsets[1:]:
        part = symbols[offset : offset + length]
        if len(ends):
            places = (ends[:, None] - np.arange(offset)).ravel()
            part = part.copy()
            part[places[(places >= 0) & (places < length)]] = 0
        codes = codes * np.uint64(num_symbols) + part
    return codes
