"""The report of `charseq bench`: how fast each kind of work is done."""

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from rich.console import Console
from rich.table import Table

from charseq.reports.column import Column, any_given
from charseq.reports.display.tables import columns_table
from charseq.reports.report import Report


def _size(measured: Any) -> str:
    """Return the sizes of a model and of its windows: "2x128x50x50"."""
    sizes = (measured.num_layers, measured.hidden_size, measured.batch_size, measured.seq_length)
    return "x".join(f"{size}" for size in sizes if size is not None)


def _cores(measured: Any) -> int | None:
    cores: int | None = measured.num_shards
    return cores


def _column(key: str, label: str, style: str, meaning: str, *, left: bool = False) -> Column:
    """Return the column of an attribute, shown if some measurement has a value for it."""
    value = attrgetter(key)
    return Column(key, label, style, value, meaning, left=left, shown=any_given(value))


class BenchReport(Report):
    """A line for each measurement; columns that do not apply are left out."""

    command, name, title, has_name = "bench", "bench", "Speed", False
    help = "`charseq bench`. One row for each measurement; a field that does not apply is null."
    columns = (
        _column("what", "", "", "the work: train, sample or evaluate"),
        _column("cell", "cell", "", "the cell", left=True),
        Column("", "size", _size, lambda measured: measured, "", left=True),
        _column("num_layers", "", "", "layers of the model"),
        _column("hidden_size", "", "", "neurons in each layer"),
        _column("batch_size", "", "", "of a training step"),
        _column("seq_length", "", "", "of a training step"),
        _column(
            "unit",
            "unit",
            "",
            "of evaluate: one stream, or a text of lines, which are scored together",
            left=True,
        ),
        _column("ms_per_step", "ms/step", ".2f", "milliseconds for a training step, the median"),
        _column("us_per_char", "us/char", ".1f", "microseconds for a character, the median"),
        _column("chars_per_second", "chars/s", ",.0f", "characters per second, from the median"),
        _column("spread", "spread", ".1%", "distance between the quartiles, as a share of the median"),
        _column(
            "gflops",
            "GFLOP/s",
            ".1f",
            "10^9 operations per second, six for each weight of a product and character",
        ),
        _column(
            "peak_share",
            "peak",
            ".1%",
            "`gflops` as a share of those of one 2048 x 2048 product on all cores",
        ),
        Column("", "cores", "", _cores, "", shown=any_given(_cores)),
        _column("num_shards", "", "", "parts of a batch that are computed at the same time"),
        _column("backend", "backend", "", "the implementation that computed the cells", left=True),
        _column("processor", "", "", "the name of the processor"),
        _column(
            "vector_extension", "", "", "its widest vector instructions that numpy knows: AVX-512, AVX2, NEON"
        ),
        _column(
            "kernels",
            "",
            "",
            "the libraries that computed, and the processor that their products are made for",
        ),
    )

    def table(self, result: Sequence[Any]) -> Table:
        """Return a table of one kind of work, whose name is the header of the first column."""
        first = replace(self.columns[1], label=result[0].what)
        return columns_table([first, *self.columns[2:]], result)

    def show(self, console: Console, result: Sequence[Any]) -> None:
        """Print the table, and below it the machine that it is about."""
        super().show(console, result)
        machine = filter(None, (result[0].processor, result[0].vector_extension, result[0].kernels))
        console.print(", ".join(machine), style="dim", markup=False, highlight=False, soft_wrap=True)

    def items(self, result: Any) -> Any:
        """Return the result itself; if it is an iterator of measurements, rows come one by one."""
        return result
