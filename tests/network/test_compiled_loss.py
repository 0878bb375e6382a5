"""The compiled softmax loss equals the projection and the cross-entropy of NumPy."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("numba")
from charseq.gradients import SoftmaxLoss
from charseq.network.compiled_loss import COLUMNS_AT_ONCE, FEW_ROWS, MAX_VOCAB
from charseq.network.parameters import Parameters
from charseq.network.projection import Projection
from charseq.network.tiles import ROWS

Array = NDArray[Any]
FEW = FEW_ROWS + ROWS
SIZES = [
    (1, 1, 1, 1),
    (7, 5, 3, 4),
    (FEW, 16, 5, COLUMNS_AT_ONCE // 5),
    (FEW + 1, 33, 1, COLUMNS_AT_ONCE + 1),
    (65, 48, 25, 23),
    (MAX_VOCAB, 3, 2, 5),
]
"""V, H, N and T: rows and columns that fill tiles and that do not, one piece of columns and several."""
with_and_without_weights = pytest.mark.parametrize("weighted", [False, True], ids=["all", "weights"])


def gradient(
    sizes: tuple[int, int, int, int],
    *,
    compiled: bool,
    weighted: bool,
    scale: float = 1.0,
    dtype: type = np.float32,
) -> dict[str, Array]:
    """Return the loss of random hidden states and all its gradients."""
    V, H, N, T = sizes
    rng, loss = np.random.default_rng(0), SoftmaxLoss()
    projection = Projection(hidden_size=H, vocab_size=V)
    projection.is_compiled = compiled
    params = Parameters(projection.shapes, dtype)
    params.flat[...] = rng.normal(0, scale, params.flat.size)
    grads, h = params.like(), rng.normal(size=(H, T * N)).astype(dtype)
    if N == 1:
        h = np.asfortranarray(h)  # as the hidden states of a single stream are
    grads.flat.fill(9)
    out = np.full_like(h, 9)
    targets = rng.integers(0, V, (T, N), dtype=np.int32)
    weights = rng.choice([0.0, 0.5, 2.0], (T, N)) if weighted else None
    work = loss.workspace(params, T * N + 3)
    for _ in range(2):  # the second time, memory is not zero
        nats = loss.gradient(
            h,
            targets,
            projection,
            params,
            grads,
            work,
            weights=weights,
            total_weight=2.0 * T * N,
            rng=None,
            out=out,
        )
    return {"nats": np.array(nats), "h": out, **grads}


@with_and_without_weights
@pytest.mark.parametrize("sizes", SIZES)
def test_the_compiled_loss_equals_the_plain_one(sizes: tuple[int, int, int, int], weighted: bool) -> None:
    """Loss and gradients are the same up to rounding."""
    plain, compiled = (gradient(sizes, compiled=compiled, weighted=weighted) for compiled in (False, True))
    for name, expected in plain.items():
        np.testing.assert_allclose(
            compiled[name], expected, rtol=0, atol=1e-5 * np.abs(expected).max() + 1e-9, err_msg=name
        )


def test_huge_logits_overflow_nowhere() -> None:
    """Logits of some thousands give a finite loss and the gradients of certain predictions."""
    plain, compiled = (
        gradient((20, 16, 2, 9), compiled=compiled, weighted=False, scale=1e3) for compiled in (False, True)
    )
    for name, expected in plain.items():
        np.testing.assert_allclose(
            compiled[name], expected, rtol=0, atol=1e-5 * np.abs(expected).max(), err_msg=name
        )


def test_a_divergence_is_not_hidden() -> None:
    """The loss of infinite logits is nan, for the trainer to see."""
    with np.errstate(invalid="ignore", over="ignore"):
        assert np.isnan(gradient((20, 16, 2, 9), compiled=True, weighted=False, scale=1e38)["nats"])


@pytest.mark.parametrize(("vocab_size", "dtype"), [(MAX_VOCAB + 1, np.float32), (5, np.float64)])
def test_other_losses_are_left_to_numpy(vocab_size: int, dtype: type) -> None:
    """Vocabularies beyond the cache and double precision give the bits of NumPy."""
    plain, other = (
        gradient((vocab_size, 2, 2, 2), compiled=compiled, weighted=False, dtype=dtype)
        for compiled in (False, True)
    )
    for name, expected in plain.items():
        np.testing.assert_array_equal(other[name], expected)
