"""charseq data: what a corpus is like before anything is trained on it."""

from typing import Annotated

import typer

from charseq.cli.options import (
    EncodingOption,
    HtmlOption,
    IncludeOption,
    PageFormatOption,
    ReportOption,
    examples,
)
from charseq.errors import ConfigError

EXAMPLES = examples(
    ("charseq data names.txt", "sizes, alphabet, lines, and suggested settings"),
    ("charseq data src --include '*.py'", "the Python files in a directory"),
    ("charseq data old.txt --encoding cp949 --report remark --format tsv", "the bytes that are no text"),
    ("charseq data --prune-cache", "remove all encoded texts from the cache"),
)


def command(
    corpus: Annotated[
        list[str] | None,
        typer.Argument(help="Files (*.gz, *.bz2, *.xz too), directories, - or builtin:NAME."),
    ] = None,
    include: IncludeOption = None,
    encoding: EncodingOption = "utf-8",
    prune_cache: Annotated[
        bool, typer.Option("--prune-cache", help="Remove all encoded texts from the cache.")
    ] = False,
    report: ReportOption = None,
    html: HtmlOption = None,
    format_name: PageFormatOption = "table",
) -> None:
    """Examine a corpus: sizes, alphabet, lines, bad bytes; and suggest settings, each with its reason."""
    from charseq.analysis.corpus_facts import CorpusFacts
    from charseq.cli.console import check_before, check_format, note_terminal, write_result
    from charseq.cli.progress import ReadingDisplay
    from charseq.cli.texts import format_of_options
    from charseq.reports.chosen import chosen_reports, rows_of, sections_of, show
    from charseq.reports.display.page import page
    from charseq.text.corpus import read_corpus

    if prune_cache:
        _prune()
    if not corpus:
        if prune_cache:
            return
        raise ConfigError("name a corpus to examine, or --prune-cache")
    check_format(format_name, page=True)
    asked = ["corpus", "remark", "advice"]
    chosen = chosen_reports("data", asked, only=report, format_name=format_name)
    everything = chosen_reports("data", asked, only=None, format_name="table")
    check_before(corpus, html)
    note_terminal(corpus)
    how = format_of_options("replace", encoding, include)
    with ReadingDisplay(plain=False) as display:
        facts = CorpusFacts.of(read_corpus(tuple(corpus), how=how, progress=display.show), how)
    write_result(
        rows_of(chosen, facts),
        lambda console: show(chosen, facts, console),
        lambda: page(f"Corpus: {', '.join(corpus)}", sections_of(everything, facts)),
        format_name=format_name,
        html=html,
    )


def _prune() -> None:
    from charseq.cli.console import note
    from charseq.files import cache_directory
    from charseq.text.pruning import prune_all

    directory = cache_directory()
    removed = prune_all(directory)
    files = "1 file" if removed.num_files == 1 else f"{removed.num_files:,} files"
    note(f"{directory}: {files} removed, {removed.num_bytes / 1e6:,.1f} MB")
