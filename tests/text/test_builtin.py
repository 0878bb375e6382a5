"""The corpora that Python brings along."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from charseq.errors import DataError
from charseq.text.corpus import iter_texts, read_corpus


def write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)


def test_the_topics_of_pydoc_are_a_corpus() -> None:
    """The topics of pydoc are a corpus of more than 300,000 characters."""
    assert len(read_corpus(("builtin:pydoc",)).text) > 300_000


def test_the_topics_of_pydoc_are_sorted_with_an_empty_line_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """The topics of pydoc are sorted by name, with one empty line in between, and otherwise as they are."""
    topics = {"b": "\n  x ^ y, which is XOR\n  X\n", "a": "X\n\nmore \n\n"}
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", SimpleNamespace(topics=topics))
    assert read_corpus(("builtin:pydoc",)).text == "X\n\nmore \n\n  x ^ y, which is XOR\n  X"


def test_topics_of_pydoc_that_are_not_installed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python lacks its topics, that is said of this corpus."""
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(DataError) as caught:
        read_corpus(("builtin:pydoc",))
    assert str(caught.value) == "builtin:pydoc: this Python was installed without its pydoc data"


def test_the_topics_of_pydoc_come_in_a_fixed_order() -> None:
    """The topics of pydoc come in a fixed order."""
    assert read_corpus(("builtin:pydoc",)).sha256 == read_corpus(("builtin:pydoc",)).sha256


def test_the_source_of_the_standard_library_is_a_corpus() -> None:
    """The standard library's source is a corpus."""
    pieces = next(iter_texts("builtin:stdlib"))[1]
    assert "import" in "".join(next(pieces) for _ in range(20))


def test_stdlib_is_python_without_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library's source is that of all modules but tests and what else was installed."""
    monkeypatch.setattr("sysconfig.get_path", {"stdlib": str(tmp_path)}.get)
    for name in ("b.py", "a/c.py", "a/b/test.py", "a/notes.txt"):
        write(tmp_path / name, f"{name};".encode())
    for folder in ("site-packages", "dist-packages", "test", "tests", "idle_test"):
        write(tmp_path / folder / "x.py", b"left out")
        write(tmp_path / "a" / folder / "b" / "x.py", b"left out")
    assert read_corpus(("builtin:stdlib",)).text == "a/b/test.py;a/c.py;b.py;"


def test_docstrings_stand_once_with_an_empty_line_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of modules, classes and functions, by files in their order; a file that is no Python has none."""
    monkeypatch.setattr("sysconfig.get_path", {"stdlib": str(tmp_path)}.get)
    write(
        tmp_path / "a.py",
        b'"""A."""\nclass C:\n    """C.\n\n    More.\n    """\n    def f(self):\n        """A."""\n',
    )
    write(tmp_path / "b.py", b"def wrong(:\n")
    write(tmp_path / "c.py", 'async def g():\n    """G: żółw."""\nx = """no docstring"""\n'.encode())
    assert read_corpus(("builtin:docstrings",)).text == "A.\n\nC.\n\nMore.\n\nG: żółw."


def test_the_docstrings_of_the_standard_library_are_a_corpus() -> None:
    """They begin with those of the first module."""
    _, pieces = next(iter_texts("builtin:docstrings"))
    assert next(pieces).startswith("Record of phased-in incompatible language changes.")
