"""Texts that end, drawn from the model's distribution under the condition that they keep some rules.

Tokens that break a rule are left out, and what is left is drawn in proportion. That alone would favour texts
on whose way much was left out. So a text is kept with the probability of the product of the shares that were
left, and another one is tried otherwise (von Neumann 1951, "Various techniques used in connection with random
digits"). What a try has found out about beginnings, how much of their probability can be kept at most, is
remembered for the next: a beginning is chosen in proportion to that, and what is known is not paid for twice.
"""

import math
from collections import Counter

import numpy as np

from charseq.arrays import FloatArray
from charseq.config import SampleConfig
from charseq.errors import DataError
from charseq.limits import MAX_TRIED_TOKENS
from charseq.sampling.filters import filter_, pick, temperature_at
from charseq.sampling.start import Start
from charseq.sampling.walk import Walk, allowed


class _Beginning:
    """The beginning of a text: the share of its probability that can be kept at most, and those after it."""

    __slots__ = ("bound", "longer")

    def __init__(self) -> None:
        self.bound, self.longer = 1.0, dict[int, _Beginning]()


class _Visit:
    """A beginning on the way of a try, and the one that it went on to.

    `rest` is what can be kept at most of all others that go on from here, `share` the probability of the one
    that was chosen: a sum without the rounding of differences, since bounds may be tiny.
    """

    __slots__ = ("beginning", "longer", "rest", "share")

    def __init__(self, beginning: _Beginning, rest: float) -> None:
        self.beginning, self.rest = beginning, rest
        self.share, self.longer = 0.0, beginning


class Conditional:
    """Draws texts from a start on; `names` are those of the settings behind the rules of `walk`."""

    def __init__(self, start: Start, config: SampleConfig, walk: Walk, names: list[str]) -> None:
        self._start, self._reader, self._codec = start, start.reader, start.codec
        self._config, self._walk, self._names = config, walk, names

    def write_(self, rng: np.random.Generator) -> float:
        """Write a text, which is then that of the walk; return the log of its weight, which is 0.

        Raises DataError if none was found after as many tokens as are tried.
        """
        self._root, self._num_read, self._blamed = _Beginning(), 0, Counter[int]()
        while not self._tried(rng):
            if self._root.bound <= 0 or self._num_read >= MAX_TRIED_TOKENS:
                raise DataError(self._complaint())
        return 0.0

    def _tried(self, rng: np.random.Generator) -> bool:
        """Try a text; return whether it is kept."""
        self._reader.restore_(self._start.saved)
        self._walk.begin()
        is_kept, way = False, list[_Visit]()
        beginning, least, log_kept = self._root, math.log(1 - rng.random()), 0.0
        while not self._walk.has_ended:
            seen, p = self._seen(beginning)
            way.append(_Visit(beginning, seen))
            log_kept += math.log(min(1.0, seen / beginning.bound)) if seen > 0 else -math.inf
            if p is None or log_kept < least:
                self._blame()
                break
            beginning = self._longer(way[-1], p, rng)
        else:
            broken = self._walk.broken
            self._blamed.update(broken)
            is_kept = not broken
            if broken:
                beginning.bound = 0.0
                way.append(_Visit(beginning, 0.0))
        self._remember(way)
        return is_kept

    def _seen(self, beginning: _Beginning) -> tuple[float, FloatArray | None]:
        """Return what can be kept here at most, and for each token its part of that, of its probability."""
        walk, token = self._walk, self._walk.token
        logits = self._logits = self._codec.possible(self._reader.read(token), token)
        self._num_read += 1
        refused = walk.refused()
        none_of = [token for token, longer in beginning.longer.items() if longer.bound <= 0]
        if none_of:
            refused = np.array(none_of) if refused is None else np.concatenate([refused, none_of])
        found = allowed(logits, refused, temperature_at(self._config, len(walk.chars)))
        if found is None:
            return 0.0, None
        filter_(found.p, self._config)
        p = found.p
        p *= math.exp(found.log_share) / np.add.accumulate(p)[-1]
        for token, longer in beginning.longer.items():
            p[token] *= longer.bound
        return float(np.add.accumulate(p)[-1]), p

    def _longer(self, visit: _Visit, p: FloatArray, rng: np.random.Generator) -> _Beginning:
        """Draw the next token, each in proportion to what can be kept of it; return the longer beginning."""
        token = pick(p, rng)
        longer = visit.longer = visit.beginning.longer.setdefault(token, _Beginning())
        visit.share = float(p[token]) / longer.bound
        p[token] = 0
        visit.rest = float(np.add.accumulate(p)[-1])
        self._walk.take_(token)
        return longer

    def _blame(self) -> None:
        """Count whose rule has left least of the probability of the next token."""
        temperature = temperature_at(self._config, len(self._walk.chars))
        alone = [
            allowed(self._logits, self._walk.refused_by(k), temperature) for k in range(len(self._names))
        ]
        shares = [-math.inf if one is None else one.log_share for one in alone]
        if min(shares) < 0:
            self._blamed[int(np.argmin(shares))] += 1

    def _remember(self, way: list[_Visit]) -> None:
        """Take over what was seen on the way, from its end to its beginning."""
        for visit in reversed(way):
            kept = visit.rest + visit.share * visit.longer.bound
            visit.beginning.bound = min(visit.beginning.bound, kept)

    def _complaint(self) -> str:
        blamed = [self._names[k] for k, _ in self._blamed.most_common()]
        first, *others = [f"sample.{name}" for name in dict.fromkeys([*blamed, *self._names])]
        named = f"{first} with {' and '.join(others)}" if others else first
        if self._root.bound <= 0:
            return (
                f"{named}: the model can write no such text of up to {self._config.length:,} characters: ask "
                "for less, or for longer texts"
            )
        return (
            f"{named}: no text was found in {self._num_read:,} tokens; of the model's texts at most a share "
            f"of {self._root.bound:.2g} is such a text: ask for less, raise sample.temperature, or set "
            "sample.weighted for texts that are not drawn by their shares"
        )
