"""Named parameters that are views of one flat vector, and their gradient.

Updating, clipping and copying all parameters are each one line on `flat`; the equations use the names.
"""

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from charseq.arrays import FloatArray, TokenArray, shared_zeros


class Parameters(Mapping[str, FloatArray]):
    """Matrices and vectors by name, stored end to end in `flat`, the matrices first.

    `flat` is memory that is shared with forked worker processes. `matrices` is the part of `flat` that weight
    decay applies to. `tables` are the parameters with an entry for each token, with the axis of the tokens:
    those of the projection, and others that are given.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        dtype: np.dtype | type = np.float32,
        *,
        tables: Mapping[str, int] | None = None,
    ) -> None:
        self.shapes = dict(shapes)
        self.tables = {name: 0 for name in shapes if name.startswith("projection.")} | dict(tables or {})
        sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
        self.flat: FloatArray = shared_zeros((sum(sizes.values()),), dtype)
        self._places: dict[str, slice] = {}
        start = 0
        for name in sorted(shapes, key=lambda name: len(shapes[name]), reverse=True):
            self._places[name] = slice(start, start + sizes[name])
            start += sizes[name]
        self._views = self.views(self.flat)
        self.matrices = self.flat[: sum(sizes[name] for name in shapes if len(shapes[name]) > 1)]

    def __getitem__(self, name: str) -> FloatArray:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)

    def views(self, flat: FloatArray) -> dict[str, FloatArray]:
        """Return the views by name of another vector of this layout, such as an optimizer's memory."""
        return {name: flat[place].reshape(self.shapes[name]) for name, place in self._places.items()}

    def like(self, *, frozen: Collection[str] = (), by_rows: bool = False) -> "Gradient":
        """Return zeros of the same layout and dtype, without the `frozen` parameters, for gradients.

        With `by_rows` the gradient of a table is kept for the touched tokens only.
        """
        return Gradient(self, frozen=frozen, by_rows=by_rows)


class Gradient(Parameters):
    """The gradient of the parameters that learn; the frozen ones are not in it.

    An array of a frozen parameter is scratch memory: a model may write to it, and nobody reads it.
    With `by_rows`, a table of which `set_rows_` was called holds the rows of some tokens only, `touched`, at
    the beginning of its memory; all others are zero and cost no work. The row of a token is its entry in the
    table, along whichever axis the tokens are.
    """

    def __init__(self, params: Parameters, *, frozen: Collection[str] = (), by_rows: bool = False) -> None:
        shapes = {name: shape for name, shape in params.shapes.items() if name not in frozen}
        super().__init__(shapes, params.flat.dtype, tables=params.tables)
        self.by_rows = by_rows
        self.touched: dict[str, TokenArray] = {}
        self._frozen = {name: params.shapes[name] for name in params.shapes if name in frozen}

    @property
    def is_whole(self) -> bool:
        """True if `flat` is the gradient of all parameters, in their layout."""
        return not self._frozen and not self.touched

    @property
    def vectors(self) -> list[FloatArray]:
        """The flat vectors that together are the gradient; changes in them change it."""
        if not self.touched:
            return [self.flat]
        return [self.entries(name).reshape(-1) for name in self]

    def __contains__(self, name: object) -> bool:
        return name in self.shapes

    def __getitem__(self, name: str) -> FloatArray:
        if name in self._frozen and name not in self._views:
            self._views[name] = np.empty(self._frozen[name], self.flat.dtype)
        return self._views[name]

    def learns(self, prefix: str) -> bool:
        """Return whether any parameter whose name begins with `prefix` learns."""
        return any(name.startswith(prefix) for name in self.shapes)

    def entries(self, name: str) -> FloatArray:
        """Return the gradient of a parameter that learns; of a touched table, the rows (n, ...)."""
        tokens = self.touched.get(name)
        return self[name] if tokens is None else self._memory(name, len(tokens))

    def set_rows_(self, name: str, tokens: TokenArray, rows: FloatArray) -> None:
        """Write the rows (n, ...) of different `tokens` (n,) of a table; all others are zero."""
        if name not in self:
            return
        if self.by_rows:
            self.touched[name] = tokens
            self.entries(name)[...] = rows
        else:
            self[name].fill(0)
            self.rows_of(self[name], name)[tokens] = rows

    def rows_of(self, array: FloatArray, name: str) -> FloatArray:
        """Return a view of an array with the shape of a table, whose first axis is that of the tokens."""
        return np.moveaxis(array, self.tables[name], 0)

    def of(self, params: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return those of `params` that this gradient is about; of touched tables, copies of the rows."""
        return {
            name: params[name]
            if (tokens := self.touched.get(name)) is None
            else np.ascontiguousarray(self.rows_of(params[name], name)[tokens])
            for name in self
        }

    def put_(self, entries: Mapping[str, FloatArray], params: Mapping[str, FloatArray]) -> None:
        """Write the rows of touched tables among `entries`, made by `of`, back to `params`."""
        for name, tokens in self.touched.items():
            self.rows_of(params[name], name)[tokens] = entries[name]

    def clear_(self) -> None:
        """Make it zero, with no table touched."""
        self.flat.fill(0)
        self.touched = {}

    def add_(self, other: "Gradient") -> None:
        """Add another gradient of the same parameters. A table is touched in both, or zero in this one."""
        if not other.touched:
            self.flat += other.flat
            return
        for name in self:
            if name not in other.touched:
                self[name][...] += other[name]
                continue
            here = self.touched.get(name, other.touched[name][:0])
            tokens = np.union1d(here, other.touched[name])
            both = np.zeros_like(self._memory(name, len(tokens)))
            if len(here):
                both[np.searchsorted(tokens, here)] = self.entries(name)
            both[np.searchsorted(tokens, other.touched[name])] += other.entries(name)
            self.set_rows_(name, tokens.astype(np.int32), both)

    def _memory(self, name: str, num_tokens: int) -> FloatArray:
        """Return the memory of a table for the rows of so many tokens."""
        shape = self.rows_of(self[name], name).shape[1:]
        return self[name].reshape(-1)[: num_tokens * int(np.prod(shape))].reshape(num_tokens, *shape)
