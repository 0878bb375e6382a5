"""The entry point of the command line, which turns every error into one line and an exit code."""

import os
import sys
from pathlib import Path
from typing import TextIO

import typer

from charseq.cli.ranks import launched, run_as_rank
from charseq.errors import CharseqError, one_line
from charseq.version import __version__


def run(arguments: list[str]) -> int:
    """Run one command; return its exit code. Results go to stdout, everything else to stderr."""
    place = launched()
    return _run_one(arguments) if place is None else run_as_rank(place, arguments, _run_one)


def _run_one(arguments: list[str]) -> int:
    for library in ("OPENBLAS", "MKL"):  # threads that wait for each other starve on a busy machine
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()  # None if closed
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except CharseqError as error:
        from charseq.cli.options import as_options

        return _fail(as_options(str(error)), error.exit_code)
    except typer.TyperException as error:
        return _refuse(error, arguments)
    except (OSError, SystemExit) as error:
        cause = error.__context__ if isinstance(error, SystemExit) else error  # typer and rich exit on EPIPE
        _discard_output()
        if isinstance(cause, BrokenPipeError):
            return 0  # nobody reads any more: end quietly
        if not isinstance(cause, OSError) or cause.filename:
            raise
        return _fail(f"output: {cause.strerror}", 1)
    except MemoryError:
        return _fail("not enough memory: try a smaller hidden_size, batch_size or seq_length", 1)
    return code if isinstance(code, int) else 0


def _run(arguments: list[str]) -> object:
    if arguments == ["--version"]:  # fast, since nothing that commands need is loaded
        print(f"charseq {__version__}")
        return 0
    from charseq.backend.watch import watch
    from charseq.cli.commands import app
    from charseq.cli.console import note

    watch.say = note
    return app(arguments, prog_name="charseq", standalone_mode=False)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _discard_output() -> None:
    """Discard what cannot be written, so that flushing it at exit does not fail again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _refuse(error: typer.TyperException, arguments: list[str]) -> int:
    """Print the error in the command line, or nothing if the help has been printed instead."""
    from charseq.cli.hints import better_message

    message = better_message(error, arguments)
    return _fail(one_line(f"{message}; see {_command_of(error, arguments)} --help"), 2) if message else 2


def _command_of(error: typer.TyperException, arguments: list[str]) -> str:
    """Return the command that a usage error is about, as far as it is known: charseq, or charseq train."""
    if context := getattr(error, "ctx", None):
        return f"{context.command_path}"
    return " ".join(["charseq", *[word for word in arguments[:1] if not word.startswith("-")]])


def _fail(message: str, code: int) -> int:
    from charseq.cli.console import note

    note(f"error: {message}")
    return code
