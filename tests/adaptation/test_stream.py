"""A stream: what its members learn and when, and the weights that follow the text."""

import math
from typing import Any

import numpy as np
import pytest

from charseq.adaptation.gradient import WINDOW
from charseq.adaptation.member import Member
from charseq.adaptation.stream import MAX_WEIGHT, Stream
from charseq.arrays import BoolArray, FloatArray, TokenArray
from tests.adaptation.builders import KINDS, V, adaptive, p_of, resets_of, tokens_of
from tests.builders import assert_close

TOKENS, RESETS = tokens_of(90), resets_of(90)


class Listener(Member):
    """A member with given logits, the same after every token, that keeps what it is to learn."""

    learns_windows = True

    def __init__(self, logits: FloatArray) -> None:
        self.logits, self.learnt = logits, list[tuple[list[int], list[int], list[bool] | None]]()

    def predict(self, tokens: TokenArray, resets: BoolArray | None) -> FloatArray:
        return np.tile(self.logits, (len(tokens), 1))

    def learn(self, tokens: TokenArray, targets: TokenArray, resets: BoolArray | None) -> None:
        self.learnt.append((tokens.tolist(), targets.tolist(), None if resets is None else resets.tolist()))

    def save(self) -> Any:
        return len(self.learnt)

    def restore_(self, saved: Any) -> None:
        del self.learnt[saved:]


def listeners() -> list[Listener]:
    rng = np.random.default_rng(5)
    return [Listener(rng.normal(size=V)) for _ in range(2)]


@pytest.mark.parametrize(
    "cuts", [[], [1], [20], [5, 25, 41], [*range(1, 62)]], ids=lambda cuts: f"{len(cuts)}"
)
def test_each_window_is_learnt_once_when_its_last_target_is_read(cuts: list[int]) -> None:
    """However the tokens are cut: windows of WINDOW tokens, the targets one further on, their resets."""
    members = listeners()
    stream = Stream(members, np.array([1.0, 1.0]), 0.01)
    for part in np.split(np.arange(62), cuts):
        stream.read(TOKENS[part], RESETS[part])
    expected = [
        (*(TOKENS[some].tolist() for some in (window, window + 1)), RESETS[window].tolist())
        for window in np.arange(60).reshape(-1, WINDOW)
    ]
    for member in members:
        assert member.learnt == expected
    assert any(any(resets or ()) for _, _, resets in members[0].learnt)


def test_a_window_is_not_learnt_before_the_next_token_is_read() -> None:
    """Its last target is not known before."""
    (member, other) = listeners()
    stream = Stream([member, other], np.array([1.0, 1.0]), 0.01)
    stream.read(TOKENS[:WINDOW], None)
    assert member.learnt == []
    stream.read(TOKENS[WINDOW : WINDOW + 1], None)
    assert len(member.learnt) == 1


def test_the_weights_follow_the_text() -> None:
    """Two windows by hand: each weight goes down the mean of E[log p_i] - log p_i(target)."""
    members, rate = listeners(), 0.3
    stream = Stream(members, np.array([0.6, 0.7]), rate)
    weights = [0.6, 0.7]
    for begin in (0, WINDOW):
        stream.read(TOKENS[begin : begin + WINDOW], None)
        assert_close(stream.weights, weights)
        scores = [
            sum(w * member.logits[v] for w, member in zip(weights, members, strict=True)) for v in range(V)
        ]
        total = sum(map(math.exp, scores))
        p = [math.exp(score) / total for score in scores]
        targets = [one for one in TOKENS[begin + 1 : begin + WINDOW + 1].tolist() if one >= 0]
        slopes = [
            sum(q * logit for q, logit in zip(p, member.logits, strict=True))
            - sum(member.logits[one] for one in targets) / len(targets)
            for member in members
        ]
        weights = [w - rate * slope for w, slope in zip(weights, slopes, strict=True)]
    stream.read(TOKENS[2 * WINDOW : 2 * WINDOW + 1], None)
    assert_close(stream.weights, weights)


def test_the_weights_are_never_negative() -> None:
    """A member that is always wrong ends with no weight, one that is always right has a bounded one."""
    right, wrong = np.zeros(V), np.zeros(V)
    right[3], wrong[3] = 1e3, -1e3
    stream = Stream([Listener(right), Listener(wrong)], np.array([1e-3, 1e-3]), 1e6)
    logits = stream.read(np.full(20 * WINDOW, 3, np.int32), None)
    assert np.isfinite(logits).all()
    assert stream.weights[1] == 0
    assert 0 < stream.weights[0] <= MAX_WEIGHT


def test_a_text_of_unknown_tokens_changes_no_weight() -> None:
    """Nothing is learnt from targets that are in no vocabulary."""
    stream = Stream(listeners(), np.array([0.6, 0.7]), 0.3)
    stream.read(np.full(3 * WINDOW, -1, np.int32), None)
    assert_close(stream.weights, [0.6, 0.7])


def test_a_frozen_stream_learns_nothing() -> None:
    """The weights stay, and no member is asked to learn."""
    members = listeners()
    stream = Stream(members, np.array([0.6, 0.7]), 0.3)
    stream.freeze_()
    stream.read(TOKENS, None)
    assert [member.learnt for member in members] == [[], []]
    assert_close(stream.weights, [0.6, 0.7])
    assert not any(member.is_learning for member in members)


@pytest.mark.parametrize("read_before", [0, 7, WINDOW, WINDOW + 1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_point_is_restored(kind: str, read_before: int) -> None:
    """What is read then is the same again, whatever was read in between: within MAX_BACK tokens."""
    stream = adaptive(kind).initial_state(1)
    if read_before:
        stream.read(TOKENS[:read_before], RESETS[:read_before])
    saved = stream.save()
    stream.read(TOKENS[50:62], None)
    stream.restore_(saved)
    again = stream.read(TOKENS[read_before:], RESETS[read_before:])
    alone = adaptive(kind).initial_state(1).read(TOKENS, RESETS)
    assert_close(p_of(again), p_of(alone[read_before:]), tolerance=1e-6)
