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


@pytest.mark.parametrize(
    ("names", "orders"),
    [
        ("uniform", {"uniform": 0}),
        ("unigram", {"unigram": 1}),
        ("ngram:1", {"ngram:1": 1}),
        ("ngram:99", {"ngram:99": 99}),
        ("ngram:5,uniform,unigram", {"ngram:5": 5, "uniform": 0, "unigram": 1}),
        ("ngram:2,ngram:3,ngram:2", {"ngram:2": 2, "ngram:3": 3}),
    ],
)
def test_names(names: str, orders: dict[str, int]) -> None:
    """Baselines come in the order in which they are named, each once."""
    assert list(baseline_orders(names.split(",")).items()) == list(orders.items())


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        ("unigrm", "'unigrm' (did you mean 'unigram'?)"),
        ("bigram", "'bigram' (did you mean 'ngram:2'?)"),
        ("trigrams", "'trigrams' (did you mean 'ngram:3'?)"),
        ("5-gram", "'5-gram' (did you mean 'ngram:5'?)"),
        ("ngram6", "'ngram6' (did you mean 'ngram:6'?)"),
        ("ngram=4", "'ngram=4' (did you mean 'ngram:4'?)"),
        ("0gram", "'0gram' (did you mean 'unigram'?)"),
        ("Uniform", "'Uniform' (did you mean 'uniform'?)"),
        ("ngram:", "'ngram:' (did you mean 'ngram:5'?)"),
        ("ngram:0", "'ngram:0' (did you mean 'ngram:5'?)"),
        ("ngram:05", "'ngram:05' (did you mean 'ngram:5'?)"),
        ("ngram:100", "'ngram:100' (did you mean 'ngram:5'?)"),
        ("ngram:-1", "'ngram:-1' (did you mean 'ngram:5'?)"),
        ("ngram:٣", "'ngram:٣' (did you mean 'ngram:5'?)"),
        ("uniform,,unigram", "''"),
        ("", "''"),
        ("xyz", "'xyz'"),
    ],
)
def test_wrong_names(names: str, wrong: str) -> None:
    """Anything else is refused, and the nearest name is suggested where there is a near one."""
    with pytest.raises(ConfigError) as caught:
        baseline_orders(names.split(","))
    message = "baseline must be uniform, unigram or ngram:K with K from 1 to 99; got "
    assert str(caught.value) == message + wrong


def test_baselines_are_counted_in_the_training_part(tmp_path: Path) -> None:
    """They have the vocabulary of the model, and have not seen what was held out."""
    (tmp_path / "a.txt").write_text("hello world\n" * 50 + "xyz\n" * 40)
    settings = Settings().with_layer({"data": {"corpus": [str(tmp_path / "a.txt")]}}, "test")
    parts = CorpusParts.read(settings.data)
    codec = Codec(CharTokenizer.fit_counts(parts.train.counts()), "stream")
    model = CharModel(settings.model, codec.vocab_size)
    model.initialise_(np.random.default_rng(0))
    checkpoint = Checkpoint(model, codec, settings, Provenance.of(parts, "charseq train"))
    found = count_baselines(checkpoint, ["uniform", "ngram:3"])
    assert list(found) == ["uniform", "ngram:3"]
    expected = fit_ngram(Examples(parts.train, codec), vocab_size=codec.vocab_size, order=3)
    prices = [Scorer(one, codec).score("hello xyz").nats.tolist() for one in (found["ngram:3"], expected)]
    assert prices[0] == prices[1]
