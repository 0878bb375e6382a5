"""charseq info: what a model is and where it comes from."""

from typing import Annotated

import typer

from charseq.cli.options import ExportOption, HtmlOption, ModelOption, PageFormatOption, examples

EXAMPLES = examples(
    ("charseq info", "the newest model"),
    ("charseq info runs/pydoc/model.safetensors", "a model file"),
    ("charseq info runs/pydoc --weights", "each matrix: its shape, its norms, a small picture"),
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
    weights: Annotated[
        bool,
        typer.Option(
            "--weights",
            help="Show each matrix, of gates one by one: shape, norms, spectral radius, a picture.",
        ),
    ] = False,
    html: HtmlOption = None,
    export: ExportOption = None,
    format_name: PageFormatOption = "table",
) -> None:
    """Show a model's cell, sizes, vocabulary, corpus, best validation and how it was made; or its weights."""
    from charseq.analysis.weights import weights_of
    from charseq.cli.console import check_before, check_format, load_model, one_model, write_result
    from charseq.registry import REPORTS
    from charseq.reports.display.page import page
    from charseq.reports.info import StoredModel
    from charseq.reports.report import Part

    check_format(format_name, page=True)
    check_before([], html, export)
    stored = StoredModel(*load_model(one_model(models, argument)))
    report = REPORTS["weights" if weights else "info"]
    result = weights_of(stored.checkpoint) if weights else stored
    write_result(
        report.rows(result),
        lambda console: report.show(console, result),
        lambda: page(f"{stored.path}", report.sections(result)),
        format_name=format_name,
        html=html,
        export=export,
        parts=lambda: [Part(report, result)],
    )
