"""Steered texts: with every kind of model and option, and refused where a wish makes no sense."""

import re
from typing import Any

import pytest

from charseq.config import SampleConfig
from charseq.errors import ConfigError
from charseq.sampling import Order, SampledText, Start, sampled, texts
from charseq.sampling.sampler import text_to_go_on
from charseq.scoring import Scorer
from tests.adaptation.builders import adaptive, codec_of
from tests.sampling.test_conditional import written
from tests.scoring.twins import Kind, each


def made(kind: Kind, prompt: str, **changes: Any) -> list[SampledText]:
    """Return texts as the sampler makes them, with those of `texts` beside them."""
    config = SampleConfig.model_validate({"length": 8, "seed": 3, **changes})
    start, order = Start(kind.make(), kind.codec, prompt), Order.of(config, kind.codec)
    found = list(sampled(start, order))
    assert ["".join(pieces) for pieces in texts(start, order)] == [one.text for one in found]
    return found


@each(Kind("gru", "line"), Kind("ngram", "line"), Kind("gru", "line", "pair"))
def test_the_sampler_steers_its_texts(kind: Kind) -> None:
    """A text of a seed is the same whatever the number of texts, and the prompt counts."""
    wish = {"forbid": ("he", "o"), "temperature": 0.7}
    four = made(kind, "h", num_samples=4, **wish)
    assert made(kind, "h", num_samples=2, **wish) == four[:2]
    assert all("he" not in f"h{one.text}" and "o" not in one.text for one in four)


@each(Kind("gru", "line"), Kind("mixture", "line"), Kind("gru", "line", "pair"))
def test_a_steered_text_has_the_price_of_scoring(kind: Kind) -> None:
    """At temperature 1 under the model as it is; what ended the text is a part of it."""
    for one in made(kind, "h", match="[a-z]{2,}", temperature=2.0, num_samples=3):
        whole = f"h{one.text}" + "\n" * (one.reason == "end")
        nats = Scorer(kind.make(), kind.codec).score(whole).nats[1:].sum()
        assert one.nats == pytest.approx(nats, abs=1e-6)
        assert (one.seed, one.log_weight) == (3, 0.0)


def test_an_adapted_model_is_steered() -> None:
    """Each text goes on from what was learnt from the prompt."""
    config = SampleConfig(num_samples=3, length=8, seed=1, match="[a-z]{2} ?[a-z]+", forbid=("e",))
    start = Start(adaptive("mixture"), codec_of(), "the rain in spain ")
    for text in sampled(start, Order.of(config, codec_of(), stops=["."])):
        assert re.fullmatch("[a-z]{2} ?[a-z]+", text.text)
        assert "e" not in text.text


def test_a_text_without_end_cannot_be_matched() -> None:
    """The message says what to do."""
    with pytest.raises(
        ConfigError, match=r"^sample.match: needs texts that end: give a stop, or take a model of"
    ):
        written(Kind("gru", "stream"), match="a", stops=())


def test_one_text_many_times_cannot_be_unique() -> None:
    """At temperature 0 there is only one; a single text may be cold."""
    kind = Kind("gru", "line")
    with pytest.raises(ConfigError, match=r"^sample.unique: at temperature 0 all texts are the same one$"):
        written(kind, unique=True, temperature=0.0)
    assert len(written(kind, unique=True, temperature=0.0, num_samples=1)) == 1


def test_without_its_training_text_a_model_cannot_be_kept_from_copies() -> None:
    """In Python a model can be sampled that has no run."""
    with pytest.raises(ConfigError, match=r"^sample.max_copy: the training text cannot be read: "):
        made(Kind("gru", "line"), "", max_copy=5)


def test_what_goes_on_from_a_steered_text_goes_on_from_its_state() -> None:
    """The start has then read the text, and its end."""
    kind = Kind("gru", "stream")
    config = SampleConfig(length=9, seed=1, match="[a-z]+", forbid=("e",))
    start, order = Start(kind.make(), kind.codec, "x"), Order.of(config, kind.codec, stops=["n"])
    text = "".join(text_to_go_on(start, order))
    assert re.fullmatch("[a-z]+", text)
    assert start.tail == f"x{text}"
    assert start.token == kind.codec.prompt(f"x{text}")[-1]
