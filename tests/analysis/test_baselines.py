"""Baselines: the names that are known, and models that are counted in the training part."""

from pathlib import Path

import numpy as np
import pytest

from charseq.analysis.baselines import baseline_orders, count_baselines
from charseq.config import Settings
from charseq.errors import ConfigError
from charseq.models import fit_ngram
from charseq.network import CharModel
from charseq.runs.checkpoint import Checkpoint, Provenance
from charseq.scoring import Scorer
from charseq.text import CharTokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.split import CorpusParts


def test_names_stand_for_orders() -> None:
    """The order of an n-gram is the number of characters that it is long."""
    orders = {"uniform": 0, "unigram": 1, "ngram:5": 5, "ngram:99": 99}
    assert baseline_orders("uniform, unigram,ngram:5,ngram:99") == orders


@pytest.mark.parametrize(
    ("name", "hint"),
    [("ngram:0", ""), ("ngram:100", ""), ("", ""), ("unigramm", " (did you mean 'unigram'?)")],
)
def test_other_names_are_refused(name: str, hint: str) -> None:
    """The message lists those that are known."""
    with pytest.raises(ConfigError) as caught:
        baseline_orders(name)
    expected = f"--baseline must be uniform, unigram or ngram:K with K from 1 to 99; got {name!r}"
    assert str(caught.value).startswith(expected)
    assert str(caught.value).endswith(hint)


def test_baselines_are_counted_in_the_training_part(tmp_path: Path) -> None:
    """They have the vocabulary of the model, and have not seen what was held out."""
    (tmp_path / "a.txt").write_text("hello world\n" * 50 + "xyz\n" * 40)
    settings = Settings().with_layer({"data": {"corpus": [str(tmp_path / "a.txt")]}}, "test")
    parts = CorpusParts.read(settings.data)
    codec = Codec(CharTokenizer.fit_counts(parts.train.counts()), "stream")
    model = CharModel(settings.model, codec.vocab_size)
    model.initialise_(np.random.default_rng(0))
    checkpoint = Checkpoint(model, codec, settings, Provenance.of(parts, "charseq train"))
    found = count_baselines(checkpoint, "uniform,ngram:3")
    assert list(found) == ["uniform", "ngram:3"]
    expected = fit_ngram(Examples(parts.train, codec), vocab_size=codec.vocab_size, order=3)
    prices = [Scorer(one, codec).score("hello xyz").nats.tolist() for one in (found["ngram:3"], expected)]
    assert prices[0] == prices[1]
