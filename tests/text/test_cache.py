"""The cache: written once and whole or not at all, found by SHA-256, made anew when damaged."""

import hashlib
import io
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.config import DataConfig
from charseq.errors import DataError
from charseq.text import CharTokenizer, cache
from charseq.text.batches import Batches, Examples
from charseq.text.cache import HEADER, Draft, find
from charseq.text.codec import Codec
from charseq.text.pruning import STALE_SECONDS
from charseq.text.split import CorpusParts
from charseq.text.symbols import ASCII, EncodedText, Encoder
from tests.extensions.twin_tokenizer import PairTokenizer
from tests.text.test_symbols import many_characters

texts = st.lists(
    st.one_of(
        st.text("ab\r\n", max_size=20),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        st.integers(100, 300).map(many_characters),
    ),
    max_size=5,
)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def keep(*chunks: str) -> EncodedText:
    """Write a text to the cache in chunks."""
    encode = Encoder()
    with Draft() as draft:
        for chunk in chunks:
            draft.write(encode(chunk))
        return draft.keep(sha256_of("".join(chunks)), encode.alphabet)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the cache in a directory that is not there yet."""
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path / "a" / "cache"))
    return tmp_path / "a" / "cache"


@settings(deadline=None)
@given(chunks=texts, piece=st.integers(1, 50))
def test_what_is_kept_is_found(chunks: list[str], piece: int) -> None:
    """A text written in any chunks is mapped as it was, however often it had to become wider."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "PIECE", piece)
        kept = keep(*chunks)
    found = find(sha256_of("".join(chunks)))
    assert found is not None
    for text in (kept, found):
        assert str(text) == "".join(chunks)
        assert text.symbols.dtype == EncodedText.of("".join(chunks)).symbols.dtype
        assert text.alphabet[: len(ASCII)] == ASCII


def test_symbols_of_one_byte_become_two_and_then_four(monkeypatch: pytest.MonkeyPatch) -> None:
    """Symbols of one byte become two and then four, and the narrow chunks that follow fit in."""
    monkeypatch.setattr(cache, "PIECE", 100)
    chunks = ["ascii " * 9, many_characters(400), "ascii", many_characters(70_000), "ascii", "é"]
    text = keep(*chunks)
    assert text.symbols.dtype == np.uint32
    assert str(text) == "".join(chunks)


def test_the_empty_text_is_found_again() -> None:
    """Even a text of nothing is found again."""
    keep()
    assert str(find(sha256_of(""))) == ""


def test_mapped_symbols_cannot_be_changed() -> None:
    """A mapped text is read-only."""
    with pytest.raises(ValueError, match="read-only"):
        keep("hello").symbols[0] = 1


def test_the_directory_is_private_and_made_when_needed(folder: Path) -> None:
    """The directory is made by the first writing, for its owner alone; looking for a text makes nothing."""
    assert find(sha256_of("hello")) is None
    assert not folder.exists()
    keep("hello")
    assert names_in(folder) == [f"{sha256_of('hello')}.symbols"]
    assert os.name != "posix" or folder.stat().st_mode & 0o077 == 0


def test_a_text_is_kept_once(folder: Path) -> None:
    """A draft of a text that the cache has by now is dropped, and the file that is there stays."""
    keep("hello")
    (file,) = folder.iterdir()
    before = file.stat()
    assert str(keep("hel", "lo")) == "hello"
    assert file.stat().st_ino == before.st_ino
    assert file.stat().st_ino == before.st_ino
    assert len(names_in(folder)) == 1


def test_a_draft_that_is_not_kept_is_gone(folder: Path) -> None:
    """What ends early, by an error or a second Ctrl-C, leaves nothing behind."""

    def interrupted() -> None:
        with Draft() as draft:
            draft.write(np.zeros(10, np.uint8))
            assert len(names_in(folder)) == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names_in(folder) == []


def test_an_unfinished_file_is_not_whole(folder: Path) -> None:
    """What a killed process leaves behind is not taken for a text, not even under the right name."""
    encode = Encoder()
    with Draft() as draft:
        draft.write(encode("hello"))
        draft._file.flush()
        (unfinished,) = folder.iterdir()
        assert unfinished.name.startswith(".")
        left_behind = unfinished.read_bytes()
    assert len(left_behind) == HEADER.size + 5
    folder.joinpath(f"{sha256_of('hello')}.symbols").write_bytes(left_behind)
    assert find(sha256_of("hello")) is None
    assert str(keep("hello")) == str(find(sha256_of("hello"))) == "hello"


def test_old_unfinished_files_are_swept_away(folder: Path) -> None:
    """A writing removes unfinished files of yesterday, but not those of others at work, or other files."""
    folder.mkdir(parents=True)
    for name in (".old.tmp", ".new.tmp", "notes.tmp", f"{sha256_of('b')}.symbols"):
        (folder / name).write_bytes(b"x")
        yesterday = time.time() - 2 * STALE_SECONDS
        if name != ".new.tmp":
            os.utime(folder / name, (yesterday, yesterday))
    keep("hello")
    expected = [".new.tmp", f"{sha256_of('b')}.symbols", f"{sha256_of('hello')}.symbols", "notes.tmp"]
    assert names_in(folder) == sorted(expected)


def test_what_cannot_be_swept_away_stays(folder: Path) -> None:
    """An old directory with the name of an unfinished file stops no writing."""
    (folder / ".old.tmp").mkdir(parents=True)
    os.utime(folder / ".old.tmp", (0, 0))
    assert str(keep("hello")) == "hello"
    assert (folder / ".old.tmp").is_dir()


def test_chunks_no_wider_than_those_before_are_appended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a text whose symbols are all of one width every byte is written once."""
    num_bytes = 0

    class Disk(io.FileIO):
        def write(self, content: Any, /) -> int:
            nonlocal num_bytes
            num_bytes += len(content)
            return super().write(content)

    monkeypatch.setattr(Path, "open", lambda self, mode: io.BufferedRandom(Disk(self, mode)))
    with Draft() as draft:
        for _ in range(10):
            draft.write(np.zeros(1000, np.uint8))
    assert num_bytes == HEADER.size + 10 * 1000


def replaced(raw: bytes, at: int, new: bytes) -> bytes:
    return raw[:at] + new + raw[at + len(new) :]


DAMAGES = {
    "empty": lambda raw: b"",
    "the header cut off": lambda raw: raw[: HEADER.size - 1],
    "only a header": lambda raw: raw[: HEADER.size],
    "a byte too few": lambda raw: raw[:-1],
    "a byte too many": lambda raw: raw + b"\0",
    "another kind of file": lambda raw: b"PK" + raw[2:],
    "another version": lambda raw: replaced(raw, 7, b"\x01"),
    "another text": lambda raw: replaced(raw, 8, bytes(32)),
    "another number of characters": lambda raw: replaced(raw, 40, b"\xff\xff"),
    "a number of characters beyond all files": lambda raw: replaced(raw, 40, b"\xff" * 8),
    "another alphabet": lambda raw: replaced(raw, 48, b"\x00\x02"),
    "wider symbols": lambda raw: replaced(raw, 52, b"\x02"),
    "symbols of three bytes": lambda raw: replaced(raw, 52, b"\x03"),
    "no width": lambda raw: replaced(raw, 52, b"\0"),
    "an alphabet that is none": lambda raw: replaced(raw, len(raw) - 129 - 1, b"\xff"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_made_anew(damage: Any, folder: Path) -> None:
    """A file of the wrong size, type or text is not taken, and a writing puts it right."""
    keep("hello ż")
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert find(sha256_of("hello ż")) is None
    assert str(keep("hello ż")) == "hello ż"
    assert file.read_bytes() == whole
    assert str(find(sha256_of("hello ż"))) == "hello ż"


def complaint(folder: Path, why: str) -> str:
    return f"{folder}: cannot hold the encoded text: {why}; CHARSEQ_CACHE_DIR names another directory"


def test_a_read_only_directory_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that cannot be written to is one line that says how to name another."""

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(30, "Read-only file system")

    folder.mkdir(parents=True)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError) as caught:
        keep("hello")
    assert str(caught.value) == complaint(folder, "Read-only file system")


def test_a_file_in_place_of_the_directory_is_refused(folder: Path) -> None:
    """A file where the directory should be is the same error."""
    folder.parent.mkdir()
    folder.write_bytes(b"mine")
    with pytest.raises(DataError) as caught:
        keep("hello")
    assert str(caught.value) == complaint(folder, "File exists")
    assert folder.read_bytes() == b"mine"


@pytest.mark.parametrize("room", [10, HEADER.size + 2, HEADER.size + 2000])
def test_a_full_disk_leaves_nothing_behind(room: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full after some bytes is the same error, and nothing is left behind."""

    class SmallDisk(io.FileIO):
        def write(self, content: Any, /) -> int:
            if self.tell() >= room:
                raise OSError(28, "No space left on device")
            return super().write(content[: room - self.tell()])

    monkeypatch.setattr(Path, "open", lambda self, mode: io.BufferedRandom(SmallDisk(self, mode)))
    with pytest.raises(DataError) as caught:
        keep("hello", many_characters(500), many_characters(1500))
    monkeypatch.undo()
    assert str(caught.value) == complaint(folder, "No space left on device")
    assert names_in(folder) == []


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failing_flush_or_renaming_leaves_nothing_behind(
    function: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure to flush or rename the file is an error, and no file is left."""

    def fail(*arguments: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(DataError) as caught:
        keep("hello")
    monkeypatch.undo()
    assert str(caught.value) == complaint(folder, "Input/output error")
    assert names_in(folder) == []


def test_a_file_that_cannot_be_read_back_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was written and cannot be found afterwards is an error; it is not written again."""
    monkeypatch.setattr(cache, "find", lambda sha256: None)
    with pytest.raises(DataError, match=r"\.symbols: was written, but cannot be read$"):
        keep("hello")


def resident_file_pages() -> int:
    """Return how many bytes of files are in this process's memory."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in status if line.startswith("RssFile:"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_epoch_stays_out_of_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting a large text, or reading all its windows, keeps no more of it in memory than a piece."""
    chunk = "many small words, many of them\n" * 40_000
    text = keep(*[chunk] * 30)
    shutil.rmtree(folder)  # pytest would keep it; what is mapped stays
    size = text.symbols.nbytes
    assert size > 35_000_000
    monkeypatch.setattr("charseq.text.symbols.RELEASE_BYTES", 1 << 22)
    tokenizer, before = CharTokenizer.fit(chunk), resident_file_pages()
    text.counts()
    assert resident_file_pages() - before < 1 << 22
    for window in Batches(Examples(text, Codec(tokenizer, "line")), batch_size=4, seq_length=1 << 18):
        assert window.targets.min() >= 0
        assert resident_file_pages() - before < 1 << 24


def test_texts_do_not_depend_on_where_they_lie(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A corpus is cut alike in memory and in the cache, and its parts are the same."""
    content = "the rain in spain\nżółw «한글» 😀\r\n" * 50
    (tmp_path / "text.txt").write_bytes(content.encode())
    config = DataConfig(corpus=(str(tmp_path / "text.txt"),), unit="line")
    small = CorpusParts.read(config)
    assert not folder.exists()
    monkeypatch.setattr("charseq.text.corpus.LARGE_BYTES", 100)
    large = CorpusParts.read(config)
    assert len(names_in(folder)) == 1
    for one, two in ((small.train, large.train), (small.valid, large.valid), (small.test, large.test)):
        assert str(one) == str(two)
    assert (small.split, small.sha256, small.num_bytes) == (large.split, large.sha256, large.num_bytes)


def test_pieces_of_a_large_text_are_in_a_file_without_a_name(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens of several per character are those of the text in memory; nothing is left in the cache."""
    content = "the rain in spain, é\n" * 40
    (tmp_path / "text").write_text(content, encoding="utf-8")
    monkeypatch.setattr("charseq.text.corpus.LARGE_BYTES", 100)
    mapped = CorpusParts.read(DataConfig(corpus=(str(tmp_path / "text"),))).train
    assert mapped.is_mapped
    codec = Codec(PairTokenizer.fit(str(mapped)), "stream")
    before = names_in(folder)
    large, small = Examples(mapped, codec), Examples(EncodedText.of(str(mapped)), codec)
    places = np.arange(len(large))[:, None]
    assert len(large) == len(small)
    assert np.array_equal(large.window(places).targets, small.window(places).targets)
    assert names_in(folder) == before
