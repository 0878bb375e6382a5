"""Texts coloured by surprisal in the terminal, while they are scored."""

from rich.console import Console
from rich.text import Text

from charseq.reports.display.heat import SURPRISAL, HeatMap
from charseq.reports.display.visible import printable
from charseq.scoring import Surprisal


class HeatMaps:
    """Prints each text coloured by surprisal; with `named`, below its name."""

    def __init__(self, console: Console, *, named: bool) -> None:
        self._console, self._named = console, named
        self._map: HeatMap | None = None

    def begin(self, file: str) -> None:
        """Begin with another text."""
        self.finish()
        if self._named:
            self._console.print(Text(printable(file), style="bold"), soft_wrap=True)
        self._map = HeatMap(self._console, SURPRISAL)

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the text."""
        if self._map:
            self._map.write(text, surprisal.bits)

    def finish(self) -> None:
        """Print the end of the last text."""
        if self._map:
            self._map.finish()
            self._console.print()
