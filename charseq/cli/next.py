"""charseq next: the next character after a prefix of any length."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charseq.cli.neurons import StepNeuronOption, places_of
from charseq.cli.options import (
    AdaptOption,
    AdaptRateOption,
    ExportOption,
    HtmlOption,
    ModelOption,
    PageFormatOption,
    examples,
)
from charseq.cli.questions import from_json, from_tsv, is_json
from charseq.errors import ConfigError, DataError

if TYPE_CHECKING:
    from charseq.runs.checkpoint import Checkpoint

EXAMPLES = examples(
    ("charseq next runs/hello hell kin exper", "what comes after each"),
    ("charseq next runs/pydoc 'The class ' --top 10 --format json", "the ten likeliest, for a program"),
    (
        "printf 'hell\\to\\nkin\\tg\\n' | charseq next runs/hello --format tsv",
        "how likely the right answers are",
    ),
    (
        "charseq next runs/hello hell --steps --neuron 1:7",
        "the network unrolled, step by step",
    ),
)

FLAT = ("tsv", "csv")
"""The formats whose rows are lines of a table, without arrays."""


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
    steps: Annotated[
        bool,
        typer.Option(
            "--steps", help="Unroll the model: input, state and distribution at each step through the prefix."
        ),
    ] = False,
    neurons: StepNeuronOption = None,
    adapt: AdaptOption = False,
    adapt_rate: AdaptRateOption = None,
    html: HtmlOption = None,
    export: ExportOption = None,
    format_name: PageFormatOption = "table",
) -> None:
    """Show what a model expects after each prefix, and how it rates the text that should follow."""
    from charseq.cli.console import check_before, check_format, load_model, note, split_model, write_result
    from charseq.registry import REPORTS
    from charseq.reports.display.page import page
    from charseq.reports.report import Part
    from charseq.runs.directory import model_name

    check_format(format_name, page=True)
    if neurons and not steps:
        raise ConfigError("--neuron needs --steps")
    if adapt and steps:
        raise ConfigError("--steps shows a model that does not change: leave out --adapt")
    places = places_of(neurons)
    model, prefixes = split_model(arguments, models, rest="prefixes")
    check_before([], html, export)
    path, checkpoint = load_model(model, adapt=adapt, adapt_rate=adapt_rate)
    if not prefixes and sys.stdin is not None and sys.stdin.isatty():
        note("reading prefixes from the terminal, one per line; Ctrl-D ends")
    questions = (
        ((prefix, None) for prefix in prefixes) if prefixes else _read_questions(checkpoint.codec.form.errors)
    )
    report = REPORTS["steps" if steps else "prediction"]
    result = _asked(checkpoint, path, questions, top, places if steps else None)
    if html is not None or export is not None or format_name in ("table", "html"):
        result = list(result)
    write_result(
        report.numbers(result) if steps and format_name in FLAT else report.rows(result),
        lambda console: report.show(console, result),
        lambda: page(f"{model_name(path)}: {report.title.lower()}", report.sections(result)),
        format_name=format_name,
        html=html,
        export=export,
        parts=lambda: [Part(report, result)],
    )


def _asked(
    checkpoint: "Checkpoint",
    path: Path,
    questions: Iterable[tuple[str, str | None]],
    top: int,
    neurons: list[tuple[int, int]] | None,
) -> Iterable[Any]:
    """Return an iterator of the predictions; with `neurons`, which may be none, of the unrollings."""
    if neurons is None:
        from charseq.api import Model

        return Model(checkpoint, path).predictions(questions, top=top)
    from charseq.analysis.unrolling import Unroller

    unroller = Unroller(checkpoint, neurons=neurons, num_top=top)
    return (unroller.unroll(prefix, target) for prefix, target in questions)


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
            column = len(raw[: error.start].decode("utf-8")) + 1
            at = f"byte {offset + error.start}, in line {number}, column {column}"
            raise DataError(f"standard input: not UTF-8 at {at}: {error.reason}") from None
        offset += len(raw)
        read = read or (from_json if is_json(line) else from_tsv)
        yield read(f"standard input: line {number}", line)
