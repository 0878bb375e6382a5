"""charseq mix: models of the same text become one, whose predictions are better than those of each."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.cli.options import examples

if TYPE_CHECKING:
    from charseq.runs.mixing import Mixed

EXAMPLES = examples(
    ("charseq mix runs/gru runs/ngram -o runs/both", "a network and n-grams of the same text"),
    ("charseq mix runs/gru runs/lstm runs/ngram --rule linear", "three models, by their probabilities"),
)


def command(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL MODEL...",
            help="Two or more run directories or .safetensors files, trained on the same text.",
            show_default=False,
        ),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", metavar="MODEL", help="A model, if it is not given as an argument; repeatable."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="RUN",
            help="New run directory; default: one under runs/, named after the corpus.",
        ),
    ] = None,
    rule: Annotated[
        str,
        typer.Option(
            metavar="log-linear|linear",
            help="Weighted sum of log probabilities, made to sum to one; or of probabilities.",
        ),
    ] = "log-linear",
) -> None:
    """Mix models: combine their predictions, with weights that are fitted on their validation text."""
    from charseq.cli.console import check_choice, note, results
    from charseq.cli.progress import ReadingDisplay
    from charseq.models.mixture import RULES
    from charseq.reports.display.tables import facts_table
    from charseq.runs.directory import MODEL
    from charseq.runs.mixing import NamedMember, mix_and_save

    check_choice("--rule", rule, tuple(RULES))
    named = [NamedMember.load(name) for name in [*(models or []), *(arguments or [])]]
    command = shlex.join(["charseq", *sys.argv[1:]])
    with ReadingDisplay(plain=False) as display:
        directory, mixed = mix_and_save(named, rule, command=command, directory=output, progress=display.show)
    for remark in mixed.notes:
        note(remark)
    facts = [("model", f"{directory / MODEL}"), *members_of(mixed)]
    results().print(facts_table([*facts, ("next", f"charseq sample {shlex.quote(str(directory))}")]))


def members_of(mixed: "Mixed") -> list[tuple[str, str]]:
    """Return the validation of the mixture, and that of each member alone with its weight, as facts."""
    alone = [
        (f"{part.description} alone", f"{nats:.4f} nats, weight {part.weight:.3f}")
        for part, nats in zip(mixed.mixture.parts, mixed.alone, strict=True)
    ]
    return [("best validation", f"{mixed.checkpoint.results.valid}"), *alone]
