"""The rows of `charseq evaluate --each line` with guess numbers."""

from collections.abc import Callable

from charseq.analysis.guess_numbers import GuessedLine
from charseq.reports.column import field
from charseq.reports.each import EachReport, EachSegmentReport


def _guess(name: str) -> Callable[[GuessedLine], float | None]:
    return lambda one: None if one.guess is None else getattr(one.guess, name)


class GuessReport(EachReport):
    """A row for each line, with the number of lines that the model finds likelier."""

    name = "each line with guess numbers"
    help = "`charseq evaluate --each line --guess-number`. The fields of each line, and three more."
    columns = (
        *(column.within(lambda one: one.line) for column in EachSegmentReport.columns[:-1]),
        field(
            "guess_number",
            _guess("number"),
            "the number of lines that the model finds likelier, estimated; null with unseen characters",
        ),
        field("guess_number_low", _guess("low"), "the lower end of its interval of 95 %"),
        field(
            "guess_number_high",
            _guess("high"),
            "the upper end; infinite, in JSON null, if no drawn line was less likely",
        ),
        EachSegmentReport.columns[-1].within(lambda one: one.line),
    )
