"""Hangul syllables as three tokens: the arithmetic of the standard, and nothing else is touched."""

import unicodedata
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.text import UNSEEN
from charseq.text.tokenizers.jamo import NAMES, OTHERS, SYLLABLES, JamoTokenizer

hangul = st.text(st.sampled_from([*"가각힣ㄱae\n\u00e9\u1112\u1161\u11ab", "\u0301"]), min_size=1)
TEXT = "한국어 ᄒ\u1161\u11abㄱ\n"


def test_syllables_are_their_canonical_decomposition() -> None:
    """Each of the 11,172 syllables has the tokens of the jamo that Unicode decomposes it into."""
    tokenizer = JamoTokenizer.fit("a")
    for char in SYLLABLES:
        names = [NAMES[token].split()[-1] for token in tokenizer.spell(char)]
        assert "".join(names[:2]) + names[2].replace("final", "") == unicodedata.normalize("NFD", char)
    assert len(SYLLABLES) == 11_172


def test_every_syllable_comes_back() -> None:
    """The text of all syllables survives, three tokens for each."""
    tokenizer, text = JamoTokenizer.fit("가"), "".join(SYLLABLES)
    tokens, begins = tokenizer.align(text)
    assert len(tokens) == 3 * len(text)
    assert tokens.max() < OTHERS
    assert begins is not None
    assert begins.tolist() == [True, False, False] * len(text)
    assert tokenizer.decode(tokens) == text


def test_all_of_unicode_comes_back() -> None:
    """Characters of all blocks are spelled and read back as they were; of Hangul, all of them."""
    codes = [*range(0x1000, 0x1200), *range(0x3000, 0x3200), *range(0xA900, 0xD800), *range(0, 0x110000, 11)]
    text = "".join(chr(code) for code in codes if not 0xD800 <= code <= 0xDFFF)
    tokenizer = JamoTokenizer.fit(text)
    assert tokenizer.decode(tokenizer.encode(text).tolist()) == text


@given(text=hangul)
def test_composed_and_decomposed_text_stay_apart(text: str) -> None:
    """Jamo that stand alone, in one row or not, come back as they were."""
    tokenizer = JamoTokenizer.fit(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_no_characters_tokens_begin_anothers() -> None:
    """No spelling is another one or its beginning, a final consonant or not."""
    tokenizer = JamoTokenizer.fit(TEXT)
    spelled = sorted(map(tokenizer.spell, tokenizer.alphabet))
    assert all(b[: len(a)] != a for a, b in pairwise(spelled))
    assert [tokenizer.place(char) for char in tokenizer.alphabet] == list(range(len(tokenizer.alphabet)))


def test_continuations_are_the_next_tokens_of_spellings() -> None:
    """They depend on the last token alone, as the price of a character needs it."""
    tokenizer = JamoTokenizer.fit(TEXT)
    follow: dict[tuple[int, ...], set[int]] = {}
    for char in tokenizer.alphabet:
        spelled = tokenizer.spell(char)
        for end, token in enumerate(spelled):
            follow.setdefault(spelled[:end], set()).add(token)
    for begun, tokens in follow.items():
        allowed = tokenizer.continuations(begun)
        assert allowed is not None
        assert sorted(tokens) == allowed.tolist()


def test_an_unseen_character_is_no_syllable() -> None:
    """A syllable that was never met is spelled; another character is unseen."""
    tokenizer = JamoTokenizer.fit("가a")
    assert tokenizer.spell("힣") == (18, 19 + 20, 19 + 21 + 27)
    assert tokenizer.spell("b") == (UNSEEN,)


def test_rare_characters_share_the_escape() -> None:
    """With min_count the escape has the share of the characters that were left out; syllables never are."""
    tokenizer = JamoTokenizer.fit("가나aabbbc", min_count=3)
    assert tokenizer.others == "b"
    assert tokenizer.escape_probability == pytest.approx(3 / 9)
    assert tokenizer.spell("가") != (UNSEEN,)


GOOD = {"name": "jamo", "others": "\na", "num_once": 1, "num_chars": 9}
BAD_SPECS = {
    "no others": {"num_once": 1, "num_chars": 9},
    "no num_once": {"others": "\na", "num_chars": 9},
    "a list of others": GOOD | {"others": ["\n", "a"]},
    "unsorted": GOOD | {"others": "a\n"},
    "repeated": GOOD | {"others": "aa"},
    "a syllable": GOOD | {"others": "a가"},
    "a surrogate": GOOD | {"others": "a\ud800"},
    "a negative count": GOOD | {"num_once": -1},
    "too many": GOOD | {"num_once": 9},
    "too large": GOOD | {"num_chars": 2**63},
    "a fraction": GOOD | {"num_chars": 9.5},
    "no dictionary": [],
}


@pytest.mark.parametrize("spec", BAD_SPECS.values(), ids=BAD_SPECS.keys())
def test_bad_spec(spec: Any) -> None:
    """What is not a spec raises one of the three errors that the contract names."""
    with pytest.raises((ValueError, TypeError, KeyError)):
        JamoTokenizer.from_spec(spec)


def test_a_text_of_syllables_alone() -> None:
    """Nothing but syllables leaves 68 tokens, and no other character."""
    tokenizer = JamoTokenizer.from_spec(JamoTokenizer.fit("한국").to_spec())
    assert tokenizer.vocab_size == OTHERS == 68
    assert tokenizer.learnt == ""
    assert 0 < tokenizer.escape_probability < 1
