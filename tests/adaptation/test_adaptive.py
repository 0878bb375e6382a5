"""Adaptive models: prices that depend on nothing later, a code that can be read, texts apart."""

import math
from fractions import Fraction
from itertools import accumulate, pairwise

import numpy as np
import pytest

from charseq.adaptation import AdaptiveModel, Rates
from charseq.adaptation import adaptive as adaptive_module
from charseq.adaptation.adaptive import MAX_RATE
from charseq.adaptation.gradient import WINDOW
from charseq.arrays import FloatArray
from charseq.config import Unit
from charseq.scoring import Scorer
from charseq.scoring.scorer import WINDOW_STEPS
from tests.adaptation.builders import (
    KINDS,
    SENTENCE,
    TOKENIZER,
    V,
    adaptive,
    codec_of,
    model_of,
    network,
    p_of,
    resets_of,
    tokens_of,
)
from tests.builders import assert_close

UNITS: tuple[Unit, ...] = ("stream", "line")
TEXT = "the pain in spain\nis plain, Q and Ж\n\n" * 3 + SENTENCE * 5
OTHER = SENTENCE[::-1] * 9

each_kind = pytest.mark.parametrize("kind", KINDS)
each_unit = pytest.mark.parametrize("unit", UNITS)


def nats_of(
    text: str, kind: str, unit: Unit = "stream", cuts: tuple[int, ...] = (), rate: float = 0.3
) -> FloatArray:
    """Return the prices of the characters of a text, scored in pieces."""
    scorer = Scorer(adaptive(kind, unit, rate), codec_of(unit))
    bounds = [0, *cuts, len(text)]
    pieces = [text[begin:end] for begin, end in pairwise(bounds)]
    return np.concatenate([scorer.score(piece).nats for piece in pieces])


@each_unit
@each_kind
def test_a_price_depends_on_nothing_after_it(kind: str, unit: Unit) -> None:
    """The text from place k on becomes another one: all prices before k keep their bits.

    k is inside a window, at its ends, and at those of the scorer's windows.
    """
    text = (TEXT * 2)[: WINDOW_STEPS + 30]
    before = nats_of(text, kind, unit)
    for k in (1, 7, WINDOW - 1, WINDOW, WINDOW + 1, 5 * WINDOW, WINDOW_STEPS, WINDOW_STEPS + 1):
        changed = text[:k] + (OTHER * 2)[: len(text) - k]
        after = nats_of(changed, kind, unit)
        np.testing.assert_array_equal(after[:k], before[:k], err_msg=f"k = {k}")
        assert (after[k:] != before[k:]).any()


@each_unit
@each_kind
def test_prices_change_with_what_was_read(kind: str, unit: Unit) -> None:
    """A text that repeats itself costs less than without adapting."""
    text = SENTENCE * 8
    static = Scorer(model_of(kind, unit), codec_of(unit)).score(text).nats
    assert nats_of(text, kind, unit).sum() < 0.9 * static.sum()


@each_unit
@each_kind
def test_cutting_a_text_changes_rounding_alone(kind: str, unit: Unit) -> None:
    """Pieces of any lengths: the prices differ by less than a millionth of a nat."""
    whole = nats_of(TEXT, kind, unit)
    for cuts in ((1,), (20, 40), (7, 8, 9, 100, 131), tuple(range(1, 60))):
        assert_close(nats_of(TEXT, kind, unit, cuts), whole, tolerance=1e-6)


@each_kind
def test_two_evaluations_give_the_same_bits(kind: str) -> None:
    """Of one adaptive model, and of two: every text begins with the trained model."""
    model, codec = adaptive(kind), codec_of()
    first = Scorer(model, codec).score(TEXT).nats
    Scorer(model, codec).score(OTHER)
    np.testing.assert_array_equal(Scorer(model, codec).score(TEXT).nats, first)
    np.testing.assert_array_equal(Scorer(adaptive(kind), codec).score(TEXT).nats, first)


@each_kind
def test_lines_go_on_from_each_other(kind: str) -> None:
    """A line that was read before is cheaper the second time, in one text with many lines."""
    nats = nats_of("stays plain\n" * 40, kind, "line", rate=0.1).reshape(40, -1).sum(axis=1)
    assert nats[-1] < nats[0] / 2
    assert nats[10] < nats[0]


@each_unit
@each_kind
def test_probabilities_sum_to_one_while_learning(kind: str, unit: Unit) -> None:
    """At every place of a text with unknown characters."""
    tokens, resets = tokens_of(200), resets_of(200)
    model = adaptive(kind, unit, rate=0.5)
    state = model.initial_state(1)
    logits = model.forward(tokens[:, None], state, resets=resets[:, None] if unit == "line" else None)
    assert logits.shape == (200, 1, V)
    assert_close(p_of(logits).sum(axis=-1), np.ones((200, 1)), tolerance=1e-9)


@each_kind
def test_unknown_characters_do_no_harm(kind: str) -> None:
    """A text of nothing else has the prices of the static model, and what follows is scored."""
    text = "ЖQ中" * 30 + SENTENCE
    nats = nats_of(text, kind)
    assert np.isfinite(nats).all()
    static = Scorer(model_of(kind), codec_of()).score(text)
    assert_close(nats[:90], static.nats[:90])
    assert static.unseen[:90].all()


@each_unit
@each_kind
def test_readers_predict_what_windows_do(kind: str, unit: Unit) -> None:
    """Token by token, with `reset_` where a sequence begins: the same up to rounding."""
    inputs, _, starts, _ = codec_of(unit).examples(TEXT)
    model = adaptive(kind, unit)
    resets = None if starts is None else starts[:, None]
    whole = model.forward(inputs[:, None], model.initial_state(1), resets=resets)[:, 0]
    reader, parts = model.reader(), []
    for k, token in enumerate(inputs.tolist()):
        if starts is not None and starts[k]:
            reader.reset_()
        parts.append(reader.read(token).copy())
    assert_close(p_of(np.array(parts)), p_of(whole), tolerance=1e-6)


@each_unit
@each_kind
def test_a_known_text_is_learnt_at_once(kind: str, unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves a reader as reading it token by token does, up to rounding, in whatever pieces."""
    monkeypatch.setattr(adaptive_module, "MANY_TOKENS", 33)
    inputs, _, starts, _ = codec_of(unit).examples(TEXT)
    one, other = adaptive(kind, unit).reader(), adaptive(kind, unit).reader()
    for k, token in enumerate(inputs.tolist()):
        if starts is not None and starts[k]:
            one.reset_()
        one.read(token)
    other.learn_(inputs, starts)
    for token in tokens_of(30, unseen=False).tolist():
        assert_close(p_of(other.read(token)), p_of(one.read(token)), tolerance=1e-6)


@each_kind
def test_a_reader_goes_back_to_a_saved_point(kind: str) -> None:
    """Also to one with a reset still to come, and to the beginning."""
    reader = adaptive(kind, "line").reader()
    nothing = reader.save()
    first = reader.read(3).copy()
    reader.reset_()
    saved = reader.save()
    second = reader.read(5).copy()
    for token in tokens_of(12).tolist():
        reader.read(token)
    reader.restore_(saved)
    np.testing.assert_array_equal(reader.read(5), second)
    reader.restore_(nothing)
    np.testing.assert_array_equal(reader.read(3), first)


def test_a_frozen_reader_learns_nothing_more() -> None:
    """The same phrase costs the same each time."""
    reader = adaptive("mixture").reader()
    phrase = tokens_of(30, unseen=False).tolist()
    for token in phrase:
        reader.read(token)
    reader.freeze_(3)
    reader.read(3)
    saved = reader.save()
    first = [reader.read(token).copy() for token in phrase]
    for _ in range(3):
        reader.restore_(saved)
        np.testing.assert_array_equal([reader.read(token).copy() for token in phrase], first)


@pytest.mark.parametrize("num_tokens", [1, WINDOW, WINDOW + 1, 2 * WINDOW + 3])
@each_kind
def test_what_follows_the_last_token_before_freezing_is_what_a_learning_reader_predicts(
    kind: str, num_tokens: int
) -> None:
    """The last token is learnt from: it is in the cache, and may complete a window. Going back repeats it."""
    *before, last = tokens_of(num_tokens).tolist()
    learning, frozen = adaptive(kind).reader(), adaptive(kind).reader()
    for token in before:
        learning.read(token)
        frozen.read(token)
    expected = learning.read(last)
    frozen.freeze_(last)
    saved = frozen.save()
    for _ in range(2):
        np.testing.assert_array_equal(frozen.read(last), expected)
        frozen.read(0)
        frozen.restore_(saved)


class Coder:
    """A side of an exact arithmetic code: the shares of [0, 1) of the next token, from a reader."""

    def __init__(self, kind: str) -> None:
        self._reader, self._last = adaptive(kind, rate=0.5).reader(), -1

    def shares(self) -> list[tuple[Fraction, Fraction]]:
        """Read the last token; return where the share of each next one begins, and how wide it is."""
        weights = [Fraction(q) for q in p_of(self._reader.read(self._last)).tolist()]
        widths = [weight / sum(weights) for weight in weights]
        return list(zip(accumulate(widths, initial=Fraction(0)), widths, strict=False))

    def read(self, token: int) -> None:
        self._last = token


@each_kind
def test_a_text_is_coded_and_read_again_by_a_model_that_adapts_alike(kind: str) -> None:
    """The number is as long as the reported bits; the decoder, which learns what it read, finds the text."""
    text = (SENTENCE * 3)[:70]
    tokens = TOKENIZER.encode(text).tolist()
    low, width, coder = Fraction(0), Fraction(1), Coder(kind)
    for token in tokens:
        begin, share = coder.shares()[token]
        low, width = low + width * begin, width * share
        coder.read(token)
    num_bits = 1
    while Fraction(2, 2**num_bits) > width:
        num_bits += 1
    point = Fraction(math.ceil(low * 2**num_bits), 2**num_bits)
    of_escape = -math.log1p(-TOKENIZER.escape_probability) * len(text)
    reported = (nats_of(text, kind, rate=0.5).sum() - of_escape) / math.log(2)
    assert reported - 1e-4 <= num_bits <= reported + 2 + 1e-4

    found, coder = list[int](), Coder(kind)
    for _ in tokens:
        shares = coder.shares()
        token = max(k for k, (begin, _) in enumerate(shares) if begin <= point)
        point = (point - shares[token][0]) / shares[token][1]
        found.append(token)
        coder.read(token)
    assert found == tokens


@each_kind
def test_the_model_itself_is_not_changed(kind: str) -> None:
    """The bits of the network's weights, and those of the n-grams' prices."""
    before = network().params.flat.copy()
    static = Scorer(model_of(kind), codec_of()).score(TEXT).nats
    nats_of(TEXT, kind, rate=1.0)
    np.testing.assert_array_equal(network().params.flat, before)
    np.testing.assert_array_equal(Scorer(model_of(kind), codec_of()).score(TEXT).nats, static)


def test_one_stream_alone_is_read() -> None:
    """A text is never dealt out to parallel streams."""
    with pytest.raises(ValueError, match="one stream, not 2"):
        adaptive("gru").initial_state(2)


def test_its_parameters_are_those_of_the_members() -> None:
    """What is learnt while reading is not counted and not saved."""
    assert adaptive("gru").num_parameters == network().num_parameters
    assert adaptive("gru").tensors() == {}


@pytest.mark.parametrize(
    ("rates", "scales", "weights", "message"),
    [
        ((0.1,), ({},), (1.0,), "1 rates, 1 scales and 1 weights are not those of 1 members"),
        ((0.1, 0.1), ({}, {}), (1.0, 1.0, 1.0), "2 rates"),
        ((-0.1,), ({},), (1.0, 1.0), "out of range"),
        ((2 * MAX_RATE,), ({},), (1.0, 1.0), "out of range"),
        ((0.1,), ({"projection.V": -1.0},), (1.0, 1.0), "out of range"),
        ((0.1,), ({},), (1.0, -1.0), "out of range"),
    ],
)
def test_rates_that_cannot_be_those_of_a_model_are_refused(
    rates: tuple[float, ...], scales: tuple[dict[str, float], ...], weights: tuple[float, ...], message: str
) -> None:
    """Too few or too many, negative, or too large."""
    with pytest.raises(ValueError, match=message):
        AdaptiveModel([(network().config, network())], Rates(rates=rates, scales=scales, weights=weights))
