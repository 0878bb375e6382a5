"""Corpora that need no file: made of the text files that are installed with Python, or tasks."""

import ast
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from charseq.errors import ConfigError, DataError
from charseq.registry import TASKS
from charseq.text.prose import prose
from charseq.text.tasks.made import OPTIONS, MadeText, pattern_of

LEFT_OUT = frozenset({"site-packages", "dist-packages", "test", "tests", "idle_test"})
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Listed(NamedTuple):
    """A built-in corpus as a list shows it: its name, its text in a few words, its options.

    Where the name has a number, such as LAG, it is from `low` to `high`, and `default` if it is left out.
    """

    name: str
    about: str
    options: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    default: int | None = None


def all_builtins() -> Iterator[Listed]:
    """Yield the corpora that are installed, and the tasks."""
    for name, (_, about) in INSTALLED.items():
        yield Listed(name, about)
    options = tuple(f"{key}={default}" for key, default in OPTIONS.items())
    for name, task in TASKS.items():
        listed = Listed(pattern_of(name), task.help, options)
        if number := task.number:
            listed = listed._replace(low=number.low, high=number.high, default=number.default)
        yield listed


def builtin_bytes(source: str) -> Iterator[bytes]:
    """Yield the bytes of a built-in corpus. Raises DataError if this Python was installed without them.

    Raises ConfigError for a source that `check_builtin` refuses.
    """
    check_builtin(source)
    made = MadeText.of(source)
    yield from INSTALLED[source][0]() if made is None else made.pieces()


def check_builtin(source: str) -> None:
    """Raise ConfigError, with a way out, unless `source` names a corpus that is installed, or a task."""
    if source not in INSTALLED and MadeText.of(source) is None:
        name, comma, rest = source.partition(",")
        if name in INSTALLED:
            raise ConfigError(f"{source}: {name} takes no options: leave out {comma}{rest}")
        known = ", ".join([*INSTALLED, *map(pattern_of, TASKS)])
        raise ConfigError(f"{source}: no such corpus; there are {known}")


def _topics() -> dict[str, str]:
    """Return the topics of the language reference, by name; none if they are not installed."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        return {}
    return topics


def _reference() -> Iterator[bytes]:
    """Yield the topics of the language reference, sorted by name."""
    topics = _topics()
    if not topics:
        raise DataError("builtin:pydoc: this Python was installed without its pydoc data")
    yield "\n\n".join(topics[name].strip("\n") for name in sorted(topics)).encode()


def _modules() -> Iterator[bytes]:
    """Yield the source of each module of the standard library, except its tests."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        if LEFT_OUT.isdisjoint(path.relative_to(root).parts):
            yield path.read_bytes()


def _prose() -> Iterator[bytes]:
    """Yield the prose of the language reference, of the standard library's docstrings and of its comments."""
    texts = [text for _, text in sorted(_topics().items())]
    comments = list[str]()
    for source in _modules():
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):  # some modules have errors on purpose
            continue
        texts += [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, DOCUMENTED)]
        comments.append(_comments(source.decode(errors="replace")))
    yield prose([*texts, *comments]).encode()


def _comments(source: str) -> str:
    """Return the lines of `source` that are comments, without their marks; all other lines are empty."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line.lstrip("#:").removeprefix(" ") if line[:1] == "#" else "" for line in lines)


INSTALLED: dict[str, tuple[Callable[[], Iterator[bytes]], str]] = {
    "builtin:pydoc": (_reference, "the language reference of Python, half a megabyte of English"),
    "builtin:stdlib": (_modules, "the source of Python's standard library"),
    "builtin:prose": (_prose, "a megabyte of English without repetition, from Python's documentation"),
}
"""The corpora that Python brings along, by name: a function that yields the bytes, and what they are."""
