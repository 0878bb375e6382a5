"""Small models, texts, and the prices of their characters written out by hand, from the model's logits alone.

The twins read one token at a time and spell every character of the alphabet, in however many tokens.
"""

import copy
import math
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.config import CellName, ModelConfig, Unit
from charseq.models import LanguageModel, fit_ngram
from charseq.models.mixture import MemberRecord, Mixture
from charseq.network import CharModel
from charseq.text import CharTokenizer, Tokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from tests.extensions.twin_tokenizer import PairTokenizer

SAMPLE = "hello world\nkin and expert, zażółć\n"
TOKENIZER = CharTokenizer.fit(SAMPLE)
PAIR = PairTokenizer.fit(SAMPLE)
TOKENIZERS: dict[str, Tokenizer] = {"char": TOKENIZER, "pair": PAIR}
ALPHABET, EPS = TOKENIZER.vocab, TOKENIZER.escape_probability
UNITS: tuple[Unit, ...] = ("stream", "line")


class Kind(NamedTuple):
    """A kind of model, of sequence and of tokens: a cell, "ngram" or "mixture", a unit, a tokenizer."""

    model: str
    unit: Unit
    tokens: str = "char"

    @property
    def codec(self) -> Codec:
        """The codec."""
        return Codec(TOKENIZERS[self.tokens], self.unit)

    def make(self) -> LanguageModel:
        """Return the model, the same one each time."""
        if self.model == "ngram":
            return ngram_of(self.unit, self.tokens)
        if self.model == "mixture":
            return mixture_of(self.unit, self.tokens)
        return model_of(self.model, vocab_size=self.codec.vocab_size)


CHAR_KINDS = [
    *(Kind("rnn", "line"), Kind("gru", "stream"), Kind("lstm", "line")),
    *(Kind("ngram", "stream"), Kind("ngram", "line"), Kind("mixture", "line")),
]
PAIR_KINDS = [Kind("gru", "line", "pair"), Kind("lstm", "stream", "pair"), Kind("mixture", "stream", "pair")]
NGRAM_PAIR = Kind("ngram", "stream", "pair")
"""Apart from the others, since several characters of it are equally likely to the last bit but one."""


def each(*kinds: Kind) -> Any:
    """Return the mark that runs a test for each of `kinds`."""
    return pytest.mark.parametrize("kind", kinds, ids=["-".join(kind) for kind in kinds])


each_kind = each(*CHAR_KINDS, *PAIR_KINDS)
each_unit = pytest.mark.parametrize("unit", UNITS)


@cache
def model_of(
    cell: CellName,
    dtype: type = np.float64,
    num_layers: int = 1,
    embedding_size: int = 0,
    *,
    vocab_size: int = TOKENIZER.vocab_size,
) -> CharModel:
    """Return a model with random parameters, none of them zero."""
    config = ModelConfig(cell=cell, hidden_size=8, num_layers=num_layers, embedding_size=embedding_size)
    model, rng = CharModel(config, vocab_size, dtype), np.random.default_rng(0)
    model.initialise_(rng)
    # Biases of zero would keep the zero state while the zero vector is read, as if nothing had been.
    model.params.flat += rng.normal(0, 0.1, model.params.flat.size).astype(dtype)
    return model


@cache
def ngram_of(unit: Unit, tokens: str = "char") -> LanguageModel:
    """Return the 3-grams of a text that does not have all of the vocabulary."""
    codec = Codec(TOKENIZERS[tokens], unit)
    examples = Examples(EncodedText.of(random_text(300, unseen="")), codec)
    return fit_ngram(examples, vocab_size=codec.vocab_size, order=3)


@cache
def mixture_of(unit: Unit, tokens: str = "char") -> Mixture:
    """Return the log-linear mixture of a network and of 3-grams."""
    models = [model_of("gru", vocab_size=ngram_of(unit, tokens).vocab_size), ngram_of(unit, tokens)]
    members = [MemberRecord(config=ModelConfig()), MemberRecord(config=ModelConfig(kind="ngram", order=3))]
    return Mixture(members, models, np.array([0.6, 0.5]), "log-linear")


def random_text(num_chars: int, *, line_length: int = 12, unseen: str = "Q😀") -> str:
    """Return characters of the alphabet and of `unseen`, about one in `line_length` of them a newline."""
    rng = np.random.default_rng(num_chars)
    alphabet = sorted(set("".join(ALPHABET) + unseen) - {"\n"})
    chars = rng.choice(alphabet, num_chars)
    return "".join(np.where(rng.random(num_chars) < 1 / line_length, "\n", chars).tolist())


TEXT = random_text(270)  # more than one window
LINES = random_text(2000)


def spellings(tokens: str) -> dict[str, tuple[int, ...]]:
    """Return the tokens of each character: its place in the alphabet, or its row and its place in the row."""
    if tokens == "char":
        return {char: (k,) for k, char in enumerate(ALPHABET)}
    num_rows = math.ceil(len(ALPHABET) / 8)
    return {char: (k // 8, num_rows + k % 8) for k, char in enumerate(ALPHABET)}


def plain_p(model: LanguageModel, kind: Kind, text: Iterable[str]) -> Iterator[NDArray[np.float64]]:
    """Yield p (A,) of each character of the alphabet at first, and after each character of `text`.

    The characters are read one at a time, each when it is needed. The probability of a token is its share
    among those that go on in some spelling.
    """
    work, spelled = model.workspace(1, 1, backward=False), spellings(kind.tokens)
    state, beginnings = model.initial_state(1), {tokens[0] for tokens in spelled.values() if tokens[1:]}

    def read(token: int, state: Any) -> list[float]:
        logits = model.forward(np.array([[token]], np.int32), state, work)[0, 0].astype(np.float64)
        return np.exp(logits).tolist()

    def share(one: int, weights: list[float], begun: tuple[int, ...]) -> float:
        n = len(begun)
        return weights[one] / sum(weights[k] for k in {t[n] for t in spelled.values() if t[:n] == begun})

    for previous in chain([""], text):
        *first, last = spelled.get(previous, (-1,))
        if kind.unit == "line" and previous in ("", "\n"):
            state, first, last = model.initial_state(1), [], spelled["\n"][-1]
        for token in first:
            read(token, state)
        p = read(last, state)
        after = {token: read(token, copy.deepcopy(state)) for token in beginnings}
        firsts = {t[0]: share(t[0], p, ()) for t in spelled.values()}
        yield np.array(
            [
                firsts[t[0]] * math.prod(share(one, after[t[0]], t[:1]) for one in t[1:])
                for t in spelled.values()
            ]
        )


class Twin(NamedTuple):
    """The prices of a text's characters, and what is expected at each: probabilities with the escape applied.

    An entropy is that of whether the character is known, and with 1 - eps that of which one it is.
    `order` has all places in the alphabet, the likeliest first, equals by their number.
    """

    nats: list[float]
    ranks: list[int]
    entropies: list[float]
    order: list[list[int]]
    probabilities: list[list[float]]


def plain(model: LanguageModel, kind: Kind, text: str) -> Twin:
    """Return the twin of a text."""
    twin = Twin([], [], [], [], [])
    for char, p in zip(text, plain_p(model, kind, text), strict=False):
        q = ((1 - EPS) * p).tolist()
        order = sorted(range(len(q)), key=lambda place: (-q[place], place))
        if char in ALPHABET:
            place = ALPHABET.index(char)
            twin.nats.append(-math.log(q[place]))
            twin.ranks.append(1 + order.index(place))
        else:
            twin.nats.append(-math.log(EPS) + len(char.encode()) * math.log(256))
            twin.ranks.append(0)
        of_escape = -EPS * math.log(EPS) - (1 - EPS) * math.log(1 - EPS)
        twin.entropies.append(of_escape - (1 - EPS) * float((p * np.log(p)).sum()))
        twin.order.append(order)
        twin.probabilities.append([q[place] for place in order])
    return twin


@cache
def plain_of(kind: Kind) -> Twin:
    """Return the twin of TEXT."""
    return plain(kind.make(), kind, TEXT)
