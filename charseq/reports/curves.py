"""The report on learning curves: the figures of one or several runs against steps, characters and seconds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from rich.console import RenderableType
from rich.table import Table

from charseq.analysis.curves import TRAINING, VALIDATION, Curve, Point, curves_of
from charseq.reports.column import field
from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.chart import Chart
from charseq.reports.display.tables import filled_table
from charseq.reports.report import Part, Report

DASHED = 2
"""The dash pattern of training, if validation has the same colour."""


class Quantity(NamedTuple):
    """The y axis of a chart: some figures, with the word for each line, on a scale."""

    label: str
    lines: dict[str, str]
    log: bool = False


QUANTITIES = {
    "bits": Quantity("bits per character", {TRAINING: "training", VALIDATION: "validation"}),
    "gradient": Quantity("norm of the gradient before clipping", {"grad_norm": ""}, log=True),
    "clipped": Quantity("share of steps whose gradient was clipped", {"clipped_fraction": ""}),
    "weights": Quantity("norm of all weights", {"weight_norm": ""}),
}
"""The quantities that have charts, by the names of options."""
AXES = {"steps": "step", "chars": "num_chars", "seconds": "seconds"}
"""The field of a point for each x axis, by the names of options."""
X_LABELS = {"steps": "steps", "chars": "characters", "seconds": "seconds"}


@dataclass(frozen=True, slots=True)
class LearningCurves:
    """The curves of some runs, and the charts to draw: a key of QUANTITIES and one of AXES for each."""

    curves: tuple[Curve, ...]
    drawn: Sequence[tuple[str, str]] = (("bits", "steps"),)


class CurvePoint(NamedTuple):
    """A point of the curve of a run."""

    run: str
    point: Point


class CurveReport(Report):
    """A summary of the runs, and a chart for each quantity and axis."""

    command, name, title, has_name = "compare --curves", "curve", "Learning curves", False
    help = "`charseq compare --curves`. One row for each point of a curve."
    columns = (
        field("run", attrgetter("run"), "the run"),
        field(
            "figure",
            attrgetter("point.figure"),
            "`train_bits_per_char`, `valid_bits_per_char`, `grad_norm` (before clipping), `clipped_fraction` "
            "(share of steps), or `weight_norm`",
        ),
        field("value", attrgetter("point.value"), "the figure"),
        field(
            "step",
            attrgetter("point.step"),
            "steps done; for a mean over several steps, the middle of them before their updates",
        ),
        field("num_chars", attrgetter("point.num_chars"), "characters learnt from by then, if known"),
        field("seconds", attrgetter("point.seconds"), "time of training by then, in seconds"),
    )

    def items(self, result: LearningCurves) -> list[CurvePoint]:
        """Return all points of all figures."""
        return [CurvePoint(curve.name, point) for curve in result.curves for point in curve.points]

    def tables(self, result: LearningCurves) -> Iterator[RenderableType]:
        """Yield the summary and the charts."""
        yield summary(result.curves)
        yield from charts(result)

    def sections(self, result: LearningCurves) -> list[str]:
        """Return one section with the charts above the summary."""
        drawn = [chart.html() for chart in charts(result)]
        return [page.section(self.title, *drawn, page.table(summary(result.curves)))]


def curve_parts(directories: Mapping[str, Path]) -> list[Part]:
    """Return the part of a page on the bits of runs by steps, by name; none if there are no curves."""
    curves = curves_of(directories)
    return [Part(CurveReport(), LearningCurves(curves))] if curves else []


def summary(curves: Sequence[Curve]) -> Table:
    """Return a line for each run: how far it went, its last training loss, its best validation."""
    headers = ["run", "steps", "characters", "seconds", "training\n(bits)", "validation\n(bits)", "at step"]
    return filled_table(headers, [_line(curve) for curve in curves], num_text_columns=1)


def _line(curve: Curve) -> list[str]:
    end, training, best = curve.end, curve.of(TRAINING), curve.best
    return [
        curve.name,
        f"{end.step:,}",
        "" if end.num_chars is None else f"{end.num_chars:,.0f}",
        "" if end.seconds is None else f"{end.seconds:,.0f}",
        f"{training[-1].value:.4f}" if training else "",
        "" if best is None else f"{best.value:.4f}",
        "" if best is None else f"{best.step:,.0f}",
    ]


def charts(result: LearningCurves) -> Iterator[Chart]:
    """Yield the charts for which there are points."""
    for name, axis in result.drawn:
        quantity, field_name = QUANTITIES[name], AXES[axis]
        series = list(_series(result.curves, quantity, field_name))
        if series:
            yield Chart(series, x_label=X_LABELS[axis], y_label=quantity.label, log_y=quantity.log)


def _series(curves: Sequence[Curve], quantity: Quantity, axis: str) -> Iterator[Series]:
    """Yield the lines of each run; those of one run of several have the same colour."""
    for number, curve in enumerate(curves):
        for figure, word in quantity.lines.items():
            points = [point for point in curve.of(figure) if getattr(point, axis) is not None]
            if points:
                yield Series(
                    _name(curve.name if len(curves) > 1 or not word else "", word),
                    [getattr(point, axis) for point in points],
                    [point.value for point in points],
                    colour=number if len(curves) > 1 else None,
                    dash=None if len(curves) == 1 else DASHED if figure == TRAINING else 0,
                )


def _name(run: str, word: str) -> str:
    return f"{run}, {word}" if run and word else run or word
