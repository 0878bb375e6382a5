"""Dynamic evaluation: a network that makes a gradient step after each window of the text it scores.

    theta_l  <-  theta_l - rate * r_l * g_l + PULL * (trained theta_l - theta_l)

g_l is the gradient of the window's mean loss by the matrix l, and r_l its share in the rate: the smaller its
gradients were in training, the larger its steps. Source: Krause, Kahembwe, Murray and Renals 2018, "Dynamic
evaluation of neural sequence models", with one scale for each matrix.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from charseq.adaptation.frozen import Frozen
from charseq.adaptation.member import Member, copy_of, known
from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.backend import use_numba
from charseq.backend.work import LEAST_WORK, TRAINING, WORK_THAT_PAYS
from charseq.config import ModelConfig
from charseq.models import MODELS, LanguageModel, ModelKind, TrainableModel
from charseq.network.loss import cross_entropy_
from charseq.network.parameters import Parameters

WINDOW = 20
"""The number of tokens that are predicted before anything is learnt from them, as in Krause et al. 2018."""
PULL = np.float32(1e-3)
"""The share of the way back to the trained weights that is gone after each window."""

BLOCK = 1 << 15
"""The number of weights that are changed together: few enough for the processor's cache."""


class GradientSteps(Member):
    """A network, given as a model of its own, `model`, which is changed in place.

    A step after which nothing could be computed, because numbers overflow, leads back to the trained weights.
    Compiled code computes as soon as so much was learnt that it pays.
    """

    learns_windows = True

    def __init__(
        self,
        model: TrainableModel,
        num_steps: int,
        *,
        rate: float,
        scales: Mapping[str, float],
    ) -> None:
        self._model, self._rate = model, rate
        self._work_done, self._num_steps = 0, num_steps
        self._trained, self._grads = model.params.like(), model.params.like()
        self._trained.flat[...] = model.params.flat
        self._rates = {name: np.float32(rate * scales.get(name, 1.0)) for name in model.params}
        self._state = model.initial_state(1)
        self._begin = copy_of(self._state)
        self._work: Any = model.workspace(num_steps, 1, resets=True, logits=False)
        self._logits = np.zeros((num_steps, 1, model.vocab_size), np.float32)
        self._num_read = 0
        self._h: Any = np.empty((0, 0))
        self._copy: FloatArray | None = None
        self._frozen = Frozen(model)

    @classmethod
    def of(
        cls, config: ModelConfig, model: LanguageModel, *, rate: float, scales: Mapping[str, float]
    ) -> "GradientSteps":
        """Return a member that learns with a copy of `model`, a trained model with the settings `config`."""
        kind: ModelKind = MODELS[config.kind]
        copied = cast(TrainableModel, kind.build(config, model.vocab_size, np.random.default_rng(0)))
        copied.params.flat[...] = cast(TrainableModel, model).params.flat
        return cls(copied, WINDOW, rate=rate, scales=scales)

    @property
    def gradients(self) -> Parameters:
        """The gradient of the window that was learnt last."""
        return self._grads

    def predict(self, tokens: TokenArray, resets: BoolArray | None) -> FloatArray:
        """Return the logits (T, V) of the token after each of `tokens` (T,)."""
        if not self.is_learning and self._frozen.can_read:
            return self._frozen.predict(tokens, resets, self._state)
        logits = self._read(tokens, resets)
        self._num_read += len(tokens)
        return logits[:, 0].copy()

    def learn(self, tokens: TokenArray, targets: TokenArray, resets: BoolArray | None) -> None:
        """Make one gradient step on the window."""
        if self._num_read != len(tokens) or self._h.shape[1] != len(tokens):  # it was read in parts
            for name, array in self._state.arrays.items():
                array[...] = self._begin.arrays[name]
            self._read(tokens, resets)
        with np.errstate(over="ignore", invalid="ignore"):  # the step is checked
            self._gradient(targets)
            if self._rate:
                self._copy = None
                self._step()
        self._num_read = 0
        for name, array in self._begin.arrays.items():
            array[...] = self._state.arrays[name]
        self._count_(len(tokens))

    def _count_(self, num_tokens: int) -> None:
        """Count tokens that were learnt; from some number of them on use compiled code, if numba is there."""
        model, before = self._model, self._work_done
        self._work_done += TRAINING * num_tokens * max(model.num_parameters, LEAST_WORK[1])
        if before < WORK_THAT_PAYS <= self._work_done and use_numba("auto"):
            model.use_backend_("auto")
            self._work = model.workspace(self._num_steps, 1, resets=True, logits=False)

    def _step(self) -> None:
        steps = np.empty((2, BLOCK), self._trained.flat.dtype)
        for name, array in self._model.params.items():
            now, trained, gradient = (
                one.reshape(-1) for one in (array, self._trained[name], self._grads[name])
            )
            for begin in range(0, len(now), BLOCK):
                some = slice(begin, begin + BLOCK)
                down, back = steps[:, : len(now[some])]
                np.multiply(gradient[some], self._rates[name], out=down)
                np.subtract(trained[some], now[some], out=back)
                back *= PULL
                back -= down
                now[some] += back
        flat = self._model.params.flat
        if not np.isfinite(np.dot(flat, flat)):
            flat[...] = self._trained.flat

    def _read(self, tokens: TokenArray, resets: BoolArray | None) -> FloatArray:
        model, marks = self._model, None if resets is None else resets[:, None]
        self._h = model.hidden(tokens[:, None], self._state, self._work, resets=marks)
        return model.projection.forward(self._h, model.params, out=self._logits[: len(tokens)])

    def _gradient(self, targets: TokenArray) -> None:
        """Write the gradient of the mean loss of the window that was read last to the array for it."""
        model, logits = self._model, self._logits[: len(targets)]
        places, weights = known(targets)
        cross_entropy_(
            logits, places[:, None], weights=weights[:, None], total_weight=float(weights.sum()) or 1.0
        )
        dh = model.projection.backward(logits, self._h, model.params, self._grads, out=self._work.dh)
        model.backward(dh, self._work, self._grads)

    def save(self) -> Any:
        """Return a copy of the weights and the states."""
        if self._copy is None:  # the weights change once in a window, and may be saved at every token
            self._copy = self._model.params.flat.copy()
        frozen = self._frozen.save()
        return self._copy, copy_of(self._state), copy_of(self._begin), self._num_read, frozen

    def restore_(self, saved: Any) -> None:
        """Go back to copied weights and states."""
        flat, state, begin, self._num_read, frozen = saved
        if flat is not self._copy:
            self._model.params.flat[...] = flat
            self._copy = flat
            self._frozen = Frozen(self._model)
        self._frozen.restore_(frozen)
        self._state, self._begin = copy_of(state), copy_of(begin)
        self._h = np.empty((0, 0))  # what was read is read again before anything is learnt
