"""Corpora made of the text files that are installed with Python."""

import ast
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

from charseq.errors import DataError
from charseq.text.prose import prose

LEFT_OUT = frozenset({"site-packages", "dist-packages", "test", "tests", "idle_test"})
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def builtin_bytes(source: str) -> Iterator[bytes]:
    """Yield the bytes of one of BUILTINS. Raises DataError if this Python was installed without them."""
    yield from BUILTINS[source]()


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


BUILTINS: dict[str, Callable[[], Iterator[bytes]]] = {
    "builtin:pydoc": _reference,
    "builtin:stdlib": _modules,
    "builtin:prose": _prose,
}
"""The built-in corpora, by name."""
