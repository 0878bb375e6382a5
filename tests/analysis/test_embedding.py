"""The vectors of tokens: neighbours, purity and map as found by hand, for every model that has them."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from charseq.analysis.embedding import (
    NUM_NEAREST,
    class_of_token,
    embedding,
    embedding_of,
    letter_class,
    nearest,
    principal_components,
    purities_of,
)
from charseq.arrays import FloatArray
from charseq.config import Settings
from charseq.errors import ConfigError
from charseq.models import MODELS
from charseq.runs.checkpoint import Checkpoint
from charseq.text import CharTokenizer
from charseq.text.codec import Codec
from charseq.text.tokenizers.byte import ByteTokenizer
from charseq.text.tokenizers.jamo import JamoTokenizer
from tests.analysis.builders import PROVENANCE
from tests.blend import Blend
from tests.builders import random_array
from tests.reports.checkpoints import counted

TEXT = "hello World 42\n"
VOWELS_AND_TWO = "aeioubc"


def checkpoint_of(**model: object) -> Checkpoint:
    """Return an untrained model of TEXT."""
    settings = Settings().with_layer({"model": {"hidden_size": 6, **model}}, "test")
    codec = Codec(CharTokenizer.fit(TEXT), "stream")
    kind = MODELS[settings.model.kind]
    made = kind.build(settings.model, codec.vocab_size, np.random.default_rng(0))
    return Checkpoint(made, codec, settings, PROVENANCE)


# ---- neighbours and purity


def test_neighbours_have_the_largest_cosine() -> None:
    """The nearest comes first, and no token is a neighbour of its own."""
    vectors = random_array(3, 9)
    neighbours, cosines = nearest(vectors, 4)
    for token in range(9):
        by_hand = {
            other: sum(vectors[:, token] * vectors[:, other])
            / math.sqrt(sum(vectors[:, token] ** 2) * sum(vectors[:, other] ** 2))
            for other in range(9)
            if other != token
        }
        order = sorted(by_hand, key=lambda other: -by_hand[other])[:4]
        assert neighbours[token].tolist() == order
        assert cosines[token] == pytest.approx([by_hand[other] for other in order])


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours that are looked for a few tokens at a time are the same."""
    vectors = random_array(4, 23)
    expected = nearest(vectors, 5)
    monkeypatch.setattr("charseq.analysis.embedding.BLOCK_NUMBERS", 60)
    for found, one in zip(nearest(vectors, 5), expected, strict=True):
        np.testing.assert_allclose(found, one, rtol=0, atol=1e-12)


def test_a_vector_of_zeros_is_near_to_none() -> None:
    """Its cosine is 0, and nothing is divided by zero."""
    neighbours, cosines = nearest(np.array([[0.0, 1, -1]]), 2)
    assert cosines[0].tolist() == [0, 0]
    assert neighbours[1].tolist() == [0, 2]


def test_purity_is_the_share_of_the_nearest_of_the_own_class() -> None:
    """As many count as could be of the class, at most five; the only one of a class has none."""
    classes = ("a", "a", "a", "b", "b", "c")
    neighbours = np.array([[1, 3, 2], [3, 4, 0], [0, 1, 3], [5, 4, 0], [3, 0, 1], [0, 1, 2]], np.int32)
    purities = purities_of(neighbours, classes)
    assert purities[:5].tolist() == [0.5, 0, 1, 0, 1]
    assert math.isnan(purities[5])
    big = tuple("x" * 8)
    others = np.array([[k for k in range(8) if k != token] for token in range(8)], np.int32)
    assert purities_of(others[:, :NUM_NEAREST], big).tolist() == [1.0] * 8


def test_classes_have_their_mean_and_their_chance() -> None:
    """The largest class is the first; by chance a neighbour is of a class with the share of its members."""
    made = embedding(
        random_array(4, 7), CharTokenizer.fit(VOWELS_AND_TWO), model="m", matrix="E", num_neighbours=2
    )
    vowels, consonants = made.by_class()
    assert (vowels.name, vowels.num, consonants.name, consonants.num) == ("vowel", 5, "consonant", 2)
    assert (vowels.chance, consonants.chance) == (4 / 6, 1 / 6)
    assert vowels.purity == pytest.approx(np.mean([made.purities[made.tokens.index(c)] for c in "aeiou"]))
    assert made.purity == pytest.approx(made.purities.mean())
    assert made.chance == pytest.approx((5 * 4 / 6 + 2 / 6) / 7)
    assert made.neighbours.shape == (7, 2)


def test_vectors_that_are_drawn_at_random_are_as_pure_as_chance() -> None:
    """The figure beside the purity is what it is compared with."""
    tokenizer = CharTokenizer.fit("".join(map(chr, range(0x61, 0x7B))) + "0123456789")
    made = [
        embedding(random_array(8, 36, seed=k), tokenizer, model="m", matrix="E", num_neighbours=5).purity
        for k in range(40)
    ]
    chance = embedding(random_array(8, 36), tokenizer, model="m", matrix="E", num_neighbours=5).chance
    assert np.mean([one for one in made if one is not None]) == pytest.approx(chance, abs=0.03)


def test_vectors_of_a_class_that_are_alike_are_pure() -> None:
    """Vowels near vowels and digits near digits have a purity of one."""
    chars = "aeiou0123456789"
    directions = np.array([[1.0, 0] if char.isalpha() else [0, 1.0] for char in sorted(chars)]).T
    noise = 0.01 * random_array(2, 15)
    made = embedding(directions + noise, CharTokenizer.fit(chars), model="m", matrix="E", num_neighbours=5)
    assert [(one.name, one.purity) for one in made.by_class()] == [("digit", 1.0), ("vowel", 1.0)]


# ---- the map


def largest_is_positive(component: FloatArray) -> bool:
    return bool(component[np.argmax(np.abs(component))] > 0)


def test_the_map_has_the_principal_components() -> None:
    """They are the eigenvectors of the covariance, whose eigenvalues are the variances."""
    vectors = random_array(5, 30) * np.array([5.0, 3, 1, 1, 1])[:, None]
    places, variances = principal_components(vectors)
    covariance = np.cov(vectors)
    values, axes = np.linalg.eigh(covariance)
    for k in (0, 1):
        by_hand = axes[:, -1 - k] @ (vectors - vectors.mean(axis=1, keepdims=True))
        assert largest_is_positive(places[:, k])
        by_hand = by_hand if largest_is_positive(by_hand) else -by_hand
        np.testing.assert_allclose(places[:, k], by_hand, rtol=0, atol=1e-9)
        assert variances[k] == pytest.approx(values[-1 - k] / values.sum())


@pytest.mark.parametrize("shape", [(1, 5), (4, 1), (3, 2)])
def test_few_dimensions_or_tokens_have_a_map(shape: tuple[int, int]) -> None:
    """What is missing is zero."""
    places, variances = principal_components(random_array(*shape))
    assert places.shape == (shape[1], 2)
    assert not places[:, 1].any()
    assert variances[1] == pytest.approx(0, abs=1e-12)


# ---- models


@pytest.mark.parametrize(
    ("model", "name", "matrix"),
    [
        ({"cell": "lstm", "num_layers": 2}, "layers.0.U", "U"),
        ({"cell": "gru", "embedding_size": 3}, "embedding.E", "E"),
        ({"kind": "mlp", "order": 2, "embedding_size": 3}, "embedding.E", "E"),
    ],
)
def test_the_vectors_are_those_of_the_tokens(model: dict[str, object], name: str, matrix: str) -> None:
    """The columns of E, or those of the first U where tokens are one-hot."""
    checkpoint = checkpoint_of(**model)
    made = embedding_of(checkpoint)
    np.testing.assert_array_equal(made.vectors, checkpoint.model.tensors()[name])
    assert made.matrix == matrix
    assert made.tokens == tuple(sorted(set(TEXT)))
    assert repr(made).endswith(f"{matrix} of {checkpoint.description}>")


def test_a_window_of_one_hot_tokens_has_a_vector_of_all_its_places() -> None:
    """The U of each place, one below the other."""
    checkpoint = checkpoint_of(kind="mlp", order=2, embedding_size=0)
    U = checkpoint.model.tensors()["window.U"]
    np.testing.assert_array_equal(embedding_of(checkpoint).vectors, np.concatenate([*U]))


def test_a_mixture_has_that_of_its_network(blend: Blend) -> None:
    """The first member that has one."""
    both, gru = (Checkpoint.load(Path(run) / "model.safetensors") for run in (blend.both, blend.gru))
    assert embedding_of(both).model == gru.description
    np.testing.assert_array_equal(embedding_of(both).vectors, embedding_of(gru).vectors)


def test_n_grams_have_none() -> None:
    """They are named."""
    with pytest.raises(ConfigError, match=r"^ngram:3: this kind of model has no embedding$"):
        embedding_of(counted()[1])


# ---- classes


@pytest.mark.parametrize(
    ("chars", "name"),
    [
        ("aeiouéüäіы", "vowel"),
        ("bcyßñж", "consonant"),
        ("AÉŁЖΩ", "capital"),
        ("09٣", "digit"),
        (" ", "space"),
        ("\n", "newline"),
        (".,!", "punctuation"),
        ("한", "Hangul"),
        ("中", "CJK"),
    ],
)
def test_letters_have_classes(chars: str, name: str) -> None:
    """Vowels, consonants and capitals apart; other characters as elsewhere."""
    assert {letter_class(char) for char in chars} == {name}


def test_parts_of_characters_have_classes() -> None:
    """Jamo by their place in a syllable, bytes by their place in a character; ASCII by its characters."""
    jamo = JamoTokenizer.fit("한국 a\n")
    kinds = [class_of_token(jamo, token) for token in range(jamo.vocab_size)]
    assert [(name, len([*run])) for name, run in itertools.groupby(kinds)] == [
        ("Hangul lead", 19),
        ("Hangul vowel", 21),
        ("Hangul final", 28),
        ("newline", 1),
        ("space", 1),
        ("vowel", 1),
    ]
    assert [jamo.label(token) for token in (0, 68, 70)] == ["lead ᄀ", "\n", "a"]
    assert {class_of_token(ByteTokenizer(), byte) for byte in range(0x80, 0xC0)} == {"inner byte"}
    assert {class_of_token(ByteTokenizer(), byte) for byte in range(0xC2, 0xF5)} == {"first byte"}
    assert {class_of_token(ByteTokenizer(), byte) for byte in (0xC0, 0xC1, 0xFF)} == {"byte of none"}
    assert (ByteTokenizer().label(0x61), class_of_token(ByteTokenizer(), 0x61)) == ("a", "vowel")
