"""What members share: models that do not learn, copies of states, unknown targets."""

import numpy as np
import pytest

from charseq.adaptation import member as member_module
from charseq.adaptation.member import Static, known
from tests.adaptation.builders import network, ngrams, resets_of, tokens_of
from tests.builders import assert_close

TOKENS, RESETS = tokens_of(60), resets_of(60)


@pytest.mark.parametrize("kind", ["gru", "ngram"])
def test_a_static_member_predicts_what_the_model_does(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a text is longer than what it reads at once."""
    monkeypatch.setattr(member_module, "NUM_STEPS", 25)
    model = network() if kind == "gru" else ngrams()
    work = model.workspace(len(TOKENS), 1, resets=True, backward=False)
    expected = model.forward(TOKENS[:, None], model.initial_state(1), work, resets=RESETS[:, None])[:, 0]
    assert_close(Static(model).predict(TOKENS, RESETS), expected, tolerance=1e-5)


def test_a_static_member_learns_nothing_and_can_be_restored() -> None:
    """Reading on from a saved point gives the same bits, whatever was read and learnt in between."""
    member = Static(network())
    member.predict(TOKENS[:20], None)
    saved = member.save()
    first = member.predict(TOKENS[20:40], None)
    member.learn(TOKENS[20:40], TOKENS[21:41], None)
    member.predict(TOKENS, None)
    member.restore_(saved)
    np.testing.assert_array_equal(member.predict(TOKENS[20:40], None), first)


def test_unknown_targets_weigh_nothing() -> None:
    """Their place is taken by any token, with a weight of 0."""
    places, weights = known(np.array([3, -1, 0], np.int32))
    assert places.tolist() == [3, 0, 0]
    assert weights.tolist() == [1, 0, 1]
