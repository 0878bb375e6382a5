"""The report on truncation: the gradients of short windows beside the whole ones of some models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from charseq.analysis.gradient_views import ModelTruncation, TextTruncation
from charseq.analysis.truncation import TruncatedGradient
from charseq.reports.column import field
from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.chart import Chart
from charseq.reports.display.tables import filled_table
from charseq.reports.display.visible import printable
from charseq.reports.report import Report


@dataclass(frozen=True, slots=True)
class TruncationRow:
    """A gradient of a model, with the name of the model and its cell."""

    model: str
    cell: str
    num_steps: int
    num_streams: int
    gradient: TruncatedGradient


class TruncationReport(Report):
    """A table of angles and lengths, and a chart of each."""

    command, name, title, has_name = "inspect", "truncation", "Truncated gradients", False
    help = "`charseq inspect --truncation`. One row for each model, method and window."
    columns = (
        field("model", attrgetter("model"), "the model"),
        field("cell", attrgetter("cell"), "its cell"),
        field("method", attrgetter("gradient.method"), "`bptt`, or `rtrl` for the check"),
        field("window", attrgetter("gradient.window"), "steps of a window"),
        field(
            "angle",
            attrgetter("gradient.angle"),
            "angle between the gradient of such windows and the whole one, in degrees",
        ),
        field("length", attrgetter("gradient.length"), "its length divided by that of the whole one"),
        field("num_steps", attrgetter("num_steps"), "steps of a piece of text, which is the whole window"),
        field("num_streams", attrgetter("num_streams"), "pieces of text that were read"),
    )

    def items(self, result: TextTruncation) -> list[TruncationRow]:
        """Return the gradients of all models."""
        return [
            TruncationRow(one.model, one.cell, one.found.num_steps, one.found.num_streams, gradient)
            for one in result.models
            for gradient in one.found.gradients
        ]

    def tables(self, result: TextTruncation) -> Iterator[RenderableType]:
        """Yield a sentence on what is measured, the table and the charts."""
        yield Text(printable(_meaning(result)))
        yield table(result.models)
        yield from _charts(result)

    def sections(self, result: TextTruncation) -> list[str]:
        """Return the same parts as one section."""
        charts = [chart.html() for chart in _charts(result)]
        parts = [page.paragraph(_meaning(result)), *charts, page.table(table(result.models))]
        return [page.section(self.title, *parts)]


def table(models: Sequence[ModelTruncation]) -> Table:
    """Return a line for each gradient."""
    lines = [
        [
            one.model,
            one.cell,
            gradient.method,
            f"{gradient.window}",
            f"{gradient.angle:.2f}",
            f"{gradient.length:.4f}",
        ]
        for one in models
        for gradient in one.found.gradients
    ]
    headers = ["model", "cell", "method", "window", "angle (degrees)", "length"]
    return filled_table(headers, lines, num_text_columns=3)


def _charts(result: TextTruncation) -> Iterator[Chart]:
    for label, figure in (("angle (degrees)", "angle"), ("length (1: that of the whole gradient)", "length")):
        series = [
            Series(
                f"{one.model}, {one.cell}",
                [gradient.window for gradient in one.found.gradients if gradient.method == "bptt"],
                [getattr(gradient, figure) for gradient in one.found.gradients if gradient.method == "bptt"],
            )
            for one in result.models
        ]
        yield Chart(series, x_label="window (steps)", y_label=label, log_x=True)


def _meaning(result: TextTruncation) -> str:
    found = result.models[0].found
    pieces = f"{found.num_steps} steps"
    if found.num_streams > 1:
        pieces = f"{found.num_streams} pieces of {pieces}"
    return (
        "Gradient of windows of some steps, compared with that of one window over everything, with the same "
        f"weights and without the output layer: {pieces} of {result.text}. rtrl truncates nothing: it is the "
        "check, for networks that are small enough."
    )
