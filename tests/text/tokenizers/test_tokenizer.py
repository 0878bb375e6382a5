"""What every tokenizer promises, and the price of a character that training never met."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.text import TOKENIZERS, UNSEEN, Tokenizer
from charseq.text.symbols import EncodedText
from charseq.text.tokenizers.tokenizer import bytes_per_char, code_points

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
names = pytest.mark.parametrize("name", TOKENIZERS)


def total_probability(tokenizer: Tokenizer, log_p: np.ndarray) -> float:
    """Return the mass that the prices of the whole vocabulary leave, given a softmax `log_p`."""
    tokens = np.arange(tokenizer.vocab_size, dtype=np.int32)
    num_bytes = np.ones(tokenizer.vocab_size, np.int32)
    return float(np.exp(-tokenizer.charge_escape(-log_p, tokens, num_bytes)).sum())


@names
def test_registered_under_its_own_name(name: str) -> None:
    """A tokenizer is registered under the name it carries."""
    assert TOKENIZERS[name].name == name


@names
@settings(deadline=None)
@given(text=texts)
def test_decode_reverses_encode(name: str, text: str) -> None:
    """Any text comes back from a tokenizer that was fitted on it."""
    tokenizer = TOKENIZERS[name].fit(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@names
@settings(deadline=None)
@given(text=texts)
def test_tokens_are_numbers_of_the_vocabulary(name: str, text: str) -> None:
    """The tokens of the fitted text are int32 in [0, vocab_size)."""
    tokenizer = TOKENIZERS[name].fit(text)
    tokens = tokenizer.encode(text)
    assert tokens.dtype == np.int32
    assert tokens.min() >= 0
    assert tokens.max() < tokenizer.vocab_size


@names
@settings(deadline=None)
@given(text=texts, other=texts)
def test_spec_survives_json(name: str, text: str, other: str) -> None:
    """A tokenizer rebuilt from its spec, by way of JSON, encodes and prices any text alike."""
    tokenizer = TOKENIZERS[name].fit(text)
    rebuilt = TOKENIZERS[name].from_spec(json.loads(json.dumps(tokenizer.to_spec())))
    assert rebuilt.vocab == tokenizer.vocab
    assert rebuilt.escape_probability == tokenizer.escape_probability
    assert np.array_equal(rebuilt.encode(other), tokenizer.encode(other))


@names
def test_spec_names_the_tokenizer(name: str) -> None:
    """A spec says under which name its tokenizer is registered."""
    assert TOKENIZERS[name].fit("ab").to_spec()["name"] == name


@names
@settings(deadline=None)
@given(text=texts)
def test_escape_probability_is_a_probability(name: str, text: str) -> None:
    """The mass set aside for unseen characters is more than none and less than all."""
    assert 0 < TOKENIZERS[name].fit(text).escape_probability < 1


@names
@settings(deadline=None)
@given(text=texts, seed=st.integers(0, 2**32))
def test_seen_characters_share_what_the_escape_leaves(name: str, text: str, seed: int) -> None:
    """Whatever the softmax, the seen characters together have probability 1 - eps."""
    tokenizer = TOKENIZERS[name].fit(text)
    logits = 5 * np.random.default_rng(seed).standard_normal(tokenizer.vocab_size)
    log_p = logits - math.log(np.exp(logits).sum())
    assert total_probability(tokenizer, log_p) == pytest.approx(1 - tokenizer.escape_probability, abs=1e-12)


@names
def test_unseen_character_costs_the_escape_and_its_bytes(name: str) -> None:
    """An unseen character costs -log eps and log 256 for each of its bytes."""
    tokenizer = TOKENIZERS[name].fit("hello")
    num_bytes = np.array([1, 2, 3, 4], np.int32)
    prices = tokenizer.charge_escape(np.zeros(4), np.full(4, UNSEEN, np.int32), num_bytes)
    expected = [-math.log(tokenizer.escape_probability) + k * math.log(256) for k in (1, 2, 3, 4)]
    assert prices == pytest.approx(expected, rel=1e-14)
    np.testing.assert_array_equal(tokenizer.unseen_nats(num_bytes), prices)


@names
def test_network_price_of_an_unseen_character_does_not_matter(name: str) -> None:
    """What the network says of an unseen character, be it infinite, leaves no trace in its price."""
    tokenizer = TOKENIZERS[name].fit("hello")
    unseen, num_bytes = np.full(2, UNSEEN, np.int32), np.ones(2, np.int32)
    prices = tokenizer.charge_escape(np.array([0.0, np.inf]), unseen, num_bytes)
    assert prices[0] == prices[1]


def test_all_single_bytes_share_the_escape() -> None:
    """The 256 ways to spell one unseen byte together have the probability eps, so no figure is flattered."""
    tokenizer = TOKENIZERS["char"].fit("hello")
    price = tokenizer.charge_escape(np.zeros(1), np.array([UNSEEN], np.int32), np.ones(1, np.int32))[0]
    assert 256 * math.exp(-price) == pytest.approx(tokenizer.escape_probability, rel=1e-12)


@settings(deadline=None)
@given(text=texts)
def test_bytes_per_char(text: str) -> None:
    """The bytes of a character are those of its UTF-8."""
    assert bytes_per_char(text).tolist() == [len(char.encode()) for char in text]


def test_bytes_per_char_at_the_borders() -> None:
    """Each length of UTF-8 begins and ends at the code points of the standard."""
    text = "\x00\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff"
    assert bytes_per_char(text).tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


@given(text=st.text())
def test_code_points(text: str) -> None:
    """The code points of a text are those of its characters, lone surrogates among them."""
    assert code_points(text).tolist() == [ord(char) for char in text]


@names
@settings(deadline=None)
@given(text=texts)
def test_counts_are_all_that_a_vocabulary_needs(name: str, text: str) -> None:
    """A tokenizer fitted on how often each character occurs is the one fitted on the text."""
    counted = TOKENIZERS[name].fit_counts(EncodedText.of(text).counts())
    assert counted.to_spec() == TOKENIZERS[name].fit(text).to_spec()


@names
@settings(deadline=None)
@given(text=texts, seed=st.integers(0, 2**32))
def test_entropy_counts_the_escape_as_one_event(name: str, text: str, seed: int) -> None:
    """The entropy with the escape is that of eps and of all seen characters, which share the rest."""
    tokenizer = TOKENIZERS[name].fit(text)
    eps, weights = (
        tokenizer.escape_probability,
        np.random.default_rng(seed).exponential(1, (3, len(set(text)))),
    )
    p = weights / weights.sum(axis=1, keepdims=True)
    expected = [-sum(q * math.log(q) for q in [*(1 - eps) * row, eps]) for row in p]
    assert tokenizer.entropy_with_escape(-(p * np.log(p)).sum(axis=1)) == pytest.approx(expected, rel=1e-9)


@names
def test_who_is_certain_doubts_the_unseen(name: str) -> None:
    """Where the network is certain, what is left is the entropy of whether a character is seen."""
    tokenizer = TOKENIZERS[name].fit("hello")
    eps = tokenizer.escape_probability
    of_escape = -eps * math.log(eps) - (1 - eps) * math.log(1 - eps)
    assert tokenizer.entropy_with_escape(np.zeros(2)) == pytest.approx([of_escape, of_escape], rel=1e-12)
