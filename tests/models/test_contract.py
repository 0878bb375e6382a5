"""The contract of a language model: the states that a window went through can be recalled."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from charseq.config import ModelConfig
from charseq.models import LanguageModel
from charseq.models.mixture import MemberRecord, Mixture
from charseq.models.mlp import MLP
from tests.extensions.recency import Recency
from tests.scoring.twins import model_of, ngram_of

V = ngram_of("stream").vocab_size
RNG = np.random.default_rng(5)
TOKENS = RNG.integers(0, V, (9, 3), np.int32)
RESETS = RNG.random((9, 3)) < 0.2


@cache
def made(name: str) -> LanguageModel:
    """Return a model with random parameters."""
    if name == "mlp":
        model = MLP(ModelConfig(kind="mlp", order=4, hidden_size=5), V, np.float64)
        model.params.flat[:] = np.random.default_rng(1).normal(size=model.params.flat.size)
        return model
    if name == "mixture":
        members = [
            MemberRecord(config=ModelConfig()),
            MemberRecord(config=ModelConfig(kind="ngram", order=3)),
        ]
        return Mixture(members, [made("lstm"), made("ngram")], np.array([0.5, 0.5]), "log-linear")
    if name == "recency":
        return Recency(np.arange(V))
    return ngram_of("stream") if name == "ngram" else model_of(name, num_layers=2, vocab_size=V)


def next_logits(model: LanguageModel, state: Any, tokens: list[int]) -> Any:
    """Return the logits (M, V) after one more token for each of M streams."""
    work = model.workspace(1, len(tokens), backward=False)
    return model.forward(np.array([tokens], np.int32), state, work)[0].copy()


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm", "ngram", "mlp", "mixture", "recency"])
def test_a_state_is_recalled_from_any_step_and_stream(name: str) -> None:
    """What follows a recalled state is what follows the same tokens read one window at a time."""
    model, steps, streams = made(name), np.array([0, 4, 8, 4]), np.array([2, 0, 1, 0])
    state, work = model.initial_state(3), model.workspace(9, 3, resets=True, backward=False)
    model.forward(TOKENS, state, work, resets=RESETS)
    recalled = next_logits(model, model.recall(work, steps, streams), [1, 2, 3, 4])
    for m, (step, stream) in enumerate(zip(steps.tolist(), streams.tolist(), strict=True)):
        alone, some = model.initial_state(1), slice(stream, stream + 1)
        work = model.workspace(9, 1, resets=True, backward=False)
        model.forward(TOKENS[: step + 1, some], alone, work, resets=RESETS[: step + 1, some])
        np.testing.assert_allclose(recalled[m], next_logits(model, alone, [m + 1])[0], rtol=1e-12)
