"""The option --against of charseq data: how new a text is beside the corpus."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from charseq.text.encodings import SourceFormat

AgainstOption = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="SAMPLE",
        help="Show what a text, - for standard input, has copied from the corpus, and which n-grams are new.",
    ),
]


def show_novelty(
    corpus: list[str],
    sample: str,
    how: "SourceFormat",
    *,
    report: str | None,
    format_name: str,
    html: Path | None,
) -> None:
    """Compare the sample, and the held-out part of the corpus, with the training part; write the reports."""
    from charseq.analysis.novelty import compare_novelty
    from charseq.cli.console import check_before, note_terminal, write_result
    from charseq.cli.progress import ReadingDisplay
    from charseq.config import DataConfig
    from charseq.reports.chosen import chosen_reports, rows_of, sections_of, show
    from charseq.reports.display.page import page
    from charseq.text.corpus import read_corpus
    from charseq.text.split import CorpusParts

    asked = ["novelty", "copied"]
    chosen = chosen_reports("data", asked, only=report, format_name=format_name)
    everything = chosen_reports("data", asked, only=None, format_name="table")
    check_before([*corpus, sample], html)
    note_terminal([*corpus, sample])
    config = DataConfig(
        corpus=tuple(corpus), encoding=how.encoding, errors=how.errors, include=tuple(how.include)
    )
    with ReadingDisplay(plain=False) as display:
        parts = CorpusParts.read(config, progress=display.show)
        text = read_corpus((sample,), how=how, progress=display.show)
    name = "standard input" if sample == "-" else sample
    result = compare_novelty(f"{text.encoded}", name, parts)
    write_result(
        rows_of(chosen, result),
        lambda console: show(chosen, result, console),
        lambda: page(f"Novelty: {name}", sections_of(everything, result)),
        format_name=format_name,
        html=html,
    )
