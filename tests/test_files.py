"""Files: names that nothing can have, and writes that a crash cannot halve."""

import io
import os
from pathlib import Path
from typing import Any

import pytest

from charseq.errors import CharseqError, ConfigError
from charseq.files import cache_directory, check_writable, draft, exists, publish, write_atomically


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path in an empty folder."""
    (tmp_path / "only").mkdir()
    return tmp_path / "only" / "file"


@pytest.mark.parametrize(
    ("name", "answer"), [("a.txt", True), (".", True), ("b.txt", False), ("a/b.txt", False)]
)
def test_a_file_or_a_directory_exists_or_does_not(
    name: str, answer: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file or a directory is there, or it is not."""
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("a", encoding="utf-8")
    assert exists(name) is answer


@pytest.mark.parametrize("name", ["", "a" * 300, "a\0b"])
def test_names_that_nothing_can_have_are_not_there(name: str) -> None:
    """An impossible name is no error."""
    assert exists(name) is False


def raise_no_space(*arguments: object, **options: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_a_failing_write_leaves_the_old_file(
    function: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full, the old file is intact and nothing lies beside it."""
    path.write_bytes(b"old")
    monkeypatch.setattr(os, function, raise_no_space)
    with pytest.raises(CharseqError) as caught:
        write_atomically(path, b"new")
    assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    assert path.read_bytes() == b"old"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_write_that_fails_half_way_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full after some bytes, the old file is intact and nothing lies beside it."""

    class HalfFile(io.FileIO):
        def write(self, content: Any, /) -> int:
            super().write(content[: len(content) // 2])
            raise OSError(28, "No space left on device")

    path.write_bytes(b"old")
    monkeypatch.setattr(Path, "open", lambda self, mode: HalfFile(self, "w"))
    with pytest.raises(CharseqError, match="cannot be written: No space left on device"):
        write_atomically(path, b"new content")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_interrupted_write_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C while the file is written leaves the old file and nothing beside it."""

    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_new_file_is_complete_before_it_takes_the_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is flushed to the disk under another name in the same directory, then renamed."""
    calls: list[str] = []
    fsync, rename = os.fsync, os.replace

    def noting_fsync(descriptor: int) -> None:
        calls.append("fsync")
        fsync(descriptor)

    def noting_rename(source: Path, target: Path) -> None:
        assert Path(source).parent == Path(target).parent
        assert Path(source).read_bytes() == b"new"
        calls.append("rename")
        rename(source, target)

    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "replace", noting_rename)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert calls[:2] == ["fsync", "rename"]


def test_where_directories_cannot_be_flushed_files_are_written_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where directories cannot be opened, as on Windows, the file is written all the same."""

    def refuse(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def unwritable_paths(folder: Path) -> dict[str, Path]:
    (folder / "file").write_text("a file")
    (folder / "folder").mkdir()
    return {
        "no such directory": folder / "none" / "model.safetensors",
        "a file for a directory": folder / "file" / "model.safetensors",
        "a directory for a file": folder / "folder",
        "a name too long": folder / ("x" * 250),
    }


@pytest.mark.parametrize(
    "what", ["no such directory", "a file for a directory", "a directory for a file", "a name too long"]
)
def test_a_path_that_cannot_be_written_is_one_error(what: str, tmp_path: Path) -> None:
    """A path that cannot be written is one error, and nothing is left behind."""
    path = unwritable_paths(tmp_path)[what]
    with pytest.raises(CharseqError) as caught:
        write_atomically(path, b"new")
    assert str(caught.value).startswith(f"{path}: cannot be written: ")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder"]


def test_a_draft_is_gone_unless_published(path: Path) -> None:
    """A draft can be written and read; nothing of it stays that was not published."""
    with draft(path.with_name("draft")) as file:
        file.write(b"new")
        file.seek(0)
        assert file.read() == b"new"
        assert path.with_name("draft").exists()
    assert list(path.parent.iterdir()) == []


def test_a_published_draft_has_its_place_for_good(path: Path) -> None:
    """A draft that is published has its place for good, and its content is whole."""
    with draft(path.with_name("draft")) as file:
        file.write(b"new")
        publish(file, path)
        assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("environment", "directory"),
    [
        ({"CHARSEQ_CACHE_DIR": "here", "XDG_CACHE_HOME": "/xdg"}, Path("here")),
        ({"CHARSEQ_CACHE_DIR": "", "XDG_CACHE_HOME": "/xdg"}, Path("/xdg/charseq")),
        ({"XDG_CACHE_HOME": "/xdg"}, Path("/xdg/charseq")),
        ({"XDG_CACHE_HOME": "relative"}, Path("/home/me/.cache/charseq")),
        ({}, Path("/home/me/.cache/charseq")),
    ],
)
def test_the_cache_is_where_its_variable_says_or_caches_are(
    environment: dict[str, str], directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache is where its variable says, else where caches are on this system."""
    for name in ("CHARSEQ_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    assert cache_directory() == directory


def test_a_user_without_a_home_is_told_how_to_name_a_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home is told how to name a directory."""

    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("CHARSEQ_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(ConfigError) as caught:
        cache_directory()
    assert str(caught.value) == "there is no home directory for the cache; set CHARSEQ_CACHE_DIR"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    """A special file, /dev/null for example, must not become a regular one."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    check_writable(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(path, b"page")
        assert os.read(reader, 100) == b"page"
    finally:
        os.close(reader)
    assert path.is_fifo()
    assert [one.name for one in tmp_path.iterdir()] == ["pipe"]
