"""Reports that colour a text by a figure in several ways, on one scale."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

from rich.console import Console
from rich.text import Text

from charseq.arrays import FloatArray
from charseq.reports.display import page
from charseq.reports.display.coloured_text import coloured_text
from charseq.reports.display.heat import HeatMap, Scale
from charseq.reports.report import Report


class Colouring(NamedTuple):
    """The numbers that colour a text, one for each character, (L,), and their name."""

    name: str
    values: FloatArray


class ColouredReport(Report):
    """The text once for each colouring, below its name."""

    command, has_name = "inspect", False
    scale: ClassVar[Scale]

    @abstractmethod
    def colourings(self, result: Any) -> Sequence[Colouring]:
        """Return the colourings of the text of a result."""

    def show(self, console: Console, result: Any) -> None:
        """Print the text with each colouring, line by line."""
        for number, one in enumerate(self.colourings(result)):
            if number:
                console.print()
            console.print(Text(one.name, style="bold"))
            heat = HeatMap(console, self.scale)
            heat.write(result.text, one.values)
            heat.finish()

    def sections(self, result: Any) -> list[str]:
        """Return a section for each colouring."""
        return list(self._sections(result))

    def pictures(self, result: Any) -> list[str]:
        """Return the coloured texts as pictures."""
        found = self.colourings(result)
        return [coloured_text(one.name, result.text, one.values, self.scale) for one in found]

    def _sections(self, result: Any) -> Iterator[str]:
        for one in self.colourings(result):
            yield page.section(one.name, page.heat_text(result.text, one.values, self.scale))
