"""Draws for many texts at once are those for each alone."""

import numpy as np
import pytest

from charseq.config import SampleConfig
from charseq.sampling.draws import COMPILED_TOKENS, Drawer, draw_each, is_plain
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


@pytest.mark.parametrize("changes", [{}, {"temperature": 0.3}, {"top_k": 3}, {"temperature": 0.0}])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compiled_draws_are_those_of_numpy(changes: dict[str, float], dtype: type) -> None:
    """The tokens and the random numbers used are the same."""
    pytest.importorskip("numba")
    config = SampleConfig.model_validate(changes)
    rng, twin = np.random.default_rng(1), np.random.default_rng(1)
    drawer = Drawer(config, LOGITS.shape[1])
    for k in range(500):
        logits = LOGITS[k % 50].astype(dtype)
        assert drawer.draw(logits, rng, k) == draw(logits, config, twin, k)
    assert rng.random() == twin.random()


class At(np.random.Generator):
    """Random numbers that are all the same."""

    def __init__(self, chance: float) -> None:
        super().__init__(np.random.PCG64())
        self._chance = chance

    def random(self, *arguments: object, **more: object) -> float:  # type: ignore[override]
        return self._chance


@pytest.mark.parametrize("chance", [0.0, 0.25, 0.5, 0.75 - 1e-16, 0.75 + 1e-12, 1 - 1e-16])
def test_numpy_decides_where_rounding_might(chance: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the token is the same for every random number, at the border between two tokens, too."""
    pytest.importorskip("numba")
    from charseq.sampling import compiled

    logits, config, answers = np.zeros(4, np.float32), SampleConfig(), list[int]()
    draw_at = compiled.draw_at

    def noted(*arguments: object) -> int:
        answers.append(draw_at(*arguments))
        return answers[-1]

    monkeypatch.setattr(compiled, "draw_at", noted)
    assert Drawer(config, 4).draw(logits, At(chance), 0) == draw(logits, config, At(chance))
    assert answers == [-1] or chance == 0.0


def test_many_tokens_are_drawn_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It computes exponentials side by side."""
    pytest.importorskip("numba")
    from charseq.sampling import compiled

    monkeypatch.delattr(compiled, "draw_at")
    config = SampleConfig()
    drawer = Drawer(config, COMPILED_TOKENS + 1)
    logits = np.arange(COMPILED_TOKENS + 1, dtype=np.float32)
    assert drawer.draw(logits, np.random.default_rng(2), 0) == draw(logits, config, np.random.default_rng(2))
