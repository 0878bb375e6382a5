"""The network on a fixed window, against its equations written out."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.config import ModelConfig
from charseq.models import MODELS
from charseq.models.mlp import MLP, MLPKind
from charseq.network.loss import log_softmax
from charseq.text import UNSEEN

V, K, H = 5, 3, 4
Array = NDArray[Any]


def make_model(embedding_size: int, *, order: int = K) -> MLP:
    config = ModelConfig(kind="mlp", order=order, hidden_size=H, embedding_size=embedding_size)
    model = MLP(config, V, np.float64)
    model.params.flat[...] = np.random.default_rng(2).normal(0, 0.5, model.params.flat.size)
    return model


def plainly(model: MLP, tokens: list[int]) -> list[Array]:
    """Return the logits after each token of one sequence, from the docstring's equations."""
    params, logits = model.params, []
    E = params["embedding.E"] if model.config.embedding_size else np.eye(V)
    for t in range(len(tokens)):
        a = params["window.b"].copy()
        for k in range(model.config.order):
            if t - k >= 0 and tokens[t - k] >= 0:
                a = a + params["window.U"][k] @ E[:, tokens[t - k]]
        logits.append(params["projection.V"] @ np.tanh(a) + params["projection.c"])
    return logits


TOKENS = [0, 3, UNSEEN, 1, 1, 4, 2, 0]


@pytest.mark.parametrize("embedding_size", [0, 2])
@pytest.mark.parametrize("order", [1, 3, 6])
def test_windows_and_readers_follow_the_equations(embedding_size: int, order: int) -> None:
    """Whole windows, windows in parts and single tokens give the logits of the plain equations."""
    model = make_model(embedding_size, order=order)
    expected, tokens = plainly(model, TOKENS), np.array(TOKENS, np.int32)[:, None]
    for cuts in ([0, 8], [0, 3, 5, 8]):
        state, work = model.initial_state(1), model.workspace(8, 1)
        parts = [model.forward(tokens[a:b], state, work) for a, b in pairwise(cuts)]
        np.testing.assert_allclose(np.concatenate(parts)[:, 0], expected, rtol=0, atol=1e-12)
    reader = model.reader()
    np.testing.assert_allclose([reader.read(token) for token in TOKENS], expected, rtol=0, atol=1e-12)


def test_a_reset_forgets_the_window() -> None:
    """After a reset nothing of the sequence before is seen."""
    model, resets = make_model(2), np.zeros((8, 1), np.bool_)
    resets[5] = True
    logits = model.forward(
        np.array(TOKENS, np.int32)[:, None], model.initial_state(1), model.workspace(8, 1), resets=resets
    )
    np.testing.assert_allclose(logits[5:, 0], plainly(model, TOKENS[5:]), rtol=0, atol=1e-12)


def test_a_reader_goes_back_to_what_it_had_read() -> None:
    model = make_model(2)
    reader = model.reader()
    for token in TOKENS[:4]:
        reader.read(token)
    saved = reader.save()
    expected = reader.read(2).copy()
    reader.read(1)
    reader.restore_(saved)
    np.testing.assert_array_equal(reader.read(2), expected)


@pytest.mark.parametrize("embedding_size", [0, 2])
def test_the_gradient_is_the_slope_of_the_loss(embedding_size: int) -> None:
    """The backward pass agrees with differences of the loss, for every parameter."""
    model = make_model(embedding_size)
    rng = np.random.default_rng(3)
    tokens, targets = rng.integers(-1, V, (6, 2)).astype(np.int32), rng.integers(0, V, (6, 2))

    def loss() -> float:
        log_p = log_softmax(model.forward(tokens, model.initial_state(2), model.workspace(6, 2)))
        return -float(np.take_along_axis(log_p, targets[..., None], axis=-1).sum())

    work, grads = model.workspace(6, 2), model.params.like()
    h = model.hidden(tokens, model.initial_state(2), work)
    logits = model.projection.forward(h, model.params, out=np.empty((6, 2, V)))
    dlogits = np.exp(log_softmax(logits)) - np.eye(V)[targets]
    model.backward(model.projection.backward(dlogits, h, model.params, grads, out=work.dh), work, grads)
    flat = model.params.flat
    for place in range(flat.size):
        before, slopes = flat[place], []
        for step in (1e-5, -1e-5):
            flat[place] = before + step
            slopes.append(loss())
        flat[place] = before
        assert (slopes[0] - slopes[1]) / 2e-5 == pytest.approx(grads.flat[place], abs=1e-7)


@pytest.mark.parametrize("frozen", ["window", "embedding", "projection"])
def test_frozen_parts_leave_the_gradient_of_the_rest(frozen: str) -> None:
    """Parameters that learn have the bits of a gradient of everything."""
    model, found = make_model(2), []
    rng = np.random.default_rng(3)
    tokens, dlogits = rng.integers(0, V, (6, 2)).astype(np.int32), rng.normal(size=(6, 2, V))
    names = [name for name in model.params if name.startswith(frozen)]
    for parts in ([], names):
        work, grads = model.workspace(6, 2), model.params.like(frozen=parts)
        h = model.hidden(tokens, model.initial_state(2), work)
        model.backward(model.projection.backward(dlogits, h, model.params, grads, out=work.dh), work, grads)
        found.append(grads)
    assert set(found[1]) == set(model.params) - set(names)
    for name in found[1]:
        np.testing.assert_array_equal(found[1][name], found[0][name], err_msg=name)


def test_parameters_are_kept_by_name_and_checked() -> None:
    """A model loaded from its tensors is the same; one with other shapes is refused."""
    kind = MODELS["mlp"]
    assert isinstance(kind, MLPKind)
    config = ModelConfig(kind="mlp", order=K, hidden_size=H, embedding_size=2)
    model = kind.build(config, V, np.random.default_rng(1))
    twin = kind.load(config, V, model.tensors())
    np.testing.assert_array_equal(twin.params.flat, model.params.flat)
    assert kind.num_parameters(config, V) == model.num_parameters
    with pytest.raises(ValueError, match=r"tensor window.U is float32 \(3, 4, 2\), not float32 \(2, 4, 2\)"):
        kind.load(config.model_copy(update={"order": 2}), V, model.tensors())


@pytest.mark.parametrize("embedding_size", [0, 2])
def test_another_vocabulary_takes_over_what_is_shared(embedding_size: int) -> None:
    """Tokens 0 and 2 of the new model are 4 and 1 of the old one; the other new ones stay random."""
    old, new = make_model(embedding_size), make_model(embedding_size)
    new.params.flat[...] = 7
    MODELS["mlp"].adopt_(new, old, [0, 2], [4, 1])
    name = "embedding.E" if embedding_size else "window.U"
    np.testing.assert_array_equal(new.params[name][..., [0, 2]], old.params[name][..., [4, 1]])
    np.testing.assert_array_equal(new.params["projection.V"][[0, 2]], old.params["projection.V"][[4, 1]])
    assert (new.params["projection.V"][[1, 3, 4]] == 7).all()
    np.testing.assert_array_equal(new.params["window.b"], old.params["window.b"])
