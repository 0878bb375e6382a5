"""The two streams: results on stdout, everything else on stderr; and models found for every command."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from charseq.config import suggest
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from charseq.checkpoint import Checkpoint

UNLIMITED_WIDTH = 10_000_000


def results() -> "Console":
    """Return the console for results; in a pipe nothing is wrapped or cut to a width."""
    from rich.console import Console

    return Console(soft_wrap=False, width=None if sys.stdout.isatty() else UNLIMITED_WIDTH)


def notes() -> "Console":
    """Return the console for everything that is not a result."""
    from rich.console import Console

    class Notes(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit here, before training can save

    return Notes(stderr=True, highlight=False)


def note(message: str) -> None:
    """Print one line to stderr, without anything that a terminal would obey."""
    from charseq.reports.text import printable

    line = printable(message).replace("\n", "\\n")
    print(f"charseq: {line}", file=sys.stderr)


def load_model(argument: str | None) -> "tuple[Path, Checkpoint]":
    """Load the model that `argument` names, or the newest one, whose name is then printed to stderr."""
    from charseq.checkpoint import Checkpoint
    from charseq.directory import find_model

    path = find_model(argument)
    if argument is None:
        note(f"using the newest model, {path}")
    return path, Checkpoint.load(path)


def split_model(arguments: list[str] | None) -> tuple[str | None, list[str]]:
    """Take the first argument as the model if it names one; the rest are texts or prefixes.

    Raises ConfigError for a first argument that reads like a path, in a folder that exists, of nothing.
    """
    from charseq.directory import is_model
    from charseq.files import exists

    if not arguments:
        return None, []
    first, rest = arguments[0], arguments[1:]
    if is_model(first):
        return first, rest
    in_a_folder = exists(first.rpartition("/")[0])
    if (first.endswith(".safetensors") or in_a_folder) and not exists(first):
        raise ConfigError(f"{first}: no such model; give a run directory or a .safetensors file")
    return None, arguments


def check_format(name: str, *known: str) -> None:
    """Raise ConfigError unless `name` is "table" or one of the `known` machine formats."""
    if name not in ("table", *known):
        choices = ["table", *known]
        raise ConfigError(
            f"--format must be one of {', '.join(choices)}; got {name!r}{suggest(name, choices)}"
        )


@contextmanager
def graceful_interrupt() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a flag, which the yielded function reads; the second one interrupts."""
    interrupted = False

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:
            raise KeyboardInterrupt
        interrupted = True

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield lambda: interrupted
    finally:
        signal.signal(signal.SIGINT, before)
