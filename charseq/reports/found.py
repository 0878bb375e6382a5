"""The report on neurons that follow a property of a text."""

from operator import attrgetter

from rich.table import Table

from charseq.analysis.inspection import FoundNeuron, FoundNeurons
from charseq.reports.column import Column, field
from charseq.reports.display import page
from charseq.reports.display.tables import filled_table
from charseq.reports.report import Report


class FoundReport(Report):
    """The neurons, the best first."""

    command, name, title, has_name = "inspect", "found", "Neurons that follow a property", False
    help = "`charseq inspect --find PROPERTY`. One row for each neuron, the best first."
    columns = (
        field("property", attrgetter("property"), "the property that it follows"),
        Column("layer", "layer", "", attrgetter("layer"), "the layer, counted from 1"),
        Column("neuron", "neuron", "", attrgetter("neuron"), "the neuron in its layer, counted from 1"),
        Column(
            "correlation",
            "correlation with {}",
            "+.4f",
            attrgetter("correlation"),
            "Pearson's r of the neuron and the property",
        ),
    )

    def items(self, result: FoundNeurons) -> tuple[FoundNeuron, ...]:
        """Return the neurons."""
        return result.found

    def table(self, result: FoundNeurons) -> Table:
        """Return a line for each neuron; the header names the property."""
        shown = [column for column in self.columns if column.label]
        headers = [column.label.format(result.property) for column in shown]
        lines = [[f"{column.cell(item)}" for column in shown] for item in result.found]
        return filled_table(headers, lines, num_text_columns=0)

    def sections(self, result: FoundNeurons) -> list[str]:
        """Return the table, with the names of the property and the text."""
        return [
            page.section(
                f"Neurons that follow: {result.property}",
                page.paragraph(f"In {result.text}."),
                page.table(self.table(result)),
            )
        ]
