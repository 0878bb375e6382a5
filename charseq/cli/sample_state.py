"""The options of charseq sample for states: what a model has read, in a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.errors import ConfigError

if TYPE_CHECKING:
    from charseq.runs.checkpoint import Checkpoint
    from charseq.sampling import Start

StateOption = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="FILE",
        help="Go on from a saved state; --prompt is read after it. Only new text is printed.",
    ),
]
SaveStateOption = Annotated[
    Path | None,
    typer.Option(
        "--save-state",
        metavar="FILE",
        help="Save what the model has read, the new text too, to go on from; --length 0 prints nothing.",
    ),
]


def check_state(
    state: Path | None, save: Path | None, *, adapt: bool, num_texts: int, format_name: str
) -> None:
    """Raise ConfigError for options that do not go with states, and for a file that cannot be written."""
    from charseq.files import check_writable
    from charseq.runs.state_file import check_overwritable

    if adapt and (state or save):
        raise ConfigError("--adapt learns from a prompt: a state does not hold that; leave out one of them")
    if save is None:
        return
    if num_texts > 1 or format_name != "text":
        raise ConfigError("--save-state saves the state after one text: leave out -n and --format")
    check_overwritable(save)
    check_writable(save)


def start_of(checkpoint: "Checkpoint", state: Path | None, prompt: str) -> "Start":
    """Return the place after the state in a file, if one is given, and after a prompt in the model's form."""
    from charseq.runs.state_file import load_state
    from charseq.sampling import Start

    if state is None:
        return Start(checkpoint.reading_model, checkpoint.codec, prompt)
    start = load_state(state, checkpoint)
    whole = start.tail + prompt
    start.read_(prompt + checkpoint.codec.completed(whole)[len(whole) :])
    return start


def save_start(checkpoint: "Checkpoint", start: "Start", save: Path) -> None:
    """Save the state, and say so."""
    from charseq.cli.console import note
    from charseq.runs.state_file import save_state

    save_state(save, checkpoint, start)
    note(f"the state is saved in {save}")
