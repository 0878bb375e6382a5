"""A report that is not part of charseq: the bits of vowels and of all other characters."""

from operator import attrgetter
from typing import NamedTuple

from charseq.reports.column import Column
from charseq.reports.report import Report
from charseq.scoring import Surprisal


class Kind(NamedTuple):
    """Some characters: how many there are, and their bits."""

    name: str
    num_chars: int
    bits: float


class VowelAnalysis:
    """Sums up the bits of vowels and of other characters."""

    def __init__(self) -> None:
        self._sums = {"vowel": [0, 0.0], "other": [0, 0.0]}

    def begin(self, file: str) -> None:
        """Begin with another text, which changes nothing."""

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the text."""
        for char, bits in zip(text, surprisal.bits.tolist(), strict=True):
            sums = self._sums["vowel" if char in "aeiou" else "other"]
            sums[0] += 1
            sums[1] += bits

    def results(self) -> list[Kind]:
        """Return both kinds of characters."""
        return [Kind(name, int(count), bits) for name, (count, bits) in self._sums.items()]


class VowelReport(Report):
    """A line for each kind of character."""

    command, name, title = "evaluate", "vowels", "Vowels and others"
    help = "`charseq evaluate --report vowels`. One row for each kind of character."
    columns = (
        Column("kind", "kind", "", attrgetter("name"), "`vowel` or `other`", left=True),
        Column("num_chars", "characters", ",", attrgetter("num_chars"), "number of characters"),
        Column("bits", "bits", ",.1f", attrgetter("bits"), "their surprisal in bits"),
    )

    def analysis(self) -> VowelAnalysis:
        """Return a counter that has heard nothing."""
        return VowelAnalysis()
