"""Corpora that need no file: made of the text files that are installed with Python, or made on the spot."""

import ast
import sysconfig
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from charseq.errors import ConfigError, DataError
from charseq.text.dates import MAX_LINES, NUM_LINES, date_lines
from charseq.text.prose import prose

LEFT_OUT = frozenset({"site-packages", "dist-packages", "test", "tests", "idle_test"})
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def builtin_bytes(source: str) -> Iterator[bytes]:
    """Yield the bytes of one of BUILTINS. Raises DataError if this Python was installed without them.

    Raises ConfigError for a source that `check_builtin` refuses.
    """
    name, options = _parsed(source)
    yield from BUILTINS[name](**options)


def check_builtin(source: str) -> None:
    """Raise ConfigError, with a way out, unless `source` is one of BUILTINS, perhaps with options."""
    _parsed(source)


def _parsed(source: str) -> tuple[str, dict[str, int]]:
    """Return the name of a built-in corpus and its options, from "builtin:dates,lines=20000,seed=1"."""
    name, *assignments = source.split(",")
    if name not in BUILTINS:
        raise ConfigError(f"{source}: no such corpus; there are {', '.join(BUILTINS)}")
    options, known = dict[str, int](), OPTIONS.get(name, {})
    for assignment in assignments:
        key, _, value = assignment.partition("=")
        if key not in known or not (value.isdecimal() and len(value) < 10 and int(value) <= MAX_LINES):
            ways = ", ".join(f"{option}={default}" for option, default in known.items()) or "none"
            raise ConfigError(f"{source}: {assignment!r} is no option of {name}; there are: {ways}")
        options[key] = int(value)
    return name, options


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


def _dates(lines: int = NUM_LINES, seed: int = 1) -> Iterator[bytes]:
    """Yield dates in many ways of writing, each with the same date in the order of ISO 8601."""
    made = date_lines(lines, seed)
    while piece := "".join(islice(made, 1000)):
        yield piece.encode()


BUILTINS: dict[str, Callable[..., Iterator[bytes]]] = {
    "builtin:pydoc": _reference,
    "builtin:stdlib": _modules,
    "builtin:prose": _prose,
    "builtin:dates": _dates,
}
"""The built-in corpora, by name."""
OPTIONS = {"builtin:dates": {"lines": NUM_LINES, "seed": 1}}
"""The options of built-in corpora, with their defaults."""
