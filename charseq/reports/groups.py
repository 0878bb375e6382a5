"""The reports on groups of characters: by character, class, position, column, word, line, file and chunk."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from rich.console import RenderableType
from rich.text import Text

from charseq.analysis.evaluation import Evaluation
from charseq.analysis.ranking import Group
from charseq.reports.column import Column, field, several
from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.chart import Chart
from charseq.reports.display.visible import printable, visible
from charseq.reports.report import Report
from charseq.reports.scores import SCORES
from charseq.scoring import Score

NAME_CHARS = 30
"""The most characters of a group's name that are shown."""


class Part(NamedTuple):
    """A group, the score of all characters, and the form in which the model reads texts."""

    group: Group
    total: Score
    normalization: str | None = None

    @property
    def share(self) -> float:
        """The group's share of all bits; nan if there are none."""
        return self.group.score.nats / self.total.nats if self.total.nats else float("nan")


def group_name(name: str | None) -> Text:
    """Return the name of a group as it is; a group without a name is the sum of all others."""
    return Text("all others", style="dim") if name is None else Text(printable(name))


def group_text(name: str | None) -> Text:
    """Return the beginning of a group's text, with unprintable characters made visible."""
    if name is None:
        return group_name(name)
    return Text(visible(name[:NAME_CHARS]) + ("…" if len(name) > NAME_CHARS else ""))


def group_columns(
    label: str, *, is_text: bool = False, count: str = "", offset: str = "", with_file: bool = False
) -> tuple[Column, ...]:
    """Return the columns of a grouping with the header `label`; an empty header hides its column."""
    style = group_text if is_text else group_name
    file = attrgetter("group.file")
    return (
        Column(
            "group",
            label,
            style,
            attrgetter("group.name"),
            "the character, class, word, ...; null for the sum of all others",
            left=True,
        ),
        Column("count", count, ",", attrgetter("group.count"), "number of words, lines, ... in the group"),
        Column(
            "file",
            "file" if with_file else "",
            lambda name: printable(name or ""),
            file,
            "file of a group at a single place",
            left=True,
            shown=several(file),
        ),
        Column(
            "offset", offset, ",", attrgetter("group.offset"), "its place in the file, in characters from 0"
        ),
        Column("share", "share\n(%)", ".1%", attrgetter("share"), "its share of all bits"),
        *(column.within(attrgetter("group.score")) for column in SCORES),
        field(
            "normalization",
            attrgetter("normalization"),
            "the form in which the model reads texts, which the figures are about; null: as they are",
        ),
    )


class GroupReport(Report):
    """The groups of one grouping, a line each."""

    command = "evaluate"
    help = "`charseq evaluate --by`. One row for each group."

    def items(self, result: Evaluation) -> Sequence[Part]:
        """Return the groups in the order in which they are shown."""
        found = result.groups.get(self.name)
        return (
            [] if found is None else [Part(group, found.total, found.normalization) for group in found.groups]
        )


class CharReport(GroupReport):
    """A line for each character."""

    name, title = "char", "By char"
    columns = group_columns("char", is_text=True)


class ClassReport(GroupReport):
    """A line for each class: letters, digits, spaces, and so on."""

    name, title = "class", "By class"
    columns = group_columns("class")


class PositionReport(GroupReport):
    """A line for each place in the word."""

    name, title = "position", "By position"
    columns = group_columns("position")


class ColumnReport(GroupReport):
    """A line for each place in the line."""

    name, title = "column", "By column"
    columns = group_columns("column")


class WordReport(GroupReport):
    """A line for each different word."""

    name, title = "word", "By word"
    columns = group_columns("word", is_text=True, count="times")


class LineReport(GroupReport):
    """A line for each line of the text."""

    name, title = "line", "By line"
    columns = group_columns("line", is_text=True, offset="offset\n(chars)", with_file=True)


class FileReport(GroupReport):
    """A line for each file."""

    name, title = "file", "By file"
    columns = group_columns("file")


class ChunkReport(GroupReport):
    """A line for each chunk of a file, in order; on a page also a chart."""

    name, title = "chunk", "By chunk"
    columns = (
        *group_columns("characters", with_file=True),
        Column(
            "running_bits_per_char",
            "bits/char\nso far",
            ".3f",
            lambda part: None if part.group.so_far is None else part.group.so_far.bits_per_char,
            "mean surprisal in bits from the beginning of the file to the end of the chunk",
        ),
    )

    def tables(self, result: Evaluation) -> Iterator[RenderableType]:
        """Yield the table, and for several chunks a chart of them."""
        yield self.table(result)
        yield from self._charts(result)

    def sections(self, result: Evaluation) -> list[str]:
        """Return the table, below the chart if there is one."""
        charts = [chart.html() for chart in self._charts(result)]
        return [page.section(self.title, *charts, page.table(self.table(result)))]

    def _charts(self, result: Evaluation) -> list[Chart]:
        chunks = [part.group for part in self.items(result) if part.group.so_far is not None]
        return [chunk_chart(chunks)] if len(chunks) > 1 else []


def chunk_chart(chunks: Sequence[Group]) -> Chart:
    """Return a chart of chunks, from beginning to end: each by itself, and the mean up to its end."""
    offsets, means, running = [], [], []
    for chunk in sorted(chunks, key=lambda chunk: (chunk.file or "", chunk.offset or 0)):
        offsets.append(chunk.offset or 0)
        means.append(chunk.score.bits_per_char)
        running.append(chunk.score.bits_per_char if chunk.so_far is None else chunk.so_far.bits_per_char)
    lines = [Series("chunk", offsets, means), Series("from the beginning", offsets, running)]
    return Chart(lines, x_label="offset (characters)", y_label="bits per character")
