"""The states after each step as strips in a column of a table in the terminal."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from charseq.analysis.unrolling import Unrolling
from charseq.reports.display.heat import Paint, width_of
from charseq.reports.display.strips import RULER_STEP, strip_lines
from charseq.reports.display.tables import plain_table
from charseq.reports.states import each_state, state_scale

WIDTHS = ((120, 64), (72, 32), (56, 16), (0, 8))
"""The cells side by side in a terminal of at least so many columns, which has other columns, too."""


@dataclass(frozen=True, slots=True)
class StateColumn:
    """A cell for each step: a strip for each layer and state, below each other."""

    header: Text
    cells: list[Text]
    paints: list[Paint]

    @classmethod
    def of(cls, console: Console, one: Unrolling) -> "StateColumn | None":
        """Return the column of an unrolling; None if its model has no states."""
        if one.states is None:
            return None
        found = list(each_state(one.states))
        width = next(cells for columns, cells in WIDTHS if width_of(console) >= columns)
        paints = {state: Paint(console, state_scale(state, values)) for _, state, values in found}
        names = _names([(layer, state) for layer, state, _ in found])
        margin = max(map(len, names)) + 1 if len(names) > 1 else 0
        cells = []
        for k in range(len(one.steps)):
            lines = []
            for name, (_, state, values) in zip(names, found, strict=True):
                for number, line in enumerate(strip_lines(paints[state], values[k], width)):
                    label = name if number == 0 and margin else ""
                    lines.append(Text.assemble(f"{label:<{margin}}", line))
            cells.append(Text("\n").join(lines))
        shown = min(width, one.states.hidden.shape[-1])
        numbers = "".join(f"{n + 1:<{RULER_STEP}}" for n in range(0, shown, RULER_STEP))[:shown].rstrip()
        title = "state of the neurons" if width + margin >= len("state of the neurons") else "state"
        return cls(Text(f"{title}\n{'':{margin}}{numbers}"), cells, list(paints.values()))

    def within(self, table: Table) -> Table:
        """Return a table with this column after the first one."""
        made = plain_table()
        for k, column in enumerate(table.columns):
            made.add_column(column.header, justify=column.justify, overflow="fold", no_wrap=column.no_wrap)
            if k == 0:
                made.add_column(self.header, no_wrap=True)
        rows = zip(*(column.cells for column in table.columns), strict=True)
        for cell, (first, *others) in zip(self.cells, rows, strict=True):
            made.add_row(first, cell, *others)
        return made

    def legends(self) -> list[Text]:
        """Return the legend of each scale."""
        return [paint.legend() for paint in self.paints]


def _names(states: list[tuple[int, str]]) -> list[str]:
    """Return short names of layers and states: h1, C1, h2, C2; without the layer if there is only one."""
    several = len({layer for layer, _ in states}) > 1
    return [f"{'C' if state == 'c' else state}{layer if several else ''}" for layer, state in states]
