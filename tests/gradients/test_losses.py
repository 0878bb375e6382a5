"""Losses: each one in the registry has the gradient of the complex step, and shares add up."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.gradients import LOSSES, Loss
from charseq.network.parameters import Parameters
from charseq.network.projection import Projection
from tests import reference
from tests.complex_step import check_gradients

Array = NDArray[Any]
T, N, H, V = 4, 3, 2, 5

every_loss = pytest.mark.parametrize("name", LOSSES)
with_and_without_weights = pytest.mark.parametrize("weighted", [False, True], ids=["all", "weights"])


class Setting:
    """A projection with random weights, and hidden states and targets for it."""

    def __init__(self, dtype: type = np.float64) -> None:
        rng = np.random.default_rng(0)
        self.projection = Projection(hidden_size=H, vocab_size=V)
        self.params = Parameters(self.projection.shapes, dtype)
        self.params.flat[...] = rng.normal(size=self.params.flat.size)
        self.grads = self.params.like()
        self.h = rng.normal(size=(H, T * N)).astype(dtype)
        self.targets = rng.integers(0, V, (T, N)).astype(np.int32)
        self.weights = rng.choice([0.0, 0.5, 1.0], (T, N))

    def gradient(
        self, loss: Loss, *, weighted: bool, streams: slice = slice(0, N), capacity: int = T * N
    ) -> tuple[float, Array]:
        """Return the loss of some streams, of a batch of a total weight of 8, and the gradient of their h."""
        h = self.h.reshape(H, T, N)[..., streams].reshape(H, -1)
        out = np.full_like(h, 9)
        self.grads.flat.fill(9)
        nats = loss.gradient(
            h,
            self.targets[:, streams],
            self.projection,
            self.params,
            self.grads,
            loss.workspace(self.params, capacity),
            weights=self.weights[:, streams] if weighted else None,
            total_weight=8.0,
            rng=np.random.default_rng(0) if loss.draws else None,
            out=out,
        )
        return nats, out


@with_and_without_weights
@every_loss
def test_the_gradient_of_a_loss(name: str, weighted: bool) -> None:
    """The gradients of V, c and the hidden states equal the complex step, whatever was there before."""
    setting = Setting(np.complex128)
    _, dh = setting.gradient(LOSSES[name], weighted=weighted)
    grads = {key: array.copy() for key, array in setting.grads.items()}
    check_gradients(
        lambda: setting.gradient(LOSSES[name], weighted=weighted)[0],
        {**setting.params, "h": setting.h},
        {**grads, "h": dh},
    )


@with_and_without_weights
@every_loss
def test_shares_of_a_loss_add_up(name: str, weighted: bool) -> None:
    """Two parts of the streams have together the loss and the gradient of all."""
    setting = Setting()
    whole, _ = setting.gradient(LOSSES[name], weighted=weighted)
    expected, total, flat = setting.grads.flat.copy(), 0.0, np.zeros_like(setting.grads.flat)
    for streams in (slice(0, 1), slice(1, N)):
        total += setting.gradient(LOSSES[name], weighted=weighted, streams=streams)[0]
        flat += setting.grads.flat
    assert total == pytest.approx(whole, rel=1e-12)
    np.testing.assert_allclose(flat, expected, rtol=0, atol=1e-12)


@every_loss
def test_a_short_window_in_a_long_workspace(name: str) -> None:
    """Room for more targets than there are changes nothing."""
    setting = Setting()
    exact = setting.gradient(LOSSES[name], weighted=True)
    grads = setting.grads.flat.copy()
    roomy = setting.gradient(LOSSES[name], weighted=True, capacity=5 * T * N)
    assert roomy[0] == exact[0]
    np.testing.assert_array_equal(roomy[1], exact[1])
    np.testing.assert_array_equal(setting.grads.flat, grads)


def test_the_softmax_loss_equals_the_textbook() -> None:
    """The loss is the weighted sum of -log softmax(V h + c) at the targets, over the total weight."""
    setting = Setting()
    logits = (setting.params["projection.V"] @ setting.h).T + setting.params["projection.c"]
    log_p = reference.log_softmax(logits.reshape(T, N, V))
    nats = -np.take_along_axis(log_p, setting.targets[..., None], axis=-1)[..., 0]
    loss, _ = setting.gradient(LOSSES["softmax"], weighted=True)
    assert loss == pytest.approx((setting.weights * nats).sum() / 8, rel=1e-12)
