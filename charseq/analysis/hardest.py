"""The most surprising characters of a text, each in its context, with the guesses of the model."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from charseq.scoring import Expectations, Guess, Surprisal, bits

BEFORE, AFTER = 40, 20
"""Characters of context before and after."""
KEPT_GUESSES = 3
"""The most guesses that are kept for each character."""


@dataclass(slots=True)
class HardChar:
    """A character: its offset in characters, its context, its surprisal in bits, its rank, and the guesses.

    `top` has the likeliest characters first. The rank of an unseen character is 0.
    """

    file: str
    offset: int
    before: str
    char: str
    after: str
    bits: float
    rank: int
    top: tuple[Guess, ...]

    @property
    def probability(self) -> float:
        """The probability that the model gave to the character."""
        return float(2**-self.bits)


@dataclass(order=True, slots=True)
class _Entry:
    bits: float
    serial: int
    hard: HardChar = field(compare=False)


class Hardest:
    """Keeps the `num` most surprising characters of texts that are read piece by piece.

    A character that is not in the vocabulary counts only where it first occurs: it costs the same everywhere.
    Guesses are indices of the `alphabet`.
    """

    def __init__(self, num: int, alphabet: Sequence[str]) -> None:
        self._num, self._heap, self._serial = num, list[_Entry](), 0
        self._alphabet = alphabet
        self._met = set[str]()
        self.begin("")

    def begin(self, file: str) -> None:
        """Begin with another file."""
        self._file, self._offset, self._before = file, 0, ""
        self._unfinished: list[HardChar] = []

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the file, scored with guesses."""
        for hard in self._unfinished:
            hard.after += text[: AFTER - len(hard.after)]
        self._unfinished = [hard for hard in self._unfinished if len(hard.after) < AFTER]
        for k in self._candidates(text, surprisal):
            self._keep(self._hard_char(text, surprisal, k))
        self._offset, self._before = self._offset + len(text), (self._before + text)[-BEFORE:]

    @property
    def chars(self) -> list[HardChar]:
        """The characters, the most surprising first; among equals the earlier one."""
        return [entry.hard for entry in sorted(self._heap, reverse=True)]

    def _candidates(self, text: str, surprisal: Surprisal) -> list[int]:
        """Return, in text order, the characters that may be among the hardest so far."""
        nats, unseen = surprisal.nats.copy(), surprisal.unseen
        if surprisal.counted is not None:
            nats[~surprisal.counted], unseen = -np.inf, unseen & surprisal.counted
        for k in np.flatnonzero(unseen).tolist():
            if text[k] in self._met:
                nats[k] = -np.inf
            self._met.add(text[k])
        worst = np.argsort(-nats, kind="stable")[: self._num].tolist()
        return sorted(k for k in worst if nats[k] > -np.inf)

    def _hard_char(self, text: str, surprisal: Surprisal, k: int) -> HardChar:
        expected = surprisal.expected
        if expected is None or surprisal.ranks is None:
            raise ValueError("scored without guesses")
        return HardChar(
            file=self._file,
            offset=self._offset + k,
            before=(self._before + text[max(0, k - BEFORE) : k])[-BEFORE:],
            char=text[k],
            after=text[k + 1 : k + 1 + AFTER],
            bits=bits(float(surprisal.nats[k])),
            rank=int(surprisal.ranks[k]),
            top=self._top(expected[k]),
        )

    def _top(self, expected: Expectations) -> tuple[Guess, ...]:
        places, probabilities = expected.guesses[:KEPT_GUESSES], expected.probabilities[:KEPT_GUESSES]
        return tuple(
            Guess(self._alphabet[place], probability)
            for place, probability in zip(places.tolist(), probabilities.tolist(), strict=True)
            if place >= 0
        )

    def _keep(self, hard: HardChar) -> None:
        self._serial -= 1
        entry = _Entry(hard.bits, self._serial, hard)
        if len(self._heap) < self._num:
            heapq.heappush(self._heap, entry)
        elif self._num and entry > self._heap[0]:
            heapq.heapreplace(self._heap, entry)
        if len(hard.after) < AFTER:
            self._unfinished.append(hard)
