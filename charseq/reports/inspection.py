"""What is found inside a network, as rows for programs, in a terminal and on a page.

The numbers come from `analysis/gradient_flow.py` and `analysis/activations.py`. Each view shows the same in
all three.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from charseq.analysis.gradient_flow import GradientFlow
from charseq.arrays import FloatArray
from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.charts import line_chart
from charseq.reports.display.heat import ACTIVATION, OPENNESS, WIDTH, HeatMap, Scale
from charseq.reports.display.plots import line_plot
from charseq.reports.display.tables import filled_table
from charseq.reports.display.visible import printable
from charseq.reports.formats import Row

LAG_LABEL, NORM_LABEL = "lag (steps back)", "gradient norm (nats per unit of the state)"
MAX_ABREAST = 6
"""Layers whose norms have room beside each other in a terminal."""


class View(ABC):
    """Something to look at."""

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Yield the numbers as they are."""

    @abstractmethod
    def show(self, console: Console) -> None:
        """Print it for people."""

    @abstractmethod
    def sections(self) -> list[str]:
        """Return it as sections of a page."""


# ---- gradient flow


@dataclass(frozen=True, slots=True)
class ModelFlow:
    """The gradients of one model, with its name and that of its cell."""

    model: str
    cell: str
    flow: GradientFlow

    def series(self) -> list[Series]:
        """Return the medians of each layer by lag, named by the model and, among several, by the layer."""
        several = len(self.flow.norms) > 1
        return [
            Series(
                f"{self.model}, layer {number}" if several else self.model, self.flow.lags, median.tolist()
            )
            for number, median in enumerate(self.flow.median, start=1)
        ]


@dataclass(frozen=True, slots=True)
class GradientView(View):
    """How far back the gradients of some models reach, all measured on the text of that name."""

    flows: Sequence[ModelFlow]
    text: str

    def rows(self) -> Iterator[Row]:
        """Yield a row for each model, layer and lag: the median of the norm and its quartiles."""
        for model, cell, flow in ((one.model, one.cell, one.flow) for one in self.flows):
            lower, median, upper = (flow.quantile(share).tolist() for share in (0.25, 0.5, 0.75))
            for layer in range(len(flow.norms)):
                for k, lag in enumerate(flow.lags):
                    yield {
                        "model": model,
                        "cell": cell,
                        "layer": layer + 1,
                        "lag": lag,
                        "gradient_norm": median[layer][k],
                        "gradient_norm_q1": lower[layer][k],
                        "gradient_norm_q3": upper[layer][k],
                    }

    def show(self, console: Console) -> None:
        """Print how fast the gradients fade, their course as a plot, and the norms themselves."""
        width = console.width if console.is_terminal else WIDTH
        series = self._series()
        plot = line_plot(series, x_label=LAG_LABEL, y_label=NORM_LABEL, log_y=True, width=width)
        console.print(Text(printable(self._heading())))
        console.print()
        console.print(self.summary())
        console.print()
        console.print(Text(plot), soft_wrap=True)
        for begin in range(0, len(series), MAX_ABREAST):
            console.print()
            console.print(norms(series[begin : begin + MAX_ABREAST]))

    def sections(self) -> list[str]:
        """Return the same, with a chart."""
        series = self._series()
        return [
            page.section(
                "Gradient flow",
                page.paragraph(self._heading()),
                page.table(self.summary()),
                page.wide(line_chart(series, x_label=LAG_LABEL, y_label=NORM_LABEL, log_y=True)),
                page.table(norms(series)),
            )
        ]

    def summary(self) -> Table:
        """Return a line for each layer: what a step multiplies its gradient by, and when that is gone."""
        lines = []
        for one in self.flows:
            summaries = zip(one.flow.factors_per_step(), one.flow.hundredth_lags(), strict=True)
            for layer, (factor, lag) in enumerate(summaries, start=1):
                shown = "" if factor is None else f"{factor:.3f}"
                last = f"{lag}" if lag else f"beyond {one.flow.lags[-1]}"
                lines.append([one.model, one.cell, f"{layer}", f"{len(one.flow.positions)}", shown, last])
        headers = ["model", "cell", "layer", "places", "factor per step", "below 1/100 at lag"]
        return filled_table(headers, lines, num_text_columns=2)

    def _series(self) -> list[Series]:
        return [series for one in self.flows for series in one.series()]

    def _heading(self) -> str:
        return (
            "Euclidean norm of d(-log p of a character) / d(state of a layer so many steps before), in nats "
            f"per unit of the state: medians over places in {self.text}"
        )


def norms(series: Sequence[Series]) -> Table:
    """Return the median norms, a line for each lag and a column for each layer."""
    lags = sorted({lag for one in series for lag in one.x})
    columns = [dict(zip(one.x, one.y, strict=True)) for one in series]
    lines = [
        [f"{lag}", *(f"{column[lag]:.2e}" if lag in column else "" for column in columns)] for lag in lags
    ]
    return filled_table(["lag", *(one.name for one in series)], lines, num_text_columns=0)


# ---- activations


class Colouring(NamedTuple):
    """A number for each character of a text, (L,): what it is called, and the `place` where it was found."""

    name: str
    place: Row
    values: FloatArray


@dataclass(frozen=True, slots=True)
class TextView(View):
    """A text coloured in several ways by a figure, whose values are on one scale."""

    text: str
    figure: str
    scale: Scale
    colourings: Sequence[Colouring]

    def rows(self) -> Iterator[Row]:
        """Yield a row for each colouring and character."""
        for one in self.colourings:
            for offset, (char, value) in enumerate(zip(self.text, one.values.tolist(), strict=True)):
                yield {"offset": offset, "char": char, **one.place, self.figure: value}

    def show(self, console: Console) -> None:
        """Print the text once for each colouring, below its name."""
        for number, one in enumerate(self.colourings):
            if number:
                console.print()
            console.print(Text(one.name, style="bold"))
            heat = HeatMap(console, self.scale)
            heat.write(self.text, one.values)
            heat.finish()

    def sections(self) -> list[str]:
        """Return a section for each colouring."""
        texts = (page.heat_text(self.text, one.values, self.scale) for one in self.colourings)
        return [page.section(one.name, text) for one, text in zip(self.colourings, texts, strict=True)]


def unit_view(text: str, states: FloatArray, units: Sequence[tuple[int, int]]) -> TextView:
    """Return the states of some units, (layer, unit) counted from 1; `states` is (layers, L, H)."""
    colourings = [
        Colouring(
            f"layer {layer}, unit {unit}", {"layer": layer, "unit": unit}, states[layer - 1, :, unit - 1]
        )
        for layer, unit in units
    ]
    return TextView(text, "activation", ACTIVATION, colourings)


def gate_view(text: str, openness: Mapping[str, FloatArray]) -> TextView:
    """Return how open each gate is in each layer; `openness` is (layers, L) for each gate."""
    num_layers = len(next(iter(openness.values())))
    colourings = [
        Colouring(
            f"layer {k + 1}, {gate}, {values[k].mean():.2f} open on average",
            {"layer": k + 1, "gate": gate},
            values[k],
        )
        for k in range(num_layers)
        for gate, values in openness.items()
    ]
    return TextView(text, "openness", OPENNESS, colourings)


@dataclass(frozen=True, slots=True)
class FoundView(View):
    """The units that follow a property of the text of that name, as (layer, unit, r), the best first."""

    name: str
    text: str
    ranked: Sequence[tuple[int, int, float]]

    def rows(self) -> Iterator[Row]:
        """Yield a row for each unit."""
        for layer, unit, r in self.ranked:
            yield {"property": self.name, "layer": layer, "unit": unit, "correlation": r}

    def show(self, console: Console) -> None:
        """Print the units as a table."""
        console.print(self._table())

    def sections(self) -> list[str]:
        """Return the same table."""
        return [
            page.section(
                f"Units that follow: {self.name}",
                page.paragraph(f"In {self.text}."),
                page.table(self._table()),
            )
        ]

    def _table(self) -> Table:
        lines = [[f"{layer}", f"{unit}", f"{r:+.4f}"] for layer, unit, r in self.ranked]
        headers = ["layer", "unit", f"correlation with {self.name}"]
        return filled_table(headers, lines, num_text_columns=0)
