"""The option --each of charseq evaluate: a row for each character, word, line or file."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charseq.cli.texts import texts_of
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.analysis.columns import ColumnTexts
    from charseq.analysis.streaming import Each
    from charseq.ranks import World
    from charseq.reports import Row
    from charseq.reports.each import EachReport
    from charseq.runs.checkpoint import Checkpoint
    from charseq.text.corpus import NamedTexts
    from charseq.text.encodings import SourceFormat
    from charseq.text.form import TextForm


GuessNumberOption = Annotated[
    bool,
    typer.Option(
        "--guess-number",
        help="With --each line: how many lines the model finds likelier, estimated from 10,000 of its own.",
    ),
]


def check_each(kind: str, format_name: str) -> None:
    """Raise ConfigError for a kind of rows, or a format of theirs, that there is not."""
    from charseq.analysis.streaming import EACH_KINDS
    from charseq.cli.console import check_choice

    check_choice("--each", kind, tuple(EACH_KINDS))
    check_choice("--format", format_name, ("tsv", "csv", "jsonl"))


def score_each(
    checkpoint: "Checkpoint",
    sources: list[str],
    kind: str,
    *,
    column: str | None,
    chars: int | None,
    how: "SourceFormat",
    prompt: str,
    format_name: str,
    guess_number: bool,
    world: "World | None" = None,
) -> None:
    """Write one row for each `kind` in the sources, as soon as it is scored.

    Ranks of a `world` score lines together, if the model reads each line on its own.
    """
    from charseq.analysis.columns import ColumnTexts
    from charseq.analysis.dealt import lines_on
    from charseq.analysis.streaming import each
    from charseq.reports import write_rows
    from charseq.reports.each import each_report

    codec = checkpoint.codec
    if world is not None and not world.leads:
        _help(world, checkpoint, prompt)
        return
    texts: NamedTexts | ColumnTexts
    if column is None:
        texts = texts_of(sources, how.in_form(codec.form), chars=chars, lines=codec.needs_lines)
    else:
        texts = _column_texts(sources, column, kind, chars=chars, how=how, form=codec.form)
    if guess_number:
        write_rows(_guessed(checkpoint, texts, kind, prompt=prompt), format_name, sys.stdout)
        return
    report = each_report(kind)
    if world is not None and codec.unit == "line" and not isinstance(texts, ColumnTexts):
        found: Iterator[Each] = lines_on(world, checkpoint, texts, prompt=prompt)
    else:
        found = each(checkpoint, texts, kind, prompt=prompt)
    rows = _beside(texts, found, report) if isinstance(texts, ColumnTexts) else report.rows(found)
    write_rows(rows, format_name, sys.stdout)


def _help(world: "World", checkpoint: "Checkpoint", prompt: str) -> None:
    """Score those lines that rank 0 deals to this rank."""
    from charseq.analysis.dealt import lines_on

    if checkpoint.codec.unit == "line":
        for _ in lines_on(world, checkpoint, [], prompt=prompt):
            pass


def _guessed(
    checkpoint: "Checkpoint", texts: "NamedTexts | ColumnTexts", kind: str, *, prompt: str
) -> "Iterator[Row]":
    """Yield the rows of lines with guess numbers. Raises ConfigError for what these do not go with."""
    from charseq.analysis.columns import ColumnTexts
    from charseq.analysis.guess_numbers import NUM_LINES, GuessNumbers, check_lines, with_last_newline
    from charseq.analysis.streaming import each
    from charseq.cli.console import note
    from charseq.registry import REPORTS

    if kind != "line" or prompt or checkpoint.adaptive or isinstance(texts, ColumnTexts):
        others = "no --prompt, --adapt or --column"
        raise ConfigError(f"--guess-number is about whole lines: give --each line, and {others}")
    check_lines(checkpoint)
    note(f"drawing {NUM_LINES:,} lines for the guess numbers")
    guess_numbers = GuessNumbers.of(checkpoint, num_lines=NUM_LINES)
    lines = ((name, with_last_newline(pieces)) for name, pieces in texts)
    found: Any = each(checkpoint, lines, kind)
    yield from REPORTS["each guess"].rows(guess_numbers.guessed(found))


def _column_texts(
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
