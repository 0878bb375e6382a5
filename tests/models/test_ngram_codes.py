"""The numbers by which n-grams are sorted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.arrays import TokenArray
from charseq.models import ngram_codes
from charseq.models.ngram_codes import Coder

V = 3
texts = st.lists(st.integers(-2, V - 1), min_size=1, max_size=40)
bounds = st.sampled_from([17, 300, 1 << 62])


def coder_for(tokens: list[int], size: int, *, vocab_size: int = V) -> Coder:
    """Return a coder that has seen all blocks of a text, which ends at its last token."""
    coder = Coder(size, vocab_size)
    while not coder.is_ready:
        coder.double_(np.unique(coder.pairs(ended(tokens, coder.pair_width))))
    return coder


def ended(tokens: list[int], width: int) -> TokenArray:
    return np.append(tokens, np.full(width - 1, -1)).astype(np.int32)


def plain(tokens: list[int], size: int) -> list[tuple[int, ...]]:
    """Return the n-gram at each place: the tokens up to the next end, and ends after them."""
    grams = []
    for place in range(len(tokens)):
        rest = tokens[place : place + size]
        length = next((k for k, token in enumerate(rest) if token < 0), len(rest))
        grams.append((*rest[:length], *[-1] * (size - length)))
    return grams


@settings(deadline=None, max_examples=80)
@given(bounds, texts, st.integers(2, 9))
def test_codes_are_in_the_order_of_the_ngrams(max_code: int, tokens: list[int], size: int) -> None:
    """Also where tokens are joined to blocks; and equal n-grams have equal codes if no block is longer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngram_codes, "MAX_CODE", max_code)
        coder = coder_for(tokens, size)
        codes = coder.encode(ended(tokens, coder.width)).tolist()
    grams = plain(tokens, size)
    assert [gram for _, gram in sorted(zip(codes, grams, strict=True))] == sorted(grams)
    if coder.width == size:
        assert len(set(codes)) == len(set(grams))


@settings(deadline=None, max_examples=80)
@given(bounds, texts, st.integers(2, 9))
def test_a_code_gives_its_tokens_back(max_code: int, tokens: list[int], size: int) -> None:
    """What was encoded is decoded, an end for every number below 0."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngram_codes, "MAX_CODE", max_code)
        coder = coder_for(tokens, size)
        decoded = coder.decode(coder.encode(ended(tokens, coder.width)))
    assert [tuple(row) for row in decoded.T.tolist()] == plain(tokens, size)


def test_a_large_vocabulary_needs_blocks() -> None:
    """Eight tokens of 214 fit a code as they are, of 215 no more; of 60,000 they do as blocks."""
    assert Coder(8, 214).is_ready
    assert not Coder(8, 215).is_ready
    tokens = list(range(60_000))
    coder = coder_for(tokens, 8, vocab_size=60_000)
    decoded = coder.decode(coder.encode(np.arange(100, 60_000, dtype=np.int32)))
    assert decoded[:, 0].tolist() == list(range(100, 108))
