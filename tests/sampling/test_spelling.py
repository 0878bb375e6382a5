"""Tokens that lead to no allowed character, against all spellings."""

from itertools import product

import pytest

from charseq.sampling import spelling
from charseq.sampling.constraints.chars import ALL, NONE, Chars
from charseq.sampling.spelling import Spelling
from charseq.text.tokenizers.byte import ByteTokenizer
from charseq.text.tokenizers.jamo import JamoTokenizer
from charseq.text.tokenizers.tokenizer import Tokenizer
from tests.scoring.twins import PAIR, TOKENIZER

JAMO = JamoTokenizer.fit("가 ab\n")
SETS = [ALL, NONE, Chars(frozenset("hel가각")), Chars(frozenset("hel가각\n"), others=True)]


@pytest.mark.parametrize("chars", SETS, ids=["all", "none", "listed", "others"])
@pytest.mark.parametrize("tokenizer", [TOKENIZER, PAIR, JAMO], ids=lambda one: one.name)
def test_a_token_is_refused_if_no_allowed_character_goes_on_with_it(
    tokenizer: Tokenizer, chars: Chars
) -> None:
    """At the beginning of a character and within it."""
    spelled = {tokenizer.spell(char): char for char in tokenizer.alphabet}
    beginnings = {tokens[:n] for tokens in spelled for n in range(len(tokens))}
    some = sorted(beginnings)[:40]
    leading = {begun: set[int]() for begun in some}
    for tokens, char in spelled.items():
        for n in range(len(tokens)):
            if char in chars and tokens[:n] in leading:
                leading[tokens[:n]].add(tokens[n])
    found = Spelling(tokenizer)
    for begun, kept in leading.items():
        refused = found.refused(chars, begun)
        refused_tokens = set() if refused is None else set(refused.tolist())
        assert refused_tokens == set(range(tokenizer.vocab_size)) - kept, begun


def test_all_syllables_of_a_lead_can_be_refused() -> None:
    """A lead is refused when each of its 588 syllables is."""
    syllables = frozenset(chr(0xAC00 + k) for k in range(588))
    found = Spelling(JAMO)
    refused = found.refused(Chars(syllables, others=True))
    assert refused is not None
    assert set(refused.tolist()) & set(range(19)) == {0}
    fewer = found.refused(Chars(syllables - {"가"}, others=True))
    assert fewer is not None
    assert not set(fewer.tolist()) & set(range(19))


def test_bytes_spell_characters_and_nothing_else() -> None:
    """After the first byte of a character only those that go on; a byte that begins none is one itself."""
    found = Spelling(ByteTokenizer())
    assert found.refused(ALL) is None
    within = found.refused(ALL, (0xEA,))
    assert within is not None
    assert set(range(256)) - set(within.tolist()) == set(range(0x80, 0xC0))
    ascii_only = found.refused(Chars(frozenset("aé")))
    assert ascii_only is not None
    assert set(range(256)) - set(ascii_only.tolist()) == {ord("a"), 0xC3}


def test_answers_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are found anew."""
    monkeypatch.setattr(spelling, "MAX_KEPT", 2)
    found = Spelling(TOKENIZER)
    for one, _ in product("hel", range(2)):
        refused = found.refused(Chars(frozenset(one), others=True))
        assert refused is not None
        assert refused.tolist() == [TOKENIZER.spell(one)[0]]
