"""Draws for many texts at once are those for each alone."""

import numpy as np
import pytest

from charseq.config import SampleConfig
from charseq.sampling.draws import draw_each, is_plain
from charseq.sampling.filters import draw

LOGITS = np.random.default_rng(0).normal(0, 3, (50, 23)).astype(np.float32)
LOGITS[:, 5] = -np.inf
LENGTHS = list(range(50))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"temperature": 0.0},
        {"temperature": 1e-300},
        {"temperature": 30.0},
        {"top_k": 3},
        {"top_p": 0.6, "min_p": 0.1},
        {"temperature_end": 0.0, "length": 50},
    ],
)
def test_each_row_is_drawn_as_alone(changes: dict[str, float]) -> None:
    """The tokens and the random numbers used are those of `draw`, for many rows and for one."""
    config = SampleConfig.model_validate(changes)
    rngs, twins = ([np.random.default_rng(k) for k in range(50)] for _ in range(2))
    expected = [draw(*row) for row in zip(LOGITS, [config] * 50, twins, LENGTHS, strict=True)]
    assert draw_each(LOGITS, config, rngs, LENGTHS) == expected
    assert [rng.random() for rng in rngs] == [rng.random() for rng in twins]
    assert draw_each(LOGITS[:1], config, twins[:1], [0])[0] != 5


def test_only_a_temperature_is_plain() -> None:
    """Any filter, and a temperature that changes, is left to `draw`."""
    assert is_plain(SampleConfig(temperature=2.0, length=3, num_samples=4, seed=5))
    for changes in ({"top_k": 1}, {"top_p": 0.5}, {"typical": 0.5}, {"min_p": 0.5}, {"temperature_end": 1.0}):
        assert not is_plain(SampleConfig.model_validate(changes))
    assert not is_plain(SampleConfig(temperature=0.0))
