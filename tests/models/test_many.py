"""Readers of many texts at once, for every kind of model."""

import numpy as np
import pytest

from charseq.config import ModelConfig
from charseq.models import LanguageModel
from charseq.models.many import Separately, many_readers
from charseq.models.mlp import MLP
from charseq.network.products import tile_width
from tests.builders import assert_close
from tests.extensions.recency import Recency
from tests.scoring.twins import Kind

VOCAB = Kind("gru", "stream").codec.vocab_size
STEPS = np.random.default_rng(0).integers(-1, VOCAB, (12, 24)).astype(np.int32)


def window() -> MLP:
    model = MLP(ModelConfig(kind="mlp", order=3, hidden_size=9), VOCAB)
    model.params.flat[...] = np.random.default_rng(1).normal(size=model.params.flat.size)
    return model


MODELS: dict[str, LanguageModel] = {
    "network": Kind("gru", "stream").make(),
    "ngram": Kind("ngram", "stream").make(),
    "mlp": window(),
    "mixture": Kind("mixture", "stream").make(),
    "of no readers": Recency(np.arange(VOCAB)),
}


@pytest.mark.parametrize("name", MODELS)
def test_each_text_is_read_as_by_a_reader_of_one_stream(name: str) -> None:
    """One of the texts begins late, where another stream has come to."""
    model = MODELS[name]
    many, ones = many_readers(model, 8), [model.reader() for _ in range(9)]
    for place, one in enumerate(ones[:8]):
        many.put_(place, one.save())
    for number, step in enumerate(STEPS[:, :8]):
        if number == 5:
            for token in (1, 2, 3):
                ones[8].read(token)
            ones[2].restore_(ones[8].save())
            many.put_(2, ones[8].save())
        expected = [one.read(int(token)).copy() for one, token in zip(ones, step, strict=False)]
        assert_close(many.read(step), np.stack(expected), tolerance=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_the_number_of_texts_changes_no_bit(name: str) -> None:
    """The same texts have the same logits, whatever is beside them."""
    model, width = MODELS[name], tile_width()
    wide, narrow = many_readers(model, 24), many_readers(model, width)
    for step in STEPS:
        assert np.array_equal(wide.read(step)[8 : 8 + width], narrow.read(step[8 : 8 + width]))


def test_a_kind_of_model_need_not_know_many_texts() -> None:
    """Then each text has a reader of its own."""
    assert isinstance(many_readers(MODELS["of no readers"], 4), Separately)
    assert not isinstance(many_readers(MODELS["network"], 4), Separately)


@pytest.mark.parametrize("name", MODELS)
def test_texts_go_on_from_the_pasts_of_others(name: str) -> None:
    """Some pasts go on twice, others not at all; what was saved stays as it is."""
    model, places = MODELS[name], np.array([3, 3, 0, 7, 1, 1, 1, 2])
    many, again = many_readers(model, 8), many_readers(model, 8)
    for step in STEPS[:3, :8]:
        many.read(step)
        again.read(step[places])
    saved = many.save()
    for step in STEPS[3:5, :8]:
        many.read(step)
    for _ in range(2):
        many.spread_(saved, places)
        twin = again.save()
        for step in STEPS[5:7, :8]:
            assert_close(many.read(step), again.read(step), tolerance=1e-6)
        again.spread_(twin, np.arange(8))
