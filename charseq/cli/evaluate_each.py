"""The option --each of charseq evaluate: a row for each character, word, line or file."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.analysis.columns import ColumnTexts
    from charseq.analysis.streaming import Each
    from charseq.reports import Row
    from charseq.reports.each import EachReport
    from charseq.runs.checkpoint import Checkpoint
    from charseq.text.corpus import NamedTexts
    from charseq.text.encodings import SourceFormat
    from charseq.text.form import TextForm


def stream_each(
    checkpoint: "Checkpoint", texts: "NamedTexts | ColumnTexts", kind: str, *, prompt: str, format_name: str
) -> None:
    """Write one row for each `kind`, as soon as it is scored."""
    from charseq.analysis.columns import ColumnTexts
    from charseq.analysis.streaming import each
    from charseq.reports import write_rows
    from charseq.reports.each import each_report

    found, report = each(checkpoint, texts, kind, prompt=prompt), each_report(kind)
    rows = _beside(texts, found, report) if isinstance(texts, ColumnTexts) else report.rows(found)
    write_rows(rows, format_name, sys.stdout)


def column_texts(
    sources: list[str],
    column: str,
    kind: str,
    *,
    chars: int | None,
    how: "SourceFormat",
    form: "TextForm",
) -> "ColumnTexts":
    """Return the texts in a column, in `form`; no other column may have the name of a field of the rows.

    Raises ConfigError if the texts are to be cut or to be read with other bytes than they have.
    """
    if chars is not None or how.errors != "strict" or how.include:
        raise ConfigError(
            "--column reads whole cells of the files: leave out --chars, --errors and --include"
        )
    from charseq.analysis.columns import ColumnTexts
    from charseq.reports.each import each_report

    taken = [key for key, _ in each_report(kind).fields()]
    return ColumnTexts(sources, column, taken=taken, form=form, encoding=how.encoding)


def _beside(texts: "ColumnTexts", found: "Iterator[Each]", report: "EachReport") -> "Iterator[Row]":
    """Yield the rows of a report, the other cells of the text's row first."""
    for one in found:
        yield {**texts.kept, **report.row(one)}
