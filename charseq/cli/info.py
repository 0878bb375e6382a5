"""charseq info: what a model is and where it comes from."""

import sys
from typing import Annotated

import typer

from charseq.cli.options import FormatOption, ModelOption, examples

EXAMPLES = examples(
    ("charseq info", "the newest model"),
    ("charseq info runs/pydoc/model.safetensors", "a model file"),
    ("charseq info runs/pydoc --format json", "for a program"),
)


def command(
    argument: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]", help="Run directory or .safetensors file; default: the newest run."
        ),
    ] = None,
    models: ModelOption = None,
    format_name: FormatOption = "table",
) -> None:
    """Show a model's cell, sizes, vocabulary, corpus, best validation and how it was made."""
    from charseq.cli.console import check_format, load_model, one_model, results
    from charseq.registry import REPORTS
    from charseq.reports import write_rows
    from charseq.reports.info import StoredModel

    check_format(format_name)
    report, stored = REPORTS["info"], StoredModel(*load_model(one_model(models, argument)))
    if format_name == "table":
        report.show(results(), stored)
    else:
        write_rows(report.rows(stored), format_name, sys.stdout)
