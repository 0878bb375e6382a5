"""A model unrolled in time: its steps agree with predictions, states and n-grams found in other ways."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from charseq.analysis.activations import step_states
from charseq.analysis.unrolling import Unroller, Unrolling
from charseq.config import ModelConfig, Settings
from charseq.errors import ConfigError
from charseq.models import MODELS, fit_ngram
from charseq.network import CharModel
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Prediction, Predictor
from charseq.text import CharTokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from charseq.text.tokenizers.byte import ByteTokenizer
from charseq.text.tokenizers.jamo import JamoTokenizer
from charseq.text.tokenizers.tokenizer import Tokenizer
from tests.analysis.builders import PROVENANCE, UNITS, checkpoint_of
from tests.blend import Blend
from tests.builders import with_random_parameters

SYLLABLES = "하늘과 바람\n"


def spelled(tokenizer: Tokenizer) -> Checkpoint:
    """Return a model of tokens that are parts of characters, with random parameters."""
    settings = Settings().with_layer({"data": {"tokenizer": tokenizer.name}}, "test")
    model = CharModel(ModelConfig(cell="gru", hidden_size=6), tokenizer.vocab_size, np.float64)
    codec = Codec(tokenizer, "stream")
    return Checkpoint(with_random_parameters(model), codec, settings, PROVENANCE)


def counted(text: str, order: int) -> Checkpoint:
    """Return the n-grams of a text."""
    settings = Settings().with_layer({"model": {"kind": "ngram", "order": order}}, "test")
    codec = Codec(CharTokenizer.fit(text), "stream")
    model = fit_ngram(Examples(EncodedText.of(text), codec), vocab_size=codec.vocab_size, order=order)
    return Checkpoint(model, codec, settings, PROVENANCE)


def assert_alike(found: Prediction, expected: Prediction) -> None:
    """Compare all but the target's own numbers."""
    assert [guess.char for guess in found.top] == [guess.char for guess in expected.top]
    assert [g.probability for g in found.top] == pytest.approx([g.probability for g in expected.top])
    assert found.entropy == pytest.approx(expected.entropy)


@pytest.mark.parametrize("unit", UNITS)
def test_each_step_predicts_what_its_prefix_predicts(unit: str) -> None:
    """The first step has read the start alone; each further one the next character."""
    checkpoint = checkpoint_of(unit)  # type: ignore[arg-type]
    unrolling = Unroller(checkpoint).unroll("hell\nkiQ", "o")
    predictor = Predictor(checkpoint.model, checkpoint.codec)
    start = "\n" if unit == "line" else None
    assert unrolling.inputs == [start, *"hell\nkiQ"]
    assert [step.step for step in unrolling.steps] == list(range(9))
    vocab = checkpoint.codec.tokenizer.vocab
    for k, step in enumerate(unrolling.steps):
        expected = predictor.predict("hell\nkiQ"[:k], "hell\nkiQo"[k])
        assert_alike(step.prediction, expected)
        assert (step.prediction.prefix, step.prediction.target) == (expected.prefix, expected.target)
        assert step.prediction.rank == expected.rank
        assert step.prediction.bits == pytest.approx(expected.bits)
        assert step.token == (vocab.index(step.input) if step.input in vocab else None)


def test_states_are_those_after_each_step() -> None:
    """A neuron has its own gates, candidate and state in them."""
    checkpoint = checkpoint_of("line")
    unrolling = Unroller(checkpoint, neurons=[(1, 3)]).unroll("hell")
    states = step_states(checkpoint.network, checkpoint.codec, "hell")
    assert unrolling.states is not None
    np.testing.assert_array_equal(unrolling.states.hidden, states.hidden)
    (inside,) = unrolling.insides()
    assert inside.place == (1, 3)
    np.testing.assert_array_equal(inside.values["update gate"], states.gates["update gate"][0, :, 2])
    np.testing.assert_array_equal(inside.values["h"], states.hidden[0, :, 2])


def test_a_long_target_is_read_on_the_way() -> None:
    """Its characters are steps like those of the prefix; without a target the last step has none."""
    unroller = Unroller(checkpoint_of())
    with_target, without = unroller.unroll("he", "llo"), unroller.unroll("hell")
    assert [step.prediction.target for step in with_target.steps] == [*"hello"]
    assert [step.prediction.target for step in without.steps] == [*"hell", None]
    assert with_target.inputs == without.inputs
    assert repr(without) == "<Unrolling: 5 steps of gru 1 x 256 through 'hell'>"


def all_chars(checkpoint: Checkpoint, prefix: str) -> dict[str, float]:
    predictor = Predictor(checkpoint.model, checkpoint.codec)
    return {guess.char: guess.probability for guess in predictor.predict(prefix, num_top=12000).top}


def test_within_a_character_its_own_chances_are_shown() -> None:
    """They are those before it, of the characters that begin so, divided by their sum."""
    checkpoint = spelled(JamoTokenizer.fit(SYLLABLES))
    unrolling = Unroller(checkpoint, num_top=600).unroll("하늘")
    assert unrolling.inputs == [
        None, "lead ᄒ", "vowel ᅡ", "no final", "lead ᄂ", "vowel ᅳ", "final ᆯ"
    ]  # fmt: skip
    assert [step.prediction.target for step in unrolling.steps] == ["하", "하", "하", "늘", "늘", "늘", None]
    before = all_chars(checkpoint, "")
    spell = checkpoint.codec.tokenizer.spell
    for k in (1, 2):
        begun = spell("하")[:k]
        group = {char: p for char, p in before.items() if spell(char)[:k] == begun}
        shares = {char: p / sum(group.values()) for char, p in group.items()}
        found = unrolling.steps[k].prediction
        assert {guess.char: guess.probability for guess in found.top} == pytest.approx(shares, rel=1e-6)
        assert found.probability == pytest.approx(shares["하"], rel=1e-6)
        assert found.rank == 1 + sum(p > shares["하"] for p in shares.values())
        expected = -sum(p * np.log2(p) for p in shares.values())
        assert found.entropy == pytest.approx(expected, rel=1e-3)
    next_one = Predictor(checkpoint.model, checkpoint.codec).predict("하", "늘", num_top=600)
    assert_alike(unrolling.steps[3].prediction, next_one)


def test_bytes_are_steps_too() -> None:
    """A character that has begun costs less than a whole one; a byte outside UTF-8 is a step, too."""
    checkpoint = spelled(ByteTokenizer())
    unrolling = Unroller(checkpoint).unroll("é\udcffa", "x")
    assert unrolling.inputs == [None, "byte c3", "byte a9", "byte ff", "a"]
    first, second, *_ = unrolling.steps
    whole = Predictor(checkpoint.model, checkpoint.codec).predict("", "é")
    assert first.prediction.bits == pytest.approx(whole.bits)
    assert 0 < (second.prediction.bits or 0) < (whole.bits or 0)


def test_n_grams_say_which_order_they_used() -> None:
    """It is one more than the longest end of the prefix that was met in training, found by searching."""
    text = "the hare and the tortoise and the horse "
    unrolling = Unroller(counted(text, 4)).unroll("the hats and")
    for step in unrolling.steps:
        read = step.prediction.prefix
        lengths = [n for n in range(1, 4) if len(read) >= n and read[-n:] in text]
        assert step.order == 1 + max(lengths, default=0)
    assert {step.order for step in unrolling.steps} == {1, 2, 3, 4}
    assert unrolling.states is None


def test_a_mixture_shows_its_members(blend: Blend) -> None:
    """Each with its weight and the prediction that it makes alone."""
    both, gru, ngram = (
        Checkpoint.load(Path(run) / "model.safetensors") for run in (blend.both, blend.gru, blend.ngram)
    )
    unrolling = Unroller(both).unroll("the ")
    for step in unrolling.steps:
        assert [member.member for member in step.members] == ["gru 1 x 8", "ngram:3"]
        assert [member.weight for member in step.members] == both.model.weights.tolist()  # type: ignore[attr-defined]
        assert step.order is step.members[0].order is None
    for member, alone in zip((0, 1), (gru, ngram), strict=True):
        for step, own in zip(unrolling.steps, Unroller(alone).unroll("the ").steps, strict=True):
            assert step.members[member].prediction == own.prediction
            assert step.members[member].order == own.order
    assert unrolling.states is not None


def test_a_window_has_steps_without_states() -> None:
    """A network without recurrence carries no state."""
    settings = Settings().with_layer({"model": {"kind": "mlp", "order": 2, "hidden_size": 4}}, "test")
    codec = Codec(CharTokenizer.fit("hello"), "stream")
    model = MODELS["mlp"].build(settings.model, codec.vocab_size, np.random.default_rng(0))
    unrolling = Unroller(Checkpoint(model, codec, settings, PROVENANCE)).unroll("he")
    assert isinstance(unrolling, Unrolling)
    assert unrolling.states is None
    assert [step.order for step in unrolling.steps] == [None] * 3


def test_a_neuron_that_is_not_there_is_refused() -> None:
    """Before anything is read; a model without a network has no neurons."""
    with pytest.raises(ConfigError, match=r"^neuron 1:9: the model has neurons 1:1 to 1:8$"):
        Unroller(checkpoint_of(), neurons=[(1, 9)])
    with pytest.raises(ConfigError, match="this kind of model has no states or gates"):
        Unroller(counted("ab", 2), neurons=[(1, 1)])


def test_a_separator_is_a_step() -> None:
    """Where sources and targets are learnt, it is read after the source."""
    checkpoint = checkpoint_of("line")
    codec = Codec(checkpoint.codec.tokenizer, "line", target_after=",")
    unrolling = Unroller(replace(checkpoint, codec=codec)).unroll("he")
    assert unrolling.inputs == ["\n", "h", "e", ","]
