"""Texts that end under constraints: they are drawn from the model's distribution under the condition.

The twin lists every text of at most two characters with its probability, keeps those that pass a plain test,
and divides by their sum.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from charseq.config import SampleConfig
from charseq.errors import DataError
from charseq.sampling import Order, SampledText, Start, conditional
from charseq.sampling.steered import steered
from tests.scoring.twins import ALPHABET, Kind, each, plain_p

LENGTH, DRAWS = 2, 300
LEARNT = "hello world\nkin and"
GRU, PAIR = Kind("gru", "line"), Kind("gru", "line", "pair")
CONDITIONS: dict[str, tuple[dict[str, Any], Callable[[str], bool]]] = {
    "nothing": ({"allow": "".join(ALPHABET)}, lambda text: True),
    "allow": ({"allow": "helo"}, lambda text: set(text) <= set("helo")),
    "forbid": ({"forbid": ("e", "ab", "xh")}, lambda text: not re.search("e|ab|xh", f"x{text}")),
    "match": ({"match": "[a-e][^h]?|.k"}, lambda text: bool(re.fullmatch("[a-e][^h]?|.k", text))),
    "max_copy": (
        {"max_copy": 1},
        lambda text: all(f"x{text}"[k : k + 2] not in LEARNT for k in range(len(text))),
    ),
    "two of them": (
        {"match": "h.*|[ae]", "forbid": ("e",)},
        lambda text: bool(re.fullmatch("h.*|[ae]", text)) and "e" not in text,
    ),
}


def written(
    kind: Kind, prompt: str = "x", *, stops: Sequence[str] = ("kin",), **changes: Any
) -> list[SampledText]:
    """Return texts that continue a prompt, at temperature 1; those of a stream end before a stop."""
    config = SampleConfig.model_validate({"length": LENGTH, "temperature": 1.0, "num_samples": 5, **changes})
    start = Start(kind.make(), kind.codec, prompt)
    start.training_text = lambda: LEARNT
    order = Order.of(config, kind.codec, stops=stops if kind.unit == "stream" else ())
    return list(steered(start, replace(order, seed=0)))


@cache
def shares(kind: Kind) -> dict[str, float]:
    """Return the probability of each text after the prompt: it ends with its line, or at two characters."""
    chars, found = [char for char in ALPHABET if char != "\n"], dict[str, float]()
    end = ALPHABET.index("\n")

    def after(text: str) -> np.ndarray:
        *_, p = plain_p(kind.make(), kind, f"x{text}")
        return p

    first = after("")
    found[""] = first[end]
    for one in chars:
        p, second = first[ALPHABET.index(one)], after(one)
        found[one] = p * second[end]
        found |= {one + two: p * second[ALPHABET.index(two)] for two in chars}
    return found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((GRU, name) for name in CONDITIONS),
        *((kind, "two of them") for kind in (Kind("ngram", "line"), Kind("mixture", "line"))),
        (PAIR, "forbid"),
    ],
    ids=str,
)
def test_texts_are_drawn_from_the_distribution_under_the_condition(kind: Kind, name: str) -> None:
    """The counts of texts that are expected five times or more are as chance has them."""
    changes, keeps = CONDITIONS[name]
    kept = {text: p for text, p in shares(kind).items() if keeps(text)}
    total = sum(kept.values())
    counts = Counter(one.text for one in written(kind, num_samples=DRAWS, **changes))
    assert set(counts) <= set(kept)
    expected = {text: DRAWS * p / total for text, p in kept.items()}
    often = [text for text in expected if expected[text] >= 5]
    surprise = sum((counts[text] - expected[text]) ** 2 / expected[text] for text in often)
    assert surprise < len(often) + 4 * math.sqrt(2 * len(often))


@each(GRU, PAIR)
def test_what_is_rare_is_found_all_the_same(kind: Kind) -> None:
    """Beginnings that cannot be kept are paid for once: the share of these texts is about 1e-12."""
    found = written(kind, length=9, match="h{9}")
    assert {one.text for one in found} == {"h" * 9}


def test_texts_that_are_drawn_by_their_share_weigh_the_same() -> None:
    """The log of the weight is 0."""
    assert {one.log_weight for one in written(GRU, match="[helo]+")} == {0.0}


def test_at_temperature_zero_the_likeliest_that_is_allowed_is_taken() -> None:
    """Each time the same, also through dead ends."""
    kind = GRU
    p = shares(kind)
    (one,) = {one.text for one in written(kind, match="[hk][lo]", temperature=0.0)}
    *_, after_x = plain_p(kind.make(), kind, "x")
    best = max("hk", key=lambda char: after_x[ALPHABET.index(char)])
    assert one == max((best + char for char in "lo"), key=p.__getitem__)


def test_filters_cut_what_is_allowed() -> None:
    """With the single likeliest token of those that are allowed the text is that of temperature 0."""
    kind = GRU
    cold, cut = (written(kind, match="[hk][lo]", **one) for one in ({"temperature": 0.0}, {"top_k": 1}))
    assert {one.text for one in cold} == {one.text for one in cut}


def test_a_wish_that_leaves_nothing_is_refused_by_name() -> None:
    """The rule that left least is named first."""
    with pytest.raises(
        DataError, match=r"^sample.match with sample.allow: the model can write no such text of up to"
    ):
        written(GRU, match="[lo]+", allow="hi\n")


def test_all_texts_are_written_before_one_is_refused() -> None:
    """Nine texts are different, and there is no tenth."""
    kind = Kind("ngram", "line")
    found = written(kind, match="[hel]{2}", unique=True, num_samples=9)
    assert sorted(one.text for one in found) == sorted(map("".join, product("hel", repeat=2)))
    with pytest.raises(
        DataError, match=r"^sample.unique with sample.match: the model can write no such text"
    ):
        written(kind, match="[hel]{2}", unique=True, num_samples=10)


def test_a_wish_that_is_nearly_impossible_ends_with_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a bound of tokens the message says how many texts are such ones at most."""
    monkeypatch.setattr(conditional, "MAX_TRIED_TOKENS", 300)
    message = (
        r"^sample.forbid: no text was found in 3\d\d tokens; of the model's texts at most a share of .* is "
        "such a text: ask for less, raise sample.temperature, or set sample.weighted"
    )
    with pytest.raises(DataError, match=message):
        written(Kind("gru", "stream"), forbid=tuple("abcdefhlno"), length=400)


@each(GRU, Kind("gru", "stream"), Kind("gru", "stream", "pair"))
@pytest.mark.parametrize("length", [0, 1, 3, 5])
def test_a_text_that_is_cut_is_matched_too(kind: Kind, length: int) -> None:
    """No way is begun that would need more characters than there are; a stop of three is no part of it."""
    if length < 3:
        with pytest.raises(DataError, match=r"can write no such text of up to"):
            written(kind, length=length, match="[hk].[ol]+")
        return
    for one in written(kind, length=length, match="[hk].[ol]+"):
        assert re.fullmatch("[hk].[ol]+", one.text)
        assert len(one.text) <= length
