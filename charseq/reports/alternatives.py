"""New texts in the terminal, coloured by surprisal, and what was likelier than their boldest characters."""

from rich.console import Console
from rich.text import Text

from charseq.analysis.alternatives import Choices
from charseq.registry import REPORTS
from charseq.reports.display.heat import SURPRISAL, HeatMap
from charseq.reports.display.visible import printable


def show_choices(console: Console, prompt: str, found: Choices) -> None:
    """Print each text below the prompt, which is dim, then the legend and a table of the boldest choices.

    Without colours there are bars below the characters.
    """
    for number, (text, bits) in enumerate(found.texts, start=1):
        if number > 1:
            console.print()
        if prompt:
            console.print(Text(printable(prompt), style="dim"), soft_wrap=True)
        heat = HeatMap(console, SURPRISAL)
        heat.write(text, bits)
        heat.finish(legend=number == len(found.texts))
    if found.boldest.hardest:
        console.print()
        console.print(REPORTS["hardest"].table(found.boldest))
