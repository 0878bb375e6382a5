"""The likeliest lines or documents of a model, exactly, by branch and bound.

A beginning is at least as likely as any text that goes on from it. So beginnings that cost more nats than a
bound are left, and all others are followed, many at a time, the last ones found first: few of them wait. The
bound is that of the K-th best text found so far (Land and Doig 1960, "An automatic method of solving discrete
programming problems").
"""

import heapq
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import format_duration
from charseq.errors import ConfigError, DataError
from charseq.limits import MAX_SEARCH_SECONDS
from charseq.network.loss import log_softmax
from charseq.sampling.continuations import Continuation
from charseq.sampling.start import Start

WIDTH = 64
"""The number of beginnings that are followed at a time."""
NUM_DRAWN = 512
"""The number of texts that are drawn for an estimate."""
TEMPERATURES, MARGIN = (1.0, 1.5, 2.0, 3.0), 25.0
"""The temperatures of an estimate, and the nats beyond log K after which a text is given up."""
WIDER = math.log(4)
"""The nats by which the bound is raised when too few texts are found."""


class _Beginning(NamedTuple):
    """A beginning: the place of its past among those that were read together, its last token, and its price.

    `begun` are the tokens of a character that is not complete.
    """

    nats: float
    text: str
    begun: tuple[int, ...]
    place: int
    token: int


class _Branches(NamedTuple):
    """Beginnings whose pasts were `saved` together."""

    saved: Any
    beginnings: list[_Beginning]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate for a search: a bound in nats, and how many beginnings cost less, followed in `seconds`."""

    bound: float
    num_beginnings: float
    seconds: float

    @property
    def most(self) -> float:
        """The number of beginnings that can be followed in the time that is allowed."""
        return self.num_beginnings * MAX_SEARCH_SECONDS / self.seconds

    def check(self, number: int) -> None:
        """Raise ConfigError if a search would take too long."""
        if self.seconds > MAX_SEARCH_SECONDS:
            raise ConfigError(
                f"the {number:,} likeliest texts: about {self.num_beginnings:,.0f} beginnings would be "
                f"followed, in about {format_duration(round(self.seconds))}, which is more than "
                f"{format_duration(MAX_SEARCH_SECONDS)}: ask for fewer, or for shorter ones"
            )


class Likeliest:
    """Searches the texts of at most `length` characters that go on from a start and end by themselves."""

    def __init__(self, start: Start, *, length: int) -> None:
        if start.codec.end is None:
            raise ConfigError("the likeliest texts: needs a model of lines or documents, whose texts end")
        self._start, self._length, self._end = start, length, start.codec.end
        self._tokenizer, self._readers = start.codec.tokenizer, start.readers(WIDTH)
        for place in range(WIDTH):
            self._readers.put_(place, start.saved)
        self._root = _Branches(self._readers.save(), [_Beginning(0.0, "", (), 0, start.token)])

    def estimate(self, number: int) -> Estimate:
        """Return an estimate for the search of so many texts, from texts that are drawn.

        A text that is drawn with the probability q comes once in 1/q times. So the mean of 1/q over those
        that cost less than a bound is their number (Dell'Amico and Filippone 2015, "Monte Carlo strength
        evaluation"), and that over their beginnings the number of these. The temperature is raised until
        texts are drawn that are as rare as those that are sought.
        """
        rng, most = np.random.default_rng(0), math.log(number) + MARGIN
        for temperature in TEMPERATURES:
            begin, num_read, ended, passed = time.perf_counter(), 0, [(most, 0.0)], [(0.0, 0.0)]
            for _ in range(NUM_DRAWN // WIDTH):
                num_read += self._drawn(rng, temperature, most, ended, passed)
            seconds = (time.perf_counter() - begin) / num_read
            nats, log_q = np.array(sorted(ended)).T
            counts = np.cumsum(np.exp(-log_q)) / NUM_DRAWN
            reached = int(counts.searchsorted(2 * number))
            if reached < len(nats) - 1:  # the last one is there only to end the list
                break
        bound = float(nats[min(reached, len(nats) - 1)])
        prices, log_q = np.array(passed).T
        num_beginnings = 1 + float(np.exp(-log_q[prices <= bound]).sum()) / NUM_DRAWN
        return Estimate(bound, num_beginnings, num_beginnings * seconds)

    def best(self, number: int, estimate: Estimate | None = None) -> list[Continuation]:
        """Return the likeliest texts, best first: fewer than `number` only if there are not more.

        Raises ConfigError if it would take too long by the `estimate`, DataError if it does take too long.
        """
        estimate = estimate or self.estimate(number)
        estimate.check(number)
        bound, self._most, self._num_followed = estimate.bound, estimate.most, 0
        while not self._found_all(number, bound):
            bound += WIDER
        return [Continuation("", text, -cost) for cost, text in sorted(self._found, reverse=True)]

    def _found_all(self, number: int, bound: float) -> bool:
        """Search texts up to a bound; return whether they are as many as wanted, or all that there are."""
        self._found, self._bound, is_whole = list[tuple[float, str]](), bound, True
        waiting = [self._root]
        while waiting:
            saved, beginnings = waiting.pop()
            beginnings = [one for one in beginnings if one.nats <= self._bound]
            if not beginnings:
                continue
            self._num_followed += len(beginnings)
            if self._num_followed > self._most:
                raise DataError(
                    f"the {number:,} likeliest texts take longer than was estimated, more than "
                    f"{format_duration(MAX_SEARCH_SECONDS)}: ask for fewer, or for shorter ones"
                )
            longer, is_cut = self._followed(saved, beginnings, number)
            is_whole = is_whole and not is_cut
            past = self._readers.save() if longer else None
            chunks = [longer[k : k + WIDTH] for k in range(0, len(longer), WIDTH)]
            waiting += [_Branches(past, chunk) for chunk in reversed(chunks)]
        return is_whole or len(self._found) >= number

    def _followed(
        self, saved: Any, beginnings: Sequence[_Beginning], number: int
    ) -> tuple[list[_Beginning], bool]:
        """Return the beginnings that are longer by a token, best first, and whether any was too expensive."""
        log_p = self._read(saved, beginnings)
        nats = np.array(list(map(self._price, beginnings)))[:, None] - log_p
        is_possible, is_cheap = nats < np.inf, nats <= self._bound
        longer = list[_Beginning]()
        for place, token in zip(*(axis.tolist() for axis in np.nonzero(is_cheap)), strict=True):
            one = beginnings[place]
            begun = (*one.begun, token)
            char, cost = self._tokenizer.read(begun), float(nats[place, token])
            if char is None:
                longer.append(_Beginning(cost, one.text, begun, place, token))
            elif char.endswith(self._end):  # a byte that begins a character may come before it
                self._keep(one.text + char.removesuffix(self._end), cost, number)
            elif len(one.text) < self._length:
                longer.append(_Beginning(cost, one.text + char, (), place, token))
        return sorted(longer), bool((is_possible & ~is_cheap).any())

    def _keep(self, text: str, nats: float, number: int) -> None:
        """Keep a text if it is among the best; the bound is then that of the worst that is kept."""
        if len(self._found) < number:
            heapq.heappush(self._found, (-nats, text))
        else:
            heapq.heappushpop(self._found, (-nats, text))
        if len(self._found) == number:
            self._bound = min(self._bound, -self._found[0][0])

    def _price(self, one: _Beginning) -> float:
        """Return the nats of a beginning with what each character costs beside its tokens."""
        return one.nats if one.begun else one.nats + self._start.price

    def _read(self, saved: Any, beginnings: Sequence[_Beginning]) -> FloatArray:
        """Return log p (M, V) of the next token of each of M beginnings, at most WIDTH."""
        places, tokens = np.zeros(WIDTH, np.int64), np.full(WIDTH, self._start.token, np.int32)
        places[: len(beginnings)] = [one.place for one in beginnings]
        tokens[: len(beginnings)] = [one.token for one in beginnings]
        self._readers.spread_(saved, places)
        logits = self._start.codec.possible(self._readers.read(tokens), tokens)[: len(beginnings)]
        return log_softmax(logits.astype(np.float64))

    def _drawn(
        self,
        rng: np.random.Generator,
        temperature: float,
        most: float,
        ended: list[tuple[float, float]],
        passed: list[tuple[float, float]],
    ) -> int:
        """Draw WIDTH texts, none further than `most` nats; return the number of tokens that were read.

        To `ended` and `passed` come the price of each text and of each beginning, with the log of the
        probability with which it is drawn.
        """
        saved, texts, num_read = self._root.saved, [(self._root.beginnings[0], 0.0)] * WIDTH, 0
        while texts:
            log_p, going = self._read(saved, [one for one, _ in texts]), list[tuple[_Beginning, float]]()
            log_q = log_softmax(log_p / temperature)
            num_read += len(texts)
            heights = np.cumsum(np.exp(log_q), axis=1)
            chances = rng.random(len(texts))[:, None] * heights[:, -1:]
            for place, token in enumerate((heights <= chances).sum(axis=1).tolist()):
                one, chance = texts[place][0], texts[place][1] + float(log_q[place, token])
                begun, cost = (*one.begun, token), self._price(one) - float(log_p[place, token])
                char = self._tokenizer.read(begun)
                if cost > most:
                    continue
                if char is not None and char.endswith(self._end):
                    ended.append((cost, chance))
                elif char is None or len(one.text) < self._length:
                    passed.append((cost, chance))
                    text = one.text if char is None else one.text + char
                    longer = _Beginning(cost, text, begun if char is None else (), place, token)
                    going.append((longer, chance))
            saved, texts = self._readers.save(), going
        return num_read
