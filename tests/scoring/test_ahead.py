"""Looking ahead in turn, as for a model that learns, finds what looking ahead together finds."""

import numpy as np
import pytest

from charseq.scoring import Scorer, scorer
from charseq.scoring.ahead import AheadInTurn
from tests.scoring.twins import LINES, PAIR_KINDS, TEXT, Kind, each


@each(*PAIR_KINDS)
@pytest.mark.parametrize("num_guesses", [0, 3])
def test_in_turn_and_together_find_the_same(
    kind: Kind, num_guesses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranks, confidences, guesses and entropies agree, in streams and in many lines."""
    text = TEXT if kind.unit == "stream" else LINES[:450]
    together = Scorer(kind.make(), kind.codec, num_guesses=num_guesses).score(text)
    monkeypatch.setattr(scorer, "AheadTogether", AheadInTurn)
    in_turn = Scorer(kind.make(), kind.codec, num_guesses=num_guesses).score(text)
    assert together.ranks is not None
    assert together.confidences is not None
    np.testing.assert_array_equal(together.ranks, in_turn.ranks)
    np.testing.assert_allclose(together.confidences, in_turn.confidences, rtol=1e-9)
    if together.expected and in_turn.expected:
        np.testing.assert_array_equal(together.expected.guesses, in_turn.expected.guesses)
        np.testing.assert_allclose(together.expected.entropies, in_turn.expected.entropies, atol=1e-3)


@each(PAIR_KINDS[0])
@pytest.mark.parametrize("worst", [1, 3])
def test_in_turn_and_together_stop_at_the_same_rank(
    kind: Kind, worst: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranks beyond the worst are one more, in turn as together; the first guess is the same."""
    together = Scorer(kind.make(), kind.codec, worst=worst).score(TEXT[:100])
    monkeypatch.setattr(scorer, "AheadTogether", AheadInTurn)
    in_turn = Scorer(kind.make(), kind.codec, worst=worst).score(TEXT[:100])
    assert together.ranks is not None
    assert together.ranks.max() == worst + 1
    np.testing.assert_array_equal(together.ranks, in_turn.ranks)
    np.testing.assert_allclose(together.confidences, in_turn.confidences, rtol=1e-9)


def test_a_character_at_the_end_of_a_window_is_looked_at_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where its other tokens are in the next window, its rank is the same."""
    kind = Kind("gru", "stream", "pair")
    whole = Scorer(kind.make(), kind.codec).score(TEXT)
    monkeypatch.setattr(scorer, "long_window", lambda vocab_size: 7)
    np.testing.assert_array_equal(Scorer(kind.make(), kind.codec).score(TEXT).ranks, whole.ranks)
