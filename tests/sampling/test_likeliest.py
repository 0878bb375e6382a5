"""The likeliest texts, against the prices of all texts."""

from functools import cache
from itertools import product

import pytest

from charseq.errors import ConfigError, DataError
from charseq.sampling import Start, likeliest
from charseq.sampling.likeliest import Estimate, Likeliest
from charseq.scoring import Scorer
from tests.scoring.twins import ALPHABET, Kind, each

GRU = Kind("gru", "line")
KINDS = each(GRU, Kind("ngram", "line"), Kind("mixture", "line"), Kind("gru", "line", "pair"))


def search(kind: Kind, *, length: int = 2, prompt: str = "x") -> Likeliest:
    """Return the search for texts after a prompt."""
    return Likeliest(Start(kind.make(), kind.codec, prompt), length=length)


@cache
def prices(kind: Kind) -> list[tuple[float, str]]:
    """Return every text of at most two characters after "x", with its newline, and its nats, best first."""
    chars = [char for char in ALPHABET if char != "\n"]
    texts = map("".join, (text for n in range(3) for text in product(chars, repeat=n)))
    scorer = Scorer(kind.make(), kind.codec, ranks=False)
    return sorted((float(scorer.score(f"x{text}\n").nats[1:].sum()), text) for text in texts)


@KINDS
@pytest.mark.parametrize("number", [1, 7, 100])
def test_the_best_are_those_of_all_texts(kind: Kind, number: int) -> None:
    """In their order, with their prices."""
    found = search(kind).best(number)
    expected = prices(kind)[:number]
    assert [one.nats for one in found] == pytest.approx([nats for nats, _ in expected], abs=1e-4)
    worst = expected[-1][0] - 1e-4  # equally likely ones may come in another order
    assert {one.text for one in found if one.nats < worst} == {
        text for nats, text in expected if nats < worst
    }


@pytest.mark.parametrize("bound", [0.1, 3.0, 1000.0])
def test_the_bound_of_an_estimate_does_not_matter(bound: float) -> None:
    """It is raised until there are enough texts, and lowered while they are found."""
    found = search(GRU).best(20, Estimate(bound, 100, 1e-3))
    assert [one.text for one in found] == [text for _, text in prices(GRU)[:20]]


def test_if_there_are_fewer_texts_all_of_them_are_found() -> None:
    """Those of up to one character."""
    found = search(GRU, length=1).best(1000)
    assert sorted(one.text for one in found) == sorted(["", *(char for char in ALPHABET if char != "\n")])


@each(GRU, Kind("gru", "line", "pair"))
@pytest.mark.parametrize("number", [20, 200])
def test_an_estimate_of_many_draws_is_right(kind: Kind, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound lets twice as many texts pass, and so many beginnings are followed; rare texts are drawn."""
    monkeypatch.setattr(likeliest, "NUM_DRAWN", 64 * 60)
    estimate = search(kind).estimate(number)
    within = sum(nats <= estimate.bound for nats, _ in prices(kind))
    assert within == pytest.approx(2 * number, rel=0.2)
    whole = search(kind)
    whole.best(within, estimate)
    assert whole._num_followed == pytest.approx(estimate.num_beginnings, rel=0.3)


def test_a_search_that_would_take_too_long_is_refused() -> None:
    """By its estimate before it begins, and when the estimate was wrong."""
    with pytest.raises(
        ConfigError, match=r"about 7,000 beginnings would be followed, in about 20m, which is more"
    ):
        search(GRU).best(9, Estimate(9.0, 7000, 1200))
    with pytest.raises(DataError, match=r"^the 100 likeliest texts take longer than was estimated, more"):
        search(GRU).best(100, Estimate(9.0, 1.0, 590))


def test_texts_that_do_not_end_have_no_likeliest() -> None:
    """The message says which models have."""
    with pytest.raises(ConfigError, match=r"^the likeliest texts: needs a model of lines or documents"):
        search(Kind("gru", "stream"))


def test_few_beginnings_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """With narrow batches the same texts are found."""
    whole = [one.text for one in search(GRU).best(30)]
    monkeypatch.setattr(likeliest, "WIDTH", 8)
    assert [one.text for one in search(GRU).best(30)] == whole
