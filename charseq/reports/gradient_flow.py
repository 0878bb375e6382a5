"""The report on gradient flow: how far back the gradients of some models reach."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from charseq.analysis.inspection import ModelFlow, TextFlow
from charseq.reports.column import field
from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.chart import Chart
from charseq.reports.display.tables import filled_table
from charseq.reports.display.visible import printable
from charseq.reports.report import Report

LAG_LABEL, NORM_LABEL = "lag (steps back)", "gradient norm (nats per unit of the state)"
MAX_ABREAST = 6
"""The most layers side by side in a terminal."""


@dataclass(frozen=True, slots=True)
class FlowPoint:
    """The gradient of one layer of a model at one lag: the median of its norm, and the quartiles."""

    model: str
    cell: str
    layer: int
    lag: int
    median: float
    lower: float
    upper: float


class GradientFlowReport(Report):
    """A table of how fast the gradients fade, a plot, and a table of the norms."""

    command, name, title, has_name = "inspect", "gradient-flow", "Gradient flow", False
    help = "`charseq inspect --gradient-flow`. One row for each model, layer and lag."
    columns = (
        field("model", attrgetter("model"), "the model"),
        field("cell", attrgetter("cell"), "its cell"),
        field("layer", attrgetter("layer"), "the layer, counted from 1"),
        field("lag", attrgetter("lag"), "steps back in time"),
        field(
            "gradient_norm",
            attrgetter("median"),
            "median norm of the gradient at the layer's state, in nats per unit of the state",
        ),
        field("gradient_norm_q1", attrgetter("lower"), "lower quartile of the norm"),
        field("gradient_norm_q3", attrgetter("upper"), "upper quartile of the norm"),
    )

    def items(self, result: TextFlow) -> list[FlowPoint]:
        """Return the points of all curves."""
        return [point for one in result.flows for point in _points(one)]

    def tables(self, result: TextFlow) -> Iterator[RenderableType]:
        """Yield a sentence on what is measured, the summary, the plot and the norms."""
        series = _series(result.flows)
        yield Text(printable(_meaning(result)))
        yield summary(result.flows)
        yield _chart(series)
        for begin in range(0, len(series), MAX_ABREAST):
            yield norms(series[begin : begin + MAX_ABREAST])

    def sections(self, result: TextFlow) -> list[str]:
        """Return the same parts as one section, with a chart as the plot."""
        series = _series(result.flows)
        return [
            page.section(
                self.title,
                page.paragraph(_meaning(result)),
                page.table(summary(result.flows)),
                _chart(series).html(),
                page.folded("all numbers", page.table(norms(series))),
            )
        ]


def _chart(series: Sequence[Series]) -> Chart:
    return Chart(series, x_label=LAG_LABEL, y_label=NORM_LABEL, log_y=True)


def summary(flows: Sequence[ModelFlow]) -> Table:
    """Return a line for each layer: the factor per step, and the first lag below 1/100 of the first norm."""
    lines = []
    for one in flows:
        summaries = zip(one.flow.factors_per_step(), one.flow.hundredth_lags(), strict=True)
        for layer, (factor, lag) in enumerate(summaries, start=1):
            shown = "" if factor is None else f"{factor:.3f}"
            last = f"{lag}" if lag else f"beyond {one.flow.lags[-1]}"
            lines.append([one.model, one.cell, f"{layer}", f"{len(one.flow.positions)}", shown, last])
    headers = ["model", "cell", "layer", "places", "factor per step", "below 1/100 at lag"]
    return filled_table(headers, lines, num_text_columns=2)


def norms(series: Sequence[Series]) -> Table:
    """Return the median norms, a line for each lag and a column for each layer."""
    lags = sorted({lag for one in series for lag in one.x})
    columns = [dict(zip(one.x, one.y, strict=True)) for one in series]
    lines = [
        [f"{lag}", *(f"{column[lag]:.2e}" if lag in column else "" for column in columns)] for lag in lags
    ]
    return filled_table(["lag", *(one.name for one in series)], lines, num_text_columns=0)


def _points(one: ModelFlow) -> Iterator[FlowPoint]:
    lower, median, upper = (one.flow.quantile(share).tolist() for share in (0.25, 0.5, 0.75))
    for layer in range(len(median)):
        for k, lag in enumerate(one.flow.lags):
            figures = (median[layer][k], lower[layer][k], upper[layer][k])
            yield FlowPoint(one.model, one.cell, layer + 1, lag, *figures)


def _series(flows: Sequence[ModelFlow]) -> list[Series]:
    """Return the medians of each layer by lag, named by the model and, if it has several layers, by layer."""
    found = []
    for one in flows:
        several = len(one.flow.norms) > 1
        for number, median in enumerate(one.flow.median.tolist(), start=1):
            name = f"{one.model}, layer {number}" if several else one.model
            found.append(Series(name, one.flow.lags, median))
    return found


def _meaning(result: TextFlow) -> str:
    return (
        "Euclidean norm of d(-log p of a character) / d(state of a layer so many steps before), in nats "
        f"per unit of the state: medians over places in {result.text}"
    )
