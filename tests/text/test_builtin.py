"""The corpora that Python brings along."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from charseq.errors import ConfigError, DataError
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


def test_installed_corpora_take_no_options() -> None:
    """They are what they are; tasks have lines and a seed."""
    with pytest.raises(ConfigError) as caught:
        read_corpus(("builtin:pydoc,lines=3",))
    assert str(caught.value) == "builtin:pydoc,lines=3: builtin:pydoc takes no options: leave out ,lines=3"


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


def test_prose_is_that_of_the_reference_of_docstrings_and_of_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strings that are no docstrings, comments behind code, and files that are no Python have none."""
    topics = {"a": "Names\n*****\n\nA name is bound here.\n"}
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", SimpleNamespace(topics=topics))
    monkeypatch.setattr("sysconfig.get_path", {"stdlib": str(tmp_path)}.get)
    write(tmp_path / "a.py", b'"""The module of a."""\nclass C:\n    """The class of\n    all."""\n')
    write(tmp_path / "b.py", b"# The comment of nothing.\ndef wrong(:\n")
    write(
        tmp_path / "c.py",
        b'async def g():\n    """Go on and on."""\n    #: This is said\n    # in two lines.\n'
        b'    x = """This is no docstring."""  # This is no paragraph.\n',
    )
    assert sorted(read_corpus(("builtin:prose",)).text.split("\n\n")) == [
        "A name is bound here.",
        "Go on and on.",
        "The class of all.",
        "The module of a.",
        "This is said in two lines.",
    ]


def test_prose_needs_no_topics_of_pydoc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python lacks its topics, prose is that of its modules alone."""
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    monkeypatch.setattr("sysconfig.get_path", {"stdlib": str(tmp_path)}.get)
    write(tmp_path / "a.py", b'"""The module of a."""\n')
    assert read_corpus(("builtin:prose",)).text == "The module of a."


@pytest.mark.slow
def test_the_prose_of_python_is_about_a_megabyte_in_short_lines() -> None:
    """It is of one size in all versions of Python, give or take a third."""
    text = read_corpus(("builtin:prose",)).text
    assert 800_000 < len(text) < 1_500_000
    assert sum(len(line) > 40 for line in text.split("\n")) < 300
