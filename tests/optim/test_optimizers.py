"""Every update rule against its formula, written out for a single parameter."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from charseq.config import OptimConfig
from charseq.network.parameters import Gradient, Parameters
from charseq.optim import OPTIMIZERS, make_optimizer
from tests.builders import pairwise

SHAPES: dict[str, tuple[int, ...]] = {"b": (3,), "M": (4, 3)}
CONFIG = {"momentum": 0.8, "beta1": 0.7, "beta2": 0.95, "weight_decay": 0.3}
RATES = [0.1, 0.05, 0.2, 0.0, 0.1]
names = pytest.mark.parametrize("name", OPTIMIZERS)


def sgd(x: float, gradients: list[float], decay: float) -> Iterator[float]:
    v = 0.0
    for g, rate in zip(gradients, RATES, strict=True):
        v = 0.8 * v + g
        x = x - rate * v
        yield x


def rmsprop(x: float, gradients: list[float], decay: float) -> Iterator[float]:
    s = 0.0
    for g, rate in zip(gradients, RATES, strict=True):
        s = 0.95 * s + 0.05 * g**2
        x = x - rate * g / (s**0.5 + 1e-8)
        yield x


def adam(x: float, gradients: list[float], decay: float) -> Iterator[float]:
    m = s = 0.0
    for t, (g, rate) in enumerate(zip(gradients, RATES, strict=True), 1):
        m = 0.7 * m + 0.3 * g
        s = 0.95 * s + 0.05 * g**2
        x = x - rate * (m / (1 - 0.7**t)) / ((s / (1 - 0.95**t)) ** 0.5 + 1e-8)
        yield x


def adamw(x: float, gradients: list[float], decay: float) -> Iterator[float]:
    m = s = 0.0
    for t, (g, rate) in enumerate(zip(gradients, RATES, strict=True), 1):
        m = 0.7 * m + 0.3 * g
        s = 0.95 * s + 0.05 * g**2
        x = x - rate * decay * x
        x = x - rate * (m / (1 - 0.7**t)) / ((s / (1 - 0.95**t)) ** 0.5 + 1e-8)
        yield x


def nadamw(x: float, gradients: list[float], decay: float) -> Iterator[float]:
    m = s = 0.0
    for t, (g, rate) in enumerate(zip(gradients, RATES, strict=True), 1):
        m = 0.7 * m + 0.3 * g
        s = 0.95 * s + 0.05 * g**2
        ahead = 0.7 * m / (1 - 0.7 ** (t + 1)) + 0.3 * g / (1 - 0.7**t)
        x = x - rate * decay * x
        x = x - rate * ahead / ((s / (1 - 0.95**t)) ** 0.5 + 1e-8)
        yield x


RULES: dict[str, Callable[[float, list[float], float], Iterator[float]]] = {
    "adam": adam,
    "adamw": adamw,
    "nadamw": nadamw,
    "rmsprop": rmsprop,
    "sgd": sgd,
}


def config_of(name: str, **changes: float) -> OptimConfig:
    return OptimConfig.model_validate({"optimizer": name, **CONFIG, **changes})


def random_params(seed: int) -> Parameters:
    params = Parameters(SHAPES, np.float64)
    params.flat[...] = np.random.default_rng(seed).standard_normal(len(params.flat))
    return params


def random_gradient(seed: int) -> Gradient:
    grads = Parameters(SHAPES, np.float64).like()
    grads.flat[...] = random_params(seed).flat
    return grads


def trajectory(name: str, *, seed: int = 0, num_resets: int = 0) -> np.ndarray:
    """Return the parameters after each of five steps, after `num_resets` runs that were reset."""
    params = random_params(seed)
    optimizer = make_optimizer(config_of(name), params)
    for _ in range(num_resets):
        optimizer.step(random_params(9), random_gradient(8), learning_rate=0.1)
        optimizer.reset_()
    points = []
    for k, rate in enumerate(RATES):
        optimizer.step(params, random_gradient(100 + k), learning_rate=rate)
        points.append(params.flat.copy())
    return np.array(points)


def test_every_rule_has_a_twin() -> None:
    """Every registered optimizer is compared with a formula below."""
    assert RULES.keys() == OPTIMIZERS.keys()


@names
def test_an_optimizer_is_registered_under_its_own_name(name: str) -> None:
    """An optimizer is registered under the name it carries, and made by that name."""
    assert OPTIMIZERS[name].name == name
    assert type(make_optimizer(config_of(name), random_params(0))) is OPTIMIZERS[name]


@names
def test_a_rule_follows_its_formula(name: str) -> None:
    """Several steps of varying rate follow the plain formula for each parameter."""
    start = random_params(0)
    gradients = np.array([random_params(100 + k).flat for k in range(len(RATES))])
    num_matrix = len(start.matrices)
    expected = [
        list(RULES[name](x, gradients[:, k].tolist(), 0.3 if k < num_matrix else 0.0))
        for k, x in enumerate(start.flat.tolist())
    ]
    assert np.allclose(trajectory(name), np.array(expected).T, rtol=1e-12, atol=1e-12)


@names
def test_a_step_leaves_the_gradient_alone(name: str) -> None:
    """A step reads the gradient and does not change it."""
    params, grads = random_params(0), random_gradient(1)
    make_optimizer(config_of(name), params).step(params, grads, learning_rate=0.1)
    assert np.array_equal(grads.flat, random_params(1).flat)


@names
def test_steps_are_counted_from_zero(name: str) -> None:
    """The optimizer counts its steps from zero."""
    params = random_params(0)
    optimizer = make_optimizer(config_of(name), params)
    counts = [optimizer.num_steps]
    for _ in range(2):
        optimizer.step(params, random_gradient(1), learning_rate=0.1)
        counts.append(optimizer.num_steps)
    assert counts == [0, 1, 2]


@names
def test_after_a_reset_the_steps_are_those_of_a_new_optimizer(name: str) -> None:
    """After a reset the steps are those of a new optimizer."""
    assert np.array_equal(trajectory(name, num_resets=2), trajectory(name))


@names
def test_memory_has_the_names_it_declares(name: str) -> None:
    """The memory of an optimizer is zero vectors, as long as the parameters, under the declared names."""
    params = random_params(0)
    state = make_optimizer(config_of(name), params).state
    assert tuple(state) == OPTIMIZERS[name].state_names
    assert all(vector.shape == params.flat.shape and not vector.any() for vector in state.values())


@names
def test_memory_and_step_count_are_all_that_an_optimizer_knows(name: str) -> None:
    """An optimizer given the state and step count of another goes on as that one would."""
    params = random_params(0)
    first, second = (make_optimizer(config_of(name), params) for _ in range(2))
    first.step(params, random_gradient(1), learning_rate=0.1)
    second.num_steps = first.num_steps
    for vector, other in zip(second.state.values(), first.state.values(), strict=True):
        vector[...] = other
    twin = random_params(0)
    twin.flat[...] = params.flat
    first.step(params, random_gradient(2), learning_rate=0.1)
    second.step(twin, random_gradient(2), learning_rate=0.1)
    assert np.array_equal(twin.flat, params.flat)


@names
def test_the_memory_has_the_dtype_of_the_parameters(name: str) -> None:
    """Parameters in float32 have a memory in float32."""
    state = make_optimizer(config_of(name), Parameters(SHAPES, np.float32)).state
    assert {vector.dtype for vector in state.values()} == {np.dtype(np.float32)}


@names
def test_only_rules_with_decay_shrink_matrices_without_a_gradient(name: str) -> None:
    """Without a gradient the matrices shrink under adamw and nadamw, and stay under the other rules."""
    params, before = random_params(0), random_params(0)
    step = make_optimizer(config_of(name), params).step
    step(params, params.like(), learning_rate=0.1)
    kept = 1 - 0.1 * 0.3 if name in {"adamw", "nadamw"} else 1
    assert np.allclose(params["M"], kept * before["M"], rtol=1e-15, atol=0)


@names
def test_biases_never_decay(name: str) -> None:
    """Without a gradient the biases stay, whatever the rule."""
    params, before = random_params(0), random_params(0)
    make_optimizer(config_of(name), params).step(params, params.like(), learning_rate=0.1)
    assert np.array_equal(params["b"], before["b"])


@names
def test_a_step_at_rate_zero_changes_nothing(name: str) -> None:
    """A step at rate 0 leaves the parameters."""
    params, before = random_params(0), random_params(0)
    make_optimizer(config_of(name), params).step(params, random_gradient(1), learning_rate=0.0)
    assert np.array_equal(params.flat, before.flat)


@names
def test_a_quadratic_is_minimised(name: str) -> None:
    """A bowl of unequal curvatures is descended to its lowest point as the rate goes to zero."""
    params, lowest, grads = random_params(0), random_params(1), random_params(0).like()
    curvature = np.linspace(0.3, 3, len(params.flat))
    optimizer = make_optimizer(config_of(name, weight_decay=0.0), params)
    for k in range(400):
        grads.flat[...] = curvature * (params.flat - lowest.flat)
        optimizer.step(params, grads, learning_rate=0.1 * (1 - k / 400))
    assert np.abs(params.flat - lowest.flat).max() < 1e-3


@pytest.mark.parametrize(
    ("size", "precision", "name"),
    pairwise([1, 3, 40_000], [(np.float32, 2e-6), (np.float64, 1e-15)], ["adam", "adamw", "nadamw"]),
)
def test_compiled_optimizers_equal_plain_ones(size: int, precision: tuple[type, float], name: str) -> None:
    """Numba and NumPy take the same steps, up to rounding, in parts of any size."""
    dtype, tolerance = precision
    pytest.importorskip("numba")
    config = OptimConfig(optimizer=name, weight_decay=0.1)  # type: ignore[arg-type]
    results = []
    for backend in ("numpy", "numba"):
        rng = np.random.default_rng(0)
        params = Parameters({"W": (size, 1), "b": (2,)}, dtype)
        params.flat[...] = rng.normal(size=params.flat.size)
        grads, optimizer = params.like(), make_optimizer(config, params, backend)  # type: ignore[arg-type]
        for _ in range(3):
            grads.flat[...] = rng.normal(size=params.flat.size)
            optimizer.step(params, grads, learning_rate=0.01)
        results.append([params.flat, *optimizer.state.values()])
    for plain, compiled in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=tolerance, atol=tolerance)


# ---- parts


def trained(
    name: str, *, touched: list[int] | None = None, frozen: tuple[str, ...] = (), **config: Any
) -> Any:
    """Return the parameters before and after five steps, touching these rows of V (None: all)."""
    shapes = {"W": (3, 4), "projection.V": (5, 2), "b": (3,)}
    params = Parameters(shapes, np.float64)
    params.flat[...] = np.random.default_rng(0).normal(size=params.flat.size)
    before = {key: array.copy() for key, array in params.items()}
    optim = OptimConfig.model_validate({"optimizer": name, **CONFIG, **config})
    optimizer = make_optimizer(optim, params)
    for k, rate in enumerate(RATES):
        grads = params.like(frozen=frozen, by_rows=touched is not None)
        grads.flat[...] = np.random.default_rng(k).normal(size=grads.flat.size)
        if touched is not None:
            rows = np.random.default_rng(k).normal(size=(len(touched), 2))
            grads.set_rows_("projection.V", np.array(touched, np.int32), rows)
        optimizer.step(params, grads, learning_rate=rate)
    return before, params, optimizer


@names
def test_a_frozen_parameter_does_not_move(name: str) -> None:
    """Neither it nor its memory changes, also by weight decay; the others learn as ever."""
    before, params, optimizer = trained(name, frozen=("W",), weight_decay=0.5)
    np.testing.assert_array_equal(params["W"], before["W"])
    assert not any(params.views(vector)["W"].any() for vector in optimizer.state.values())
    assert np.all(params["projection.V"] != before["projection.V"])


@names
def test_a_part_has_a_rate_of_its_own(name: str) -> None:
    """A tenth of the rate is what a run at a tenth of the rate has there; other parts keep theirs."""
    _, scaled, _ = trained(name, rate_scale=("W=0.1",))
    _, whole, _ = trained(name)
    params = Parameters({"W": (3, 4), "projection.V": (5, 2), "b": (3,)}, np.float64)
    params.flat[...] = np.random.default_rng(0).normal(size=params.flat.size)
    optimizer = make_optimizer(config_of(name), params)
    for k, rate in enumerate(RATES):
        grads = params.like()
        grads.flat[...] = np.random.default_rng(k).normal(size=grads.flat.size)
        optimizer.step(params, grads, learning_rate=0.1 * rate)
    np.testing.assert_allclose(scaled["W"], params["W"], rtol=1e-13)
    np.testing.assert_allclose(scaled["projection.V"], whole["projection.V"], rtol=1e-13)
    np.testing.assert_allclose(scaled["b"], whole["b"], rtol=1e-13)


@names
def test_rows_that_are_not_touched_rest(name: str) -> None:
    """Touched rows follow the formula of the rule; the others, and their memory, stay as they are."""
    touched = [3, 1]
    before, params, optimizer = trained(name, touched=touched)
    np.testing.assert_array_equal(params["projection.V"][[0, 2, 4]], before["projection.V"][[0, 2, 4]])
    for vector in optimizer.state.values():
        assert not params.views(vector)["projection.V"][[0, 2, 4]].any()
    gradients = np.array([np.random.default_rng(k).normal(size=(2, 2)) for k in range(len(RATES))])
    for place, row in enumerate(touched):
        for column in range(2):
            start = float(before["projection.V"][row, column])
            *_, expected = RULES[name](start, gradients[:, place, column].tolist(), 0.3)
            assert params["projection.V"][row, column] == pytest.approx(expected, rel=1e-12)


@names
def test_touching_every_row_is_a_whole_step(name: str) -> None:
    """A table of which every row is touched learns what it learns otherwise."""
    rows = [4, 2, 0, 1, 3]
    _, params, _ = trained(name, touched=rows)
    whole = Parameters(params.shapes, np.float64)
    whole.flat[...] = np.random.default_rng(0).normal(size=whole.flat.size)
    optimizer = make_optimizer(config_of(name), whole)
    for k, rate in enumerate(RATES):
        grads = whole.like()
        grads.flat[...] = np.random.default_rng(k).normal(size=grads.flat.size)
        grads["projection.V"][rows] = np.random.default_rng(k).normal(size=(5, 2))
        optimizer.step(whole, grads, learning_rate=rate)
    np.testing.assert_allclose(params.flat, whole.flat, rtol=1e-13)


@pytest.mark.parametrize("name", ["adam", "nadamw"])
def test_a_compiled_step_has_the_same_bits_on_any_number_of_threads(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thread changes a part of the parameters; no number depends on where the parts end."""
    pytest.importorskip("numba")
    monkeypatch.setattr("charseq.optim.compiled.MIN_SHARED", 8)
    results = []
    for num_threads in (1, 2, 3):
        params = Parameters({"M": (7, 5), "b": (2,)}, np.float32)
        grads, rng = Gradient(params), np.random.default_rng(0)
        params.flat[...] = rng.standard_normal(params.flat.size)
        optimizer = make_optimizer(OptimConfig(optimizer=name), params, "numba")  # type: ignore[arg-type]
        optimizer.num_threads = num_threads
        for _ in range(3):
            grads.flat[...] = rng.standard_normal(params.flat.size)
            optimizer.step(params, grads, learning_rate=0.1)
        results.append([params.flat, *optimizer.state.values()])
    for result in results[1:]:
        for array, expected in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(("size", "num_parts"), [(39, 1), (40, 4)])
def test_threads_share_a_step_only_where_it_is_long(
    size: int, num_parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few parameters are changed by the thread that asks; more are divided into parts of equal length."""
    compiled = pytest.importorskip("charseq.optim.compiled")
    monkeypatch.setattr(compiled, "MIN_SHARED", 40)
    lengths = list[int]()
    monkeypatch.setattr(compiled, "adam_update", lambda params, *_: lengths.append(params.size))
    params = Parameters({"b": (size,)}, np.float32)
    optimizer = make_optimizer(OptimConfig(optimizer="adam"), params, "numba")
    optimizer.num_threads = 4
    optimizer.step(params, Gradient(params), learning_rate=0.1)
    assert lengths == [size // num_parts] * num_parts
