"""The promises of every tokenizer, the toy of two tokens per character among them."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.text import TOKENIZERS, UNSEEN, Tokenizer
from charseq.text.symbols import EncodedText
from charseq.text.tokenizers.tokenizer import bytes_per_char, code_points, good_turing
from tests.extensions.twin_tokenizer import PairTokenizer

CLASSES: dict[str, type[Tokenizer]] = {**TOKENIZERS, "pair": PairTokenizer}
SMALL = ["char", "blank", "pair"]
"""Those whose alphabet is that of the training text; test_byte.py and test_jamo.py have all of Unicode."""
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
each_name = pytest.mark.parametrize("name", CLASSES)
each_small = pytest.mark.parametrize("name", SMALL)


def spellings(tokenizer: Tokenizer) -> dict[tuple[int, ...], str]:
    """Return the characters of the alphabet by their tokens."""
    return {tokenizer.spell(char): char for char in tokenizer.alphabet}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_tokenizer_is_registered_under_its_own_name(name: str) -> None:
    """The name in settings and files is the one that the class carries."""
    assert TOKENIZERS[name].name == name


@each_small
@given(text=texts)
def test_no_characters_tokens_begin_anothers(name: str, text: str) -> None:
    """No spelling is another one or its beginning, so that a sum over tokens is the price of a character."""
    tokenizer = CLASSES[name].fit(text)
    spelled = sorted(tokenizer.spell(char) for char in tokenizer.alphabet)
    assert all(b[: len(a)] != a for a, b in pairwise(spelled))
    assert all(spelled)


@each_small
@given(text=texts)
def test_the_alphabet_is_what_can_be_spelled(name: str, text: str) -> None:
    """Every character of the fitted text can be spelled, and each character is in the alphabet once."""
    alphabet = CLASSES[name].fit(text).alphabet
    assert set(text) <= set(alphabet)
    assert len(set(alphabet)) == len(alphabet)


@each_small
@given(text=texts)
def test_read_is_the_inverse_of_spell(name: str, text: str) -> None:
    """A spelling reads as its character, and the beginning of one as nothing yet."""
    tokenizer = CLASSES[name].fit(text)
    for tokens, char in spellings(tokenizer).items():
        assert tokenizer.read(tokens) == char
        assert all(tokenizer.read(tokens[:end]) is None for end in range(1, len(tokens)))


@each_small
@given(text=texts)
def test_continuations_are_the_next_tokens_of_spellings(name: str, text: str) -> None:
    """What may follow is exactly what follows in some spelling, None where that is every token."""
    tokenizer = CLASSES[name].fit(text)
    spelled = spellings(tokenizer)
    begun = {tokens[:end] for tokens in spelled for end in range(len(tokens))}
    for start in begun:
        follow = sorted({tokens[len(start)] for tokens in spelled if tokens[: len(start)] == start})
        allowed = tokenizer.continuations(start)
        if allowed is None:
            assert follow == list(range(tokenizer.vocab_size))
        else:
            assert sorted(allowed.tolist()) == follow
            assert allowed.dtype == np.int32


@each_name
@given(text=texts)
def test_decode_reverses_encode(name: str, text: str) -> None:
    """Any text comes back from a tokenizer that was fitted on it, from an array and from a list."""
    tokenizer = CLASSES[name].fit(text)
    tokens = tokenizer.encode(text)
    assert tokenizer.decode(tokens) == tokenizer.decode(tokens.tolist()) == text


@each_small
@given(text=texts, seed=st.integers(0, 2**32))
def test_any_text_over_the_alphabet_survives(name: str, text: str, seed: int) -> None:
    """Every text over the alphabet, be it seen or not, comes back from its tokens."""
    tokenizer = CLASSES[name].fit(text)
    other = "".join(np.random.default_rng(seed).choice(list(tokenizer.alphabet), 20).tolist())
    assert tokenizer.decode(tokenizer.encode(other)) == other


@each_small
def test_a_character_that_is_cut_off_is_left_out(name: str) -> None:
    """Tokens that only begin a character are not decoded."""
    tokenizer = CLASSES[name].fit("abc")
    begun = [tokens[:-1] for tokens in spellings(tokenizer)]
    assert [tokenizer.decode([*tokenizer.encode("ab").tolist(), *tokens]) for tokens in begun] == ["ab"] * 3


@each_name
@given(text=texts, other=texts)
def test_an_alignment_is_the_spellings_in_a_row(name: str, text: str, other: str) -> None:
    """The tokens of a text are those of its characters, one after the other, UNSEEN for one that has none."""
    tokenizer = CLASSES[name].fit(text)
    spelled = [tokenizer.spell(char) for char in text + other]
    tokens, begins = tokenizer.align(text + other)
    assert tokens.tolist() == [token for one in spelled for token in one]
    firsts = [place == 0 for one in spelled for place in range(len(one))]
    assert firsts == ([True] * len(tokens) if begins is None else begins.tolist())
    assert (begins is None) == tokenizer.one_token_each
    for char, one in zip(text + other, spelled, strict=True):
        assert (one == (UNSEEN,)) == (tokenizer.place(char) is None)


@each_name
def test_the_empty_text_has_no_tokens(name: str) -> None:
    """Nothing is aligned with nothing."""
    tokens, begins = CLASSES[name].fit("ab").align("")
    assert tokens.shape == (0,)
    assert tokens.dtype == np.int32
    assert begins is None or begins.shape == (0,)


@each_name
@given(text=texts)
def test_tokens_are_numbers_of_the_vocabulary(name: str, text: str) -> None:
    """The tokens of the fitted text are int32 in [0, vocab_size), and each has a name of its own."""
    tokenizer = CLASSES[name].fit(text)
    tokens = tokenizer.encode(text)
    assert tokens.dtype == np.int32
    assert tokens.min() >= 0
    assert tokens.max() < tokenizer.vocab_size == len(set(tokenizer.vocab))


@each_small
@given(text=texts)
def test_a_tokenizer_says_truly_whether_characters_are_single_tokens(name: str, text: str) -> None:
    """Where every character is a single token, the distribution of the next token is that of characters."""
    tokenizer = CLASSES[name].fit(text)
    if tokenizer.one_token_each:
        assert [tokenizer.spell(char) for char in tokenizer.alphabet] == [
            (token,) for token in range(tokenizer.vocab_size)
        ]
    else:
        assert max(len(tokens) for tokens in spellings(tokenizer)) > 1


@each_name
@given(text=texts, other=texts)
def test_a_spec_survives_json(name: str, text: str, other: str) -> None:
    """A tokenizer rebuilt from its spec, by way of JSON, encodes any text alike, with the same escape."""
    tokenizer = CLASSES[name].fit(text)
    rebuilt = CLASSES[name].from_spec(json.loads(json.dumps(tokenizer.to_spec())))
    assert rebuilt.vocab == tokenizer.vocab
    assert rebuilt.learnt == tokenizer.learnt
    assert rebuilt.escape_probability == tokenizer.escape_probability
    assert np.array_equal(rebuilt.encode(other), tokenizer.encode(other))


@each_name
def test_a_spec_names_its_tokenizer(name: str) -> None:
    """A spec says under which name its tokenizer is registered."""
    assert CLASSES[name].fit("ab").to_spec()["name"] == name


@each_small
@pytest.mark.parametrize("missing", ["num_once", "num_chars"])
def test_a_spec_that_lacks_something_is_refused(name: str, missing: str) -> None:
    """A spec without one of its values raises one of the errors that the contract names."""
    spec = CLASSES[name].fit("ab").to_spec()
    del spec[missing]
    with pytest.raises((ValueError, TypeError, KeyError)):
        CLASSES[name].from_spec(spec)


@each_small
@given(text=texts)
def test_the_escape_probability_is_a_probability(name: str, text: str) -> None:
    """The probability that is set aside for unseen characters is more than none and less than all."""
    assert 0 < CLASSES[name].fit(text).escape_probability < 1


@each_name
@given(text=texts)
def test_counts_are_all_that_a_vocabulary_needs(name: str, text: str) -> None:
    """A tokenizer fitted on how often each character occurs is the one fitted on the text."""
    counted = CLASSES[name].fit_counts(EncodedText.of(text).counts())
    assert counted.to_spec() == CLASSES[name].fit(text).to_spec()


# What all of them use


@given(text=texts)
def test_bytes_are_those_of_utf8(text: str) -> None:
    """The bytes of a character are those of its UTF-8."""
    assert bytes_per_char(text).tolist() == [len(char.encode()) for char in text]


def test_bytes_change_at_the_borders_of_the_standard() -> None:
    """Each length of UTF-8 begins and ends at the code points of the standard."""
    text = "\x00\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff"
    assert bytes_per_char(text).tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


@given(text=st.text())
def test_code_points_are_those_of_the_characters(text: str) -> None:
    """The code points of a text are those of its characters, lone surrogates among them."""
    assert code_points(text).tolist() == [ord(char) for char in text]


@pytest.mark.parametrize(
    ("num_once", "num_chars", "share"),
    [(3, 5, 3 / 6), (0, 4, 1 / 5), (1, 1, 1 / 2), (7, 7, 7 / 8)],
)
def test_good_and_turing_by_hand(num_once: int, num_chars: int, share: float) -> None:
    """The next character is a new one with (characters that occur once, at least 1) / (characters + 1)."""
    assert good_turing(num_once, num_chars) == share
