"""The report on calibration: how often the first guesses of each confidence were right."""

from collections.abc import Iterator, Sequence
from operator import attrgetter

from rich.console import RenderableType

from charseq.analysis.calibration import Bin
from charseq.analysis.evaluation import Evaluation
from charseq.reports.column import Column, field
from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.chart import Chart
from charseq.reports.report import Report


class CalibrationReport(Report):
    """The classes of confidence, from unsure to sure."""

    command, name, title = "evaluate", "calibration", "Calibration"
    help = "`charseq evaluate --calibration`. One row for each class of confidence."
    columns = (
        Column(
            "",
            "confidence (%)",
            lambda part: f"{part.low:.0%} to {part.high:.0%}",
            lambda part: part,
            "",
            left=True,
        ),
        field("low", attrgetter("low"), "lower end of the class, not in it"),
        field("high", attrgetter("high"), "upper end of the class, in it"),
        Column(
            "num_chars",
            "characters",
            ",",
            attrgetter("num_chars"),
            "characters whose first guess is in the class",
        ),
        Column(
            "confidence",
            "mean confidence (%)",
            ".1%",
            attrgetter("confidence"),
            "mean probability of these guesses",
        ),
        Column("accuracy", "right (%)", ".1%", attrgetter("accuracy"), "share of them that were right"),
    )

    def items(self, result: Evaluation) -> Sequence[Bin]:
        """Return the classes."""
        return result.calibration

    def tables(self, result: Evaluation) -> Iterator[RenderableType]:
        """Yield the table and a chart of confidence and accuracy."""
        yield self.table(result)
        yield _chart(result.calibration)

    def sections(self, result: Evaluation) -> list[str]:
        """Return the table below the chart."""
        return [page.section(self.title, _chart(result.calibration).html(), page.table(self.table(result)))]


def _chart(classes: Sequence[Bin]) -> Chart:
    filled = [part for part in classes if part.num_chars]
    confidences = [100 * part.confidence for part in filled]
    lines = [
        Series("perfectly calibrated", [0, 100], [0, 100]),
        Series("first guesses", confidences, [100 * part.accuracy for part in filled]),
    ]
    return Chart(lines, x_label="confidence (%)", y_label="right (%)")
