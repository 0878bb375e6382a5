"""The search at many places: ranks, guesses and entropies are those of all characters, enumerated."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.models import LanguageModel
from charseq.network.loss import log_softmax
from charseq.scoring import search
from charseq.scoring.front import Found, Wanted
from charseq.scoring.guesses import Guesser
from charseq.scoring.search import Search
from charseq.text import UNSEEN
from charseq.text.codec import Codec
from charseq.text.tokenizers.byte import ByteTokenizer
from charseq.text.tokenizers.jamo import JamoTokenizer
from tests.scoring.twins import ALPHABET, NGRAM_PAIR, PAIR_KINDS, TEXT, Kind, each, model_of, plain_p

PLACES = 20
JAMO = Codec(JamoTokenizer.fit("한국 말 ab\n"), "stream")
BYTE = Codec(ByteTokenizer(), "stream")
each_pair = each(*PAIR_KINDS, NGRAM_PAIR)


def places_of(model: LanguageModel, codec: Codec, text: str) -> tuple[Any, Any, Any]:
    """Return what `Search.at` takes: log p and the state before each character of `text`, and its tokens."""
    sequence = codec.examples(text)
    state = model.initial_state(1)
    work = model.workspace(len(sequence.inputs), 1, resets=codec.restarts, backward=False)
    resets = None if sequence.starts is None else sequence.starts[:, None]
    logits = model.forward(sequence.inputs[:, None], state, work, resets=resets)
    log_p = log_softmax(codec.possible(logits, sequence.inputs[:, None]))[:, 0]
    assert sequence.begins is not None
    steps = np.flatnonzero(sequence.begins)
    spelled = [codec.tokenizer.spell(char) for char in text]
    targets = np.full((len(text), max(map(len, spelled))), UNSEEN, np.int32)
    for row, tokens in zip(targets, spelled, strict=True):
        row[: len(tokens)] = tokens
    return log_p[steps], model.recall(work, steps, np.zeros_like(steps)), targets


def searched(model: LanguageModel, codec: Codec, text: str, wanted: Wanted) -> Found:
    return Search(model, codec, wanted).at(*places_of(model, codec, text))


def enumerated(kind: Kind) -> list[NDArray[np.float64]]:
    """Return p (A,) of all characters before each of the first PLACES characters of TEXT, by hand."""
    return list(plain_p(kind.make(), kind, TEXT[: PLACES - 1]))


@each_pair
def test_ranks_are_those_of_a_full_enumeration(kind: Kind) -> None:
    """Rank r has r - 1 characters that are likelier, up to rounding; an unseen character has 0."""
    found = searched(kind.make(), kind.codec, TEXT[:PLACES], Wanted())
    for char, p, rank in zip(TEXT[:PLACES], enumerated(kind), found.ranks.tolist(), strict=True):
        if char not in ALPHABET:
            assert rank == 0
        else:
            own = p[ALPHABET.index(char)]
            assert (p > own * (1 + 1e-9)).sum() < rank <= (p > own * (1 - 1e-9)).sum()


@each_pair
@pytest.mark.parametrize("worst", [1, 3])
def test_ranks_beyond_the_worst_are_one_more(kind: Kind, worst: int) -> None:
    """Those up to the worst are as without it."""
    exact = searched(kind.make(), kind.codec, TEXT[:PLACES], Wanted()).ranks
    found = searched(kind.make(), kind.codec, TEXT[:PLACES], Wanted(worst=worst)).ranks
    np.testing.assert_array_equal(found, np.minimum(exact, worst + 1))


@each_pair
@pytest.mark.parametrize("num", [1, 3, len(ALPHABET)])
def test_guesses_are_the_likeliest_of_all(kind: Kind, num: int) -> None:
    """They come in order, with their probabilities; each is where it is in the alphabet."""
    found = searched(kind.make(), kind.codec, TEXT[:PLACES], Wanted(num, whole=True))
    for p, chars, log_p in zip(enumerated(kind), found.chars, found.log_p, strict=True):
        np.testing.assert_allclose(np.exp(log_p), np.sort(p)[::-1][:num], rtol=1e-9)
        np.testing.assert_allclose(p[chars], np.exp(log_p), rtol=1e-9)


@each_pair
def test_the_first_guess_is_found_whatever_is_wanted(kind: Kind) -> None:
    """A limit for ranks does not change it."""
    for wanted in (Wanted(), Wanted(worst=1), Wanted(2, worst=1)):
        found = searched(kind.make(), kind.codec, TEXT[:PLACES], wanted)
        best = [p.max() for p in enumerated(kind)]
        np.testing.assert_allclose(np.exp(found.log_p[:, 0]), best, rtol=1e-9)


@each_pair
def test_entropies_are_those_of_a_full_enumeration(kind: Kind) -> None:
    """They lack what is negligible; without the whole distribution there are none."""
    found = searched(kind.make(), kind.codec, TEXT[:PLACES], Wanted(whole=True))
    expected = [-(p * np.log(p)).sum() for p in enumerated(kind)]
    np.testing.assert_allclose(found.entropies, expected, atol=1e-3)
    assert np.isnan(searched(kind.make(), kind.codec, TEXT[:PLACES], Wanted()).entropies).all()


@pytest.mark.parametrize("wanted", [Wanted(), Wanted(worst=5), Wanted(3, whole=True)], ids=str)
@pytest.mark.parametrize("codec", [JAMO, BYTE], ids=["jamo", "byte"])
def test_nothing_depends_on_how_many_places_are_searched_together(
    codec: Codec, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One place at a time, or a few nodes, give the same as all at once."""
    model, text = model_of("gru", vocab_size=codec.vocab_size), "한 a가"
    together = searched(model, codec, text, wanted)
    monkeypatch.setattr(search, "PLACES_AT_ONCE", 1)
    monkeypatch.setattr(search, "BATCHES", (4, 2))
    for one, other in zip(searched(model, codec, text, wanted), together, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


@pytest.mark.parametrize("codec", [JAMO, BYTE], ids=["jamo", "byte"])
def test_it_finds_what_the_search_at_one_place_finds(codec: Codec) -> None:
    """For peaked distributions of jamo and bytes, guesses and ranks are those of the Guesser."""
    model, text = model_of("lstm", vocab_size=codec.vocab_size), "한국a"
    sharp = model.params.flat.copy()
    try:
        model.params.flat[:] *= 8
        found = searched(model, codec, text, Wanted(2, whole=True))
        reader, guesser = model.reader(), Guesser(codec)
        sequence = codec.examples(text)
        assert sequence.begins is not None
        k = 0
        for step, token in enumerate(sequence.inputs.tolist()):
            logits = reader.read(token)
            if sequence.begins[step]:
                log_p = log_softmax(codec.possible(logits, token))
                place = codec.tokenizer.place(text[k])
                assert place is not None
                alone = guesser.rank(reader, log_p, num=2, target=text[k], whole=True)
                assert found.chars[k].tolist() == alone.chars[:2].tolist()
                np.testing.assert_allclose(found.log_p[k], alone.log_p[:2], rtol=1e-6)
                assert found.entropies[k] == pytest.approx(alone.entropy, abs=1e-2)
                assert found.ranks[k] >= alone.rank_of(place)
                k += 1
    finally:
        model.params.flat[:] = sharp


def test_a_byte_that_could_begin_a_character_has_no_rank() -> None:
    """It is no character of the alphabet, and nothing is looked for but the likeliest one."""
    model = model_of("gru", vocab_size=BYTE.vocab_size)
    found = searched(model, BYTE, "a\udcc3b", Wanted())
    assert found.ranks[1] == 0
    assert found.ranks[0] > 0
    assert math.isfinite(found.log_p[1, 0])
