"""Readers of a network on a fixed window, one token at a time: of a single text, and of many.

`tables` are the products U_k E (H, V + 1) for each place k of the window; the first column, of nothing, is 0.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from charseq.arrays import FloatArray, IndexArray, TokenArray
from charseq.network.parameters import Parameters
from charseq.network.products import TiledProduct


class MLPReader:
    """Reads one stream, one token at a time; U_k E x + b is looked up in tables."""

    def __init__(self, tables: Sequence[FloatArray], params: Parameters) -> None:
        self._tables = [np.ascontiguousarray(table.T) for table in tables]
        self._b, self._c = params["window.b"].copy(), params["projection.c"].copy()
        self._V = params["projection.V"].copy()
        self.reset_()

    def reset_(self) -> None:
        """Forget all that was read."""
        self._past = (0,) * len(self._tables)

    def save(self) -> tuple[int, ...]:
        """Return what has been read, for `restore_`."""
        return self._past

    def restore_(self, saved: tuple[int, ...]) -> None:
        """Go back to the state in which `save` was called."""
        self._past = saved

    def pack(self, saved: tuple[int, ...]) -> dict[str, FloatArray]:
        """Return as arrays by name what `save` returned, for a file."""
        return {"past": np.array(saved, np.int64)}

    def unpack(self, arrays: Mapping[str, Any]) -> tuple[int, ...]:
        """Return what `pack` was given. Raises ValueError if the arrays of a file cannot be that."""
        if list(arrays) != ["past"] or arrays["past"].dtype != np.int64:
            raise ValueError("its array is not the past of a window")
        past = arrays["past"]
        if past.shape != (len(self._tables),) or not ((past >= 0) & (past < len(self._tables[0]))).all():
            raise ValueError(f"its past is not {len(self._tables)} tokens of this model")
        return tuple(past.tolist())

    def read(self, token: int) -> FloatArray:
        """Return the logits (V,) of the token after `token`."""
        self._past = (token + 1, *self._past[:-1])
        a = self._b.copy()
        for table, place in zip(self._tables, self._past, strict=True):
            a += table[place]
        logits: FloatArray = self._V @ np.tanh(a) + self._c
        return logits


class MLPReaders:
    """Reads N texts at once, a token of each at a step."""

    def __init__(self, tables: Sequence[FloatArray], params: Parameters, num_texts: int) -> None:
        self._tables = [np.ascontiguousarray(table.T) for table in tables]
        self._b, self._c = params["window.b"].copy(), params["projection.c"].copy()
        self._V = TiledProduct(params["projection.V"], num_texts)
        self._past = np.zeros((len(self._tables), num_texts), np.int64)

    def put_(self, place: int, saved: tuple[int, ...]) -> None:
        """Let the text at `place` go on from what a reader of one stream has saved."""
        self._past[:, place] = saved

    def read(self, tokens: TokenArray) -> FloatArray:
        """Return the logits (N, V) of the token after each of `tokens` (N,)."""
        self._past[1:] = self._past[:-1].copy()
        self._past[0] = tokens + 1
        a = self._b + sum(table[places] for table, places in zip(self._tables, self._past, strict=True))
        logits: FloatArray = self._V(np.tanh(a).T).T + self._c
        return logits

    def save(self) -> IndexArray:
        """Return a copy of what all texts have read."""
        return self._past.copy()

    def spread_(self, saved: IndexArray, places: IndexArray) -> None:
        """Let text k go on from what the text at places[k] had read."""
        self._past[...] = saved[:, places]
