"""The two streams: results on stdout, everything else on stderr; and models found for every command."""

import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from charseq.config import suggest
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from charseq.reports import Row
    from charseq.runs.checkpoint import Checkpoint

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
    from charseq.reports.display.visible import printable

    line = printable(message).replace("\n", "\\n").replace("\t", "\\t")
    print(f"charseq: {line}", file=sys.stderr)


def load_model(argument: str | None) -> "tuple[Path, Checkpoint]":
    """Load the model that `argument` names, or the newest one, whose name is then printed to stderr."""
    from charseq.runs.checkpoint import Checkpoint
    from charseq.runs.directory import find_model

    path = find_model(argument)
    if argument is None:
        note(f"using the newest model, {path}")
    return path, Checkpoint.load(path)


def split_model(arguments: list[str] | None) -> tuple[str | None, list[str]]:
    """Take the first argument as the model if it names one; the rest are texts or prefixes.

    Raises ConfigError for a first argument that reads like a path, in a folder that exists, of nothing.
    """
    from charseq.files import exists
    from charseq.runs.directory import is_model

    if not arguments:
        return None, []
    first, rest = arguments[0], arguments[1:]
    if is_model(first):
        return first, rest
    in_a_folder = exists(first.rpartition("/")[0])
    if (first.endswith(".safetensors") or in_a_folder) and not exists(first):
        raise ConfigError(f"{first}: no such model; give a run directory or a .safetensors file")
    return None, arguments


def check_choice(what: str, name: str, choices: Sequence[str]) -> None:
    """Raise ConfigError unless `name` is one of the `choices` for `what`."""
    if name not in choices:
        raise ConfigError(
            f"{what} must be one of {', '.join(choices)}; got {name!r}{suggest(name, list(choices))}"
        )


def check_format(name: str, *known: str) -> None:
    """Raise ConfigError unless `name` is "table" or one of the `known` formats for programs."""
    check_choice("--format", name, ("table", *known))


def check_before(texts: Sequence[str], html: Path | None) -> None:
    """Refuse texts that are not there, and a page that could not be written, before the work begins."""
    from charseq.files import check_writable
    from charseq.text.corpus import check_source

    for text in texts:
        check_source(text)
    if html is not None:
        check_writable(html)


def print_tables(console: "Console", tables: "Iterable[RenderableType]") -> None:
    """Print tables with an empty line between them."""
    for number, table in enumerate(tables):
        if number:
            console.print()
        console.print(table)


def write_result(
    rows: "Iterable[Row]",
    show: "Callable[[Console], None]",
    page: Callable[[], str],
    *,
    format_name: str,
    html: Path | None,
) -> None:
    """Write a result to stdout in its format, and as a page to the file `html`, if there is one.

    `show` prints it for people.
    """
    from charseq.files import write_atomically
    from charseq.reports import write_rows

    if html is not None:
        write_atomically(html, page().encode("utf-8", "surrogateescape"))
    if format_name == "table":
        show(results())
    elif format_name == "html":
        sys.stdout.write(page())
    else:
        write_rows(rows, format_name, sys.stdout)


@contextmanager
def graceful_interrupt() -> Iterator[Callable[[], int]]:
    """Turn the first Ctrl-C, SIGTERM or SIGHUP into what the yielded function returns; the second one ends.

    That is the signal's number, 0 while there was none. What the caller ignores, as under nohup, stays so.
    """
    received = 0

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal received
        if received:
            raise KeyboardInterrupt
        received = signum

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}
    taken = [name for name, handler in before.items() if handler is not signal.SIG_IGN]
    for name in taken:
        signal.signal(getattr(signal, name), handle)
    try:
        yield lambda: received
    finally:
        for name in taken:
            signal.signal(getattr(signal, name), before[name])
