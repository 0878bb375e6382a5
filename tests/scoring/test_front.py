"""The search at many places, without a model: what is opened, in which order, and when it ends."""

import math

import numpy as np
import pytest

from charseq.scoring import front
from charseq.scoring.front import Front, Nodes, Tokens, Wanted
from charseq.scoring.spellings import Spellings
from tests.scoring.twins import ALPHABET, PAIR

NUM_ROWS = math.ceil(len(ALPHABET) / 8)
NOTHING = np.array([-1])


def root(p_of_rows: list[float]) -> Nodes:
    """Return the nodes of one place at which the rows of PAIR have these probabilities."""
    log_p = np.full((1, PAIR.vocab_size), -np.inf)
    log_p[0, : len(p_of_rows)] = np.log(p_of_rows)
    zero = np.zeros(1, np.int64)
    return Nodes(zero, zero, np.zeros(1), zero, log_p)


def opened(search: Front, spellings: Spellings, chosen: Tokens, best: float) -> None:
    """Open the chosen rows: the first character of each has the share `best` of it."""
    log_p = np.full((len(chosen.tokens), PAIR.vocab_size), -np.inf)
    log_p[:, NUM_ROWS : NUM_ROWS + 2] = np.log([best, 1 - best])
    numbers = spellings.below(chosen.parents, chosen.tokens)
    search.add_(
        Nodes(chosen.places, numbers, chosen.log_p, chosen.states, log_p), np.repeat(-1, len(numbers))
    )


def front_of(wanted: Wanted, p_of_rows: list[float]) -> tuple[Front, Spellings]:
    spellings = Spellings(PAIR)
    search = Front(spellings, wanted, 1)
    search.add_(root(p_of_rows), NOTHING)
    return search, spellings


def test_the_likeliest_nodes_are_opened_and_those_that_cannot_matter_are_not() -> None:
    """After a character of 0.45, a row of 0.3 can hold no likelier one."""
    search, spellings = front_of(Wanted(), [0.1, 0.6, 0.3])
    chosen = search.choose_()
    assert chosen.tokens.tolist() == [1, 2, 0]
    opened(search, spellings, chosen.only(slice(1)), 0.75)
    assert not len(search.choose_().tokens)
    np.testing.assert_allclose(np.exp(search.result().log_p), [[0.45]])


def test_the_whole_distribution_needs_all_but_a_negligible_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of 0.00005 stays closed, and counts as one event of the entropy."""
    monkeypatch.setattr(front, "OPENED_FOR_WHOLE", 2)
    p = [0.5, 0.49995, 0.00005]
    search, spellings = front_of(Wanted(2, whole=True), p)
    chosen = search.choose_()
    assert chosen.tokens.tolist() == [0, 1]
    opened(search, spellings, chosen, 0.5)
    assert not len(search.choose_().tokens)
    events = [0.25, 0.25, 0.249975, 0.249975, 0.00005]
    np.testing.assert_allclose(search.result().entropies, [-sum(q * math.log(q) for q in events)])
    assert search.result().chars.tolist() == [[0, 1]]


def test_of_equally_likely_siblings_the_smaller_token_ranks_first() -> None:
    """The second of two characters of one half each has rank 2."""
    spellings = Spellings(PAIR)
    search = Front(spellings, Wanted(), 1)
    row = Tokens.of(root([1.0]), np.array([0]), np.array([0]))
    number = spellings.below(row.parents, row.tokens)
    log_p = np.full((1, PAIR.vocab_size), -np.inf)
    log_p[0, NUM_ROWS : NUM_ROWS + 2] = math.log(0.5)
    node = Nodes(row.places, number, row.log_p, row.states, log_p)
    search.aim_(Tokens.of(node, np.array([0]), np.array([NUM_ROWS + 1])))
    search.add_(root([1.0]), np.array([0]))
    search.add_(node, NOTHING)
    assert not len(search.choose_().tokens)
    assert search.result().ranks.tolist() == [2]


def test_what_is_nearly_equally_likely_is_in_order_at_any_place() -> None:
    """Also where a thousand places are searched together."""
    places, log_p = np.array([1000, 1000, 0, 1000]), np.array([-2.0, -2.0 + 1e-7, -3.0, -np.inf])
    tokens = Tokens(places, places, np.arange(4), log_p, places)
    ordered, number = tokens.ordered()
    assert ordered.tokens.tolist() == [2, 1, 0, 3]
    assert number.tolist() == [0, 0, 1, 2]
