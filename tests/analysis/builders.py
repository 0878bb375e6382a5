"""Texts with prices drawn by chance, in any pieces; plain sums of scores; a model that was never trained."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import strategies as st

from charseq.config import CellName, ModelConfig, Settings, Unit
from charseq.network import CharModel
from charseq.runs.checkpoint import Checkpoint, Provenance
from charseq.scoring.score import Score
from charseq.scoring.surprisal import Expectations, Surprisal
from charseq.text import CharTokenizer
from charseq.text.codec import Codec
from charseq.text.tokenizers.tokenizer import bytes_per_char

PROVENANCE = Provenance((), "", 0, 0, 0, 0, "", "", "", "")
TOKENIZER = CharTokenizer.fit("hello world\nkin and expert, zażółć\n")
UNITS: tuple[Unit, ...] = ("stream", "line")

texts = st.text(
    st.one_of(
        st.sampled_from("ab \n\r"),
        st.sampled_from("aB.é7\t\x0b\x1c\x85\xa0\u2028\u3000\u0301한ж中😀"),
        st.characters(),
    ),
    max_size=60,
)
cuts = st.lists(st.integers(0, 60), max_size=6).map(sorted)
seeds = st.integers(0, 99)


def surprisal_of(text: str, seed: int = 0, *, num_guesses: int = 0) -> Surprisal:
    """Return prices of the characters of `text`, drawn by chance, with ranks from 0 to 8."""
    rng, num_chars = np.random.default_rng(seed), len(text)
    nats, ranks = rng.exponential(2.0, num_chars), rng.integers(0, 9, num_chars).astype(np.int32)
    surprisal = Surprisal(nats, bytes_per_char(text), ranks == 0, ranks, rng.random(num_chars))
    if not num_guesses:
        return surprisal
    guesses = rng.integers(0, 50, (num_chars, num_guesses)).astype(np.int32)
    expected = Expectations(rng.random(num_chars), guesses, rng.random((num_chars, num_guesses)))
    return replace(surprisal, expected=expected)


def part_of(surprisal: Surprisal, begin: int, end: int) -> Surprisal:
    """Return the surprisal of the characters from `begin` to `end`."""
    part = slice(begin, end)
    assert surprisal.ranks is not None
    assert surprisal.confidences is not None
    return Surprisal(
        surprisal.nats[part],
        surprisal.num_bytes[part],
        surprisal.unseen[part],
        surprisal.ranks[part],
        surprisal.confidences[part],
        expected=surprisal.expected and surprisal.expected[part],
    )


def pieces_of(text: str, surprisal: Surprisal, cuts: list[int]) -> Iterator[tuple[str, Surprisal]]:
    """Yield `text` cut at `cuts`, each piece with its surprisal; some pieces may be empty."""
    bounds = [0, *(min(cut, len(text)) for cut in cuts), len(text)]
    return ((text[begin:end], part_of(surprisal, begin, end)) for begin, end in pairwise(bounds))


def plain_score(surprisal: Surprisal, places: Iterable[int]) -> Score:
    """Return the score of the characters at `places`, added up one by one."""
    score = Score()
    assert surprisal.ranks is not None
    for k in places:
        rank = int(surprisal.ranks[k])
        score += Score(
            num_chars=1,
            num_bytes=int(surprisal.num_bytes[k]),
            num_unseen=int(rank == 0),
            num_top1=int(rank == 1),
            num_top5=int(rank in (1, 2, 3, 4, 5)),
            nats=float(surprisal.nats[k]),
        )
    return score


def assert_same_score(score: Score, expected: Score) -> None:
    """Compare counts exactly and nats up to rounding; words are not counted here."""
    assert replace(score, nats=0.0, num_words=0) == replace(expected, nats=0.0, num_words=0)
    assert score.nats == pytest.approx(expected.nats, abs=1e-9)


def surprisal_with(nats: Sequence[float], ranks: Sequence[int], confidences: Sequence[float]) -> Surprisal:
    """Return a surprisal of characters of one byte; a rank of 0 is that of an unseen one."""
    places = np.array(ranks, np.int32)
    num_bytes = np.ones(len(places), np.int32)
    return Surprisal(np.array(nats, float), num_bytes, places == 0, places, np.array(confidences, float))


@cache
def model_of(cell: CellName) -> CharModel:
    """Return a model with random parameters, none of them zero."""
    model = CharModel(ModelConfig(cell=cell, hidden_size=8), TOKENIZER.vocab_size, np.float64)
    rng = np.random.default_rng(0)
    model.initialise_(rng)
    # Biases of zero would keep the zero state while the zero vector is read, as if nothing had been.
    model.params.flat += rng.normal(0, 0.1, model.params.flat.size)
    return model


def checkpoint_of(unit: Unit = "stream") -> Checkpoint:
    """Return a model that was never trained."""
    with_unit = Settings().with_layer({"data": {"unit": unit}}, "test")
    return Checkpoint(model_of("gru"), Codec(TOKENIZER, unit), with_unit, PROVENANCE)


def random_text(num_chars: int, seed: int = 1) -> str:
    """Return lines of random characters of the vocabulary and a few others."""
    alphabet = [*TOKENIZER.vocab, "\n", "é", "漢", "😀"]
    return "".join(np.random.default_rng(seed).choice(alphabet, num_chars).tolist())
