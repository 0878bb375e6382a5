from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.cells import CELLS
from charseq.config import ModelConfig
from charseq.network import CharModel
from charseq.network.dropout import dropout
from charseq.network.loss import cross_entropy_
from tests.builders import with_random_parameters
from tests.complex_step import check_gradients
from tests.network.builders import backward_from_logits

V, T, N, H = 4, 4, 2, 3


def dropped(x: NDArray[Any], rate: float, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the mask and the output of `dropout`."""
    mask, out = np.empty(x.shape, np.float32), np.empty_like(x)
    dropout(x, rate, np.random.default_rng(seed), mask=mask, out=out)
    return mask, out


def make_model(cell: str, rate: float, *, num_layers: int = 2, dtype: type = np.float64) -> CharModel:
    config = ModelConfig(cell=cell, hidden_size=H, num_layers=num_layers, dropout=rate)
    return with_random_parameters(CharModel(config, V, dtype))


def make_tokens() -> NDArray[np.int32]:
    return np.random.default_rng(2).integers(0, V, (T, N)).astype(np.int32)


def logits_of(model: CharModel, dropout_rng: np.random.Generator | None) -> NDArray[Any]:
    work = model.workspace(T, N)
    return model.forward(make_tokens(), model.initial_state(N), work, dropout_rng=dropout_rng).copy()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_rate_is_the_share_of_zeros(rate: float) -> None:
    """Of 100,000 units, a share of `rate` is dropped, to five standard deviations."""
    x = np.ones((100, 10, 100), np.float32)
    _, out = dropped(x, rate)
    assert np.mean(out == 0) == pytest.approx(rate, abs=5 * (rate * (1 - rate) / x.size) ** 0.5)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_mean_is_preserved(rate: float) -> None:
    """What is kept grows by 1 / (1 - rate), so that the mean stays."""
    x = np.ones((100, 10, 100), np.float64)
    _, out = dropped(x, rate)
    assert out.mean() == pytest.approx(1, abs=5 * (rate / (1 - rate) / x.size) ** 0.5)


def test_the_mask_takes_two_values() -> None:
    """A mask holds 0 and 1 / (1 - rate), nothing else."""
    mask, _ = dropped(np.ones((20, 20)), 0.2)
    assert set(mask.ravel().tolist()) == {0.0, 1.25}


def test_the_output_is_the_input_times_the_mask() -> None:
    """The mask that is kept is the mask that was used."""
    x = np.random.default_rng(3).normal(size=(6, 7))
    mask, out = dropped(x, 0.5)
    np.testing.assert_array_equal(out, x * mask)


def test_the_same_seed_gives_the_same_mask() -> None:
    """A mask depends on the generator alone, not on the dtype."""
    single, _ = dropped(np.ones((6, 7), np.float32), 0.5, seed=5)
    double, _ = dropped(np.ones((6, 7), np.complex128), 0.5, seed=5)
    np.testing.assert_array_equal(single, double)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_a_mask_is_float32_in_every_dtype(dtype: type) -> None:
    """A workspace keeps a mask for each layer, in float32 whatever the dtype of the model."""
    masks = make_model("rnn", 0.5, dtype=dtype).workspace(T, N).masks
    assert masks.shape == (2, T, H, N)
    assert masks.dtype == np.float32


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_the_gradient_uses_the_mask_of_the_forward_pass(cell: str, num_layers: int) -> None:
    """The gradient with dropout equals the complex step under the same mask, for every weight."""
    model = make_model(cell, 0.4, num_layers=num_layers, dtype=np.complex128)
    work, grads = model.workspace(T, N), model.params.like()
    tokens, targets = make_tokens(), make_tokens()[::-1]

    def loss() -> complex:
        rng = np.random.default_rng(0)
        logits = model.forward(tokens, model.initial_state(N), work, dropout_rng=rng)
        return cross_entropy_(logits, targets)

    loss()
    backward_from_logits(model, work.logits, work, grads)
    check_gradients(loss, model.params, grads)


@pytest.mark.parametrize("cell", CELLS)
def test_without_a_generator_nothing_is_dropped(cell: str) -> None:
    """A model with a dropout rate but no generator gives the logits of one without dropout."""
    np.testing.assert_array_equal(
        logits_of(make_model(cell, 0.5), None), logits_of(make_model(cell, 0.0), None)
    )


@pytest.mark.parametrize("cell", CELLS)
def test_with_a_generator_units_are_dropped(cell: str) -> None:
    """A dropout rate and a generator change the logits."""
    model = make_model(cell, 0.5)
    assert not np.allclose(logits_of(model, np.random.default_rng(0)), logits_of(model, None))


@pytest.mark.parametrize("cell", CELLS)
def test_a_rate_of_zero_draws_no_number(cell: str) -> None:
    """Without a dropout rate, the generator is left untouched."""
    rng = np.random.default_rng(0)
    logits_of(make_model(cell, 0.0), rng)
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


@pytest.mark.parametrize("cell", CELLS)
def test_a_pass_without_dropout_is_differentiated_without(cell: str) -> None:
    """The mask of an earlier pass does not touch the gradient of a later one that had no generator."""
    model = make_model(cell, 0.5)
    grads = []
    for earlier_rng in (None, np.random.default_rng(0)):
        work, gradient = model.workspace(T, N), model.params.like()
        model.forward(make_tokens(), model.initial_state(N), work, dropout_rng=earlier_rng)
        logits = model.forward(make_tokens(), model.initial_state(N), work)
        cross_entropy_(logits, make_tokens())
        backward_from_logits(model, logits, work, gradient)
        grads.append(gradient.flat)
    np.testing.assert_array_equal(grads[0], grads[1])
