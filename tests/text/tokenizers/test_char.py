"""One token per code point: the vocabulary, the unseen ones, and the spec."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.text import UNSEEN, CharTokenizer

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(text=texts)
def test_vocabulary_is_the_sorted_distinct_code_points(text: str) -> None:
    """The vocabulary is every code point of the text, once, in order."""
    assert CharTokenizer.fit(text).vocab == tuple(sorted(set(text)))


@given(text=texts, other=texts)
def test_other_characters_are_unseen(text: str, other: str) -> None:
    """A character gets UNSEEN if and only if the vocabulary lacks it."""
    tokens = CharTokenizer.fit(text).encode(other)
    assert (tokens == UNSEEN).tolist() == [char not in text for char in other]


@given(text=texts, other=texts)
def test_seen_characters_keep_their_numbers_in_any_text(text: str, other: str) -> None:
    """A seen character has its place in the vocabulary as its token, whatever stands around it."""
    tokenizer = CharTokenizer.fit(text)
    places = {char: k for k, char in enumerate(tokenizer.vocab)}
    assert tokenizer.encode(other).tolist() == [places.get(char, UNSEEN) for char in other]


def test_nothing_is_normalised() -> None:
    """Composed and decomposed letters, cases and kinds of line end stay apart."""
    text = "é" + "e\u0301" + "Éß" + "\r\n"
    assert set(CharTokenizer.fit(text).vocab) == {"é", "e", "\u0301", "É", "ß", "\r", "\n"}


def test_lone_surrogate_is_unseen() -> None:
    """A lone surrogate, as in a broken argument, is an unseen character like any other."""
    assert CharTokenizer.fit("ab").encode("a\udcffb").tolist() == [0, UNSEEN, 1]


def test_empty_text_has_no_tokens() -> None:
    """The empty text has no tokens."""
    assert CharTokenizer.fit("ab").encode("").shape == (0,)


def test_empty_text_makes_no_vocabulary() -> None:
    """A tokenizer cannot be fitted on nothing."""
    with pytest.raises(ValueError, match="sorted characters"):
        CharTokenizer.fit("")


def test_vocab_size_counts_the_vocabulary() -> None:
    """V is the number of distinct characters."""
    assert CharTokenizer.fit("hello").vocab_size == 4


def test_decode_takes_an_array_or_a_list() -> None:
    """Tokens decode from an array as from a list."""
    tokenizer = CharTokenizer.fit("hello")
    tokens = [1, 0, 2, 2, 3]
    assert tokenizer.decode(np.array(tokens, np.int32)) == tokenizer.decode(tokens) == "hello"


@given(text=texts)
def test_escape_probability_is_that_of_good_and_turing(text: str) -> None:
    """The escape probability is (characters that occur once, at least 1) / (characters + 1)."""
    num_once = sum(count == 1 for count in Counter(text).values())
    assert CharTokenizer.fit(text).escape_probability == max(1, num_once) / (len(text) + 1)


@pytest.mark.parametrize(("text", "eps"), [("hello", 3 / 6), ("aabb", 1 / 5), ("a", 1 / 2), ("aaaa", 1 / 5)])
def test_escape_probability_of_worked_examples(text: str, eps: float) -> None:
    """The formula gives the figures one gets by hand."""
    assert CharTokenizer.fit(text).escape_probability == eps


def test_spec() -> None:
    """A spec holds the name, the vocabulary and the two counts."""
    spec = {"name": "char", "vocab": "ehlo", "num_once": 3, "num_chars": 5}
    assert CharTokenizer.fit("hello").to_spec() == spec


GOOD = {"name": "char", "vocab": "ehlo", "num_once": 3, "num_chars": 5}
BAD_SPECS = {
    "no vocabulary": {"num_once": 3, "num_chars": 5},
    "no num_once": {"vocab": "ehlo", "num_chars": 5},
    "no num_chars": {"vocab": "ehlo", "num_once": 3},
    "an empty vocabulary": GOOD | {"vocab": ""},
    "an unsorted vocabulary": GOOD | {"vocab": "helo"},
    "a repeated character": GOOD | {"vocab": "ehllo"},
    "a list as vocabulary": GOOD | {"vocab": ["e", "h", "l", "o"]},
    "null as vocabulary": GOOD | {"vocab": None},
    "a negative num_once": GOOD | {"num_once": -1},
    "more met once than there are": GOOD | {"num_once": 5},
    "fewer characters than in the vocabulary": GOOD | {"num_chars": 3},
    "a fraction as num_once": GOOD | {"num_once": 2.5},
    "a fraction as num_chars": GOOD | {"num_chars": 5.5},
    "a word as num_once": GOOD | {"num_once": "three"},
    "null as num_chars": GOOD | {"num_chars": None},
    "a list as num_chars": GOOD | {"num_chars": [5]},
    "not a number as num_chars": GOOD | {"num_chars": math.nan},
    "infinity as num_chars": GOOD | {"num_chars": math.inf},
    "a list as spec": [],
    "null as spec": None,
    "a number as spec": 3,
}


@pytest.mark.parametrize("code", [0xD800, 0xDCFF, 0xDFFF])
def test_no_surrogate_in_a_spec(code: int) -> None:
    """A vocabulary with the first, the last or any other surrogate in it is refused, and that is said."""
    with pytest.raises(ValueError, match="surrogates"):
        CharTokenizer.from_spec(GOOD | {"vocab": f"ehl{chr(code)}"})


@pytest.mark.parametrize("code", [0xD7FF, 0xE000])
def test_the_neighbours_of_surrogates_are_characters(code: int) -> None:
    """What is next to the surrogates may be in a vocabulary."""
    assert CharTokenizer.from_spec(GOOD | {"vocab": f"ehl{chr(code)}"}).vocab[-1] == chr(code)


@pytest.mark.parametrize("num_chars", [3, 2**63, 2**64])
def test_counts_that_no_text_has(num_chars: int) -> None:
    """Counts of fewer characters than the vocabulary has, or of more than 63 bits hold, are refused."""
    with pytest.raises(ValueError, match="counts of its training text"):
        CharTokenizer.from_spec(GOOD | {"num_chars": num_chars})


def test_a_spec_of_other_types() -> None:
    """A spec of values of another type is refused with what they should be."""
    with pytest.raises(TypeError, match="string with two whole numbers"):
        CharTokenizer.from_spec(GOOD | {"vocab": ["e", "h", "l", "o"]})


@pytest.mark.parametrize("spec", BAD_SPECS.values(), ids=BAD_SPECS.keys())
def test_bad_spec(spec: Any) -> None:
    """What is not a spec raises one of the three errors that the contract names."""
    with pytest.raises((ValueError, TypeError, KeyError)):
        CharTokenizer.from_spec(spec)
