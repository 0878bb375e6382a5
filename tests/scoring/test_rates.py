"""The choice of rates: from validation text, within its time, the same one each time."""

import math
import tracemalloc
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from charseq.adaptation import AdaptiveModel, Rates
from charseq.adaptation.adaptive import CACHE_WEIGHT, RATE
from charseq.adaptation.gradient import WINDOW
from charseq.config import ModelConfig
from charseq.models import MODELS, fit_ngram
from charseq.scoring import Scorer, rates
from charseq.scoring.rates import FACTOR, MAX_SCALE, MIN_WINDOWS, choose_rates
from charseq.text import CharTokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from tests.adaptation.builders import SENTENCE, adaptive, codec_of, members_of, network

CODEC = codec_of()
TRAIN = EncodedText.of("the rain in spain stays mainly in the plain\n" * 30)
VALID = EncodedText.of("stays in the plain, mainly the rain\n".replace(",", "") * 16)


class Clock:
    """A clock that goes on by one second whenever it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@cache
def usually_chosen(kind: str = "gru") -> Rates:
    """Return the rates of the usual text, chosen once."""
    return chosen(kind)


def chosen(kind: str = "gru", valid: EncodedText = VALID, **options: float) -> Rates:
    found = choose_rates(members_of(kind), CODEC, TRAIN, valid, **options)  # type: ignore[arg-type]
    assert found is not None
    return found


def nats_with(found: Rates, kind: str = "gru") -> float:
    text = str(VALID)
    return float(Scorer(AdaptiveModel(members_of(kind), found), CODEC).score(text).nats.sum())


@pytest.mark.parametrize("kind", ["gru", "ngram", "mixture"])
def test_a_choice_is_that_of_a_model_and_the_same_each_time(kind: str) -> None:
    """It has an entry for each member, and one more weight for the cache."""
    found = usually_chosen(kind)
    found.check(len(members_of(kind)))
    assert chosen(kind) == found
    assert min(found.rates) > 0


def test_the_validation_text_costs_less_than_with_other_rates() -> None:
    """Fewer nats than with a fourth of the chosen rate or four times as much, and than with the usual one."""
    found = usually_chosen()
    (rate,) = found.rates
    assert math.log(rate / RATE, FACTOR) == pytest.approx(round(math.log(rate / RATE, FACTOR)))
    best = nats_with(found)
    for factor in (1 / 4, 4):
        assert nats_with(found.model_copy(update={"rates": (factor * rate,)})) > best
    assert nats_with(Rates.usual([1.0])) > best


def test_ngrams_get_weights_alone() -> None:
    """Nothing is tried with gradients: their rate means nothing."""
    found = usually_chosen("ngram")
    assert (found.rates, found.scales) == ((RATE,), ({},))
    assert found.weights != (1.0, CACHE_WEIGHT)
    assert min(found.weights) >= 0


def test_distributions_are_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a large vocabulary they take most of the memory: 3,000 of two models, 4 bytes a token."""
    monkeypatch.setattr(rates, "FIT_WINDOWS", 150)
    text = EncodedText.of("".join(map(chr, range(0x4E00, 0x4E00 + 600))) * 6)
    codec = Codec(CharTokenizer.fit(str(text)), "stream")
    model = fit_ngram(Examples(text, codec), vocab_size=codec.vocab_size, order=1)
    tracemalloc.start()
    try:
        choose_rates([(ModelConfig(kind="ngram", order=1), model)], codec, None, text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.6 * (2 * 3000 * codec.vocab_size * 4)


def test_known_rates_are_kept() -> None:
    """For models that were chosen for before, the weights of the mixture alone are fitted."""
    known = Rates(rates=(0.7, 0.1), scales=({"projection.V": 2.0}, {}), weights=())
    found = choose_rates(members_of("mixture"), CODEC, None, VALID, known=known)
    assert found is not None
    assert (found.rates, found.scales) == (known.rates, known.scales)
    assert len(found.weights) == 3


def test_scales_are_one_on_the_geometric_mean() -> None:
    """The matrices with the smaller gradients have the larger scales."""
    (scales,) = usually_chosen().scales
    assert scales.keys() == network().params.keys()
    assert sum(map(math.log, scales.values())) == pytest.approx(0, abs=1e-9)
    assert max(scales.values()) <= MAX_SCALE


def test_a_dead_matrix_has_no_scale_without_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of zeros, where some gradients vanish: all rates are those that a file may have."""
    config, trained = members_of("gru")[0]
    dead = MODELS["recurrent"].build(config, trained.vocab_size, np.random.default_rng(0))
    for k, array in enumerate(dict(dead.params).values()):  # type: ignore[attr-defined]
        array[...] = 0 if k % 2 else 1e-30
    found = choose_rates([(config, dead)], CODEC, TRAIN, VALID)
    assert found is not None
    found.check(1)
    assert all(1 / MAX_SCALE <= one <= MAX_SCALE for one in found.scales[0].values())


@pytest.mark.parametrize("text", ["", "Ж" * 2000, SENTENCE[:40] * 12], ids=["empty", "unknown", "short"])
def test_a_text_with_too_little_to_learn_gives_no_rates(text: str) -> None:
    """Too few whole windows, or none in which a character is known."""
    short = text[: MIN_WINDOWS * WINDOW - 1] if "Ж" not in text else text
    assert choose_rates(members_of("gru"), CODEC, TRAIN, EncodedText.of(short)) is None


def test_the_shortest_text_from_which_rates_are_chosen() -> None:
    """MIN_WINDOWS whole windows."""
    assert chosen(valid=VALID[: MIN_WINDOWS * WINDOW]).rates[0] > 0


def test_unknown_characters_are_left_out() -> None:
    """Among known ones they do no harm."""
    text = EncodedText.of((str(VALID)[:30] + "Ж" * 30) * 20)
    found = chosen(valid=text)
    assert all(map(math.isfinite, found.weights))


@pytest.mark.parametrize("seconds", [0.0, 5.0, 60.0, 150.0])
def test_the_seconds_are_kept(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """After them no more windows are read than the fewest: those for the scales, and those for the weights.

    A rate that was not tried to its end is not taken.
    """
    clock, windows = Clock(), []
    learn = rates.GradientSteps.learn

    def counted(self: rates.GradientSteps, *window: object) -> None:
        windows.append(clock.now)
        learn(self, *window)  # type: ignore[arg-type]

    monkeypatch.setattr(rates.GradientSteps, "learn", counted)
    found = chosen(seconds=seconds, clock=clock)  # type: ignore[arg-type]
    assert sum(time > seconds + 1 for time in windows) <= 2 * MIN_WINDOWS
    if seconds <= 60:
        assert found.rates == (RATE,)


def test_a_rate_is_chosen_when_there_is_time() -> None:
    """With a clock that goes on and on, the result is that without one."""
    assert chosen(seconds=1e6, clock=Clock()) == usually_chosen()  # type: ignore[arg-type]


def test_the_models_are_left_as_they_are() -> None:
    """The network's weights keep their bits."""
    before = network().params.flat.copy()
    chosen("mixture")
    np.testing.assert_array_equal(network().params.flat, before)


def test_lines_are_read_with_their_resets() -> None:
    """For a model of lines another choice is made than for one stream."""
    members = members_of("gru", "line")
    found = choose_rates(members, codec_of("line"), TRAIN, VALID)
    assert found is not None
    assert found != usually_chosen()
    assert found.weights != adaptive("gru").rates.weights


def test_windows_are_whole() -> None:
    """Of a text one token longer than two windows there are two."""

    def lengths() -> Iterator[int]:
        for inputs, targets, _, counts in rates._windows(
            CODEC, EncodedText.of(str(VALID)[: 2 * WINDOW + 1]), 5
        ):
            assert len(inputs) == len(targets) == counts.sum()
            yield len(inputs)

    assert list(lengths()) == [WINDOW, WINDOW]


def test_rates_are_chosen_on_what_counts() -> None:
    """Where targets count alone, other sources before them change no weight of the mixture of what counts."""
    pairs = "abc\tdefghi\nbca\tefghid\n" * 60
    codec = Codec(CODEC.tokenizer, "line", target_after="\t")
    windows = list(rates._windows(codec, EncodedText.of(pairs), 4))
    counted = codec.counted(pairs)
    assert counted is not None
    found = np.concatenate([window.counts for window in windows])
    known = codec.tokenizer.encode(pairs) >= 0
    np.testing.assert_array_equal(found, (counted & known)[: len(found)])
    assert 0 < found.sum() < len(found)
    everything = Codec(CODEC.tokenizer, "line", target_after="\t", loss_on="all")
    both = [
        choose_rates(members_of("ngram"), one, None, EncodedText.of(pairs)) for one in (codec, everything)
    ]
    assert both[0] is not None
    assert both[0] != both[1]


def test_nats_of_a_window_are_those_of_what_counts() -> None:
    """A window in which half of the targets count costs what these cost."""
    (window,) = rates._windows(CODEC, VALID, 1)
    half = window.counts.copy()
    half[::2] = False
    whole, some, others = (
        rates._nats(adaptive("gru").initial_state(1).members[0], window._replace(counts=counts))
        for counts in (window.counts, half, window.counts & ~half)
    )
    assert some + others == pytest.approx(whole, rel=1e-6)
    assert 0 < some < whole
