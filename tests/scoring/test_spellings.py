"""The beginnings of spellings: what goes on, and what ends a character."""

import numpy as np
import pytest

from charseq.scoring.spellings import Spellings
from charseq.text import Tokenizer
from charseq.text.tokenizers.byte import ByteTokenizer
from charseq.text.tokenizers.jamo import JamoTokenizer
from tests.scoring.twins import PAIR

TOKENIZERS: dict[str, Tokenizer] = {
    "jamo": JamoTokenizer.fit("한국 ab"),
    "byte": ByteTokenizer(),
    "pair": PAIR,
}
each_tokenizer = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)


def path(spellings: Spellings, tokens: tuple[int, ...]) -> int:
    """Return the number of the beginning `tokens`."""
    number = np.array([0])
    for token in tokens:
        number = spellings.below(number, np.array([token]))
    return int(number[0])


@each_tokenizer
@pytest.mark.parametrize("char", "가 a힣한")
def test_the_tokens_of_a_spelling_go_on_until_its_last_one_ends_a_character(
    tokenizer: Tokenizer, char: str
) -> None:
    """The masks say so for each beginning, and the last token is that character."""
    char = tokenizer.alphabet[-1] if tokenizer.place(char) is None else char
    tokens, spellings = tokenizer.spell(char), Spellings(tokenizer)
    for k, token in enumerate(tokens):
        number = np.array([path(spellings, tokens[:k])])
        ends, goes_on = spellings.masks(number)
        assert (ends[0, token], goes_on[0, token]) == (k == len(tokens) - 1, k < len(tokens) - 1)
        assert spellings.is_end(number, np.array([token])).tolist() == [k == len(tokens) - 1]
    assert spellings.chars(number, np.array([token])).tolist() == [tokenizer.place(char)]


@each_tokenizer
def test_what_cannot_follow_neither_ends_nor_goes_on(tokenizer: Tokenizer) -> None:
    """After the first token of a character, only those that continue a spelling are there."""
    first = tokenizer.spell("é" if tokenizer.any_bytes else tokenizer.alphabet[-1])[0]
    spellings = Spellings(tokenizer)
    ends, goes_on = spellings.masks(np.array([path(spellings, (first,))]))
    allowed = tokenizer.continuations((first,))
    assert allowed is not None
    assert np.flatnonzero(ends[0] | goes_on[0]).tolist() == sorted(allowed.tolist())
    assert not (ends & goes_on).any()


def test_a_beginning_keeps_its_number() -> None:
    """The same tokens are the same beginning, wherever they come."""
    spellings = Spellings(TOKENIZERS["jamo"])
    both = spellings.below(np.zeros(3, np.int64), np.array([4, 2, 4]))
    assert both[0] == both[2] != both[1]
    assert path(spellings, (2,)) == both[1]
    assert spellings.has_nodes(np.array([0, both[0]])).all()
