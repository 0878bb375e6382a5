"""The option --show-alternatives of charseq sample: the text coloured by probability."""

from typing import TYPE_CHECKING, Annotated

import typer

from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.runs.checkpoint import Checkpoint
    from charseq.sampling import Order, Start

NUM_BOLDEST = 5
"""The number of the least likely characters in the table."""

ShowAlternativesOption = Annotated[
    bool,
    typer.Option(
        "--show-alternatives",
        help="Show each character coloured by its surprisal, and what was likelier than the boldest ones.",
    ),
]


def check_alternatives(*, format_name: str, is_plain: bool) -> None:
    """Raise ConfigError for what the picture does not go with."""
    if format_name != "text" or not is_plain:
        raise ConfigError("--show-alternatives is a picture of new text: leave out the other options")


def show_alternatives(checkpoint: "Checkpoint", start: "Start", order: "Order", prompt: str) -> None:
    """Write the texts and show them, after the prompt, which is in the form of the model."""
    from charseq.analysis.alternatives import choices
    from charseq.cli.console import results
    from charseq.reports.alternatives import show_choices
    from charseq.sampling.sampler import made

    texts = [text.text for text in made(start, order)]
    found = choices(checkpoint, prompt, texts, num_boldest=NUM_BOLDEST)
    show_choices(results(), checkpoint.codec.written(prompt), found)
