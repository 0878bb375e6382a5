"""Many prompts continued together, and the beam search, against twins."""

from itertools import product

import numpy as np
import pytest

from charseq.config import SampleConfig
from charseq.sampling import Order, Start, sampled
from charseq.sampling.beam import BeamSearch
from charseq.sampling.continuations import Continuation, continuations
from charseq.scoring import Scorer
from charseq.text.codec import Codec
from tests.scoring.twins import Kind, each

PROMPTS = ["a", "", "bcab", "gg"]
LIKELIEST = SampleConfig(temperature=0, length=4)
KINDS = each(Kind("gru", "line"), Kind("ngram", "line"), Kind("mixture", "line"), Kind("gru", "line", "pair"))


def price(kind: Kind, prompt: str, text: str, *, is_ended: bool) -> float:
    """Return the nats of a continuation as `evaluate` has them."""
    whole = prompt + text + "\n" * is_ended
    return float(Scorer(kind.make(), kind.codec).score(whole).nats[len(prompt) :].sum())


@KINDS
def test_each_prompt_is_continued_as_alone(kind: Kind) -> None:
    """With temperature 0 the text is that of `sampled` for this prompt only."""
    found = continuations(kind.make(), kind.codec, PROMPTS, LIKELIEST)
    for one, prompt in zip(found, PROMPTS, strict=True):
        (alone,) = sampled(Start(kind.make(), kind.codec, prompt), Order.of(LIKELIEST, kind.codec))
        assert (one.prompt, one.text) == (prompt, alone.text)


@KINDS
def test_the_probability_is_that_of_scoring(kind: Kind) -> None:
    """The newline is a part of what is priced, unless the text was cut."""
    for config in (LIKELIEST, SampleConfig(temperature=1, length=6)):
        rngs = [np.random.default_rng(k) for k in range(len(PROMPTS))]
        for one in continuations(kind.make(), kind.codec, PROMPTS, config, rngs=rngs):
            nats = price(kind, one.prompt, one.text, is_ended=len(one.text) < config.length)
            assert one.nats == pytest.approx(nats, abs=1e-4)
            assert one.probability == pytest.approx(2**-one.bits)


def test_nothing_is_continued_by_no_characters() -> None:
    """A length of 0 gives empty texts of probability 1."""
    kind = Kind("gru", "line")
    found = continuations(kind.make(), kind.codec, ["a"], SampleConfig(length=0))
    assert found == [Continuation("a", "", 0.0)]


@KINDS
def test_a_beam_of_one_always_takes_the_likeliest(kind: Kind) -> None:
    """It is the continuation with temperature 0."""
    search = BeamSearch(kind.make(), kind.codec, width=1, length=4)
    for one in continuations(kind.make(), kind.codec, PROMPTS, LIKELIEST):
        (found,) = search.best([one.prompt])
        assert found.text == one.text
        assert found.nats == pytest.approx(one.nats, abs=1e-4)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_beam_as_wide_as_all_texts_finds_the_likeliest(prompt: str) -> None:
    """The twin prices every text of at most two characters."""
    kind = Kind("gru", "line")
    chars = [char for char in kind.codec.tokenizer.alphabet if char != "\n"]
    texts = ["", *chars, *map("".join, product(chars, repeat=2))]
    lines = [f"{prompt}{text}\n" for text in texts]
    nats = Scorer(kind.make(), kind.codec).score("".join(lines)).nats
    priced = np.split(nats, np.cumsum([len(line) for line in lines])[:-1])
    prices = {
        text: one[len(prompt) :].sum() if len(text) < 2 else one[len(prompt) : -1].sum()
        for text, one in zip(texts, priced, strict=True)
    }
    best = min(prices, key=prices.__getitem__)
    (found,) = BeamSearch(kind.make(), kind.codec, width=1000, length=2).best([prompt])
    assert (found.text, found.nats) == (best, pytest.approx(prices[best], abs=1e-4))


@KINDS
@pytest.mark.parametrize("width", [1, 3])
def test_beams_of_many_prompts_are_those_of_each_alone(kind: Kind, width: int) -> None:
    """They are read together; some end sooner, and the results keep the order of the prompts."""
    search = BeamSearch(kind.make(), kind.codec, width=width, length=5)
    together = search.best([*PROMPTS, "a"])
    for found, prompt in zip(together, [*PROMPTS, "a"], strict=True):
        (alone,) = search.best([prompt])
        assert (found.prompt, found.text) == (prompt, alone.text)
        assert found.nats == pytest.approx(alone.nats, rel=1e-9)
    assert search.best([]) == []


def test_a_prompt_is_completed_by_its_separator() -> None:
    """It stays in the row as it was given."""
    kind = Kind("gru", "line")
    codec = Codec(kind.codec.tokenizer, "line", target_after="g")
    lacking, having = continuations(kind.make(), codec, ["ab", "abg"], LIKELIEST)
    assert lacking.prompt == "ab"
    assert (lacking.text, lacking.nats) == (having.text, pytest.approx(having.nats, abs=1e-5))
