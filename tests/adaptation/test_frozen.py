"""Members that have learnt and are frozen: read on by readers, with the numbers of windows."""

import numpy as np
import pytest

from charseq.adaptation.gradient import WINDOW, GradientSteps
from charseq.cells import CELLS
from charseq.config import CellName, ModelConfig
from charseq.models.mlp import MLP
from tests.adaptation.builders import V, p_of, resets_of, steps, tokens_of
from tests.builders import assert_close

TOKENS, RESETS = tokens_of(2 * WINDOW + 1, seed=4), resets_of(WINDOW)
LATER = tokens_of(WINDOW, seed=5)


def learnt(cell: CellName = "gru") -> GradientSteps:
    """Return a member that has learnt two windows."""
    member = steps(rate=0.3, cell=cell)
    for k in range(2):
        some = slice(k * WINDOW, (k + 1) * WINDOW)
        member.predict(TOKENS[some], None)
        member.learn(TOKENS[some], TOKENS[some.start + 1 : some.stop + 1], None)
    return member


@pytest.mark.parametrize("resets", [False, True], ids=["stream", "lines"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_frozen_network_predicts_what_a_window_does(cell: CellName, resets: bool) -> None:
    """It goes on from the state of the last window, with the weights that were learnt."""
    member, marks = learnt(cell), RESETS if resets else None
    saved = member.save()
    expected = member.predict(LATER, marks)
    member.restore_(saved)
    member.is_learning = False
    pieces = [slice(k, k + 1) for k in range(WINDOW)]
    read = [member.predict(LATER[some], None if marks is None else marks[some]) for some in pieces]
    assert_close(p_of(np.concatenate(read)), p_of(expected), tolerance=1e-6)


def test_a_frozen_network_goes_back_to_points_before_and_after() -> None:
    """To the trained weights, and to those that were learnt; each time with the same bits."""
    member = steps(rate=0.3)
    trained = member.save()
    other = learnt()
    member.restore_(other.save())
    member.is_learning = False
    points = {"trained": trained, "learnt": member.save()}
    member.predict(LATER[:5], None)
    points["later"] = member.save()
    first = {}
    for name in [*points, *reversed(points)]:
        member.restore_(points[name])
        logits = member.predict(LATER, None)
        np.testing.assert_array_equal(logits, first.setdefault(name, logits))
    assert not np.allclose(first["trained"], first["learnt"])


def test_a_network_whose_reader_cannot_begin_anywhere_is_read_in_windows() -> None:
    """Such as one without recurrence."""
    config = ModelConfig(kind="mlp", order=3, hidden_size=9)
    model = MLP(config, V)
    model.params.flat[...] = np.random.default_rng(1).normal(size=model.params.flat.size)
    member = GradientSteps.of(config, model, rate=0.1, scales={})
    saved = member.save()
    expected = member.predict(LATER, None)
    member.restore_(saved)
    member.is_learning = False
    np.testing.assert_array_equal(member.predict(LATER, None), expected)
