"""A network that reads many texts at once: each as alone, to the last bit, and as a reader of one stream."""

from itertools import product
from typing import TypeAlias

import numpy as np
import pytest

from charseq.config import ModelConfig
from charseq.network import CharModel
from charseq.network.products import tile_width
from tests.builders import assert_close, with_random_parameters

VOCAB = 11
STEPS = np.random.default_rng(0).integers(-1, VOCAB, (20, 40)).astype(np.int32)
Shape: TypeAlias = tuple[str, int, int, bool]
SHAPES: list[Shape] = [
    ("gru", 1, 0, False),
    ("lstm", 2, 5, False),
    ("rnn", 2, 0, True),
    ("gru", 2, 3, True),
    ("lstm", 1, 0, True),
]
"""The cell, the layers, the size of the embedding, and whether W h is normalised."""


def network(shape: Shape, dtype: type = np.float32) -> CharModel:
    config = ModelConfig.model_validate(
        {"hidden_size": 24}
        | dict(zip(("cell", "num_layers", "embedding_size", "rms_norm"), shape, strict=True))
    )
    return with_random_parameters(CharModel(config, VOCAB, dtype), scale=0.3)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_text_is_read_as_by_a_reader_of_one_stream(shape: Shape) -> None:
    """The logits are the same but for rounding, unseen characters among the inputs."""
    model = network(shape, np.float64)
    many, ones = model.many(8), [model.reader() for _ in range(8)]
    for step in STEPS[:, :8]:
        expected = [one.read(int(token)).copy() for one, token in zip(ones, step, strict=True)]
        assert_close(many.read(step), np.stack(expected))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_number_of_texts_changes_no_bit(shape: Shape) -> None:
    """The same texts in the same columns of a tile have the same logits, whatever is beside them."""
    model, width = network(shape), tile_width()
    wide, narrow = model.many(40), model.many(width)
    for step, first in product(STEPS, [16]):
        mine = slice(first, first + width)
        assert np.array_equal(wide.read(step)[mine], narrow.read(step[mine]))


def test_a_text_goes_on_from_what_a_reader_has_saved() -> None:
    """Others beside it, at either turn, are left alone."""
    model = network(("lstm", 2, 0, True), np.float64)
    for before in (1, 2):
        one, other, many = model.reader(), model.reader(), model.many(8)
        for token in STEPS[:before, 0].tolist():
            other.read(token)
        for token in (3, 1, 4):
            one.read(token)
        for step in STEPS[:before, :8]:
            many.read(step)
        many.put_(5, one.save())
        logits = many.read(np.full(8, 2, np.int32))
        assert_close(logits[5], one.read(2))
        assert_close(logits[0], other.read(2))
