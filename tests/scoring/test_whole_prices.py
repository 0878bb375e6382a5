"""With every tokenizer, the probabilities of all characters and of the escape sum to one."""

import copy
import math
from typing import Any

import numpy as np
import pytest

from charseq.scoring import Scorer
from charseq.scoring.guesses import Guesser
from charseq.text.codec import Codec
from charseq.text.tokenizers.byte import ByteTokenizer
from charseq.text.tokenizers.jamo import FINALS, NUM_LEADS, OTHERS, VOWELS, JamoTokenizer
from tests.scoring.twins import model_of

PREFIX = "한 가ab"
JAMO = Codec(JamoTokenizer.fit("가나 abc다\n"), "stream")
BYTE = Codec(ByteTokenizer(), "stream")


def weights_after(codec: Codec, tokens: list[int]) -> tuple[Any, Any]:
    """Return the model's weights of all tokens after these, and a function that reads on from there."""
    model = model_of("lstm", vocab_size=codec.vocab_size)
    work, state = model.workspace(1, 1, backward=False), model.initial_state(1)

    def read(token: int, state: Any) -> Any:
        return np.exp(model.forward(np.array([[token]], np.int32), state, work)[0, 0].astype(np.float64))

    for token in [-1, *tokens][:-1]:
        read(token, state)
    weights = read([-1, *tokens][-1], state)
    return weights, lambda token, state=state: (read(token, copied := copy.deepcopy(state)), copied)


def test_the_characters_of_jamo_sum_to_one() -> None:
    """The price of each character is its share of the paths that spell a character; together they are all."""
    eps = JAMO.tokenizer.escape_probability
    weights, after = weights_after(JAMO, JAMO.tokenizer.encode(PREFIX).tolist())
    firsts = weights[:NUM_LEADS].sum() + weights[OTHERS:].sum()
    p, total = dict[str, float](), 0.0
    for char in JAMO.tokenizer.learnt:
        p[char] = weights[JAMO.tokenizer.spell(char)[0]] / firsts
    for lead in range(NUM_LEADS):
        vowels, state = after(lead)
        for vowel in range(VOWELS, FINALS):
            finals, _ = after(vowel, state)
            shares = finals[FINALS:OTHERS] / finals[FINALS:OTHERS].sum()
            share = weights[lead] / firsts * vowels[vowel] / vowels[VOWELS:FINALS].sum()
            for final, last in enumerate(shares):
                p[JAMO.tokenizer.read((lead, vowel, FINALS + final)) or ""] = share * last
    model = model_of("lstm", vocab_size=JAMO.vocab_size)
    for char in ["a", " ", "가", "힣", "뷁"]:
        nats = Scorer(model, JAMO, ranks=False).score(PREFIX + char).nats[-1]
        assert math.exp(-nats) == pytest.approx((1 - eps) * p[char], rel=1e-9)
    total = sum(p.values())
    assert len(p) == len(JAMO.tokenizer.alphabet)
    assert total == pytest.approx(1, rel=1e-9)


def test_a_search_finds_all_characters_of_jamo() -> None:
    """The probabilities of the characters that a search finds sum to one, and their entropy is right."""
    model = model_of("lstm", vocab_size=JAMO.vocab_size)
    reader = model.reader()
    for token in [-1, *JAMO.tokenizer.encode(PREFIX).tolist()]:
        logits = reader.read(token)
    possible = JAMO.possible(logits.astype(np.float64), token)
    log_p = possible - np.log(np.exp(possible).sum())
    num = len(JAMO.tokenizer.alphabet)
    found = Guesser(JAMO).rank(reader, log_p, num=num, whole=True)
    p = np.exp(found.log_p)
    assert len(set(found.chars.tolist())) == num
    assert p.sum() == pytest.approx(1, rel=1e-9)
    assert found.entropy == pytest.approx(-(p * found.log_p).sum(), rel=1e-9)


def test_the_price_of_any_bytes_is_that_of_the_bytes() -> None:
    """Whatever characters they are, the nats of a text are those of its bytes, one after the other."""
    raw = "한é".encode() + bytes([0xC3, 0x20, 0xFF, 0xED, 0x95]) + b"a"
    text = raw.decode("utf-8", "surrogateescape")
    surprisal = Scorer(model_of("lstm", vocab_size=256), BYTE).score(text)
    each = [weights_after(BYTE, list(raw[:k]))[0] for k in range(len(raw))]
    expected = -sum(math.log(weights[byte] / weights.sum()) for weights, byte in zip(each, raw, strict=True))
    assert surprisal.nats.sum() == pytest.approx(expected, rel=1e-9)
    assert surprisal.num_bytes.tolist() == [3, 2, 1, 1, 1, 1, 1, 1]
    assert not surprisal.unseen.any()


def test_valid_characters_and_lone_bytes_sum_to_one() -> None:
    """One and two bytes: what is no character of UTF-8 has the rest of the probability of its first byte."""
    weights, after = weights_after(BYTE, list(b"ab"))
    p = weights / weights.sum()
    single = sum(p[byte] for byte in range(256) if BYTE.tokenizer.read((byte,)) is not None)
    pairs = cut = 0.0
    for first in range(0xC2, 0xE0):
        second = after(first)[0]
        inside = second[0x80:0xC0].sum() / second.sum()
        pairs += p[first] * inside
        cut += p[first] * (1 - inside)
    assert single + pairs + cut + p[0xE0:0xF5].sum() == pytest.approx(1, rel=1e-9)
    nats = Scorer(model_of("lstm", vocab_size=256), BYTE, ranks=False).score("abé").nats[-1]
    second = after(0xC3)[0]
    assert math.exp(-nats) == pytest.approx(p[0xC3] * second[0xA9] / second.sum(), rel=1e-9)


def test_a_search_of_bytes_is_bounded_and_ranks_its_target_last() -> None:
    """A model that expects nothing makes no search of a million characters; the target keeps its price."""
    model = model_of("lstm", vocab_size=256)
    reader = model.reader()
    logits = reader.read(97)
    log_p = logits - np.log(np.exp(logits).sum())
    found = Guesser(BYTE).rank(reader, log_p, num=3, target="\U0010ffff", whole=True)
    place = BYTE.tokenizer.place("\U0010ffff")
    assert found.chars[-1] == place
    assert found.rank_of(place or 0) == len(found.chars) < 200_000
    nats = Scorer(model, BYTE, ranks=False).score("a\U0010ffff").nats[-1]
    fresh = model.reader()
    fresh.read(-1)
    logits = fresh.read(97)
    log_p = logits - np.log(np.exp(logits).sum())
    again = Guesser(BYTE).rank(fresh, log_p, num=1, target="\U0010ffff")
    assert again.log_p[-1] == pytest.approx(-nats, rel=1e-9)
