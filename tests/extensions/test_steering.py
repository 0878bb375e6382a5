"""A filter and a constraint that are not part of the project: each takes the place of another."""

from itertools import pairwise
from typing import Self

import numpy as np
import pytest

from charseq.arrays import FloatArray
from charseq.config import SampleConfig
from charseq.registry import CONSTRAINTS, FILTERS
from charseq.sampling import Order, Start, sampled
from charseq.sampling.constraints.chars import ALL, Chars
from charseq.sampling.constraints.constraint import Constraint, Knowledge
from charseq.sampling.filters import draw
from tests.scoring.twins import Kind


def not_the_likeliest(p: FloatArray, log_p: FloatArray, share: float) -> None:
    """Leave out the likeliest token."""
    p[log_p.argmax()] = 0


class Alternating(Constraint):
    """No character twice in a row, and the longest text that fits; a state is the last character."""

    name = "allow"

    @classmethod
    def of(cls, value: str, knowledge: Knowledge) -> Self:
        return cls()

    def begin(self, prompt: str) -> tuple[str, int]:
        return prompt[-1:], 0

    def after(self, state: tuple[str, int], char: str) -> tuple[str, int]:
        return char, state[1] + 1

    def chars(self, state: tuple[str, int], left: int) -> Chars:
        return Chars(frozenset(state[0]), others=True) if state[0] else ALL

    def may_end(self, state: tuple[str, int]) -> bool:
        return state[1] == 9


def test_a_filter_is_one_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is on when its setting is not at its default."""
    monkeypatch.setitem(FILTERS, "min_p", not_the_likeliest)
    rng, logits = np.random.default_rng(0), np.array([5.0, 1.0, 1.0])
    assert {draw(logits, SampleConfig(min_p=0.5), rng) for _ in range(50)} == {1, 2}


def test_a_constraint_is_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are drawn under its condition."""
    monkeypatch.setitem(CONSTRAINTS, "allow", Alternating)
    kind, config = Kind("gru", "line"), SampleConfig(allow="any", num_samples=3, length=9, seed=1)
    for one in sampled(Start(kind.make(), kind.codec, "h"), Order.of(config, kind.codec)):
        read = f"h{one.text}"
        assert len(one.text) == 9
        assert all(a != b for a, b in pairwise(read))
