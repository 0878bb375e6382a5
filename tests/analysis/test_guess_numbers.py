"""Guess numbers against the enumeration of all lines of a small alphabet."""

import math
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from charseq.analysis.guess_numbers import GuessNumbers, with_last_newline
from charseq.analysis.streaming import each
from charseq.config import DataConfig, ModelConfig, Settings
from charseq.errors import ConfigError
from charseq.network import CharModel
from charseq.runs.checkpoint import Checkpoint, Provenance
from charseq.scoring import Scorer
from charseq.text import CharTokenizer
from charseq.text.codec import Codec
from tests.builders import with_random_parameters

LONGEST = 11
"""All lines of a and b up to this length; longer ones are less likely than those that are tried."""


def checkpoint(unit: str = "line", target_after: str = "") -> Checkpoint:
    tokenizer = CharTokenizer.fit("ab\n" * 50)
    model = with_random_parameters(CharModel(ModelConfig(cell="gru", hidden_size=6), 3), scale=0.4)
    model.params["projection.c"][0] += 1.0
    origin = Provenance((), "", 0, 0, 0, 0, "", "", "", "")
    settings = Settings(data=DataConfig.model_validate({"unit": unit}))
    return Checkpoint(
        model, Codec(tokenizer, settings.data.unit, target_after=target_after), settings, origin
    )


@cache
def enumerated() -> dict[str, float]:
    """Return the surprisal of each line, its newline counted, as scored one after the other."""
    lines = ["".join(chars) for length in range(LONGEST + 1) for chars in product("ab", repeat=length)]
    one = checkpoint()
    nats = Scorer(one.model, one.codec, ranks=False).score("".join(f"{line}\n" for line in lines)).nats
    ends = np.cumsum([len(line) + 1 for line in lines])
    sums = np.diff(np.concatenate([[0.0], np.cumsum(nats)[ends - 1]]))
    return dict(zip(lines, sums.tolist(), strict=True))


@cache
def drawn() -> GuessNumbers:
    """Return the guess numbers by 10,000 lines."""
    return GuessNumbers.of(checkpoint())


@pytest.mark.parametrize("rank", [0, 1, 5, 20, 60])
def test_the_estimate_agrees_with_all_lines(rank: int) -> None:
    """The true number of likelier lines lies in an interval of three standard errors."""
    nats = sorted(enumerated().values())
    assert nats[rank] < min(value for line, value in enumerated().items() if len(line) == LONGEST)
    found = drawn().of_line(nats[rank])
    assert found.low <= found.number <= found.high
    assert abs(found.number - rank) <= 1.6 * max(found.high - found.number, found.number - found.low)
    assert found.high - found.low < max(2, 0.5 * rank)


def test_the_ends_of_the_scale() -> None:
    """A line above all that were drawn has no likelier one; one below all has no upper end."""
    numbers = GuessNumbers(np.array([2.0, 1.0]), np.array([1.9, 0.9]), num_drawn=10)
    likeliest, least = numbers.of_line(0.5), numbers.of_line(3.0)
    assert (likeliest.number, likeliest.low) == (0.0, 0.0)
    assert likeliest.high == pytest.approx(0.3 * math.exp(0.5))
    assert least.number == pytest.approx((math.exp(1.9) + math.exp(0.9)) / 10)
    assert least.high == math.inf
    assert numbers.of_line(1.0).number == 0.0  # it is not likelier than itself
    assert numbers.of_line(1.5).number == pytest.approx(math.exp(0.9) / 10)


def test_lines_of_a_text(tmp_path: Path) -> None:
    """The last line is whole without its newline; one with an unseen character has no guess number."""
    numbers, one = drawn(), checkpoint()
    pieces = with_last_newline(["ab\nax", "b\n", "ba"])
    found = list(numbers.guessed(each(one, [("text", pieces)], "line")))  # type: ignore[arg-type]
    assert [guessed.line.text for guessed in found] == ["ab", "axb", "ba"]
    assert [guessed.guess is None for guessed in found] == [False, True, False]
    for guessed in (found[0], found[2]):
        assert guessed.line.score.nats == pytest.approx(enumerated()[f"{guessed.line.text}"], abs=1e-6)
    assert list(with_last_newline(["a\n"])) == ["a\n"]
    assert list(with_last_newline([])) == []


@pytest.mark.parametrize(("unit", "target_after"), [("stream", ""), ("line", "b")])
def test_only_models_of_whole_lines_have_guess_numbers(unit: str, target_after: str) -> None:
    """A stream has no end, and of targets the sources are not learnt."""
    with pytest.raises(ConfigError, match="need a model of whole lines"):
        GuessNumbers.of(checkpoint(unit, target_after), num_lines=1)
