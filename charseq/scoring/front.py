"""The trees of characters at many places while they are searched: what was found, and what may be opened."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from charseq.arrays import BoolArray, FloatArray, IndexArray, TokenArray
from charseq.scoring.guesses import MAX_OPENED, MAX_OPENED_FOR_RANKS, NEGLIGIBLE
from charseq.scoring.spellings import Spellings

OPENED_AT_ONCE, OPENED_FOR_WHOLE = 4, 32
"""The most nodes of one place that a round opens, and if the whole distribution is wanted."""
LEAST = -1e4
"""A log probability in the place of -infinity where that cannot be computed with."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The aim of a search: the `num` likeliest characters, and the rank of the target.

    Ranks beyond `worst` are not told apart: they are `worst` + 1. With None all ranks are told, except those
    of characters so unlikely that the search ends before. With `whole`, nearly all characters are looked for,
    and the entropy of their distribution.
    """

    num: int = 1
    worst: int | None = None
    whole: bool = False

    @property
    def most(self) -> int:
        """The most nodes that are opened at each place."""
        return MAX_OPENED_FOR_RANKS if self.worst is None and not self.whole else MAX_OPENED


class Found(NamedTuple):
    """The result at P places: the `ranks` (P,) of the targets, 0 for one that is not in the alphabet.

    `chars` (P, K) are the likeliest characters as places in the alphabet, the likeliest first, and `log_p`
    (P, K) their log probabilities; -1 and -infinity where fewer were found. `entropies` (P,) are in nats, and
    nan unless the whole distribution was wanted.
    """

    ranks: TokenArray
    chars: TokenArray
    log_p: FloatArray
    entropies: FloatArray


class Nodes(NamedTuple):
    """M nodes that were opened: their `places`, the `numbers` of their spellings, their log probabilities.

    `states` are their rows in the pool of states, and `next_log_p` (M, V) is that of the token after them.
    """

    places: IndexArray
    numbers: IndexArray
    log_p: FloatArray
    states: IndexArray
    next_log_p: FloatArray


class Tokens(NamedTuple):
    """M tokens below opened nodes, their `parents`: the log probabilities include those of the parents."""

    places: IndexArray
    parents: IndexArray
    tokens: IndexArray
    log_p: FloatArray
    states: IndexArray

    @classmethod
    def of(cls, nodes: Nodes, rows: IndexArray, tokens: IndexArray) -> "Tokens":
        """Return `tokens`, each below the node in its row of `rows`."""
        log_p = nodes.log_p[rows] + nodes.next_log_p[rows, tokens]
        return cls(nodes.places[rows], nodes.numbers[rows], tokens, log_p, nodes.states[rows])

    def only(self, chosen: Any) -> "Tokens":
        """Return some of them."""
        return Tokens(*(column[chosen] for column in self))

    def ordered(self) -> "tuple[Tokens, IndexArray]":
        """Return them by place, the likeliest first, and the number of each at its place, from 0."""
        keys = self.places * -2 * LEAST - np.maximum(self.log_p, LEAST)
        ordered = self.only(np.argsort(keys, kind="stable"))
        begins = np.flatnonzero(np.diff(ordered.places, prepend=-1))
        lengths = np.diff(np.append(begins, len(ordered.places)))
        return ordered, np.arange(len(ordered.places)) - np.repeat(begins, lengths)


def joined(parts: list[Tokens]) -> Tokens:
    """Return all `parts` as one."""
    return Tokens(*(np.concatenate(column) for column in zip(*parts, strict=True)))


class Front:
    """The search at P places. A place whose target is no character looks for the likeliest ones only."""

    def __init__(self, spellings: Spellings, wanted: Wanted, num_places: int) -> None:
        self._spellings, self._wanted, self._num_places = spellings, wanted, num_places
        self._target = np.full(num_places, np.inf)
        self._last = np.full((2, num_places), -1)  # the number before the target's last token, and this token
        self._floor = np.full(num_places, -np.inf)
        self._best = np.full(num_places, -np.inf)
        self._num_likelier, self._num_opened = np.zeros((2, num_places), np.int64)
        self._entropies = np.zeros(num_places)
        self._found, self._unopened = list[Tokens](), list[Tokens]()

    def aim_(self, last: Tokens) -> None:
        """Note the last tokens of the targets of some places, one for each."""
        last = last.only(self._spellings.is_end(last.parents, last.tokens))
        self._target[last.places], self._last[:, last.places] = last.log_p, (last.parents, last.tokens)
        if self._wanted.num == 1:  # the likeliest character is at least as likely as the target
            self._floor[last.places] = last.log_p

    def add_(self, nodes: Nodes, followed: IndexArray) -> None:
        """Add what is below some open nodes; the token `followed` (M,) of each is open already, if not -1."""
        ends, goes_on = self._spellings.masks(nodes.numbers)
        rows = np.flatnonzero(followed >= 0)
        goes_on[rows, followed[rows]] = False
        below, floor = nodes.log_p[:, None] + nodes.next_log_p, self._floor[nodes.places][:, None]
        self._num_opened += np.bincount(nodes.places[nodes.numbers > 0], minlength=self._num_places)
        if self._wanted.whole:
            self._add_entropy_(nodes.places, np.where(ends, below, -np.inf))
        else:
            goes_on &= below > floor
        found = Tokens.of(nodes, *np.nonzero(ends & (below >= floor)))
        self._found.append(found)
        self._unopened.append(Tokens.of(nodes, *np.nonzero(goes_on)))
        self._raise_floor_(found)

    def _raise_floor_(self, found: Tokens) -> None:
        """Set the floor of each place: what is less likely is not wanted any more, given the new `found`."""
        num, worst = self._wanted.num, self._wanted.worst
        np.maximum.at(self._best, found.places, found.log_p)
        least = self._best
        if num > 1:
            ordered, number = joined(self._found).ordered()
            least, last = np.full(self._num_places, -np.inf), number == num - 1
            least[ordered.places[last]] = ordered.log_p[last]
        likelier = found.log_p > self._target[found.places]
        self._num_likelier += np.bincount(found.places[likelier], minlength=self._num_places)
        is_settled = self._num_likelier >= (np.inf if worst is None else worst)
        self._floor = np.maximum(self._floor, np.where(is_settled, least, np.minimum(self._target, least)))

    def _add_entropy_(self, places: IndexArray, log_p: FloatArray) -> None:
        """Add -p log p of each of log p (M, A) to the entropies of the `places` (M,)."""
        terms = np.exp(log_p) * np.maximum(log_p, LEAST)
        self._entropies -= np.bincount(places, terms.sum(axis=1), self._num_places)

    def choose_(self) -> Tokens:
        """Return the tokens to be opened next, none if the search has ended; they count as opened."""
        tokens, most = joined(self._unopened), self._wanted.most
        wanted = tokens.log_p > self._floor[tokens.places]
        if not self._wanted.whole:
            tokens = tokens.only(wanted & (self._num_opened < most)[tokens.places])
        tokens, number = tokens.ordered()
        at_once = OPENED_FOR_WHOLE if self._wanted.whole else OPENED_AT_ONCE
        chosen = number < np.minimum(at_once, most - self._num_opened)[tokens.places]
        if self._wanted.whole:
            chosen &= (tokens.log_p > self._floor[tokens.places]) | self._matter(tokens)
        left = ~chosen
        if not self._wanted.whole:  # so many of them that no more could be opened
            left &= number < most
        self._unopened = [tokens.only(left)]
        return tokens.only(chosen)

    def _matter(self, tokens: Tokens) -> BoolArray:
        """Return which of some ordered tokens have, with all that are less likely, too much probability."""
        p = np.exp(tokens.log_p)
        totals = np.bincount(tokens.places, p, self._num_places)
        before = np.cumsum(p) - p
        begins = np.flatnonzero(np.diff(tokens.places, prepend=-1))
        starts = np.repeat(before[begins], np.diff(np.append(begins, len(p))))
        matter: BoolArray = totals[tokens.places] - (before - starts) > NEGLIGIBLE
        return matter

    def result(self) -> Found:
        """Return what was found."""
        num, worst = self._wanted.num, self._wanted.worst
        found, number = joined(self._found).ordered()
        ranks = 1 + self._num_likelier + self._num_equal(found)
        ranks = ranks if worst is None else np.minimum(ranks, worst + 1)
        chars, log_p = (
            np.full((self._num_places, num), -1, np.int32),
            np.full((self._num_places, num), -np.inf),
        )
        first = number < num
        best, at = found.only(first), (found.places[first], number[first])
        log_p[at] = best.log_p
        if num > 1 or self._wanted.whole:
            chars[at] = self._spellings.chars(best.parents, best.tokens)
        entropies = np.full(self._num_places, np.nan)
        if self._wanted.whole:
            left = joined(self._unopened)
            self._add_entropy_(left.places, left.log_p[:, None])
            entropies = self._entropies
        return Found(np.where(np.isposinf(self._target), 0, ranks).astype(np.int32), chars, log_p, entropies)

    def _num_equal(self, found: Tokens) -> IndexArray:
        """Return how many characters (P,) are as likely as the target and come before it, as its siblings."""
        parents, tokens = self._last[:, found.places]
        equal = found.log_p == self._target[found.places]
        equal &= (found.parents == parents) & (found.tokens < tokens)
        return np.bincount(found.places[equal], minlength=self._num_places)
