"""Readers of texts of any length: NumPy reads the beginning of a text, and compiled code goes on.

A short text would be done before numba is loaded. How much NumPy reads depends on the sizes of the network
alone: so the logits after the same tokens have the same bits, whatever follows them and whatever is read
beside them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from charseq.arrays import FloatArray, IndexArray, TokenArray
from charseq.backend import use_numba
from charseq.backend.work import LEAST_WORK, WORK_THAT_PAYS
from charseq.config import BackendName
from charseq.network.layer import Layer
from charseq.network.parameters import Parameters
from charseq.network.reader import Reader
from charseq.network.readers import Readers
from charseq.network.weights import Weights

NEVER = 1 << 62
"""More tokens than any text has."""


class Saved(NamedTuple):
    """A place in a text: the number of tokens before it, and the states of a reader of one stream."""

    num_read: int
    turn: int
    states: list[FloatArray]


class LongReader:
    """Reads one stream with a network of the given `layers`, starting from the zero state.

    The parameters are copied when the reader is made.
    """

    def __init__(self, params: Parameters, layers: Sequence[Layer], backend: BackendName = "auto") -> None:
        self._late = _Late(params, layers, 1, backend)
        self._early = Reader(self._late.weights, layers)
        self._num_read = 0

    def reset_(self) -> None:
        """Go back to the zero state."""
        self._num_read = 0
        self._early.reset_()

    def save(self) -> Saved:
        """Return a copy of the states, for `restore_`."""
        if self._num_read > self._late.begins:
            return Saved(self._num_read, 0, self._late.readers.states(0))
        return Saved(self._num_read, *self._early.save())

    def restore_(self, saved: Saved) -> None:
        """Go back to the state in which `save` was called; reading on gives the same bits as it did there."""
        self._num_read = saved.num_read
        if self._late.has_begun(saved.num_read):
            self._late.readers.put_(0, saved.states)
        else:
            self._early.restore_((saved.turn, saved.states))

    def begin_at_(self, states: Iterable[FloatArray]) -> None:
        """Go on from these states (H,), in the order of a `State`, as if nothing had been read before."""
        self.restore_(Saved(0, 0, [state.copy() for state in states]))

    def pack(self, saved: Saved) -> dict[str, FloatArray]:
        """Return as arrays by name what `save` returned, for a file."""
        return {"num_read": np.array([saved.num_read]), **self._early.pack((saved.turn, saved.states))}

    def unpack(self, arrays: Mapping[str, Any]) -> Saved:
        """Return what `pack` was given. Raises ValueError if the arrays of a file cannot be that.

        Files of older versions do not say how much was read: it counts as nothing.
        """
        others = dict(arrays)
        num_read = others.pop("num_read", np.zeros(1, np.int64))
        if num_read.shape != (1,) or num_read.dtype.kind not in "iu" or num_read[0] < 0:
            raise ValueError("num_read is no number of tokens")
        return Saved(int(num_read[0]), *self._early.unpack(others))

    def read(self, token: int) -> FloatArray:
        """Return the logits (V,) of the token after `token`; the next call overwrites them."""
        if self._num_read >= self._late.begins and self._is_late():
            self._num_read += 1
            logits: FloatArray = self._late.readers.read_one(token)
            return logits
        self._num_read += 1
        return self._early.read(token)

    def _is_late(self) -> bool:
        """Return whether compiled code reads the next token, and give it the states if that is the first."""
        if self._num_read > self._late.begins:
            return True
        if not self._late.has_begun(self._num_read + 1):
            return False
        self._late.readers.put_(0, self._early.save()[1])
        return True


class LongReaders:
    """Reads N texts with a network of the given `layers`; N is a multiple of `tile_width`.

    The parameters are copied when it is made. Once texts were put at some places, compiled code reads no
    others: their logits mean nothing then.
    """

    def __init__(
        self, params: Parameters, layers: Sequence[Layer], num_texts: int, backend: BackendName = "auto"
    ) -> None:
        self._late = _Late(params, layers, num_texts, backend)
        self._early = Readers(params, layers, num_texts)
        self._num_read: IndexArray = np.zeros(num_texts, np.int64)
        self._were_put = np.zeros(num_texts, np.bool_)
        self._most_read = 0
        self._all_late: IndexArray | None = None
        """The places that are read once compiled code reads all of them; None before, or if unknown."""

    def put_(self, place: int, saved: Saved) -> None:
        """Let the text at `place` go on from what a reader of one stream has saved."""
        self._num_read[place], self._were_put[place] = saved.num_read, True
        self._note_change()
        if self._late.has_begun(saved.num_read):
            self._late.readers.put_(place, saved.states)
        else:
            self._early.put_(place, (saved.turn, saved.states))

    def read(self, tokens: TokenArray) -> FloatArray:
        """Return the logits (N, V) of the token after each of `tokens` (N,), until the next call."""
        if self._all_late is not None:
            logits: FloatArray = self._late.readers.read(tokens, self._all_late)
        elif self._late.has_begun(self._most_read + 1):
            logits = self._read_late(tokens)
        else:
            logits = self._early.read(tokens)
        self._num_read += 1
        self._most_read += 1
        return logits

    def _read_late(self, tokens: TokenArray) -> FloatArray:
        """Read tokens of which at least one is for compiled code."""
        begins, readers, used = self._late.begins, self._late.readers, self._were_put
        are_late = self._num_read >= begins
        if not used.any():
            used = np.ones_like(used)
        for place in np.flatnonzero(self._num_read == begins).tolist():
            readers.put_(place, self._early.states(place))
        places = np.flatnonzero(are_late & used)
        logits: FloatArray = readers.read(tokens, places)
        if are_late[used].all():
            self._all_late = places
            return logits
        return np.where(are_late[:, None], logits, self._early.read(tokens))

    def save(self) -> Any:
        """Return a copy of what all texts have read."""
        late = self._late.readers.save() if self._late.has_begun(self._most_read) else None
        return self._num_read.copy(), self._were_put.copy(), self._early.save(), late

    def spread_(self, saved: Any, places: IndexArray) -> None:
        """Let text k go on from what the text at places[k] had read."""
        num_read, were_put, early, late = saved
        self._num_read[...], self._were_put[...] = num_read[places], were_put[places]
        self._note_change()
        self._early.spread_(early, places)
        if late is not None:
            self._late.readers.spread_(late, places)

    def _note_change(self) -> None:
        self._most_read, self._all_late = int(self._num_read.max()), None


class _Late:
    """Compiled readers of N texts, which are made when the first text is so long.

    `begins` is the number of tokens at the beginning of a text that NumPy reads.
    """

    def __init__(
        self, params: Parameters, layers: Sequence[Layer], num_texts: int, backend: BackendName
    ) -> None:
        self.weights, self.begins = Weights.copied(params, layers), tokens_for_numpy(params, backend)
        self._layers, self._num_texts = layers, num_texts
        self.readers: Any = None

    def has_begun(self, num_tokens: int) -> bool:
        """Return whether compiled code reads the last of so many tokens; then there are `readers`."""
        if num_tokens <= self.begins:
            return False
        if self.readers is None:
            from charseq.network.compiled_reader import CompiledReaders, can_compile

            if not can_compile(self._layers):
                self.begins = NEVER
                return False
            self.readers = CompiledReaders(self.weights, self._layers, self._num_texts)
        return True


def tokens_for_numpy(params: Parameters, backend: BackendName) -> int:
    """Return the number of tokens at the beginning of a text that NumPy reads.

    They are those with which so much work is done that loading numba pays.
    """
    if not use_numba(backend) or params.flat.dtype != np.float32:
        return NEVER
    if backend == "numba":
        return 0
    looked_up = sum(params[name].size for name in params.tables if not name.startswith("projection."))
    return int(WORK_THAT_PAYS // max(params.flat.size - looked_up, LEAST_WORK[1]))
