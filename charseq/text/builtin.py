"""Corpora that Python brings along: the topics of its language reference, and the standard library's source.

Next room: `corpus.py`.
"""

import sysconfig
from collections.abc import Iterator
from pathlib import Path

from charseq.errors import DataError

BUILTINS = ("builtin:pydoc", "builtin:stdlib")


def builtin_bytes(source: str) -> Iterator[bytes]:
    """Yield the bytes of one of BUILTINS. Raises DataError where this Python lacks them."""
    if source == "builtin:pydoc":
        try:
            from pydoc_data.topics import topics
        except ImportError:
            raise DataError(f"{source}: this Python was installed without its pydoc data") from None
        yield "\n\n".join(topics[name].strip("\n") for name in sorted(topics)).encode()
    elif source == "builtin:stdlib":
        root = Path(sysconfig.get_path("stdlib"))
        leave_out = {"site-packages", "dist-packages", "test", "tests", "idle_test"}
        for path in sorted(root.rglob("*.py")):
            if leave_out.isdisjoint(path.relative_to(root).parts):
                yield path.read_bytes()
