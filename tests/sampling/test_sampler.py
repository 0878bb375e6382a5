"""Text from a model: each character drawn after all before it, in however many tokens."""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charseq.adaptation.gradient import WINDOW
from charseq.config import ModelConfig, SampleConfig
from charseq.models import LanguageModel, fit_ngram
from charseq.network import CharModel, long_reader
from charseq.sampling import Order, Start, sample, sampled, texts
from charseq.sampling.batch import TEXTS_AT_ONCE
from charseq.sampling.draft import SampledText
from charseq.sampling.filters import draw
from charseq.sampling.stops import until
from charseq.scoring import Predictor, Scorer
from charseq.text import CharTokenizer, Tokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.lines import NEWLINE
from charseq.text.symbols import EncodedText
from tests.adaptation.builders import adaptive
from tests.adaptation.builders import codec_of as codec_for_adapting
from tests.extensions.twin_tokenizer import PairTokenizer
from tests.scoring.twins import Kind, each

ALPHABET = "\nabcdefghi"
TOKENIZERS: dict[str, Tokenizer] = {
    "char": CharTokenizer.fit(ALPHABET),
    "pair": PairTokenizer.fit(ALPHABET),  # of two rows: eight characters, and two
}
SPELLINGS: dict[str, dict[str, tuple[int, ...]]] = {
    "char": {char: (k,) for k, char in enumerate(ALPHABET)},
    "pair": {char: (k // 8, 2 + k % 8) for k, char in enumerate(ALPHABET)},
}
CHAR, LINE, PAIR = Kind("gru", "stream"), Kind("lstm", "line"), Kind("gru", "stream", "pair")
PAIR_LINE = Kind("lstm", "line", "pair")
KINDS = [CHAR, LINE, Kind("rnn", "stream"), PAIR, PAIR_LINE, Kind("ngram", "stream"), Kind("ngram", "line")]
each_kind = each(*KINDS)
PROMPTS = ["", "c", "adxeb", "aab\nax"]
"""Texts to continue; x is not in the alphabet."""


def codec_of(kind: Kind) -> Codec:
    return Codec(TOKENIZERS[kind.tokens], kind.unit)


@cache
def model_of(kind: Kind, num_layers: int = 1) -> LanguageModel:
    codec = codec_of(kind)
    if kind.model == "ngram":
        text = "".join(np.random.default_rng(0).choice(list(ALPHABET), 300).tolist())
        examples = Examples(EncodedText.of(text), codec)
        return fit_ngram(examples, vocab_size=codec.vocab_size, order=3)
    config = ModelConfig(cell=kind.model, hidden_size=8, num_layers=num_layers)
    model = CharModel(config, codec.vocab_size, np.float64)
    model.initialise_(np.random.default_rng(0))
    model.params.flat *= 3
    return model


def text_of(kind: Kind, prompt: str = "", *, seed: int = 0, restart: bool = False, **changes: Any) -> str:
    config = SampleConfig.model_validate({"length": 50, "temperature": 1.0, **changes})
    rng = np.random.default_rng(seed)
    return "".join(sample(model_of(kind), codec_of(kind), prompt, config, rng=rng, restart=restart))


def logits_before(kind: Kind, prompt: str, text: str, *, restart: bool) -> Iterator[NDArray[np.float64]]:
    """Yield the logits of each token of `text` after `prompt`, read in windows of one token."""
    model, spelled = model_of(kind), SPELLINGS[kind.tokens]
    work, state = model.workspace(1, 1, backward=False), model.initial_state(1)
    start = spelled["\n"][-1] if kind.unit == "line" else -1
    if kind.unit == "line":
        prompt = prompt.split("\n")[-1]
    last, pending = start, [token for char in prompt for token in spelled.get(char, (-1,))]

    def read(token: int) -> NDArray[np.float64]:
        return model.forward(np.array([[token]], np.int32), state, work)[0, 0].copy()

    for token in pending:
        read(last)
        last = token
    for char in text:
        for token in spelled[char]:
            yield read(last)
            last = token
        if char == "\n" and restart:
            state = model.initial_state(1)


def possible(logits: NDArray[np.float64], kind: Kind, begun: Sequence[int]) -> NDArray[np.float64]:
    """Return the logits with -infinity for each token that continues no spelling, by hand."""
    follow = {
        tokens[len(begun)]
        for tokens in SPELLINGS[kind.tokens].values()
        if tokens[: len(begun)] == tuple(begun)
    }
    return np.array([value if token in follow else -np.inf for token, value in enumerate(logits.tolist())])


def redrawn(kind: Kind, prompt: str, text: str, rng: np.random.Generator, *, restart: bool = False) -> str:
    """Return the text that is drawn by hand from the logits on the way of `text`."""
    spelled = {tokens: char for char, tokens in SPELLINGS[kind.tokens].items()}
    config, drawn, begun = SampleConfig(temperature=1.0), "", tuple[int, ...]()
    for logits in logits_before(kind, prompt, text, restart=restart):
        begun += (draw(possible(logits, kind, begun), config, rng),)
        if begun in spelled:
            drawn, begun = drawn + spelled[begun], ()
    return drawn


# sample


@each_kind
@pytest.mark.parametrize("prompt", PROMPTS)
def test_each_character_is_drawn_after_the_prompt_and_all_before_it(kind: Kind, prompt: str) -> None:
    """Each token is drawn from the logits after the prompt and all that was drawn before it."""
    text = text_of(kind, prompt, seed=5)
    assert text == redrawn(kind, prompt, text, np.random.default_rng(5))
    assert len(text) == 50


@each_kind
@pytest.mark.parametrize("prompt", ["", "a\nb"])
def test_with_restart_another_sequence_follows(kind: Kind, prompt: str) -> None:
    """With restart the state is zero after the end of a line; a stream has no end."""
    text = text_of(kind, prompt, restart=True, length=150)
    expected = redrawn(kind, prompt, text, np.random.default_rng(0), restart=kind.unit == "line")
    assert text == expected
    assert "\n" in text


@each(LINE, PAIR_LINE)
def test_after_the_end_of_a_line_text_begins_as_from_nothing(kind: Kind) -> None:
    """What follows a drawn newline, with restart, is what the rest of the chance draws without a prompt."""
    text = text_of(kind, length=200, restart=True)
    place = text.rindex("\n")
    rng = np.random.default_rng(0)
    rng.random((place + 1) * len(SPELLINGS[kind.tokens]["a"]))
    config = SampleConfig(length=199 - place, temperature=1.0)
    assert text[place + 1 :] == "".join(sample(model_of(kind), codec_of(kind), "", config, rng=rng))


@each(CHAR, LINE, Kind("ngram", "line"))
def test_greedy_text_is_the_likeliest_at_each_step(kind: Kind) -> None:
    """At temperature 0 each character is the argmax after all before it."""
    text = text_of(kind, "bd", temperature=0.0)
    likeliest = [ALPHABET[np.argmax(logits)] for logits in logits_before(kind, "bd", text, restart=False)]
    assert text == "".join(likeliest)


@each_kind
def test_the_same_seed_gives_the_same_text_and_another_another(kind: Kind) -> None:
    """The text depends on the seed, and on nothing else by chance."""
    assert text_of(kind, seed=7) == text_of(kind, seed=7) != text_of(kind, seed=8)


@each(CHAR, LINE, PAIR)
def test_the_whole_prompt_matters(kind: Kind) -> None:
    """The whole prompt is read, not its last character alone."""
    assert text_of(kind, "aab") != text_of(kind, "ecb")


@each(LINE, PAIR_LINE, Kind("ngram", "line"))
def test_of_a_prompt_of_lines_the_last_one_counts(kind: Kind) -> None:
    """What stands before the last newline of a prompt is forgotten."""
    assert text_of(kind, "ae\nbc") == text_of(kind, "bc")
    assert text_of(kind, "ae\n") == text_of(kind, "")


@each(CHAR, PAIR)
@pytest.mark.parametrize("length", [0, 1, 7])
def test_the_length_counts_characters(kind: Kind, length: int) -> None:
    """As many characters are yielded as were asked for, however many tokens they have."""
    assert len(text_of(kind, length=length)) == length


@each(CHAR, PAIR)
def test_a_longer_text_begins_like_a_shorter_one(kind: Kind) -> None:
    """The length does not change what is drawn."""
    assert text_of(kind, length=60)[:50] == text_of(kind, length=50)


@each(CHAR, PAIR)
def test_a_character_comes_as_soon_as_it_is_drawn(kind: Kind) -> None:
    """No more random numbers are used than the tokens of the characters taken."""
    rng, twin = np.random.default_rng(0), np.random.default_rng(0)
    config = SampleConfig(length=50, temperature=1.0)
    chars = sample(model_of(kind), codec_of(kind), "", config, rng=rng)
    assert len(list(islice(chars, 3))) == 3
    twin.random(3 * len(SPELLINGS[kind.tokens]["a"]))
    assert rng.random() == twin.random()


@each(CHAR, PAIR)
@settings(max_examples=15)
@given(
    temperature=st.sampled_from([0.0, 1e-300, 0.5, 1.0, 1e300]),
    top_k=st.integers(0, 3),
    top_p=st.sampled_from([0.01, 0.5, 1.0]),
    seed=st.integers(0, 99),
)
def test_whole_characters_come_and_none_but_those_of_the_alphabet(
    kind: Kind, temperature: float, top_k: int, top_p: float, seed: int
) -> None:
    """Whatever the settings, each piece is one character, and no spelling is drawn that is none."""
    config = SampleConfig(length=30, temperature=temperature, top_k=top_k, top_p=top_p)
    rng = np.random.default_rng(seed)
    chars = list(sample(model_of(kind), codec_of(kind), "a", config, rng=rng))
    assert len(chars) == 30
    assert all(len(char) == 1 and char in ALPHABET for char in chars)


def test_a_model_that_loves_the_impossible_writes_characters_all_the_same() -> None:
    """Tokens that cannot follow are never drawn, be they as likely as can be."""
    model = CharModel(ModelConfig(cell="gru", hidden_size=8), TOKENIZERS["pair"].vocab_size)
    model.params["projection.c"][9] = 100.0  # the last place, which the second row does not have
    config, rng = SampleConfig(length=200, temperature=1.0), np.random.default_rng(0)
    text = "".join(sample(model, codec_of(PAIR), "", config, rng=rng))
    assert set(text) == {ALPHABET[7], *ALPHABET[8:]}


def test_two_texts_of_one_model_may_take_turns() -> None:
    """Two texts drawn in turns from one model are those drawn one after the other."""
    config = SampleConfig(length=20, temperature=1.0)
    one, two = (
        sample(model_of(LINE), codec_of(LINE), char, config, rng=np.random.default_rng(k))
        for k, char in ((1, "a"), (2, "b"))
    )
    both = ["".join(chars) for chars in zip(*zip(one, two, strict=True), strict=True)]
    assert both == [text_of(LINE, "a", length=20, seed=1), text_of(LINE, "b", length=20, seed=2)]


@each(CHAR, PAIR)
def test_the_temperature_of_a_text_follows_its_characters(kind: Kind) -> None:
    """A text that ends cold has the likeliest characters at its end, drawn alone and together."""
    changes = {"temperature": 50.0, "temperature_end": 0.0, "length": 40}
    found = many(kind, "a", 2, **changes)
    assert found == one_by_one(kind, "a", 2, **changes)
    for text in found:
        assert text[-1] == text_of(kind, "a" + text[:-1], temperature=0.0, length=1)


# ---- many texts

SEED = 3


def made(
    kind: Kind, prompt: str = "a", *, stops: Sequence[str] = (), num_layers: int = 1, **changes: Any
) -> list[SampledText]:
    """Return the texts of SEED, made together."""
    config = SampleConfig.model_validate({"length": 30, "temperature": 1.0, "seed": SEED, **changes})
    start = Start(model_of(kind, num_layers), codec_of(kind), prompt)
    return list(sampled(start, Order.of(config, codec_of(kind), stops=stops)))


def many(kind: Kind, prompt: str, num_texts: int, **changes: Any) -> list[str]:
    """Return so many texts of SEED as they are, ends of lines left out."""
    return [text.text for text in made(kind, prompt, num_samples=num_texts, **{"length": 40, **changes})]


def one_by_one(kind: Kind, prompt: str, num_texts: int, *, num_layers: int = 1, **changes: Any) -> list[str]:
    """Return the same texts, each drawn alone by `sample`."""
    config = SampleConfig.model_validate({"length": 40, "temperature": 1.0, **changes})
    rngs = map(np.random.default_rng, np.random.SeedSequence(SEED).spawn(num_texts))
    end = codec_of(kind).end
    drawn = (sample(model_of(kind, num_layers), codec_of(kind), prompt, config, rng=rng) for rng in rngs)
    return ["".join(until(text, [end] if end else [])) for text in drawn]


@each_kind
@pytest.mark.parametrize(("num_texts", "num_layers"), [(1, 2), (2, 1), (5, 2)])
def test_texts_drawn_together_are_those_of_one_by_one(kind: Kind, num_texts: int, num_layers: int) -> None:
    """Texts drawn together are those that the same generators give one after the other."""
    found = many(kind, "adxeb", num_texts, num_layers=num_layers)
    assert found == one_by_one(kind, "adxeb", num_texts, num_layers=num_layers)
    assert len(set(found)) == num_texts


@pytest.mark.parametrize("num_chars", [1, 150])
@each(CHAR, PAIR, Kind("ngram", "stream"))
def test_texts_drawn_together_read_the_whole_prompt(kind: Kind, num_chars: int) -> None:
    """A long prompt is read as a short one is."""
    prompt = "".join(np.random.default_rng(num_chars).choice([*ALPHABET, "x"], num_chars).tolist())
    assert many(kind, prompt, 3) == one_by_one(kind, prompt, 3)


@each(CHAR, PAIR)
def test_all_texts_at_temperature_zero_are_one(kind: Kind) -> None:
    """At temperature 0 all texts are the one that is the likeliest at each step."""
    assert many(kind, "bd", 3, temperature=0.0) == one_by_one(kind, "bd", 1, temperature=0.0) * 3


@each(CHAR, PAIR)
@pytest.mark.parametrize("length", [0, 1, 7])
def test_the_length_of_many_texts_counts_characters(kind: Kind, length: int) -> None:
    """Every text has as many characters as were asked for."""
    assert [len(text) for text in many(kind, "", 3, length=length)] == [length] * 3


@each(CHAR, LINE, PAIR, Kind("ngram", "line"))
@pytest.mark.parametrize("changes", [{}, {"top_p": 0.9}, {"temperature": 0.0}])
def test_a_text_does_not_depend_on_the_others(kind: Kind, changes: dict[str, float]) -> None:
    """More texts than are made at once begin with those of a smaller number, in text and figures."""
    number = TEXTS_AT_ONCE + 9
    found = made(kind, num_samples=number, **changes)
    assert [text.index for text in found] == list(range(number))
    for fewer in (1, 2, TEXTS_AT_ONCE - 3):
        assert made(kind, num_samples=fewer, **changes) == found[:fewer]


@each(CHAR, LINE, PAIR_LINE)
def test_seed_and_index_make_a_text_again(kind: Kind) -> None:
    """Each text of a batch can be had alone."""
    found = made(kind, num_samples=7)
    start = Start(model_of(kind), codec_of(kind), "a")
    for text in found:
        config = SampleConfig(length=30, temperature=1.0, seed=text.seed)
        order = Order.of(config, codec_of(kind), first=text.index)
        assert list(sampled(start, order)) == [text]
        (pieces,) = texts(start, order)
        assert "".join(pieces) == text.text


def test_where_compiled_code_begins_a_text_is_the_same_in_every_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Longer or shorter, alone, one of many, or with its prompt read in parts: it has the same bits."""
    pytest.importorskip("numba")
    monkeypatch.setattr(long_reader, "tokens_for_numpy", lambda params, backend: 20)
    model = CharModel(ModelConfig(cell="gru", hidden_size=24), len(ALPHABET))
    model.initialise_(np.random.default_rng(0))
    model.params.flat *= 3
    codec, prompt = codec_of(CHAR), "abacad"

    def batch(length: int, first: int, num: int, start: Start) -> list[SampledText]:
        config = SampleConfig(length=length, num_samples=num, seed=3)
        return list(sampled(start, Order.of(config, codec, first=first)))

    start, parts = Start(model, codec, prompt), Start(model, codec, prompt[:2])
    parts.read_(prompt[2:])
    whole = batch(60, 0, 11, start)
    assert batch(60, 5, 3, parts) == whole[5:8]
    assert [text.text[:30] for text in whole] == [text.text for text in batch(30, 0, 11, start)]
    order = Order.of(SampleConfig(length=60, seed=3), codec, first=7)
    assert "".join(*texts(start, order)) == whole[7].text


@each(CHAR, LINE, PAIR, PAIR_LINE, Kind("ngram", "line"))
@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_the_nats_are_those_of_scoring(kind: Kind, temperature: float) -> None:
    """The newline that ends a line is priced, and no temperature changes the price."""
    for text in made(kind, "ab", num_samples=5, temperature=temperature, length=12):
        whole = f"ab{text.text}{NEWLINE if text.reason == 'end' else ''}"
        nats = Scorer(model_of(kind), codec_of(kind)).score(whole).nats[2:].sum()
        assert text.nats == pytest.approx(nats, abs=1e-6)
        assert text.bits == pytest.approx(nats / math.log(2), abs=1e-6)


stop_lists = st.lists(st.text(ALPHABET[2:5], min_size=1, max_size=3), max_size=3)


@each(CHAR, PAIR)
@settings(max_examples=25)
@given(stops=stop_lists)
def test_each_text_ends_where_it_does_alone(kind: Kind, stops: list[str]) -> None:
    """Each text drawn together ends before its first stop, as it does alone."""
    found = [text.text for text in made(kind, "a", num_samples=3, stops=stops)]
    assert found == ["".join(until(text, stops)) for text in one_by_one(kind, "a", 3, length=30)]


@each(CHAR, PAIR)
def test_a_stop_is_kept_and_priced(kind: Kind) -> None:
    """With `keep_stop` the text ends with it; its price is in the nats in both cases."""
    codec, config = codec_of(kind), SampleConfig(length=90, temperature=1.0, seed=SEED, num_samples=4)
    start = Start(model_of(kind), codec, "")
    kept, cut = (
        list(sampled(start, Order.of(config, codec, stops=["b", "cd"], keep_stop=keep)))
        for keep in (True, False)
    )
    assert "stop" in {text.reason for text in kept}
    for one, other in zip(kept, cut, strict=True):
        assert one.text == other.text + one.stop
        nats = Scorer(model_of(kind), codec).score(one.text).nats.sum()
        assert one.nats == other.nats == pytest.approx(nats, abs=1e-6)


def test_a_kept_stop_that_began_in_the_prompt_is_not_written_twice() -> None:
    """The prompt and the new text together are what the model has read: they end with the stop, once."""
    config = SampleConfig(length=2, temperature=1.0, seed=SEED, num_samples=40)
    start = Start(model_of(CHAR), codec_of(CHAR), "bac")
    free = list(sampled(start, Order.of(config, codec_of(CHAR))))
    kept = list(sampled(start, Order.of(config, codec_of(CHAR), stops=["ac" + free[0].text], keep_stop=True)))
    assert (kept[0].text, kept[0].reason) == (free[0].text, "stop")
    assert [one.text for one in kept] == [one.text for one in free]


def test_a_stop_may_begin_in_the_prompt() -> None:
    """A text ends at once if its first character completes the stop."""
    whole = made(CHAR, "a", num_samples=9, length=5)
    found = made(CHAR, "a", num_samples=9, length=5, stops=["a" + whole[0].text[0]])
    assert (found[0].text, found[0].reason) == ("", "stop")
    assert len({text.text for text in found}) > 1


@each(LINE, PAIR_LINE)
@pytest.mark.parametrize("num_samples", [1, 5])
def test_lines_end_before_their_newline(kind: Kind, num_samples: int) -> None:
    """A text of a line model ends before the end of the line, wherever else it might go on."""
    found = made(kind, num_samples=num_samples, length=500)
    assert all(NEWLINE not in text.text and len(text.text) < 500 for text in found)
    assert {text.reason for text in found} == {"end"}


@pytest.mark.parametrize("num_samples", [1, 5])
def test_streams_go_on_after_a_newline(num_samples: int) -> None:
    """A text of a stream model ends at its length or at a stop alone."""
    found = made(CHAR, num_samples=num_samples, length=100)
    assert all(len(text.text) == 100 and text.reason == "length" for text in found)
    assert NEWLINE in "".join(text.text for text in found)


def test_without_a_seed_texts_differ() -> None:
    """A negative seed is a new one each time; the texts have the seed that was taken."""
    (one,), (other,) = made(CHAR, seed=-1), made(CHAR, seed=-1)
    assert one.text != other.text
    assert made(CHAR, seed=one.seed) == [one]


# ---- models that adapt


def test_several_texts_adapt_alike() -> None:
    """Each goes on from the same prompt, with what was learnt from that alone."""
    prompt = "the rain in spain " * 4
    config = SampleConfig(num_samples=3, length=5, seed=1, temperature=1e-3)
    start = Start(adaptive("mixture"), codec_for_adapting(), prompt)
    found = ["".join(text) for text in texts(start, Order.of(config, codec_for_adapting()))]
    assert len(found) == 3
    assert len(set(found)) == 1


@pytest.mark.parametrize("num_chars", [0, 1, WINDOW - 1, WINDOW, WINDOW + 1])
def test_the_first_character_after_a_prompt_costs_what_next_predicts(num_chars: int) -> None:
    """Both have learnt from all of the prompt, its last character too, which may complete a window."""
    prompt, model, codec = ("the rain in spain " * 2)[:num_chars], adaptive("mixture"), codec_for_adapting()
    config = SampleConfig(num_samples=3, length=1, seed=1, temperature=1)
    for text in sampled(Start(model, codec, prompt), Order.of(config, codec)):
        expected = Predictor(model, codec).predict(prompt, text.text)
        assert text.bits == pytest.approx(expected.bits, abs=1e-5)
