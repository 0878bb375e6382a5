"""The sources of a text: directories and packed files."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from charseq.errors import DataError
from charseq.text.corpus import iter_texts, read_corpus
from charseq.text.encodings import SourceFormat
from charseq.text.sources import size_of


def write(path: Path, raw: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return str(path)


def text_of(source: Path, *include: str) -> str:
    return read_corpus((str(source),), how=SourceFormat(include=include)).text


@pytest.mark.parametrize(
    ("ending", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_a_packed_file_is_its_text(tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]) -> None:
    """The text is read, its size is unknown before, and a file that was cut off is refused."""
    raw = pack("dzień\n".encode() * 99)
    source = write(tmp_path / f"a.txt{ending}", raw)
    assert text_of(Path(source)) == "dzień\n" * 99
    assert size_of((source,)) is None
    cut = write(tmp_path / f"cut{ending}", raw[:-9])
    with pytest.raises(DataError, match=rf"cut{ending}: cannot be read: "):
        read_corpus((cut,))
    other = write(tmp_path / f"other{ending}", b"no such thing")
    with pytest.raises(DataError, match=rf"other{ending}: cannot be read: "):
        read_corpus((other,))


def test_only_files_that_fit_a_pattern_are_read(tmp_path: Path) -> None:
    """A pattern is for the name of a file, or for its path in the directory."""
    for name in ("a.py", "b.txt", "c/d.py", "c/e.md"):
        write(tmp_path / name, f"{name} ".encode())
    assert text_of(tmp_path, "*.py") == "a.py c/d.py "
    assert text_of(tmp_path, "*.txt", "c/*.md") == "b.txt c/e.md "
    assert text_of(tmp_path) == "a.py b.txt c/d.py c/e.md "
    assert size_of((str(tmp_path),), ("*.txt",)) == 6
    assert [
        Path(name).name for name, _ in iter_texts(str(tmp_path), how=SourceFormat(include=("*.md",)))
    ] == ["e.md"]


def test_a_pattern_that_nothing_fits_is_refused(tmp_path: Path) -> None:
    """A directory without a fitting file is an error that says how many others there are."""
    write(tmp_path / "a.txt", b"a")
    with pytest.raises(DataError, match=r": none of its 1 files fits \*\.py$"):
        text_of(tmp_path, "*.py")


def test_a_file_that_is_named_is_read_whatever_the_pattern(tmp_path: Path) -> None:
    """Patterns are for directories."""
    assert text_of(Path(write(tmp_path / "a.txt", b"a")), "*.py") == "a"
