"""The part of an evaluation that shows the beginning of the texts, coloured by surprisal."""

from collections.abc import Iterator
from operator import attrgetter
from typing import NamedTuple

from charseq.reports.column import field
from charseq.reports.display import page
from charseq.reports.display.coloured_text import coloured_text
from charseq.reports.display.heat import SURPRISAL
from charseq.reports.report import Report
from charseq.reports.shown_text import ShownText


class ShownChar(NamedTuple):
    """A character that is shown, its place in its file, and its surprisal in bits."""

    file: str
    offset: int
    char: str
    bits: float


class ColouredTextReport(Report):
    """The texts on a page and as pictures; a terminal shows them while they are scored, see `heatmap.py`."""

    command, name, title, has_name = "evaluate --export", "coloured-text", "Text", False
    help = "`charseq evaluate --export`. One row for each character of the texts that is shown."
    columns = (
        field("file", attrgetter("file"), "its file"),
        field("offset", attrgetter("offset"), "its place in the file, in characters from 0"),
        field("char", attrgetter("char"), "the character"),
        field("bits", attrgetter("bits"), "surprisal of the character in bits"),
    )

    def items(self, result: ShownText) -> list[ShownChar]:
        """Return the characters."""
        return list(self._chars(result))

    def sections(self, result: ShownText) -> list[str]:
        """Return the coloured texts, which tell more about a character that is pointed at."""
        return [page.section(self.title, *result.html())]

    def pictures(self, result: ShownText) -> list[str]:
        """Return a picture of the beginning of each text."""
        return [coloured_text(file, text, bits, SURPRISAL) for file, text, bits in result.bits()]

    def _chars(self, result: ShownText) -> Iterator[ShownChar]:
        for file, text, bits in result.bits():
            for offset, (char, cost) in enumerate(zip(text, bits.tolist(), strict=True)):
                yield ShownChar(file, offset, char, cost)
