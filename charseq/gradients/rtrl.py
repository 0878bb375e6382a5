"""Real-time recurrent learning: the exact gradient, computed forward in time, with nothing truncated.

The state s(t) of a stream depends on all parameters, through all steps before. Its sensitivities
S(t) = d s(t) / d theta, a row for each of the K numbers of the state, follow from those one step before:

    S(t) = J(t) S(t-1) + D(t)        J(t) = d s(t) / d s(t-1),  D(t) = d s(t) / d theta with s(t-1) held fixed
    d loss(t) / d theta = (d loss(t) / d h(t)) S(t), for the rows of h

S is carried from window to window, so a window may be one character long. While the weights move, S is a
little out of date, as in the source. J and D come from the cell's own backward pass, for all K rows at once.

Source: Williams and Zipser 1989, "A learning algorithm for continually running fully recurrent neural
networks".
"""

import math
from typing import NamedTuple, cast

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray, zeros
from charseq.cells import CELLS, Cell, Step
from charseq.cells.cell import CellArrays
from charseq.config import ModelConfig
from charseq.errors import ConfigError
from charseq.gradients.plan import Plan
from charseq.gradients.source import GradientSource
from charseq.gradients.step import Job, batch_weight
from charseq.network import CharModel, State, parameter_shapes
from charseq.network.parameters import Gradient
from charseq.text.batches import Window

MAX_BYTES, MAX_PRODUCTS = 2 << 30, 10**9
"""The most memory for the sensitivities of a run, and the most multiplications for a character."""


class Cost(NamedTuple):
    """The cost of learning in real time: multiplications for a character, and bytes for a stream.

    `backpropagation` is the multiplications for a character that backpropagation through time needs.
    """

    products: int
    num_bytes: int
    backpropagation: int

    @classmethod
    def of(cls, config: ModelConfig, vocab_size: int) -> "Cost":
        """Return the cost for a network with these sizes."""
        num_parameters, cell = _num_sensitive(config, vocab_size), CELLS[config.cell]
        num_rows = len(cell.state_names) * config.hidden_size
        weights = cell.num_gates * config.hidden_size * (config.hidden_size + config.embedding_size)
        return cls(num_rows**2 * num_parameters, 4 * num_rows * num_parameters, 3 * weights)

    def __str__(self) -> str:
        return (
            f"{self.products:,} multiplications a character, {self.num_bytes / 1e6:,.1f} MB a stream; "
            f"backpropagation through time needs {self.backpropagation:,}"
        )


def real_time(job: Job, state: State, plan: Plan) -> GradientSource:
    """Return real-time recurrent learning. Raises ConfigError for a model that it cannot learn or afford."""
    model = job.model
    if not isinstance(model, CharModel) or len(model.layers) != 1:
        raise ConfigError("train.gradient: rtrl learns networks of one layer: leave out num_layers")
    if model.draws:
        raise ConfigError("train.gradient: rtrl knows no dropout: set dropout to 0")
    cost = Cost.of(model.config, model.vocab_size)
    num_bytes = job.num_streams * cost.num_bytes
    if num_bytes > MAX_BYTES or cost.products > MAX_PRODUCTS:
        raise ConfigError(
            f"train.gradient: rtrl would take {cost.products:,} multiplications a character and "
            f"{num_bytes / 1e9:,.1f} GB of memory; allowed are {MAX_PRODUCTS:,} and {MAX_BYTES / 1e9:,.1f} "
            "GB: try a hidden_size of 32 and a batch_size of 4"
        )
    return RealTime(job, state)


class RealTime(GradientSource):
    """The streams of a job, with the sensitivities of their states to each parameter, (N, K, ...) by name."""

    def __init__(self, job: Job, state: State) -> None:
        model = cast(CharModel, job.model)
        self._job, self._model, self._state = job, model, state
        self.cost = f"{Cost.of(model.config, model.vocab_size)}"
        self._rows = Rows(model, job.num_streams)
        shape = job.num_streams, self._rows.num_rows
        dtype = model.params.flat.dtype
        self._grads = job.gradient()
        names = [name for name in self._grads if not name.startswith("projection.")]
        self._S = {name: zeros((*shape, *model.params.shapes[name]), dtype) for name in names}
        self._work = model.workspace(job.num_steps, job.num_streams, resets=job.resets, logits=False)
        self._loss_work = job.loss.workspace(model.params, job.num_steps * job.num_streams)

    def gradient(self, window: Window, step: int) -> tuple[float, Gradient]:
        """Return the mean loss of a window in nats and its gradient, which the next call overwrites."""
        model, work = self._model, self._work
        h = model.hidden(window.inputs, self._state, work, resets=window.resets)
        loss = self._job.loss.gradient(
            h,
            window.targets,
            model.projection,
            model.params,
            self._grads,
            self._loss_work,
            weights=window.weights,
            total_weight=batch_weight(window),
            rng=self._job.candidate_rng(step),
            out=work.dh,
        )
        dh = work.dh.reshape(len(h), *window.inputs.shape)
        for name in self._S:
            self._grads[name].fill(0)
        for t, tokens in enumerate(window.inputs):
            if window.resets is not None:
                self.forget_(window.resets[t])
            previous = [states[t] for states in work.layers[0].arrays.previous]
            self._advance_(tokens, previous)
            for name, S in self._S.items():
                grads = self._grads[name]
                grads += np.tensordot(dh[:, t].T, S[:, : len(h)], axes=2)
        return loss, self._grads

    def arrays(self) -> dict[str, FloatArray]:
        """Return the sensitivities, which resuming needs."""
        return {f"sensitivities.{name}": S for name, S in self._S.items()}

    def forget_(self, streams: BoolArray | None = None) -> None:
        """Set the sensitivities of these streams to zero: their states depend on nothing any more."""
        for S in self._S.values():
            S[... if streams is None else streams] = 0

    def _advance_(self, tokens: TokenArray, previous: list[FloatArray]) -> None:
        """Turn S(t-1) into S(t): a step reads `tokens` (N,) in the states `previous`, (H, N) each."""
        J, da_x, da_h, dm = self._rows.derivatives(tokens, previous)
        h_prev, name, D = previous[0].T, self._model.layers[0].name, self._S
        for S in D.values():
            S[...] = np.matmul(J, S.reshape(*S.shape[:2], -1)).reshape(S.shape)
        if f"{name}.W" in D:
            D[f"{name}.W"] += da_h[..., None] * h_prev[:, None, None, :]
        if f"{name}.b" in D:
            D[f"{name}.b"] += da_x
        if f"{name}.b_h" in D:
            D[f"{name}.b_h"] += dm
        params, seen = self._model.params, np.flatnonzero(tokens >= 0)
        if "embedding.E" in params and f"{name}.U" in D:
            x = np.where(tokens >= 0, params["embedding.E"][:, tokens], 0).T
            D[f"{name}.U"] += da_x[..., None] * x[:, None, None, :]
        table, by_token = f"{name}.U", da_x
        if "embedding.E" in params:
            table, by_token = "embedding.E", da_x @ params[f"{name}.U"]
        for n in seen if table in D else ():
            D[table][n, :, :, tokens[n]] += by_token[n]


class Rows:
    """The derivatives of each number of the states, K rows for each of N streams, in one backward pass."""

    def __init__(self, model: CharModel, num_streams: int) -> None:
        self._model, (self._layer,) = model, model.layers
        self._cell: Cell[Step] = CELLS[self._layer.cell.name]
        H, N, num_states = self._layer.hidden_size, num_streams, len(self._cell.state_names)
        self.num_rows = K = num_states * H
        dtype, gates = model.params.flat.dtype, self._cell.num_gates * H
        self._norm = self._layer.normalisation(1, N * K, dtype)
        two_gradients = self._cell.has_recurrent_bias or self._norm is not None  # of U x and W h
        da_x = zeros((1, gates, N * K), dtype)
        self._arrays = CellArrays(
            a_x=zeros((1, gates, N * K), dtype),
            a_h=zeros((gates, N * K), dtype),
            states=tuple(zeros((2, H, N * K), dtype) for _ in range(num_states)),
            previous=(),
            da_x=da_x,
            da_h=zeros((1, gates, N * K), dtype) if two_gradients else da_x,
            dstates=tuple(zeros((H, N * K), dtype) for _ in range(num_states)),
        )
        self._arrays.previous = tuple(states[:1] for states in self._arrays.states)
        (self._step,) = self._cell.allocate(self._arrays)
        self._unit = np.tile(np.eye(K, dtype=dtype), N).reshape(num_states, H, N * K)

    def derivatives(
        self, tokens: TokenArray, previous: list[FloatArray]
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return J (N, K, K), d s / d a of both products, (N, K, G*H) each, and d s / d b_h (N, K, H)."""
        params, arrays, name, K = self._model.params, self._arrays, self._layer.name, self.num_rows
        U, W = params[f"{name}.U"], params[f"{name}.W"]
        inputs = U @ params["embedding.E"] if "embedding.E" in params else U
        a_x = np.where(tokens >= 0, inputs[:, tokens], 0) + params[f"{name}.b"][:, None]
        arrays.a_x[0], arrays.a_h[...] = np.repeat(a_x, K, axis=1), np.repeat(W @ previous[0], K, axis=1)
        m = slice(-self._layer.hidden_size, None)
        if self._norm:
            self._norm.forward_(arrays.a_h)
        if self._cell.has_recurrent_bias:
            arrays.a_h[m] += params[f"{name}.b_h"][:, None]
        for states, before in zip(arrays.states, previous, strict=True):
            states[0] = np.repeat(before, K, axis=1)
        self._cell.forward(self._step)
        for gradient, unit in zip(arrays.dstates, self._unit, strict=True):
            gradient[...] = unit
        self._cell.backward(self._step)
        da_x, da_h = arrays.da_x[0], arrays.da_h[0]
        dm = da_h[m].copy()
        if self._norm:
            if not self._cell.has_recurrent_bias:
                da_h[...] = da_x  # the cell has written this one only
            self._norm.backward_(da_h)
        through_W = W.T @ da_h
        to_h = arrays.dstates[0] + through_W if self._cell.keeps_h else through_W
        J = np.concatenate([to_h, *arrays.dstates[1:]])

        def by_row(columns: FloatArray) -> FloatArray:
            return columns.reshape(len(columns), -1, K).transpose(1, 2, 0)

        return by_row(J), by_row(da_x), by_row(da_h), by_row(dm)


def _num_sensitive(config: ModelConfig, vocab_size: int) -> int:
    """Return the number of parameters that the states depend on."""
    shapes = parameter_shapes(config, vocab_size).items()
    return sum(math.prod(shape) for name, shape in shapes if not name.startswith("projection."))
