"""Texts without an end under constraints: what breaks them is left out, and the weight says how much."""

import math
from itertools import product
from typing import Any

import pytest

from charseq.errors import DataError
from charseq.sampling import SampledText, pruned
from tests.sampling.test_conditional import written
from tests.scoring.twins import ALPHABET, Kind, each, plain_p

STREAM, NGRAM = Kind("gru", "stream"), Kind("ngram", "stream")
PAIR = Kind("gru", "stream", "pair")


def endless(kind: Kind, prompt: str = "x", **changes: Any) -> list[SampledText]:
    """Return texts of 40 characters."""
    return written(kind, prompt, **{"length": 40, "stops": (), **changes})


@each(STREAM, NGRAM, Kind("mixture", "stream"))
def test_the_weight_is_the_product_of_the_allowed_shares(kind: Kind) -> None:
    """The twin adds up the probabilities of the allowed characters, one by one."""
    for one in endless(kind, allow="helowrd ", length=6, num_samples=3):
        log_weight, kept = 0.0, [ALPHABET.index(char) for char in "helowrd "]
        for p, _ in zip(list(plain_p(kind.make(), kind, f"x{one.text}"))[1:], one.text, strict=False):
            log_weight += math.log(p[kept].sum())
        assert set(one.text) <= set("helowrd ")
        assert one.log_weight == pytest.approx(log_weight, abs=1e-9)


def test_without_anything_to_leave_out_the_text_is_as_ever() -> None:
    """The same random numbers give the same text."""
    plain, kept = endless(STREAM, allow="".join(ALPHABET)), endless(STREAM, forbid=("QQ",))
    assert [one.text for one in plain] == [one.text for one in kept]
    assert {one.log_weight for one in plain} == {0.0}


@each(STREAM, NGRAM, PAIR)
def test_a_text_that_is_stuck_goes_another_way(kind: Kind) -> None:
    """After "hel" nothing may follow, and the text has to begin anew before that."""
    dead = tuple(f"hel{char}" for char in ALPHABET)
    for one in endless(kind, allow="hel", forbid=dead):
        assert len(one.text) == 40
        assert set(one.text) <= set("hel")
        assert "hel" not in one.text[:-1]


def test_going_back_reads_what_was_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """However seldom the state is saved, the text is the same."""
    dead = tuple(f"{a}h{b}" for a in "el" for b in ALPHABET)
    often = endless(STREAM, allow="hel", forbid=dead)
    monkeypatch.setattr(pruned, "SAVED_EVERY", 1)
    assert endless(STREAM, allow="hel", forbid=dead) == often


def test_a_wish_that_cannot_be_kept_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every way is closed, and where there are too many closed ways."""
    both = "^sample.allow and sample.forbid: "
    with pytest.raises(DataError, match=f"{both}the model can write no such text: "):
        endless(STREAM, allow="h", forbid=("hh",))
    monkeypatch.setattr(pruned, "MAX_TRIED_TOKENS", 320)
    with pytest.raises(DataError, match=f"{both}the text got stuck again and again"):
        endless(STREAM, allow="he", forbid=["".join(six) for six in product("he", repeat=6)])


def test_a_stop_ends_a_weighted_text() -> None:
    """What the constraint says of the text is said without the stop."""
    for one in endless(STREAM, match="[a-hj-z]{3}", allow="kinabc", length=9, weighted=True, stops=["kin"]):
        assert (len(one.text), one.stop) == (3, "kin")


def test_at_temperature_zero_there_is_no_weight() -> None:
    """The likeliest allowed token is taken each time."""
    one, *others = endless(STREAM, forbid=("o",), temperature=0.0)
    assert all(other.text == one.text for other in others)
    assert one.log_weight == 0.0
    assert "o" not in one.text


def test_a_long_text_forgets_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps no more steps than it may go back, and its weight has all of them."""
    whole = endless(STREAM, forbid=("o", "e"), length=300)
    monkeypatch.setattr(pruned, "MAX_STEPS_BACK", 32)
    short = endless(STREAM, forbid=("o", "e"), length=300)
    assert [one.text for one in short] == [one.text for one in whole]
    assert [one.log_weight for one in short] == pytest.approx([one.log_weight for one in whole])
