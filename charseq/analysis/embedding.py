"""Embeddings: the vectors by which a model reads its tokens, their neighbours, their classes, and a map.

The vectors are the columns of E. A model that reads one-hot tokens has none; its tokens enter through the
columns of U, so these are taken. Tokens that a model uses alike have vectors with a similar direction: the
similarity is the cosine (Mikolov, Yih and Zweig 2013, "Linguistic regularities in continuous space word
representations"). The purity of a class is the mean share of a token's nearest neighbours that are of its own
class. The map has the first two principal components (Pearson 1901, "On lines and planes of closest fit to
systems of points in space").
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass

import numpy as np

from charseq.analysis.classes import class_of
from charseq.arrays import FloatArray, TokenArray
from charseq.errors import ConfigError
from charseq.runs.checkpoint import Checkpoint
from charseq.text.tokenizers.tokenizer import Tokenizer

NUM_NEAREST = 5
"""The neighbours that purity counts; fewer in a class with fewer members."""
BLOCK_NUMBERS = 1 << 22
"""The most similarities that are computed together."""
NEGLIGIBLE = 1e-12
"""The share of the largest singular value below which another one is rounding."""
VOWELS = frozenset("aeiouαεηιουωаеиоуыэюяєі")
"""Letters for vowels, lower case and without marks; y and й are none of them."""
SCRIPTS_WITH_VOWELS = ("letter", "Greek", "Cyrillic")
"""The classes of letters, as `class_of` names them, that are vowels or consonants."""


@dataclass(frozen=True, slots=True)
class TokenClass:
    """A class of `num` tokens; `purity` is None for a single one.

    `chance` is the purity that is expected if the vectors say nothing: the share of the other tokens that are
    of the class.
    """

    name: str
    num: int
    purity: float | None
    chance: float


@dataclass(frozen=True, slots=True)
class Embedding:
    """The vectors (D, V) of the tokens with the names `tokens` and the classes `classes`.

    `model` and `matrix` say where they are from. `neighbours` (V, K) are the nearest other tokens of each,
    the nearest first, and `similarities` (V, K) their cosines. `purities` (V,) have the share of the
    NUM_NEAREST neighbours that are of the token's class, nan for the only one of a class. `places` (V, 2) are
    the coordinates on the map, whose two axes have the shares `variances` of the variance.
    """

    model: str
    matrix: str
    tokens: tuple[str, ...]
    classes: tuple[str, ...]
    vectors: FloatArray
    neighbours: TokenArray
    similarities: FloatArray
    purities: FloatArray
    places: FloatArray
    variances: tuple[float, float]

    def __repr__(self) -> str:
        size, num = self.vectors.shape
        return f"<Embedding: {num} tokens in {size} dimensions, {self.matrix} of {self.model}>"

    def by_class(self) -> list[TokenClass]:
        """Return the classes, the largest first."""
        found = []
        for name, num in Counter(self.classes).most_common():
            own = self.purities[[one == name for one in self.classes]]
            chance = (num - 1) / max(1, len(self.tokens) - 1)
            found.append(TokenClass(name, num, float(own.mean()) if num > 1 else None, chance))
        return found

    @property
    def purity(self) -> float | None:
        """The mean purity of all tokens that share their class with others, None if none does."""
        known = self.purities[~np.isnan(self.purities)]
        return float(known.mean()) if len(known) else None

    @property
    def chance(self) -> float | None:
        """The mean by chance of the same tokens."""
        classes = [one for one in self.by_class() if one.num > 1]
        num = sum(one.num for one in classes)
        return sum(one.num * one.chance for one in classes) / num if num else None


def embedding_of(checkpoint: Checkpoint, *, num_neighbours: int = NUM_NEAREST) -> Embedding:
    """Return the embedding of a model, of a mixture that of its first member that has one.

    Raises ConfigError if there is none, as for n-grams.
    """
    for member in checkpoint.members:
        vectors = member.kind.embedding(member.settings.model, member.model)
        if vectors is not None:
            matrix = "E" if member.settings.model.embedding_size else "U"
            return embedding(
                np.asarray(vectors, np.float64),
                checkpoint.codec.tokenizer,
                model=member.description,
                matrix=matrix,
                num_neighbours=num_neighbours,
            )
    raise ConfigError(f"{checkpoint.description}: this kind of model has no embedding")


def embedding(
    vectors: FloatArray, tokenizer: Tokenizer, *, model: str, matrix: str, num_neighbours: int
) -> Embedding:
    """Return the embedding of these vectors (D, V), with the names and the classes of the tokens."""
    num_tokens = vectors.shape[1]
    classes = tuple(class_of_token(tokenizer, token) for token in range(num_tokens))
    num_nearest = min(max(num_neighbours, NUM_NEAREST), num_tokens - 1)
    neighbours, similarities = nearest(vectors, num_nearest)
    places, variances = principal_components(vectors)
    return Embedding(
        model=model,
        matrix=matrix,
        tokens=tuple(map(tokenizer.label, range(num_tokens))),
        classes=classes,
        vectors=vectors,
        neighbours=neighbours[:, :num_neighbours],
        similarities=similarities[:, :num_neighbours],
        purities=purities_of(neighbours, classes),
        places=places,
        variances=variances,
    )


def nearest(vectors: FloatArray, num: int) -> tuple[TokenArray, FloatArray]:
    """Return the `num` other columns of `vectors` (D, V) with the largest cosine to each, and the cosines.

    Both are (V, num), the nearest first; equally near ones keep their order. A vector of zeros has the cosine
    0 to all.
    """
    lengths = np.linalg.norm(vectors, axis=0)
    units = vectors / np.where(lengths > 0, lengths, 1)
    num_tokens = units.shape[1]
    neighbours, cosines = np.empty((num_tokens, num), np.int32), np.empty((num_tokens, num))
    step = max(1, BLOCK_NUMBERS // num_tokens)
    for begin in range(0, num_tokens, step):
        some = np.arange(begin, min(begin + step, num_tokens))
        cosine = (units[:, some].T @ units).clip(-1, 1)
        cosine[np.arange(len(some)), some] = -np.inf  # a token is no neighbour of its own
        order = np.argsort(-cosine, axis=1, kind="stable")[:, :num]
        neighbours[some], cosines[some] = order, np.take_along_axis(cosine, order, axis=1)
    return neighbours, cosines


def purities_of(neighbours: TokenArray, classes: tuple[str, ...]) -> FloatArray:
    """Return for each token the share of its nearest neighbours (V, K) of its class, nan for a class of one.

    The nearest NUM_NEAREST count, or as many as the class has other members.
    """
    sizes, numbers = Counter(classes), {name: k for k, name in enumerate(dict.fromkeys(classes))}
    own = np.array([numbers[name] for name in classes])
    purities = np.full(len(classes), np.nan)
    for token, name in enumerate(classes):
        num = min(NUM_NEAREST, sizes[name] - 1)
        if num:
            purities[token] = np.mean(own[neighbours[token, :num]] == own[token])
    return purities


def principal_components(vectors: FloatArray) -> tuple[FloatArray, tuple[float, float]]:
    """Return the first two principal components of the columns of `vectors`, (V, 2), and their variances.

    The variances are shares of the whole. In each component the number with the largest size is positive, so
    that the same vectors have the same map everywhere.
    """
    centred = vectors - vectors.mean(axis=1, keepdims=True)
    _, sizes, components = np.linalg.svd(centred, full_matrices=False)
    sizes[sizes <= NEGLIGIBLE * sizes[0]] = 0
    places, shares = np.zeros((vectors.shape[1], 2)), [0.0, 0.0]
    whole = float(np.sum(sizes**2))
    for k in range(min(2, len(sizes)) if whole > 0 else 0):
        component = sizes[k] * components[k]
        places[:, k] = component * np.sign(component[np.argmax(np.abs(component))] or 1)
        shares[k] = float(sizes[k] ** 2) / whole
    return places, (shares[0], shares[1])


def class_of_token(tokenizer: Tokenizer, token: int) -> str:
    """Return the class of the character that a token is, or the kind of a part of characters."""
    return tokenizer.kind_of_part(token) or letter_class(tokenizer.label(token))


def letter_class(char: str) -> str:
    """Return the class of a character: as `class_of`, with vowels, consonants and capitals apart."""
    name = class_of(char)
    if name not in SCRIPTS_WITH_VOWELS:
        return name
    if char != char.lower():
        return "capital"
    return "vowel" if unicodedata.normalize("NFD", char)[0] in VOWELS else "consonant"
