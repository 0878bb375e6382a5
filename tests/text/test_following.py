"""The tokens that may follow each other."""

import numpy as np

from charseq.text import CharTokenizer
from charseq.text.following import Following
from charseq.text.tokenizers.jamo import FINALS, OTHERS, VOWELS, JamoTokenizer


def test_after_a_lead_there_is_a_vowel_and_after_that_a_final() -> None:
    """A new character may begin after a final, after another character, and at the beginning."""
    tokenizer = JamoTokenizer.fit("ab")
    beginnings = [*range(VOWELS), OTHERS, OTHERS + 1]
    vowels, finals = list(range(VOWELS, FINALS)), list(range(FINALS, OTHERS))
    inputs = np.array([-1, 0, VOWELS, FINALS, OTHERS])
    penalties = Following(tokenizer).penalties(inputs)
    assert set(penalties.flat) == {0, -np.inf}
    allowed = [np.flatnonzero(row == 0).tolist() for row in penalties]
    assert allowed == [beginnings, vowels, finals, beginnings, beginnings]


def test_any_character_may_follow_any_other() -> None:
    """Characters of one token each allow everything, for a single input, too."""
    assert not Following(CharTokenizer.fit("abc")).penalties(1).any()
