"""The report on pairs of models: the difference of their bits, with error, interval and verdict."""

import math
from collections.abc import Iterator
from operator import attrgetter

from rich.table import Table

from charseq.analysis.comparison import Comparison, Difference
from charseq.analysis.uncertainty import Estimate
from charseq.reports.column import field
from charseq.reports.display.tables import filled_table
from charseq.reports.facing import ComparisonReport

BITS_PER = ("char", "byte")
ESTIMATES = (
    ("difference", "value", "a - b in bits per {}, less than 0 where a is better"),
    ("error", "error", "its standard error; null for a short text"),
    ("low", "low", "lower end of its 95 % interval"),
    ("high", "high", "upper end of its 95 % interval"),
)


class PairReport(ComparisonReport):
    """Two lines for each pair: model a with the bits per character, model b with the bits per byte."""

    name, title = "pair", "Differences in bits, a - b: less than 0 where a is better"
    help = "`charseq compare`. One row for each pair of models."
    columns = (
        field("a", attrgetter("a"), "one model"),
        field("b", attrgetter("b"), "the other"),
        *(
            field(f"bits_per_{unit}_{key}", attrgetter(f"bits_per_{unit}.{name}"), meaning.format(unit))
            for unit in BITS_PER
            for key, name, meaning in ESTIMATES
        ),
        field(
            "verdict",
            attrgetter("verdict"),
            "`a is better`, `b is better`, `no difference shown`, or `too short to tell`",
        ),
    )

    def items(self, result: Comparison) -> tuple[Difference, ...]:
        """Return the differences."""
        return result.differences

    def abreast(self, result: Comparison, num: int) -> Iterator[Table]:
        """Yield a single table: its width does not depend on the number of models."""
        lines = []
        for pair in result.differences:
            lines.append(["a", pair.a, pair.verdict, *_figures("char", pair.bits_per_char)])
            lines.append(["b", pair.b, "", *_figures("byte", pair.bits_per_byte)])
        headers = ["", "models", "verdict", "a - b (bits)", "± error", "95 % interval"]
        yield filled_table(headers, lines, num_text_columns=3)


def _figures(unit: str, estimate: Estimate) -> list[str]:
    if math.isnan(estimate.low):
        return [f"{estimate.value:+.4f}/{unit}", "", ""]
    interval = f"{estimate.low:+.4f} to {estimate.high:+.4f}"
    return [f"{estimate.value:+.4f}/{unit}", f"{estimate.error:.4f}", interval]
