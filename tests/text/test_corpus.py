"""Where text comes from, byte for byte."""

import gzip
import hashlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charseq.errors import ConfigError, DataError
from charseq.text import corpus
from charseq.text.corpus import iter_texts, read_corpus

CHUNK_SIZES = st.integers(1, 7)


class StandardInput:
    """What `sys.stdin` is, as far as reading bytes goes."""

    def __init__(self, raw: bytes) -> None:
        self.buffer = io.BytesIO(raw)


def iter_text(source: str) -> Iterator[str]:
    """Yield the pieces of all texts behind `source`."""
    for _, pieces in iter_texts(source):
        yield from pieces


def write(path: Path, raw: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return str(path)


def read_in_chunks(raw: bytes, chunk_bytes: int) -> str:
    """Read `raw` as standard input, `chunk_bytes` at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "CHUNK_BYTES", chunk_bytes)
        patch.setattr(sys, "stdin", StandardInput(raw))
        return read_corpus(("-",)).text


def message_of(source: str) -> str:
    with pytest.raises(DataError) as caught:
        read_corpus((source,))
    return str(caught.value)


def test_file(tmp_path: Path) -> None:
    """A file is read as UTF-8."""
    assert (
        read_corpus((write(tmp_path / "a.txt", "dzień dobry, 안녕, 😀".encode()),)).text
        == "dzień dobry, 안녕, 😀"
    )


def test_provenance(tmp_path: Path) -> None:
    """A corpus remembers its sources, its size and the SHA-256 of its bytes."""
    raw = "zażółć gęślą jaźń\r\n".encode()
    source = write(tmp_path / "a.txt", raw)
    read = read_corpus((source,))
    assert (read.sources, read.num_bytes, read.sha256) == (
        (source,),
        len(raw),
        hashlib.sha256(raw).hexdigest(),
    )


def test_empty_file(tmp_path: Path) -> None:
    """An empty file is an empty text, not an error."""
    assert read_corpus((write(tmp_path / "a.txt", b""),)).text == ""


def test_files_are_joined_byte_for_byte(tmp_path: Path) -> None:
    """Several files are one text, in the order given, with nothing in between."""
    sources = write(tmp_path / "b.txt", b"first"), write(tmp_path / "a.txt", b"second\n")
    assert read_corpus(sources).text == "firstsecond\n"


def test_digest_of_several_files_is_that_of_their_bytes(tmp_path: Path) -> None:
    """The SHA-256 of several files is that of their bytes end to end."""
    sources = write(tmp_path / "b.txt", b"first"), write(tmp_path / "a.txt", b"second\n")
    assert read_corpus(sources).sha256 == hashlib.sha256(b"firstsecond\n").hexdigest()


def test_directory_is_sorted(tmp_path: Path) -> None:
    """A directory is the files below it in the order of their paths."""
    for name in ("c.txt", "a.txt", "b/z.txt", "b/a.txt"):
        write(tmp_path / name, f"{name};".encode())
    assert read_corpus((str(tmp_path),)).text == "a.txt;b/a.txt;b/z.txt;c.txt;"


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    """Hidden files, and what lies in hidden directories, are no part of a directory's text."""
    for name in (".hidden", ".git/config", "b/.DS_Store", "a.txt"):
        write(tmp_path / name, name.encode())
    assert read_corpus((str(tmp_path),)).text == "a.txt"


def test_directory_that_is_hidden_itself(tmp_path: Path) -> None:
    """A hidden directory that was asked for by name is read."""
    write(tmp_path / ".mine" / "a.txt", b"text")
    assert read_corpus((str(tmp_path / ".mine"),)).text == "text"


def test_compressed_file_in_a_directory(tmp_path: Path) -> None:
    """A directory's compressed files are read as their text."""
    write(tmp_path / "a.txt", b"plain ")
    write(tmp_path / "b.txt.gz", gzip.compress(b"packed"))
    assert read_corpus((str(tmp_path),)).text == "plain packed"


def test_empty_directory(tmp_path: Path) -> None:
    """A directory without files is an error that names it."""
    (tmp_path / "empty").mkdir()
    assert message_of(str(tmp_path)) == f"{tmp_path}: the directory holds no files"


def test_directory_of_hidden_files_only(tmp_path: Path) -> None:
    """A directory with nothing but hidden files counts as empty."""
    write(tmp_path / ".hidden", b"text")
    assert message_of(str(tmp_path)) == f"{tmp_path}: the directory holds no files"


def test_compressed_file(tmp_path: Path) -> None:
    """A .gz file is its unpacked text."""
    assert read_corpus((write(tmp_path / "a.gz", gzip.compress("żółw\n".encode())),)).text == "żółw\n"


def test_compressed_file_has_the_digest_of_its_text(tmp_path: Path) -> None:
    """Size and SHA-256 of a .gz file are those of the unpacked bytes."""
    raw = b"packed " * 20_000
    read = read_corpus((write(tmp_path / "a.gz", gzip.compress(raw)),))
    assert (read.num_bytes, read.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())


def test_file_that_is_no_gzip(tmp_path: Path) -> None:
    """A .gz file of another kind is an error that says so."""
    source = write(tmp_path / "a.gz", b"plain text")
    assert message_of(source) == f"{source}: cannot be read: Not a gzipped file (b'pl')"


def test_truncated_gzip(tmp_path: Path) -> None:
    """A .gz file that ends too early is an error that says so."""
    source = write(tmp_path / "a.gz", gzip.compress(bytes(range(128)) * 9)[:-9])
    expected = "Compressed file ended before the end-of-stream marker was reached"
    assert message_of(source) == f"{source}: cannot be read: {expected}"


def test_damaged_gzip(tmp_path: Path) -> None:
    """A .gz file whose data make no sense is an error, of one line, that names it."""
    packed = bytearray(gzip.compress(b"some text, long enough to be packed, " * 9))
    packed[10:20] = b"\xff" * 10
    source = write(tmp_path / "a.gz", bytes(packed))
    assert message_of(source).startswith(f"{source}: cannot be read: Error -3 while decompressing data")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source - is standard input, read as bytes."""
    monkeypatch.setattr(sys, "stdin", StandardInput("dzień\r\n".encode()))
    assert read_corpus(("-",)).text == "dzień\r\n"


def test_standard_input_among_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input takes its place among other sources."""
    monkeypatch.setattr(sys, "stdin", StandardInput(b"two"))
    sources = write(tmp_path / "a", b"one "), "-", write(tmp_path / "b", b" three")
    assert read_corpus(sources).text == "one two three"


def test_pydoc() -> None:
    """The topics of pydoc are a corpus of more than 300,000 characters."""
    assert len(read_corpus(("builtin:pydoc",)).text) > 300_000


def test_pydoc_is_the_same_each_time() -> None:
    """The topics of pydoc come in a fixed order."""
    assert read_corpus(("builtin:pydoc",)).sha256 == read_corpus(("builtin:pydoc",)).sha256


def test_stdlib_begins_with_source() -> None:
    """The standard library's source is a corpus."""
    pieces = iter_text("builtin:stdlib")
    assert "import" in "".join(next(pieces) for _ in range(20))


def test_unknown_builtin() -> None:
    """A built-in corpus that does not exist is a wrong request, answered with those that do."""
    with pytest.raises(ConfigError) as caught:
        read_corpus(("builtin:nope",))
    assert str(caught.value) == "builtin:nope: no such corpus; there are builtin:pydoc and builtin:stdlib"


@pytest.mark.parametrize(
    "raw", [b"a\r\nb\r\n", b"a\rb\r", b"a\n\rb\r\r\n", b"\x0b\x0c\x1c\xc2\x85\xe2\x80\xa8"]
)
def test_newlines_are_untouched(tmp_path: Path, raw: bytes) -> None:
    """No kind of line end is translated."""
    assert read_corpus((write(tmp_path / "a.txt", raw),)).text.encode() == raw


def test_byte_order_mark_is_kept(tmp_path: Path) -> None:
    """A byte order mark is a character of the text like any other."""
    assert read_corpus((write(tmp_path / "a.txt", b"\xef\xbb\xbfa"),)).text == "\ufeffa"


def test_missing_file(tmp_path: Path) -> None:
    """A file that does not exist is a wrong request."""
    with pytest.raises(ConfigError) as caught:
        read_corpus((str(tmp_path / "nowhere.txt"),))
    assert str(caught.value) == f"{tmp_path / 'nowhere.txt'}: no such file or directory"


@pytest.mark.parametrize("name", ["a" * 300, "a\0b"])
def test_impossible_file_name(name: str) -> None:
    """A name that no file can have is a wrong request, not a traceback."""
    with pytest.raises(ConfigError):
        read_corpus((name,))


def test_empty_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The empty name is a wrong request and does not mean the current directory."""
    write(tmp_path / "private.txt", b"text")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError):
        read_corpus(("",))


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A file that may not be opened is an error that says why."""

    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    source = write(tmp_path / name, b"text")
    monkeypatch.setattr(gzip, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    assert message_of(source) == f"{source}: cannot be read: Permission denied"


def test_failing_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that fails while it is read is an error that says why."""

    class Failing(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    stdin = StandardInput(b"")
    stdin.buffer = Failing()
    monkeypatch.setattr(sys, "stdin", stdin)
    assert message_of("-") == "standard input: cannot be read: Input/output error"


def test_invalid_utf8_names_the_file_and_the_byte(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are an error that names the file and the first of them."""
    source = write(tmp_path / "latin.txt", "café au lait".encode("latin-1"))
    expected = f"{source}: not UTF-8 at byte 3: invalid continuation byte; convert it first"
    assert message_of(source) == expected


def test_truncated_character_at_the_end(tmp_path: Path) -> None:
    """A character cut off by the end of the file is an error at its first byte."""
    source = write(tmp_path / "a.txt", b"abc\xe2\x82")
    assert message_of(source) == f"{source}: not UTF-8 at byte 3: unexpected end of data; convert it first"


def test_truncated_character_at_the_end_of_the_pieces(tmp_path: Path) -> None:
    """Read piece by piece, a character cut off by the end of the file is an error as well."""
    source = write(tmp_path / "a.txt", b"abc\xe2\x82")
    with pytest.raises(DataError) as caught:
        list(iter_text(source))
    assert str(caught.value) == message_of(source)


def test_character_does_not_reach_into_the_next_file(tmp_path: Path) -> None:
    """A character that one file begins and the next one ends is an error in the first."""
    sources = write(tmp_path / "a", b"x\xc3"), write(tmp_path / "b", b"\xa9")
    with pytest.raises(DataError) as caught:
        read_corpus(sources)
    assert str(caught.value).startswith(f"{sources[0]}: not UTF-8 at byte 1: ")


def test_offset_counts_within_the_file(tmp_path: Path) -> None:
    """The offset of a bad byte is counted from the beginning of its own file."""
    sources = write(tmp_path / "a", b"0123456789"), write(tmp_path / "b", b"01\xff")
    with pytest.raises(DataError) as caught:
        read_corpus(sources)
    assert str(caught.value).startswith(f"{sources[1]}: not UTF-8 at byte 2: ")


def test_offset_counts_unpacked_bytes(tmp_path: Path) -> None:
    """The offset of a bad byte in a .gz file is that in its unpacked text."""
    source = write(tmp_path / "a.gz", gzip.compress(b"a" * 100_000 + b"\xff"))
    assert message_of(source).startswith(f"{source}: not UTF-8 at byte 100000: ")


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])), chunk_bytes=CHUNK_SIZES)
def test_characters_across_chunk_borders(text: str, chunk_bytes: int) -> None:
    """A text is the same in chunks of any size."""
    assert read_in_chunks(text.encode(), chunk_bytes) == text


@settings(deadline=None)
@given(
    before=st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    raw=st.binary(min_size=1, max_size=9),
    chunk_bytes=CHUNK_SIZES,
)
@example("a", b"\xe2\x82(", 1)
@example("", b"\xf0\x9f\x98", 2)
@example("é", b"\xed\xa0\x80", 2)
def test_offset_of_bad_bytes_across_chunk_borders(before: str, raw: bytes, chunk_bytes: int) -> None:
    """Wherever chunks end, the error names the byte and the reason that Python names for the whole text."""
    raw = before.encode() + raw
    try:
        expected = raw.decode()
    except UnicodeDecodeError as error:
        at, reason = error.start, error.reason
        expected = f"standard input: not UTF-8 at byte {at}: {reason}; convert it first"
    try:
        got = read_in_chunks(raw, chunk_bytes)
    except DataError as error:
        got = str(error)
    assert got == expected


@pytest.mark.parametrize("chunk_bytes", [1, 3, 1 << 16])
def test_pieces_join_to_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int) -> None:
    """The pieces of `iter_texts` joined are the text that `read_corpus` reads."""
    monkeypatch.setattr(corpus, "CHUNK_BYTES", chunk_bytes)
    write(tmp_path / "a.txt", "zażółć\r\n😀".encode())
    write(tmp_path / "b.txt.gz", gzip.compress("안녕".encode()))
    assert "".join(iter_text(str(tmp_path))) == read_corpus((str(tmp_path),)).text


def test_pieces_come_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text before a bad byte is delivered before the error is raised."""
    monkeypatch.setattr(corpus, "CHUNK_BYTES", 2)
    pieces = iter_text(write(tmp_path / "a.txt", b"abcd\xff"))
    assert [next(pieces), next(pieces)] == ["ab", "cd"]
    with pytest.raises(DataError):
        next(pieces)


def test_abandoned_text_closes_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops reading early leaves no file open (an unclosed file is a warning, hence an error)."""
    monkeypatch.setattr(corpus, "CHUNK_BYTES", 2)
    pieces = iter_text(write(tmp_path / "a.txt", b"abcd"))
    assert next(pieces) == "ab"
    del pieces
