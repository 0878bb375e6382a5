"""The report on weights: a line for each matrix and vector, and a small picture of each matrix."""

from collections.abc import Sequence
from operator import attrgetter

from rich.console import Console
from rich.text import Text

from charseq.analysis.weights import Weight
from charseq.reports.column import Column, field
from charseq.reports.display import page
from charseq.reports.display.grid import Grid, grid_chart
from charseq.reports.display.heat import Scale
from charseq.reports.display.strips import print_strips
from charseq.reports.report import Report


def _size(shape: list[int]) -> str:
    return " x ".join(f"{size:,}" for size in shape)


class WeightReport(Report):
    """Sizes of all weights in a table, and the matrices as pictures."""

    command, name, title, has_name = "info", "weights", "Weights", False
    help = "`charseq info --weights`. One row for each matrix and vector, of gates one by one."
    columns = (
        Column(
            "member",
            "member",
            "",
            attrgetter("member"),
            "of a mixture: the member that it belongs to; else empty",
            left=True,
            shown=lambda items: any(one.member for one in items),
        ),
        Column("name", "weights", "", attrgetter("name"), "its name, as in the model file", left=True),
        Column(
            "part",
            "part",
            "",
            attrgetter("part"),
            "the part of it, such as a gate; empty: all of it",
            left=True,
            shown=lambda items: any(one.part for one in items),
        ),
        Column("shape", "shape", _size, attrgetter("shape"), "rows and columns; the length of a vector"),
        Column("norm", "norm", ".2f", attrgetter("norm"), "the root of the sum of all squares"),
        field("largest", attrgetter("largest"), "the weight that is farthest from zero"),
        Column(
            "spectral_norm",
            "spectral\nnorm",
            ".2f",
            attrgetter("spectral_norm"),
            "the largest singular value of a matrix; null for vectors and above 2,048 rows and columns",
        ),
        Column(
            "spectral_radius",
            "spectral\nradius",
            ".3f",
            attrgetter("spectral_radius"),
            "of the square matrix W, the largest size of an eigenvalue; else null",
        ),
        field("block", lambda one: list(one.block), "rows and columns of weights in a cell"),
        field(
            "picture",
            lambda one: one.picture.tolist(),
            "rows of cells, each with the weight of its block that is farthest from zero",
        ),
    )

    def items(self, result: Sequence[Weight]) -> Sequence[Weight]:
        """Return the weights."""
        return result

    def show(self, console: Console, result: Sequence[Weight]) -> None:
        """Print the table, and the picture of each matrix below its name."""
        console.print(self.table(result))
        for one in _matrices(result):
            console.print()
            console.print(Text(_heading(one), style="bold"))
            print_strips(console, _labels(one), one.picture, _scale(one), numbers_of="cell")

    def sections(self, result: Sequence[Weight]) -> list[str]:
        """Return a section with the table, and one for the picture of each matrix."""
        pictures = [
            page.section(
                _heading(one),
                page.wide(grid_chart(Grid(_heading(one), _labels(one), one.picture, _scale(one), "cell"))),
            )
            for one in _matrices(result)
        ]
        return [page.section(self.title, page.table(self.table(result))), *pictures]


def _matrices(result: Sequence[Weight]) -> list[Weight]:
    return [one for one in result if one.values.ndim == 2]


def _heading(one: Weight) -> str:
    """Return the name of a matrix, and what a cell of its picture stands for."""
    name = ", ".join(filter(None, [one.member, one.name, one.part]))
    rows, columns = one.block
    cell = "one weight" if rows == columns == 1 else f"the largest of {rows} x {columns} weights"
    return f"{name}: a cell is {cell}"


def _labels(one: Weight) -> list[str]:
    """Return for each row of cells the number of its first row of weights."""
    return [f"row {1 + k * one.block[0]}" for k in range(len(one.picture))]


def _scale(one: Weight) -> Scale:
    """Return a scale whose ends are the largest weight, rounded to two digits."""
    end = float(f"{abs(one.largest):.2g}") or 1.0
    return Scale(-end, end, "weight", diverging=True)
