"""The option --each of charseq compare: every line is attributed to a model."""

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charseq.analysis.attribution import Attribution
    from charseq.analysis.comparison import ComparedModel
    from charseq.text.encodings import SourceFormat


def attribute_each(
    models: "list[ComparedModel]", texts: list[str], kind: str, *, how: "SourceFormat", format_name: str
) -> None:
    """Write a row for each line; at the end say how many labels were found."""
    from charseq.analysis.attribution import attribute
    from charseq.cli.console import check_choice, note
    from charseq.cli.texts import texts_of
    from charseq.registry import REPORTS
    from charseq.reports import write_rows
    from charseq.text.form import TextForm

    check_choice("--each", kind, ("line",))
    check_choice("--format", format_name, ("tsv", "csv", "jsonl"))
    verdicts = list[bool]()

    def noted(found: "Iterable[Attribution]") -> "Iterator[Attribution]":
        for one in found:
            if one.is_correct is not None:
                verdicts.append(one.is_correct)
            yield one

    any_bytes = any(one.checkpoint.codec.form.any_bytes for one in models)
    found = noted(attribute(models, texts_of(texts or ["-"], how.in_form(TextForm(any_bytes=any_bytes)))))
    write_rows(REPORTS["attribution"].rows(found), format_name, sys.stdout)
    if verdicts:
        share = sum(verdicts) / len(verdicts)
        note(f"{sum(verdicts):,} of {len(verdicts):,} labels were found: accuracy {share:.4f}")
