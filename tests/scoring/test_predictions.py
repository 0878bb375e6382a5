"""The predictions that the weights of a mixture are fitted on: those that scoring pays for, no others."""

import itertools
import math

import numpy as np
import pytest

from charseq.network.loss import log_softmax
from charseq.scoring import Scorer
from charseq.scoring import predictions as module
from charseq.scoring.predictions import Predictions, predictions_of
from charseq.scoring.scorer import WINDOW_STEPS
from charseq.text.symbols import EncodedText
from tests.builders import assert_close, random_array
from tests.scoring.twins import EPS, LINES, TEXT, TOKENIZER, UNITS, Kind, each, model_of

KINDS = [Kind(model, unit) for model in ("gru", "ngram", "mixture") for unit in UNITS]


@each(*KINDS, Kind("gru", "line", "pair"), Kind("ngram", "stream", "pair"))
@pytest.mark.parametrize("text", [TEXT, LINES], ids=["text", "lines"])
def test_they_are_the_prices_of_the_scorer_without_the_escape(kind: Kind, text: str) -> None:
    """From the same zero state on, for every known character, in streams and in lines."""
    model, codec = kind.make(), kind.codec
    surprisal = Scorer(model, codec, ranks=False).score(text)
    predictions = predictions_of([model], codec, EncodedText.of(text))
    known = ~surprisal.unseen
    expected = surprisal.nats[known].sum() + known.sum() * math.log(1 - EPS)
    paid = -predictions.target_log_p().sum()
    assert_close(paid / known.sum(), expected / known.sum(), tolerance=1e-6)


@each(*KINDS)
def test_each_is_the_price_of_its_character(kind: Kind) -> None:
    """Not only their sum."""
    surprisal = Scorer(kind.make(), kind.codec, ranks=False).score(TEXT)
    found = predictions_of([kind.make()], kind.codec, EncodedText.of(TEXT)).target_log_p()[0]
    assert_close(-found, surprisal.nats[~surprisal.unseen] + math.log(1 - EPS), tolerance=1e-5)


def test_they_cover_the_whole_vocabulary_for_every_model() -> None:
    """Blocks have log p of every token, members first, and they come to an end with the text."""
    kind = Kind("ngram", "stream")
    predictions = predictions_of([kind.make(), model_of("gru")], kind.codec, EncodedText.of(TEXT))
    ((log_p, targets),) = predictions.blocks()
    assert predictions.num_members == 2
    assert log_p.shape == (2, len(predictions), TOKENIZER.vocab_size)
    assert_close(np.exp(log_p).sum(axis=2), 1, tolerance=1e-6)
    assert TOKENIZER.decode(targets) == "".join(char for char in TEXT if char in TOKENIZER.vocab)


@pytest.mark.parametrize(("seconds", "num_windows"), [(0.0, 1), (2.5, 3), (1e9, 10)])
def test_the_time_for_them_can_be_limited(seconds: float, num_windows: int) -> None:
    """Whole windows are read, one at least, and those are the same predictions as without a limit."""
    kind, ticks = Kind("gru", "stream"), itertools.count()
    text, models = EncodedText.of("hello world " * 200), [kind.make(), model_of("gru")]
    found = predictions_of(models, kind.codec, text, seconds=seconds, clock=lambda: float(next(ticks)))
    whole = predictions_of(models, kind.codec, text).target_log_p()
    assert len(found) == min(num_windows * WINDOW_STEPS, len(text))
    np.testing.assert_array_equal(found.target_log_p(), whole[:, : len(found)])


def test_blocks_follow_each_other() -> None:
    """Many predictions are combined some at a time."""
    made, targets = log_softmax(random_array(5000, 30)), np.arange(5000, dtype=np.int32) % 30
    blocks = list(Predictions([made], targets).blocks())
    assert len(blocks) == 3
    together = np.concatenate([log_p for log_p, _ in blocks], axis=1)
    assert_close(together[0], made, tolerance=1e-6)
    np.testing.assert_array_equal(np.concatenate([some for _, some in blocks]), targets)


@pytest.mark.parametrize(
    ("limits", "num"),
    [({"MAX_TOKENS": 100}, 100), ({"MAX_NUMBERS": 2 * 90 * TOKENIZER.vocab_size}, 91)],
    ids=str,
)
def test_of_a_long_text_only_the_beginning_is_read(
    limits: dict[str, int], num: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither many tokens nor a large vocabulary nor many models need much memory."""
    for name, value in limits.items():
        monkeypatch.setattr(module, name, value)
    kind = Kind("ngram", "stream")
    known = "".join(char for char in TEXT if char in TOKENIZER.vocab)
    found = predictions_of([kind.make()] * 2, kind.codec, EncodedText.of(known))
    assert len(found) == num


def test_a_text_of_unknown_characters_has_none() -> None:
    """There is nothing to predict."""
    kind = Kind("ngram", "stream")
    assert len(predictions_of([kind.make()], kind.codec, EncodedText.of("QQ😀"))) == 0
