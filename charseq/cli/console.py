"""The output of all commands, results on stdout and everything else on stderr; and the models they name."""

import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO, cast

from charseq.config import suggest
from charseq.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from charseq.reports import Row
    from charseq.reports.report import Part
    from charseq.runs.checkpoint import Checkpoint

UNLIMITED_WIDTH = 10_000_000
PIPE = 13
"""The number of SIGPIPE, also where there is no such signal: nobody reads the output any more."""


def results() -> "Console":
    """Return the console for results; in a pipe nothing is wrapped, cut to a width, or padded."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(soft_wrap=False)
    return Console(soft_wrap=False, width=UNLIMITED_WIDTH, file=cast(TextIO, _Unpadded(sys.stdout)))


class _Unpadded:
    """A file that is written without the blanks at the ends of lines."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        *lines, rest = text.split("\n")
        return self._file.write("".join(f"{line.rstrip(' ')}\n" for line in lines) + rest)

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def notes() -> "Console":
    """Return the console for everything that is not a result."""
    from rich.console import Console

    class Notes(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit here, before training can save

    return Notes(stderr=True, highlight=False)


def note(message: str) -> None:
    """Print one line to stderr, with control characters escaped."""
    from charseq.reports.display.visible import printable

    line = printable(message).replace("\n", "\\n").replace("\t", "\\t")
    print(f"charseq: {line}", file=sys.stderr)


def note_terminal(sources: Iterable[str], *, what: str = "the text") -> None:
    """Say that `what` is read from the terminal, if one of `sources` is "-" and stands for a terminal."""
    if "-" in sources and sys.stdin is not None and sys.stdin.isatty():
        note(f"reading {what} from the terminal; Ctrl-D ends")


def load_model(
    argument: str | None, *, adapt: bool = False, adapt_rate: float | None = None
) -> "tuple[Path, Checkpoint]":
    """Load the model that `argument` names, or the newest one, whose name is then printed to stderr.

    With `adapt` it learns from the texts that it reads. Raises ConfigError for a rate without that.
    """
    from charseq.runs.adapting import adapting
    from charseq.runs.checkpoint import Checkpoint
    from charseq.runs.directory import find_model

    if adapt_rate is not None and not adapt:
        raise ConfigError("--adapt-rate needs --adapt")
    path = find_model(argument)
    if argument is None:
        note(f"using the newest model, {path}")
    checkpoint = Checkpoint.load(path)
    if adapt and checkpoint.rates is None:
        note(f"{path}: no rates for adapting were chosen for this model; the usual ones are taken")
    return path, adapting(checkpoint, adapt_rate) if adapt else checkpoint


def one_model(options: list[str] | None, argument: str | None = None) -> str | None:
    """Return the model that -m or the argument names, if any. Raises ConfigError for more than one."""
    named = [*(options or []), *([] if argument is None else [argument])]
    if len(named) > 1:
        raise ConfigError(f"{named[1]}: the model is given by -m already: leave out one of the two")
    return named[0] if named else None


def split_model(
    arguments: list[str] | None, options: list[str] | None, *, rest: str = "texts"
) -> tuple[str | None, list[str]]:
    """Return the model and the texts or prefixes. Without -m, a first argument that is a model is the model.

    Raises ConfigError for a second -m, for a first argument that looks like the path of a missing model, and
    for a model among the rest.
    """
    one_model(options)
    models, others = split_models(arguments, options, rest=rest, most=1)
    return (models[0] if models else None), others


def split_models(
    arguments: list[str] | None, options: list[str] | None, *, rest: str = "texts", most: int | None = None
) -> tuple[list[str], list[str]]:
    """Return at most `most` models, and the texts or prefixes; errors as in `split_model`."""
    from charseq.files import exists
    from charseq.runs.directory import RUNS, is_model

    models, others = list(options or []), list(arguments or [])
    if not models:
        while others and is_model(others[0]) and len(models) != most:
            models.append(others.pop(0))
    if not models and others:
        check_is_there(others[0])
        if rest == "texts" and not exists(others[0]) and is_model(f"{RUNS / others[0]}"):
            near = f"did you mean {RUNS / others[0]}?"
            raise ConfigError(f"{others[0]}: no such file or directory ({near})")
    if options and rest == "prefixes":  # a prefix may be any text
        return models, others
    for other in others:
        if is_model(other):
            where = (
                "the model comes first, or is given by -m" if most == 1 else "give each by -m, or all first"
            )
            raise ConfigError(f"{other}: a model among the {rest}: {where}")
    return models, others


def check_is_there(argument: str) -> None:
    """Raise ConfigError for a missing file in a folder that exists: most likely a misspelt model."""
    from charseq.files import exists

    in_a_folder = exists(argument.rpartition("/")[0])
    if (argument.endswith(".safetensors") or in_a_folder) and not exists(argument):
        raise ConfigError(f"{argument}: no such model; give a run directory or a .safetensors file")


def check_choice(what: str, name: str, choices: Sequence[str]) -> None:
    """Raise ConfigError unless `name` is one of the `choices` for `what`."""
    if name not in choices:
        raise ConfigError(
            f"{what} must be one of {', '.join(choices)}; got {name!r}{suggest(name, list(choices))}"
        )


def check_format(name: str, *, page: bool = False) -> None:
    """Raise ConfigError unless `name` is "table" or a format for programs, or with `page` "html"."""
    from charseq.registry import FORMATS

    check_choice("--format", name, ("table", *FORMATS, "html") if page else ("table", *FORMATS))


def check_before(texts: Sequence[str], html: Path | None, export: Path | None = None) -> None:
    """Check before the work begins that the texts exist and that the page and the charts can be written."""
    from charseq.files import check_writable, make_folder
    from charseq.text.sources import check_source

    for text in texts:
        check_source(text)
    if html is not None:
        check_writable(html)
    if export is not None:
        make_folder(export)
        check_writable(export / "charts")


def write_result(
    rows: "Iterable[Row]",
    show: "Callable[[Console], None]",
    page: Callable[[], str],
    *,
    format_name: str,
    html: Path | None,
    export: Path | None = None,
    parts: "Callable[[], Iterable[Part]]" = tuple,
) -> None:
    """Write a result to stdout in its format, and as a page to the file `html`, if there is one.

    `show` prints it for people. The charts of the `parts` are written into the directory `export`.
    """
    from charseq.files import write_atomically
    from charseq.reports import write_rows
    from charseq.reports.export import export as export_charts

    if html is not None:
        write_atomically(html, page().encode("utf-8", "surrogateescape"))
    if export is not None:
        for remark in export_charts(export, parts()):
            note(remark)
    if format_name == "table":
        show(results())
    elif format_name == "html":
        sys.stdout.write(page())
    else:
        write_rows(rows, format_name, sys.stdout)


@contextmanager
def graceful_interrupt() -> Iterator[Callable[[], int]]:
    """Catch the first Ctrl-C, SIGTERM or SIGHUP, so that work can end in order; a second one ends at once.

    Yields a function that returns the number of the signal, 0 before there is one. Signals that are ignored
    already, as under nohup, stay ignored.
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
