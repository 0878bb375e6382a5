"""charseq next: the next character after a prefix of any length."""

import sys
from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from charseq.cli.options import AdaptOption, AdaptRateOption, FormatOption, ModelOption, examples
from charseq.cli.questions import from_json, from_tsv, is_json
from charseq.errors import DataError

EXAMPLES = examples(
    ("charseq next runs/hello hell kin exper", "what comes after each"),
    ("charseq next runs/pydoc 'The class ' --top 10 --format json", "the ten likeliest, for a program"),
    (
        "printf 'hell\\to\\nkin\\tg\\n' | charseq next runs/hello --format tsv",
        "how likely the right answers are",
    ),
)


def command(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL] [PREFIX]...",
            help="Run directory or .safetensors file (default: the newest run), then prefixes; without any, "
            "one per line of standard input, perhaps with a tab and the text that should follow, or as JSON.",
            show_default=False,
        ),
    ] = None,
    models: ModelOption = None,
    top: Annotated[
        int, typer.Option(min=0, metavar="K", help="Number of the likeliest characters to show.")
    ] = 5,
    adapt: AdaptOption = False,
    adapt_rate: AdaptRateOption = None,
    format_name: FormatOption = "table",
) -> None:
    """Show what a model expects after each prefix, and how it rates the text that should follow."""
    from charseq.api import Model
    from charseq.cli.console import check_format, load_model, note, results, split_model
    from charseq.registry import REPORTS
    from charseq.reports import write_rows

    check_format(format_name)
    model, prefixes = split_model(arguments, models, rest="prefixes")
    path, checkpoint = load_model(model, adapt=adapt, adapt_rate=adapt_rate)
    if not prefixes and sys.stdin is not None and sys.stdin.isatty():
        note("reading prefixes from the terminal, one per line; Ctrl-D ends")
    questions = (
        ((prefix, None) for prefix in prefixes) if prefixes else _read_questions(checkpoint.codec.form.errors)
    )
    predictions = Model(checkpoint, path).predictions(questions, top=top)
    report = REPORTS["prediction"]
    if format_name == "table":
        report.show(results(), list(predictions))
    else:
        write_rows(report.rows(predictions), format_name, sys.stdout)


def _read_questions(errors: str) -> Iterator[tuple[str, str | None]]:
    """Yield (prefix, target) from the lines of standard input: TSV, or JSON if the first line is.

    `errors` is for bytes that are not UTF-8.

    Raises DataError for bytes that are not UTF-8, ConfigError for an empty target or a wrong line of JSON.
    """
    read: Callable[[str, str], tuple[str, str | None]] | None = None
    offset = 0
    if sys.stdin is None:
        raise DataError("standard input: is closed")
    for number, raw in enumerate(sys.stdin.buffer, start=1):
        try:
            line = raw.decode("utf-8", errors).removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            at = f"byte {offset + error.start}, in line {number}"
            raise DataError(f"standard input: not UTF-8 at {at}: {error.reason}") from None
        offset += len(raw)
        read = read or (from_json if is_json(line) else from_tsv)
        yield read(f"standard input: line {number}", line)
