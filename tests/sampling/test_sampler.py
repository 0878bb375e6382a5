"""Sampling: the likeliest at temperature 0, the softmax in the long run, and the right characters cut off."""

import math
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.cells import CELLS
from charseq.config import CellName, ModelConfig, SampleConfig
from charseq.models import NGram
from charseq.models.contract import LanguageModel
from charseq.network import CharModel
from charseq.sampling.sampler import PROMPT_STEPS, draw, finish_many, sample, sample_many, until
from charseq.text import UNSEEN

VOCAB_SIZE = 6
CHI_SQUARE_5 = 20.515
"""What chi-square of 5 degrees of freedom exceeds once in a thousand times."""

each_cell = pytest.mark.parametrize("cell", CELLS)
distinct_logits = st.permutations([-1.0, -0.6, -0.3, 0.0, 0.2, 0.7, 1.0]).map(np.array)


class Evenly:
    """Instead of chance: `num` numbers evenly spread over [0, 1)."""

    def __init__(self, num: int) -> None:
        self._numbers = iter((np.arange(num) + 0.5) / num)

    def random(self) -> float:
        return float(next(self._numbers))


class Always:
    """Instead of chance: the same number again and again."""

    def __init__(self, number: float) -> None:
        self._number = number

    def random(self) -> float:
        return self._number


def even_draws(logits: np.ndarray, config: SampleConfig, num: int = 1000) -> np.ndarray:
    """Return how often each token is drawn when the random numbers are evenly spread."""
    rng: Any = Evenly(num)
    return np.bincount([draw(logits, config, rng) for _ in range(num)], minlength=len(logits))


def drawn(logits: np.ndarray, **changes: float) -> set[int]:
    """Return the tokens that can be drawn at temperature 1."""
    config = SampleConfig.model_validate({"temperature": 1.0, **changes})
    return set(np.flatnonzero(even_draws(logits, config)).tolist())


@cache
def model_of(cell: CellName, dtype: type = np.float32, num_layers: int = 1) -> CharModel:
    config = ModelConfig(cell=cell, hidden_size=8, num_layers=num_layers)
    model = CharModel(config, VOCAB_SIZE, dtype)
    model.initialise_(np.random.default_rng(0))
    model.params.flat *= 3
    return model


def text_of(
    cell: CellName,
    *,
    prompt: list[int] | None = None,
    length: int = 50,
    temperature: float = 1.0,
    seed: int = 0,
    restart: int | None = None,
) -> list[int]:
    config = SampleConfig(length=length, temperature=temperature)
    prompt, rng = [UNSEEN] if prompt is None else prompt, np.random.default_rng(seed)
    return list(sample(model_of(cell), prompt, config, rng=rng, restart=restart))


def logits_after(cell: CellName, tokens: list[int]) -> np.ndarray:
    """Return the logits after each of `tokens`, read in one window."""
    model = model_of(cell)
    work = model.workspace(len(tokens), 1, backward=False)
    return model.forward(np.array(tokens, np.int32)[:, None], model.initial_state(1), work)[:, 0]


# draw


@given(logits=distinct_logits, scale=st.sampled_from([1e-6, 1.0, 1e4]))
def test_temperature_zero_is_the_argmax(logits: np.ndarray, scale: float) -> None:
    """At temperature 0 the likeliest token is drawn, whatever the chance."""
    config, rng = SampleConfig(temperature=0.0), np.random.default_rng(0)
    assert draw(scale * logits, config, rng) == np.argmax(logits)


@pytest.mark.parametrize("temperature", [1e-3, 1e-9, 1e-299, 1e-300, 1e-301, 1e-310, 5e-324])
@given(logits=distinct_logits, scale=st.sampled_from([1.0, 1e4]))
def test_low_temperature_is_the_argmax(temperature: float, logits: np.ndarray, scale: float) -> None:
    """At temperatures near 0 nothing overflows, and of distinct logits the largest is drawn."""
    config, rng = SampleConfig(temperature=temperature), np.random.default_rng(0)
    assert {draw(scale * logits, config, rng) for _ in range(20)} == {np.argmax(logits)}


@pytest.mark.parametrize("temperature", [1e-9, 1e-250, 1e-299, 1e-300, 1e-301, 1e-310, 5e-324])
def test_low_temperature_of_any_float32(temperature: float) -> None:
    """At temperatures near 0, logits as far apart as single precision goes do not overflow either."""
    logits, config = np.array([0, -3.4e38, 3.4e38, 1], np.float32), SampleConfig(temperature=temperature)
    assert {draw(logits, config, np.random.default_rng(0)) for _ in range(20)} == {2}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("temperature", [1e-9, 1e-300, 1e-310, 5e-324])
def test_low_temperature_of_equals_is_uniform(temperature: float, dtype: type) -> None:
    """At temperatures near 0, equal logits are drawn alike where they are the largest, the others never."""
    logits: np.ndarray = np.array([1.0, 3.0, 2.999, 3.0, -50.0, 3.0], dtype)
    counts = even_draws(logits, SampleConfig(temperature=temperature))
    assert counts == pytest.approx([0, 1000 / 3, 0, 1000 / 3, 0, 1000 / 3], abs=1)


@pytest.mark.parametrize("temperature", [1e-9, 1e-300, 1e-310])
@pytest.mark.parametrize(("changes", "tokens"), [({"top_k": 2}, {1, 3}), ({"top_p": 0.5}, {1, 3})])
def test_low_temperature_of_equals_is_cut(
    temperature: float, changes: dict[str, float], tokens: set[int]
) -> None:
    """At temperatures near 0, the cuts keep the first of equal logits."""
    logits = np.array([1.0, 3.0, 2.999, 3.0, -50.0, 3.0])
    assert drawn(logits, temperature=temperature, **changes) == tokens


@pytest.mark.parametrize("temperature", [1e9, 1e308])
def test_high_temperature_is_uniform(temperature: float) -> None:
    """At huge temperatures all tokens are drawn alike."""
    counts = even_draws(np.array([-1e3, 0.0, 5.0, 1e3]), SampleConfig(temperature=temperature))
    assert counts == pytest.approx(np.full(4, 250), abs=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_even_chance_gives_the_softmax(temperature: float) -> None:
    """Evenly spread random numbers give each token its share of softmax(logits / temperature)."""
    logits = np.array([0.3, -1.0, 2.0, 0.0, 1.0, -0.5])
    weights = np.exp(logits / temperature)
    counts = even_draws(logits, SampleConfig(temperature=temperature), num=10_000)
    assert counts == pytest.approx(10_000 * weights / weights.sum(), abs=1)


@pytest.mark.parametrize("temperature", [1e-200, 1e-9, 1e-3, 1e3, 1e9, 1e200])
def test_temperature_is_a_scale(temperature: float) -> None:
    """Logits as small or as large as the temperature are drawn as others are at temperature 1."""
    logits = np.array([0.3, -1.0, 2.0, 0.0, 1.0, -0.5])
    counts = even_draws(temperature * logits, SampleConfig(temperature=temperature))
    assert counts == pytest.approx(even_draws(logits, SampleConfig(temperature=1.0)), abs=1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_long_run_is_the_softmax(temperature: float) -> None:
    """In the long run frequencies are those of softmax(logits / temperature), by the chi-square test."""
    logits = np.array([0.3, -1.0, 2.0, 0.0, 1.0, -0.5], np.float32)
    config, rng = SampleConfig(temperature=temperature), np.random.default_rng(0)
    counts = np.bincount([draw(logits, config, rng) for _ in range(10_000)], minlength=VOCAB_SIZE)
    weights = np.exp(logits.astype(np.float64) / temperature)
    expected = 10_000 * weights / weights.sum()
    assert np.sum((counts - expected) ** 2 / expected) < CHI_SQUARE_5


@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_logits_count_by_their_differences(shift: float) -> None:
    """Logits shifted by a number, even a huge one, are drawn from alike."""
    logits, config = np.array([0.25, -1.0, 2.0, 0.0]), SampleConfig(temperature=1.0)
    assert even_draws(logits + shift, config).tolist() == even_draws(logits, config).tolist()


@pytest.mark.parametrize("changes", [{}, {"top_k": 3}, {"top_p": 0.7}])
def test_one_random_number_each(changes: dict[str, float]) -> None:
    """A draw takes one uniform number, so that settings do not shift what follows."""
    config = SampleConfig.model_validate({"temperature": 1.0, **changes})
    rng, twin = np.random.default_rng(0), np.random.default_rng(0)
    for _ in range(10):
        draw(np.arange(6.0), config, rng)
        twin.random()
    assert rng.random() == twin.random()


def test_logits_are_left_alone() -> None:
    """Drawing does not change the logits."""
    logits = np.array([0.3, -1.0, 2.0])
    draw(logits, SampleConfig(temperature=0.5, top_k=2, top_p=0.5), np.random.default_rng(0))
    assert logits.tolist() == [0.3, -1.0, 2.0]


@given(logits=distinct_logits, temperature=st.floats(1e-3, 1e3))
def test_top_one_is_the_argmax(logits: np.ndarray, temperature: float) -> None:
    """Of the single likeliest token, that one is drawn."""
    config = SampleConfig(temperature=temperature, top_k=1)
    assert draw(logits, config, np.random.default_rng(0)) == np.argmax(logits)


@settings(deadline=None, max_examples=30)
@given(logits=distinct_logits, top_k=st.integers(1, 9))
def test_top_k_keeps_the_k_likeliest(logits: np.ndarray, top_k: int) -> None:
    """Exactly the k likeliest tokens can be drawn."""
    assert drawn(logits, top_k=top_k) == set(np.argsort(-logits)[:top_k].tolist())


def test_top_k_zero_keeps_all() -> None:
    """A k of 0 means all."""
    assert drawn(np.zeros(4), top_k=0) == {0, 1, 2, 3}


def test_top_k_of_equals() -> None:
    """Of equally likely tokens no more than k are kept, the first ones."""
    assert drawn(np.zeros(4), top_k=2) == {0, 1}


# The likelihoods 0.15, 0.5, 0.05, 0.3; sorted and added up: 0.5, 0.8, 0.95, 1.
SHARES = np.log([0.15, 0.5, 0.05, 0.3])


@pytest.mark.parametrize(
    ("top_p", "tokens"),
    [
        (1e-300, {1}),
        (0.1, {1}),
        (0.49, {1}),
        (0.51, {1, 3}),
        (0.79, {1, 3}),
        (0.81, {0, 1, 3}),
        (0.94, {0, 1, 3}),
        (0.96, {0, 1, 2, 3}),
        (1.0, {0, 1, 2, 3}),
    ],
)
def test_top_p_keeps_the_fewest_that_reach_it(top_p: float, tokens: set[int]) -> None:
    """Exactly the fewest likeliest tokens that together reach the share can be drawn."""
    assert drawn(SHARES, top_p=top_p) == tokens


@pytest.mark.parametrize(
    ("top_k", "top_p", "tokens"),
    [(2, 0.6, {1}), (2, 0.65, {1, 3}), (1, 0.99, {1}), (3, 0.99, {0, 1, 3}), (3, 0.51, {1})],
)
def test_top_p_is_a_share_of_what_top_k_leaves(top_k: int, top_p: float, tokens: set[int]) -> None:
    """With both cuts the share is that of the k likeliest."""
    assert drawn(SHARES, top_k=top_k, top_p=top_p) == tokens


def test_top_p_is_taken_at_the_temperature() -> None:
    """The share is that of the likelihoods at the temperature in force."""
    logits = np.array([math.log(0.6), math.log(0.4)])
    counts = even_draws(logits, SampleConfig(temperature=0.1, top_p=0.9))
    assert counts.tolist() == [1000, 0]


def test_what_is_kept_keeps_its_proportions() -> None:
    """The tokens that a cut leaves are drawn in proportion to their likelihoods."""
    counts = even_draws(SHARES, SampleConfig(temperature=1.0, top_k=2))
    assert counts == pytest.approx([0, 625, 0, 375], abs=1)


@pytest.mark.parametrize("number", [0.0, math.nextafter(1.0, 0.0)])
def test_what_is_cut_is_never_drawn(number: float) -> None:
    """The extreme random numbers draw no token that was cut off, at either end."""
    rng: Any = Always(number)
    assert draw(np.array([0.0, 5.0, 4.9, 0.0]), SampleConfig(temperature=1.0, top_k=2), rng) in {1, 2}


@pytest.mark.parametrize("number", [0.0, math.nextafter(1.0, 0.0)])
def test_the_impossible_is_never_drawn(number: float) -> None:
    """The extreme random numbers draw no token whose likelihood is zero."""
    rng: Any = Always(number)
    assert draw(np.array([-1e4, 0.0, 0.0, -1e4]), SampleConfig(temperature=1.0), rng) in {1, 2}


# sample


@each_cell
@pytest.mark.parametrize("prompt", [[UNSEEN], [3], [UNSEEN, 0, 5, UNSEEN, 2]])
def test_tokens_fed_are_those_yielded(cell: CellName, prompt: list[int]) -> None:
    """Each token is drawn from the logits after the prompt and all that was yielded before it."""
    tokens = text_of(cell, prompt=prompt, seed=5)
    model, config, rng = model_of(cell), SampleConfig(temperature=1.0), np.random.default_rng(5)
    state, work = model.initial_state(1), model.workspace(1, 1, backward=False)
    expected: list[int] = []
    for k in range(len(prompt) + 49):
        token = (prompt + expected)[k]
        logits = model.forward(np.array([[token]], np.int32), state, work)[0, 0]
        if k + 1 >= len(prompt):
            expected.append(draw(logits, config, rng))
    assert tokens == expected


@each_cell
def test_greedy_text_is_the_likeliest_at_each_step(cell: CellName) -> None:
    """At temperature 0 each token is the argmax after all the tokens before it, read in one window."""
    tokens = text_of(cell, prompt=[2, 4], temperature=0.0)
    assert tokens == np.argmax(logits_after(cell, [2, 4, *tokens])[1:-1], axis=-1).tolist()


@each_cell
def test_same_seed_same_text(cell: CellName) -> None:
    """The same seed gives the same text."""
    assert text_of(cell, seed=7) == text_of(cell, seed=7)


@each_cell
def test_other_seed_other_text(cell: CellName) -> None:
    """Another seed gives another text."""
    assert text_of(cell, seed=7) != text_of(cell, seed=8)


@each_cell
def test_prompt_matters(cell: CellName) -> None:
    """The whole prompt is read, not its last token alone."""
    assert text_of(cell, prompt=[0, 0, 1]) != text_of(cell, prompt=[5, 3, 1])


@each_cell
def test_restart_in_the_prompt(cell: CellName) -> None:
    """What stands before the token of a restart is forgotten."""
    assert text_of(cell, prompt=[0, 5, 2, 3], restart=2) == text_of(cell, prompt=[2, 3], restart=2)


@each_cell
def test_restart_while_drawing(cell: CellName) -> None:
    """What follows a drawn token of a restart is drawn as if that were the whole prompt."""
    tokens = text_of(cell, length=200, restart=2)
    place = max(k for k, token in enumerate(tokens) if token == 2)
    rng = np.random.default_rng(0)
    rng.random(place + 1)
    config = SampleConfig(length=199 - place, temperature=1.0)
    assert tokens[place + 1 :] == list(sample(model_of(cell), [2], config, rng=rng))


@pytest.mark.parametrize("length", [0, 1, 7])
def test_length(length: int) -> None:
    """As many tokens are yielded as were asked for."""
    assert len(text_of("gru", length=length)) == length


def test_longer_text_begins_like_a_shorter_one() -> None:
    """The length does not change what is drawn."""
    assert text_of("gru", length=60)[:50] == text_of("gru", length=50)


def test_tokens_come_one_by_one() -> None:
    """A token is yielded as soon as it is drawn: no more random numbers are used than tokens taken."""
    rng, twin = np.random.default_rng(0), np.random.default_rng(0)
    tokens = sample(model_of("gru"), [UNSEEN], SampleConfig(length=50, temperature=1.0), rng=rng)
    assert len(list(islice(tokens, 3))) == 3
    assert rng.random() == twin.random(4)[3]


def test_tokens_are_plain_numbers_of_the_vocabulary() -> None:
    """What is yielded are Python integers in [0, V)."""
    tokens = text_of("lstm")
    assert {type(token) for token in tokens} == {int}
    assert 0 <= min(tokens) <= max(tokens) < VOCAB_SIZE


def test_samples_of_one_model_may_take_turns() -> None:
    """Two texts drawn in turns from one model are those drawn one after the other."""
    config = SampleConfig(length=20, temperature=1.0)
    one, two = (sample(model_of("lstm"), [k], config, rng=np.random.default_rng(k)) for k in (1, 2))
    both = list(zip(one, two, strict=True))
    alone = [text_of("lstm", prompt=[k], length=20, seed=k) for k in (1, 2)]
    assert [list(tokens) for tokens in zip(*both, strict=True)] == alone


# sample_many


def generators(num_texts: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(num_texts)]


def texts_of(
    model: LanguageModel, prompt: list[int], num_texts: int, *, length: int = 40, temperature: float = 1.0
) -> list[list[int]]:
    """Return the tokens of each of several texts that are drawn together."""
    config = SampleConfig(length=length, temperature=temperature)
    steps = list(sample_many(model, prompt, config, rngs=generators(num_texts)))
    assert all(len(drawn) == num_texts for drawn in steps)
    return [list(text) for text in zip(*steps, strict=True)]


def texts_one_by_one(
    model: LanguageModel, prompt: list[int], num_texts: int, *, length: int = 40, temperature: float = 1.0
) -> list[list[int]]:
    config = SampleConfig(length=length, temperature=temperature)
    return [list(sample(model, prompt, config, rng=rng)) for rng in generators(num_texts)]


@pytest.mark.parametrize("num_texts", [1, 2, 5])
@pytest.mark.parametrize("num_layers", [1, 2])
@each_cell
def test_many_texts_are_those_of_one_by_one(cell: CellName, num_layers: int, num_texts: int) -> None:
    """Texts drawn together are those that the same generators give one after the other."""
    model, prompt = model_of(cell, np.float64, num_layers), [UNSEEN, 0, 5, UNSEEN, 2]
    texts = texts_of(model, prompt, num_texts)
    assert texts == texts_one_by_one(model, prompt, num_texts)
    assert len({tuple(text) for text in texts}) == num_texts


@pytest.mark.parametrize("num_tokens", [1, PROMPT_STEPS - 1, PROMPT_STEPS, PROMPT_STEPS + 1, 150])
@each_cell
def test_many_texts_read_the_whole_prompt(cell: CellName, num_tokens: int) -> None:
    """A prompt of more tokens than are read at once is read as one is that is not."""
    model = model_of(cell, np.float64)
    prompt = np.random.default_rng(num_tokens).integers(UNSEEN, VOCAB_SIZE, num_tokens).tolist()
    assert texts_of(model, prompt, 3) == texts_one_by_one(model, prompt, 3)


@each_cell
def test_the_beginning_of_a_long_prompt_matters(cell: CellName, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of a prompt before the last steps that are read at once is not forgotten."""
    monkeypatch.setattr("charseq.sampling.sampler.PROMPT_STEPS", 3)
    model, prompts = model_of(cell, np.float64), [[1, 1, 1, 2], [5, 3, 0, 2]]
    one, other = (texts_of(model, prompt, 2) for prompt in prompts)
    assert one != other
    assert one == texts_one_by_one(model, prompts[0], 2)


@each_cell
def test_many_texts_at_temperature_zero(cell: CellName) -> None:
    """At temperature 0 all texts are the one that is the likeliest at each step."""
    model = model_of(cell, np.float64)
    (greedy,) = texts_one_by_one(model, [2, 4], 1, temperature=0.0)
    assert texts_of(model, [2, 4], 3, temperature=0.0) == [greedy] * 3


@pytest.mark.parametrize("length", [0, 1, 7])
def test_length_of_many_texts(length: int) -> None:
    """As many tokens of each text are yielded as were asked for."""
    config = SampleConfig(length=length, temperature=1.0)
    assert len(list(sample_many(model_of("gru"), [UNSEEN], config, rngs=generators(3)))) == length


def test_many_texts_share_no_chance() -> None:
    """The text of a generator is the same whatever others are drawn beside it."""
    model, config = model_of("lstm", np.float64), SampleConfig(length=30, temperature=1.0)
    alone = list(sample_many(model, [3], config, rngs=[np.random.default_rng(1)]))
    beside = list(sample_many(model, [3], config, rngs=generators(4)))
    assert [drawn[0] for drawn in alone] == [drawn[1] for drawn in beside]


def test_many_tokens_are_plain_numbers_of_the_vocabulary() -> None:
    """What is yielded are lists of Python integers in [0, V)."""
    config = SampleConfig(length=20, temperature=1.0)
    steps = sample_many(model_of("gru"), [UNSEEN], config, rngs=generators(3))
    tokens = [token for drawn in steps for token in drawn]
    assert {type(token) for token in tokens} == {int}
    assert 0 <= min(tokens) <= max(tokens) < VOCAB_SIZE


# finish_many

VOCAB = "abc"


class Steps:
    """The steps of some texts of equal length, and how many of them were taken."""

    def __init__(self, *texts: str) -> None:
        self.taken = 0
        self._columns = [[VOCAB.index(char) for char in chars] for chars in zip(*texts, strict=True)]

    def __iter__(self) -> Iterator[list[int]]:
        for column in self._columns:
            self.taken += 1
            yield column


@pytest.mark.parametrize(
    ("texts", "stops", "finished", "num_taken"),
    [
        (("abcabc", "ccabaa"), [], ["abcabc", "ccabaa"], 6),
        (("abcabc", "ccabaa"), ["x"], ["abcabc", "ccabaa"], 6),
        (("abcabc", "ccabaa"), ["b"], ["a", "cca"], 4),
        (("abcabc", "abaaaa"), ["ab"], ["", ""], 2),
        (("abcabc", "aaaaaa"), ["ab"], ["", "aaaaaa"], 6),
        (("aababc", "bababc"), ["abc"], ["aab", "bab"], 6),
        (("bcaaaa", "abcaaa"), ["bc", "abc"], ["", ""], 3),
        (("babcaa", "cccaba"), ["ab", "bc"], ["b", "ccc"], 5),
        (("aaaaaa", "baaaaa"), ["aaa"], ["", "b"], 4),
        (("cabbbb", "bbbbca"), ["ca", "a"], ["", "bbbb"], 6),
    ],
    ids=[
        *("no-stops", "never", "inside", "at-the-beginning", "one-only", "after-a-false-start"),
        *("longest-of-two", "first-of-two", "overlapping-itself", "two-at-once"),
    ],
)
def test_texts_are_finished(
    texts: tuple[str, str], stops: list[str], finished: list[str], num_taken: int
) -> None:
    """Each text ends before its first stop, and no step is taken after the last of them has ended."""
    steps = Steps(*texts)
    assert finish_many(steps, VOCAB, stops) == finished
    assert steps.taken == num_taken


@given(
    texts=st.integers(1, 15).flatmap(
        lambda length: st.lists(st.text(VOCAB, min_size=length, max_size=length), min_size=1, max_size=4)
    ),
    stops=st.lists(st.text(VOCAB, min_size=1, max_size=3), max_size=3),
)
def test_texts_are_finished_as_each_alone(texts: list[str], stops: list[str]) -> None:
    """Each text ends where it does alone, and as many steps are taken as the longest needs."""
    steps = Steps(*texts)
    assert finish_many(steps, VOCAB, stops) == ["".join(until(text, stops)) for text in texts]
    ends = [
        next((end for end in range(len(text)) if text[:end].endswith(tuple(stops))), len(text))
        for text in texts
    ]
    assert steps.taken == max(ends)


def test_no_more_chance_than_needed() -> None:
    """Texts that have all met a stop use no more random numbers."""
    rngs, config = generators(2), SampleConfig(length=1000, temperature=1.0)
    tokens = sample_many(model_of("gru"), [UNSEEN], config, rngs=rngs)
    texts = finish_many(tokens, "abcdef", ["a"])
    num_drawn = 1 + max(map(len, texts))
    assert num_drawn < 1000
    for rng, twin in zip(rngs, generators(2), strict=True):
        twin.random(num_drawn)
        assert rng.random() == twin.random()


# until

stops = st.lists(st.text("ab", min_size=1, max_size=4), max_size=3)


@given(text=st.text("abc", max_size=20), stops=stops)
def test_until(text: str, stops: list[str]) -> None:
    """A text ends before the string that is complete first; of those complete at once, the longest."""
    ends = [
        (end, end - len(stop)) for stop in stops for end in range(len(text) + 1) if text[:end].endswith(stop)
    ]
    assert "".join(until(text, stops)) == text[: min(ends)[1] if ends else None]


@given(text=st.text("abc", max_size=20))
def test_until_without_stops(text: str) -> None:
    """Without stops every character is passed on at once."""
    assert list(until(text, []))[: len(text)] == list(text)


def test_until_holds_back_no_more_than_it_must() -> None:
    """Characters are held back while they may begin a stop, and no longer."""
    assert [piece for piece in until("xaaby.", ["abc"]) if piece] == ["x", "a", "aby", "."]


def test_until_stops_reading() -> None:
    """After a stop no further character is asked for."""
    characters = iter("one. two")
    assert "".join(until(characters, ["."])) == "one"
    assert "".join(characters) == " two"


# n-grams

NGRAM_TOKENS = np.random.default_rng(0).integers(0, VOCAB_SIZE, 200).astype(np.int32)


@cache
def ngram_of(order: int) -> NGram:
    inputs, targets = np.concatenate([[UNSEEN], NGRAM_TOKENS[:-1]]).astype(np.int32), NGRAM_TOKENS
    return NGram.fit(inputs, targets, None, vocab_size=VOCAB_SIZE, order=order)


each_order = pytest.mark.parametrize("order", [0, 1, 2, 5])


@each_order
@pytest.mark.parametrize("prompt", [[UNSEEN], [3], [UNSEEN, 0, 5, UNSEEN, 2]])
def test_ngrams_are_fed_what_they_yield(order: int, prompt: list[int]) -> None:
    """Each token is drawn from what the n-grams say after the prompt and all that was yielded before it."""
    model, config, rng = ngram_of(order), SampleConfig(length=30, temperature=0.8), np.random.default_rng(5)
    tokens = list(sample(model, prompt, config, rng=np.random.default_rng(5)))
    inputs = np.array([*prompt, *tokens], np.int32)[:, None]
    rows = model.forward(inputs, model.initial_state(1))[len(prompt) - 1 : -1, 0]
    assert tokens == [draw(row, config, rng) for row in rows]


@each_order
@pytest.mark.parametrize("num_tokens", [1, 2, PROMPT_STEPS, PROMPT_STEPS + 1])
def test_many_texts_of_ngrams_are_those_of_one_by_one(order: int, num_tokens: int) -> None:
    """N-grams write several texts together as they do one after the other, however long the prompt is."""
    prompt = np.random.default_rng(num_tokens).integers(UNSEEN, VOCAB_SIZE, num_tokens).tolist()
    texts = texts_of(ngram_of(order), prompt, 3)
    assert texts == texts_one_by_one(ngram_of(order), prompt, 3)
    assert len({tuple(text) for text in texts}) == 3


@each_order
@pytest.mark.parametrize("prompt", [[2], [0, 5, 2, 3], [2, 2, 4]])
def test_ngrams_restart(order: int, prompt: list[int]) -> None:
    """At the token of a restart, in the prompt or drawn, n-grams forget what stands before it."""
    model, config, rng = ngram_of(order), SampleConfig(length=200, temperature=1.0), np.random.default_rng(1)
    tokens = list(sample(model, prompt, config, rng=np.random.default_rng(1), restart=2))
    inputs = np.array([*prompt, *tokens], np.int32)[:, None]
    rows = model.forward(inputs, model.initial_state(1), resets=inputs == 2)[len(prompt) - 1 : -1, 0]
    assert tokens == [draw(row, config, rng) for row in rows]
