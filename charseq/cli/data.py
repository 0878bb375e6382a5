"""charseq data: what a corpus is like before anything is trained on it."""

from pathlib import Path
from typing import Annotated

import typer

from charseq.cli.data_against import AgainstOption, show_novelty
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
    ("charseq data", "all built-in corpora"),
    ("charseq data builtin:copy:20", "a task: its lines, and the best that a model can do"),
    (
        "charseq sample -n 100 | charseq data names.txt --against -",
        "how new a sample is: copied spans, and n-grams that the corpus lacks",
    ),
    ("charseq data --prune-cache", "remove all encoded texts from the cache"),
)


def command(
    corpus: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files (*.gz, *.bz2, *.xz too), directories, - or builtin:NAME; default: a list of those."
        ),
    ] = None,
    include: IncludeOption = None,
    encoding: EncodingOption = "utf-8",
    prune_cache: Annotated[
        bool, typer.Option("--prune-cache", help="Remove all encoded texts from the cache.")
    ] = False,
    against: AgainstOption = None,
    report: ReportOption = None,
    html: HtmlOption = None,
    format_name: PageFormatOption = "table",
) -> None:
    """Examine a corpus: sizes, alphabet, lines, bad bytes; suggest settings; or list the built-in corpora."""
    from charseq.analysis.corpus_facts import CorpusFacts
    from charseq.cli.console import check_before, check_format, note_terminal, write_result
    from charseq.cli.progress import ReadingDisplay
    from charseq.cli.texts import format_of_options
    from charseq.reports.chosen import chosen_reports, rows_of, sections_of, show
    from charseq.reports.display.page import page
    from charseq.text.corpus import read_corpus

    check_format(format_name, page=True)
    if prune_cache:
        _prune()
    if not corpus and against is not None:
        raise ConfigError("--against needs a corpus to compare with")
    if not corpus:
        if not prune_cache:
            _list(report, format_name, html)
        return
    if against is not None:
        how = format_of_options("replace", encoding, include)
        show_novelty(corpus, against, how, report=report, format_name=format_name, html=html)
        return
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


def _list(report: str | None, format_name: str, html: Path | None) -> None:
    from charseq.cli.console import check_before, write_result
    from charseq.reports.chosen import chosen_reports, rows_of, sections_of, show
    from charseq.reports.display.page import page
    from charseq.text.builtin import all_builtins

    check_before([], html)
    chosen, listed = (
        chosen_reports("data", ["builtin"], only=report, format_name=format_name),
        [*all_builtins()],
    )
    write_result(
        rows_of(chosen, listed),
        lambda console: show(chosen, listed, console),
        lambda: page("Built-in corpora", sections_of(chosen, listed)),
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
