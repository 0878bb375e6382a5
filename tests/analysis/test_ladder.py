"""The ladder of models."""

import pytest

from charseq.analysis.comparison import ComparedModel
from charseq.analysis.ladder import ladder
from charseq.models import fit_ngram
from charseq.scoring import Scorer
from charseq.text.batches import Examples
from charseq.text.symbols import EncodedText
from tests.reports.checkpoints import trained

TEXT = "hello world\nold hell\n" * 30


def test_the_worst_stands_first_with_what_evaluate_finds() -> None:
    """Each model has its size, and the score that it has alone; a baseline reads like the first model."""
    _, checkpoint = trained()
    examples = Examples(EncodedText.of(TEXT), checkpoint.codec)
    counted = {
        name: fit_ngram(examples, vocab_size=checkpoint.codec.vocab_size, order=order)
        for name, order in (("ngram:3", 3), ("unigram", 1))
    }
    models = [ComparedModel("net", checkpoint, 0)]
    rungs = ladder(models, [("a.txt", [TEXT[:100], TEXT[100:]])], baselines=counted)
    assert {rung.model for rung in rungs} == {"net", "ngram:3", "unigram"}
    nats = [rung.totals.score.nats for rung in rungs]
    assert nats == sorted(nats, reverse=True)
    assert rungs[-1].model == "ngram:3"
    for rung in rungs:
        alone = counted.get(rung.model, checkpoint.model)
        score = Scorer(alone, checkpoint.codec).score(TEXT).score()
        assert rung.totals.score.nats == pytest.approx(score.nats, rel=1e-6)
        assert rung.num_parameters == alone.num_parameters
        assert rung.kind == ("counted" if rung.model in counted else checkpoint.description)
