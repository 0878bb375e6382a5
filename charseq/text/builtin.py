"""Corpora made of the text files that are installed with Python."""

import ast
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

from charseq.errors import DataError

LEFT_OUT = frozenset({"site-packages", "dist-packages", "test", "tests", "idle_test"})


def builtin_bytes(source: str) -> Iterator[bytes]:
    """Yield the bytes of one of BUILTINS. Raises DataError if this Python was installed without them."""
    yield from BUILTINS[source]()


def _topics() -> Iterator[bytes]:
    """Yield the topics of the language reference, sorted by name."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise DataError("builtin:pydoc: this Python was installed without its pydoc data") from None
    yield "\n\n".join(topics[name].strip("\n") for name in sorted(topics)).encode()


def _modules() -> Iterator[bytes]:
    """Yield the source of each module of the standard library, except its tests."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        if LEFT_OUT.isdisjoint(path.relative_to(root).parts):
            yield path.read_bytes()


def _docstrings() -> Iterator[bytes]:
    """Yield the docstrings of the standard library, each once, with an empty line in between."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found, separator = set[str](), ""
    for source in _modules():
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):  # some modules have errors on purpose
            continue
        for node in ast.walk(tree):
            text = ast.get_docstring(node) if isinstance(node, documented) else None
            if text and text not in found:
                found.add(text)
                yield f"{separator}{text}".encode(errors="replace")
                separator = "\n\n"


BUILTINS: dict[str, Callable[[], Iterator[bytes]]] = {
    "builtin:pydoc": _topics,
    "builtin:stdlib": _modules,
    "builtin:docstrings": _docstrings,
}
"""The built-in corpora, by name."""
