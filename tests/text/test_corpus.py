"""The sources of text: what is read is the source, byte for byte."""

import codecs
import gzip
import hashlib
import io
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charseq.errors import ConfigError, DataError
from charseq.text import corpus
from charseq.text.corpus import iter_texts, named_texts, read_corpus
from charseq.text.encodings import DecodingErrors, SourceFormat
from charseq.text.remarks import Remarks
from charseq.text.sources import size_of

MARK = b"\xef\xbb\xbf"
CHUNK_SIZES = st.integers(1, 7)


class StandardInput:
    """What `sys.stdin` is, as far as reading bytes goes."""

    def __init__(self, raw: bytes) -> None:
        self.buffer = io.BytesIO(raw)


def iter_text(source: str, errors: DecodingErrors = "strict") -> Iterator[str]:
    """Yield the pieces of all texts behind `source`."""
    for _, pieces in iter_texts(source, how=SourceFormat(errors=errors)):
        yield from pieces


def iter_in_chunks(raw: bytes, chunk_bytes: int, errors: DecodingErrors = "strict") -> str:
    """Read `raw` as standard input piece by piece, `chunk_bytes` at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charseq.text.sources.CHUNK_BYTES", chunk_bytes)
        patch.setattr(sys, "stdin", StandardInput(raw))
        return "".join(iter_text("-", errors))


def write(path: Path, raw: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return str(path)


def read_in_chunks(raw: bytes, chunk_bytes: int) -> str:
    """Read `raw` as standard input, `chunk_bytes` at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "CORPUS_CHUNK_BYTES", chunk_bytes)
        patch.setattr(sys, "stdin", StandardInput(raw))
        return read_corpus(("-",)).text


def message_of(source: str) -> str:
    with pytest.raises(DataError) as caught:
        read_corpus((source,))
    return str(caught.value)


def test_a_file_is_read_as_utf8(tmp_path: Path) -> None:
    """A file is read as UTF-8."""
    assert (
        read_corpus((write(tmp_path / "a.txt", "dzień dobry, 안녕, 😀".encode()),)).text
        == "dzień dobry, 안녕, 😀"
    )


def test_a_corpus_remembers_its_sources_size_and_digest(tmp_path: Path) -> None:
    """A corpus remembers its sources, its size and the SHA-256 of its bytes."""
    raw = "zażółć gęślą jaźń\r\n".encode()
    source = write(tmp_path / "a.txt", raw)
    read = read_corpus((source,))
    assert (read.sources, read.num_bytes, read.sha256) == (
        (source,),
        len(raw),
        hashlib.sha256(raw).hexdigest(),
    )


def test_an_empty_file_is_an_empty_text(tmp_path: Path) -> None:
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


def test_the_files_of_a_directory_are_read_in_the_order_of_their_paths(tmp_path: Path) -> None:
    """A directory is the files below it in the order of their paths."""
    for name in ("c.txt", "a.txt", "b/z.txt", "b/a.txt"):
        write(tmp_path / name, f"{name};".encode())
    assert read_corpus((str(tmp_path),)).text == "a.txt;b/a.txt;b/z.txt;c.txt;"


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    """Hidden files, and what lies in hidden directories, are no part of a directory's text."""
    for name in (".hidden", ".git/config", "b/.DS_Store", "a.txt"):
        write(tmp_path / name, name.encode())
    assert read_corpus((str(tmp_path),)).text == "a.txt"


def test_a_hidden_directory_that_was_asked_for_is_read(tmp_path: Path) -> None:
    """A hidden directory that was asked for by name is read."""
    write(tmp_path / ".mine" / "a.txt", b"text")
    assert read_corpus((str(tmp_path / ".mine"),)).text == "text"


def test_compressed_files_in_a_directory_are_read_as_their_text(tmp_path: Path) -> None:
    """A directory's compressed files are read as their text."""
    write(tmp_path / "a.txt", b"plain ")
    write(tmp_path / "b.txt.gz", gzip.compress(b"packed"))
    assert read_corpus((str(tmp_path),)).text == "plain packed"


def test_a_directory_without_files_is_refused(tmp_path: Path) -> None:
    """A directory without files is an error that names it."""
    (tmp_path / "empty").mkdir()
    assert message_of(str(tmp_path)) == f"{tmp_path}: the directory holds no files"


def test_a_directory_of_hidden_files_counts_as_empty(tmp_path: Path) -> None:
    """A directory with nothing but hidden files counts as empty."""
    write(tmp_path / ".hidden", b"text")
    assert message_of(str(tmp_path)) == f"{tmp_path}: the directory holds no files"


def test_a_gz_file_is_its_unpacked_text(tmp_path: Path) -> None:
    """A .gz file is its unpacked text."""
    assert read_corpus((write(tmp_path / "a.gz", gzip.compress("żółw\n".encode())),)).text == "żółw\n"


def test_a_gz_file_has_the_digest_of_its_text(tmp_path: Path) -> None:
    """Size and SHA-256 of a .gz file are those of the unpacked bytes."""
    raw = b"packed " * 20_000
    read = read_corpus((write(tmp_path / "a.gz", gzip.compress(raw)),))
    assert (read.num_bytes, read.sha256) == (len(raw), hashlib.sha256(raw).hexdigest())


def test_a_gz_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """A .gz file of another kind is an error that says so."""
    source = write(tmp_path / "a.gz", b"plain text")
    assert message_of(source) == f"{source}: cannot be read: Not a gzipped file (b'pl')"


def test_a_gz_file_that_ends_too_early_is_refused(tmp_path: Path) -> None:
    """A .gz file that ends too early is an error that says so."""
    source = write(tmp_path / "a.gz", gzip.compress(bytes(range(128)) * 9)[:-9])
    expected = "Compressed file ended before the end-of-stream marker was reached"
    assert message_of(source) == f"{source}: cannot be read: {expected}"


def test_a_gz_file_that_is_damaged_is_refused_in_one_line(tmp_path: Path) -> None:
    """A .gz file whose data make no sense is an error, of one line, that names it."""
    packed = bytearray(gzip.compress(b"some text, long enough to be packed, " * 9))
    packed[10:20] = b"\xff" * 10
    source = write(tmp_path / "a.gz", bytes(packed))
    assert message_of(source).startswith(f"{source}: cannot be read: Error -3 while decompressing data")


def test_a_dash_is_standard_input_read_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The source - is standard input, read as bytes."""
    monkeypatch.setattr(sys, "stdin", StandardInput("dzień\r\n".encode()))
    assert read_corpus(("-",)).text == "dzień\r\n"


def test_standard_input_takes_its_place_among_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input takes its place among other sources."""
    monkeypatch.setattr(sys, "stdin", StandardInput(b"two"))
    sources = write(tmp_path / "a", b"one "), "-", write(tmp_path / "b", b" three")
    assert read_corpus(sources).text == "one two three"


def test_an_unknown_builtin_is_answered_with_those_that_exist() -> None:
    """A built-in corpus that does not exist is a wrong request, answered with those that do."""
    with pytest.raises(ConfigError) as caught:
        read_corpus(("builtin:nope",))
    assert (
        str(caught.value)
        == "builtin:nope: no such corpus; there are builtin:pydoc, builtin:stdlib, builtin:prose, "
        "builtin:copy:LAG, builtin:brackets:DEPTH, builtin:addition:DIGITS, builtin:dates"
    )


@pytest.mark.parametrize(
    "raw", [b"a\r\nb\r\n", b"a\rb\r", b"a\n\rb\r\r\n", b"\x0b\x0c\x1c\xc2\x85\xe2\x80\xa8"]
)
def test_newlines_are_untouched(tmp_path: Path, raw: bytes) -> None:
    """No kind of line end is translated."""
    assert read_corpus((write(tmp_path / "a.txt", raw),)).text.encode() == raw


def test_a_byte_order_mark_at_the_beginning_of_each_file_is_left_out_with_a_note(tmp_path: Path) -> None:
    """U+FEFF at the beginning of a file is no part of its text, size and SHA-256; elsewhere it is."""
    sources = write(tmp_path / "a", MARK + b"a" + MARK), write(tmp_path / "b", MARK + b"b")
    read = read_corpus(sources)
    assert (read.text, read.num_bytes) == ("a\ufeffb", 5)
    assert read.sha256 == hashlib.sha256(b"a" + MARK + b"b").hexdigest()
    note = "begins with a byte order mark (U+FEFF), which is left out"
    assert read.notes == (f"{sources[0]}: {note}", f"{sources[1]}: {note}")


def test_lines_that_end_in_crlf_are_kept_with_a_note(tmp_path: Path) -> None:
    """CR LF stays as it is, and a note has the command that takes CR away."""
    read = read_corpus((write(tmp_path / "a", b"x\r\n"),))
    assert read.text == "x\r\n"
    assert read.notes == (
        f"{tmp_path}/a: has lines that end in \\r\\n, and \\r counts as a character; "
        f"without it: tr -d '\\r' < {tmp_path}/a > utf8.txt",
    )


@pytest.mark.parametrize("raw", [b"", b"a\n", b"a\r", b"\n\r", "é안😀".encode()], ids=repr)
def test_there_is_no_note_on_a_plain_text(tmp_path: Path, raw: bytes) -> None:
    """Of a text with nothing special nothing is said."""
    assert read_corpus((write(tmp_path / "a", raw),)).notes == ()


def test_a_folder_says_which_files_were_taken(tmp_path: Path) -> None:
    """A note on a folder names five of its files, in the order of reading, and counts the rest."""
    for name in ("b.txt", "a/z.md"):
        write(tmp_path / "f" / name, b"x")
    assert read_corpus((str(tmp_path / "f"),)).notes == (f"{tmp_path}/f: 2 files: a/z.md, b.txt",)
    for name in "cdefg":
        write(tmp_path / "f" / name, b"x")
    (note,) = read_corpus((str(tmp_path / "f"),)).notes
    assert note == f"{tmp_path}/f: 7 files: a/z.md, b.txt, c, d, e and 2 more"


def test_half_a_character_at_the_end_of_a_pipe_is_left_out_with_a_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of standard input, which may be cut anywhere, an incomplete last character is no part."""
    monkeypatch.setattr(sys, "stdin", StandardInput("안녕".encode()[:5]))
    read = read_corpus(("-",))
    assert (read.text, read.num_bytes) == ("안", 3)
    assert read.notes == ("standard input: ends in half a character, which is left out (eb 85)",)


def test_a_named_pipe_is_cut_like_standard_input(tmp_path: Path) -> None:
    """A pipe with a name, as a shell makes one of <(...), may end in half a character as well."""
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["sh", "-c", f"printf 'a\\354' > '{tmp_path}/pipe'"]):
        assert read_corpus((str(tmp_path / "pipe"),)).text == "a"


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """A file that does not exist is a wrong request."""
    with pytest.raises(ConfigError) as caught:
        read_corpus((str(tmp_path / "nowhere.txt"),))
    assert str(caught.value) == f"{tmp_path / 'nowhere.txt'}: no such file or directory"


@pytest.mark.parametrize("name", ["a" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    """A name that no file can have is a wrong request, not a traceback."""
    with pytest.raises(ConfigError):
        read_corpus((name,))


def test_the_empty_name_is_refused_and_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The empty name is a wrong request, quoted to be seen, and does not mean the current directory."""
    write(tmp_path / "private.txt", b"text")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"^'': "):
        read_corpus(("",))


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_a_file_that_may_not_be_opened_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file that may not be opened is an error that says why."""

    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    source = write(tmp_path / name, b"text")
    monkeypatch.setattr(gzip, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    assert message_of(source) == f"{source}: cannot be read: Permission denied"


def test_a_source_that_fails_while_it_is_read_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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
    assert message_of(source) == (
        f"{source}: not UTF-8 at byte 3, in line 1, column 4: invalid continuation byte (the only such "
        "place); it looks like Windows-1252 or Latin-1 (Western European): "
        "data.encoding=cp1252 reads it for training and scoring, or convert it: "
        f"iconv -f WINDOWS-1252 -t UTF-8 {source} > utf8.txt"
    )


def test_a_character_cut_off_by_the_end_of_a_file_is_refused(tmp_path: Path) -> None:
    """A character cut off by the end of the file is an error at its first byte."""
    source = write(tmp_path / "a.txt", b"abc\xe2\x82")
    assert message_of(source) == (
        f"{source}: not UTF-8 at byte 3, in line 1, column 4: unexpected end of data (the only such place); "
        f"the file was cut within a character; up to there: head -c 3 {source} > utf8.txt"
    )


def test_a_character_cut_off_by_the_end_of_the_pieces_is_refused(tmp_path: Path) -> None:
    """Read piece by piece, a character cut off by the end of the file is an error as well."""
    source = write(tmp_path / "a.txt", b"abc\xe2\x82")
    with pytest.raises(DataError) as caught:
        list(iter_text(source))
    assert str(caught.value) == message_of(source)


def test_a_character_does_not_reach_into_the_next_file(tmp_path: Path) -> None:
    """A character that one file begins and the next one ends is an error in the first."""
    sources = write(tmp_path / "a", b"x\xc3"), write(tmp_path / "b", b"\xa9")
    with pytest.raises(DataError) as caught:
        read_corpus(sources)
    assert str(caught.value).startswith(f"{sources[0]}: not UTF-8 at byte 1, in line 1, column 2: ")


def test_offset_counts_within_the_file(tmp_path: Path) -> None:
    """The offset of a bad byte is counted from the beginning of its own file."""
    sources = write(tmp_path / "a", b"0123456789"), write(tmp_path / "b", b"01\xff")
    with pytest.raises(DataError) as caught:
        read_corpus(sources)
    assert str(caught.value).startswith(f"{sources[1]}: not UTF-8 at byte 2, in line 1, column 3: ")


def test_offset_counts_unpacked_bytes(tmp_path: Path) -> None:
    """The offset of a bad byte in a .gz file is that in its unpacked text."""
    source = write(tmp_path / "a.gz", gzip.compress(b"a" * 100_000 + b"\xff"))
    assert message_of(source).startswith(f"{source}: not UTF-8 at byte 100000, in line 1, column 100,001: ")


@settings(deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])), chunk_bytes=CHUNK_SIZES)
def test_a_text_is_the_same_in_chunks_of_any_size(text: str, chunk_bytes: int) -> None:
    """A text is the same in chunks of any size."""
    assert read_in_chunks(text.encode(), chunk_bytes) == text.removeprefix("\ufeff")


@settings(deadline=None)
@given(
    before=st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    raw=st.binary(min_size=1, max_size=9),
    chunk_bytes=CHUNK_SIZES,
)
@example("a", b"\xe2\x82(", 1)
@example("", b"\xf0\x9f\x98", 2)
@example("é", b"\xed\xa0\x80", 2)
def test_a_bad_byte_is_named_wherever_chunks_end(before: str, raw: bytes, chunk_bytes: int) -> None:
    """Wherever chunks end, the error names the byte and the reason that Python names for the whole text."""
    raw = before.replace("\0", "").encode() + raw.replace(b"\0", b"")
    num_places = len(raw.decode("utf-8", "replace")) - len(raw.decode("utf-8", "ignore"))
    places = "the only such place" if num_places == 1 else f"{num_places} such places"
    try:
        expected = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        column = len(raw[: error.start].decode().removeprefix("\ufeff").rpartition("\n")[2]) + 1
        where = f"in line {line}, column {column}"
        expected = f"not UTF-8 at byte {error.start}, {where}: {error.reason} ({places}); "
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "CORPUS_CHUNK_BYTES", chunk_bytes)
        source = write(Path(folder) / "a", raw)
        try:
            got = read_corpus((source,)).text
        except DataError as error:
            got = str(error).removeprefix(f"{source}: ")[: len(expected)]
    assert got == expected


@pytest.mark.parametrize("chunk_bytes", [1, 3, 1 << 16])
def test_pieces_join_to_the_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int) -> None:
    """The pieces of `iter_texts` joined are the text that `read_corpus` reads."""
    monkeypatch.setattr("charseq.text.sources.CHUNK_BYTES", chunk_bytes)
    write(tmp_path / "a.txt", "zażółć\r\n😀".encode())
    write(tmp_path / "b.txt.gz", gzip.compress("안녕".encode()))
    assert "".join(iter_text(str(tmp_path))) == read_corpus((str(tmp_path),)).text


def test_pieces_come_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text before a bad byte is delivered before the error is raised."""
    monkeypatch.setattr("charseq.text.sources.CHUNK_BYTES", 2)
    pieces = iter_text(write(tmp_path / "a.txt", b"abcd\xff"))
    assert [next(pieces), next(pieces)] == ["ab", "cd"]
    with pytest.raises(DataError):
        next(pieces)


def test_abandoned_text_closes_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stops reading early leaves no file open (an unclosed file is a warning, hence an error)."""
    monkeypatch.setattr("charseq.text.sources.CHUNK_BYTES", 2)
    pieces = iter_text(write(tmp_path / "a.txt", b"abcd"))
    assert next(pieces) == "ab"
    del pieces


# ---- texts piece by piece


def test_texts_have_the_names_of_their_files(tmp_path: Path) -> None:
    """A file is a text; a directory is as many as it has files, in the order of their paths."""
    for name in ("b.txt", "a.txt", "c/d.txt"):
        write(tmp_path / name, name.encode())
    named = [(name, "".join(pieces)) for name, pieces in iter_texts(str(tmp_path))]
    assert named == [(f"{tmp_path}/{name}", name) for name in ("a.txt", "b.txt", "c/d.txt")]
    assert [name for name, _ in iter_texts(f"{tmp_path}/b.txt")] == [f"{tmp_path}/b.txt"]


def test_texts_of_several_sources_come_one_after_the_other(tmp_path: Path) -> None:
    """Each source is as many texts as it has files; the remarks on all of them end together."""
    for number in range(7):
        write(tmp_path / f"many/{number}.txt", codecs.BOM_UTF8 + b"a\xff")
    single = write(tmp_path / "b.txt", b"b")
    said = list[str]()
    texts = named_texts(
        [single, str(tmp_path / "many")], how=SourceFormat(errors="replace"), remarks=Remarks(said.append)
    )
    found = [(name, "".join(pieces)) for name, pieces in texts]
    assert found == [(single, "b"), *((f"{tmp_path}/many/{number}.txt", "a\ufffd") for number in range(7))]
    assert any(sentence.startswith("2 more files: ") for sentence in said)
    with pytest.raises(DataError, match="not UTF-8"):
        list(next(iter(named_texts([str(tmp_path / "many")])))[1])


def test_standard_input_and_builtins_have_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is called so; a built-in corpus is called as it was asked for, and is one text."""
    monkeypatch.setattr(sys, "stdin", StandardInput(b"text"))
    assert [name for name, _ in iter_texts("-")] == ["standard input"]
    assert [name for name, _ in iter_texts("builtin:pydoc")] == ["builtin:pydoc"]


def test_a_file_is_opened_when_its_turn_comes(tmp_path: Path) -> None:
    """A bad byte in a later file is not met before that file is read."""
    write(tmp_path / "a.txt", b"good")
    write(tmp_path / "b.txt", b"\xff")
    texts = iter_texts(str(tmp_path))
    assert "".join(next(texts)[1]) == "good"
    name, pieces = next(texts)
    with pytest.raises(DataError, match=r"b\.txt: not UTF-8 at byte 0, in line 1, column 1: "):
        list(pieces)
    assert name == f"{tmp_path}/b.txt"


@settings(deadline=None)
@given(raw=st.binary(max_size=40), chunk_bytes=CHUNK_SIZES)
@example(b"a\xe2\x82", 2)
@example(b"\xf0\x9f\x98(", 3)
@example(b"\xed\xa0\x80\xff\xc3", 1)
def test_bad_bytes_are_replaced(raw: bytes, chunk_bytes: int) -> None:
    """Wherever chunks end, what is not UTF-8 becomes U+FFFD as it does for the whole text.

    An end is put after it, for half a character at the end of standard input would be left out.
    """
    raw += b"."
    assert iter_in_chunks(raw, chunk_bytes, "replace") == raw.decode("utf-8", "replace").removeprefix(
        "\ufeff"
    )


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 4, 5])
def test_a_character_that_the_next_chunk_does_not_go_on_with_is_refused(chunk_bytes: int) -> None:
    """A character that the next chunk does not go on with is an error at its first byte."""
    with pytest.raises(DataError) as caught:
        iter_in_chunks(b"ab\xf0\x9f\x98!", chunk_bytes)
    expected = (
        "standard input: not UTF-8 at byte 2, in line 1, column 3: "
        "invalid continuation byte (the only such place)"
    )
    assert str(caught.value) == f"{expected}; convert it to UTF-8 first"


def test_nothing_is_replaced_in_a_good_text() -> None:
    """A text that is UTF-8 is the same with and without replacing."""
    raw = "dzień 안녕 😀\r\n\ufeff".encode()
    assert iter_in_chunks(raw, 2, "replace") == iter_in_chunks(raw, 2) == raw.decode()


# ---- size


def test_the_size_of_files_is_that_of_all_their_bytes(tmp_path: Path) -> None:
    """The size of files and directories is that of all their bytes, hidden ones left out."""
    file = write(tmp_path / "a.txt", "żółw".encode())
    for name, raw in (("b", b"12345"), ("c/d", b"67"), (".hidden", b"8")):
        write(tmp_path / "folder" / name, raw)
    assert size_of((file,)) == 7
    assert size_of((file, str(tmp_path / "folder"), file)) == 7 + 7 + 7
    assert size_of((write(tmp_path / "empty", b""),)) == 0


@pytest.mark.parametrize("other", ["-", "builtin:pydoc", "nowhere.txt", "a.txt.gz", "pipe"])
def test_a_source_that_cannot_be_measured_leaves_the_size_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """Where one source cannot be measured before it is read, nothing is known of all of them.

    Files that happen to have the names of standard input and of a corpus of Python's are not meant.
    """
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "-", "builtin:pydoc"):
        write(tmp_path / name, b"text")
    write(tmp_path / "a.txt.gz", gzip.compress(b"text"))
    os.mkfifo("pipe")
    assert size_of(("a.txt",)) == 4
    assert size_of(("a.txt", other)) is None
    assert size_of((other, "a.txt")) is None


def test_no_sources_have_no_size() -> None:
    """No sources have no size."""
    assert size_of(()) is None


# ---- large texts


LARGE = "the rain in spain stays\r\nmainly in the płain, «한글»\n\rand 😀\ufeff" * 30
LARGE_RAW = LARGE.encode()
LARGE_SHA256 = hashlib.sha256(LARGE_RAW).hexdigest()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the cache in a directory that is not there yet, for all texts of 1000 bytes or more."""
    monkeypatch.setattr(corpus, "LARGE_BYTES", 1000)
    monkeypatch.setattr(corpus, "CORPUS_CHUNK_BYTES", 64)
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def assert_large(read: corpus.Corpus, *sources: str) -> None:
    """Check that what was read is the large text, with its provenance."""
    assert str(read.encoded) == read.text == LARGE
    assert (read.sources, read.num_bytes, read.sha256) == (sources, len(LARGE_RAW), LARGE_SHA256)


def refuse_to_encode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make decoding anything a failure."""

    def refuse(*arguments: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(corpus, "Decoder", refuse)


def cached(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_large_text_goes_into_the_cache(tmp_path: Path, folder: Path) -> None:
    """A large text is the same by way of the cache, which then holds it under its SHA-256."""
    source = write(tmp_path / "a.txt", LARGE_RAW)
    assert_large(read_corpus((source,)), source)
    assert cached(folder) == [f"{LARGE_SHA256}.symbols"]


@pytest.mark.parametrize("size", [0, 1, 999])
def test_a_small_text_leaves_the_cache_alone(tmp_path: Path, folder: Path, size: int) -> None:
    """A small text makes no cache."""
    assert len(read_corpus((write(tmp_path / "a.txt", b"a" * size),)).text) == size
    assert not folder.exists()


def test_a_text_of_the_limit_itself_is_large(tmp_path: Path, folder: Path) -> None:
    """A text of the limit itself is large."""
    assert read_corpus((write(tmp_path / "a.txt", b"a" * 1000),)).text == "a" * 1000
    assert len(cached(folder)) == 1


@pytest.mark.usefixtures("folder")
def test_a_large_text_is_encoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that the cache holds is read for its SHA-256 alone, wherever it lies."""
    read_corpus((write(tmp_path / "a.txt", LARGE_RAW),))
    refuse_to_encode(monkeypatch)
    moved = write(tmp_path / "else" / "where.md", LARGE_RAW)
    assert_large(read_corpus((moved,)), moved)
    assert_large(read_corpus((str(tmp_path / "else"),)), str(tmp_path / "else"))


def test_a_damaged_cache_is_made_anew(tmp_path: Path, folder: Path) -> None:
    """A cached file that is not whole any more is written again."""
    source = write(tmp_path / "a.txt", LARGE_RAW)
    read_corpus((source,))
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert_large(read_corpus((source,)), source)
    assert file.read_bytes() == whole


def test_a_changed_text_is_another_text(tmp_path: Path, folder: Path) -> None:
    """A file that was changed is found by what it holds now."""
    source = write(tmp_path / "a.txt", LARGE_RAW)
    read_corpus((source,))
    write(tmp_path / "a.txt", LARGE_RAW + b"!")
    assert read_corpus((source,)).text == LARGE + "!"
    assert len(cached(folder)) == 2


def test_a_large_text_from_a_pipe_goes_into_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input, which can be read only once, goes into the cache as well, however often it comes."""
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", StandardInput(LARGE_RAW))
        assert_large(read_corpus(("-",)), "-")
        assert cached(folder) == [f"{LARGE_SHA256}.symbols"]


def test_small_sources_make_a_large_text_together(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sources that are small one by one make a large text together."""
    monkeypatch.setattr(sys, "stdin", StandardInput(LARGE_RAW[700:1400]))
    sources = write(tmp_path / "a", LARGE_RAW[:700]), "-", write(tmp_path / "b", LARGE_RAW[1400:])
    assert_large(read_corpus(sources), *sources)
    assert len(cached(folder)) == 1


def test_a_packed_text_is_large_when_its_text_is(tmp_path: Path, folder: Path) -> None:
    """A packed text is large when its text is, be the file ever so small."""
    source = write(tmp_path / "a.gz", gzip.compress(LARGE_RAW))
    assert Path(source).stat().st_size < 1000
    assert_large(read_corpus((source,)), source)
    assert cached(folder) == [f"{LARGE_SHA256}.symbols"]


@pytest.mark.usefixtures("folder")
def test_a_large_packed_file_is_encoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packed file that is large itself is unpacked for its SHA-256, and found."""
    source = write(tmp_path / "a.gz", gzip.compress(LARGE_RAW, compresslevel=0))
    assert_large(read_corpus((source,)), source)
    refuse_to_encode(monkeypatch)
    assert_large(read_corpus((source,)), source)


@pytest.mark.usefixtures("folder")
def test_a_packed_text_may_have_as_many_bytes_as_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A packed text may have as many bytes as the limit, and not one more."""
    monkeypatch.setattr("charseq.text.sources.MAX_PACKED_RATIO", 1)
    monkeypatch.setattr("charseq.text.sources.LARGE_BYTES", 1000)
    assert read_corpus((write(tmp_path / "most.gz", gzip.compress(b"a" * 1000)),)).num_bytes == 1000
    source = write(tmp_path / "more.gz", gzip.compress(b"a" * 1001))
    assert message_of(source) == f"{source}: more than 1,000 bytes from there, which may never end"


def test_the_limit_of_devices_holds_for_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of a device at most holds for no file, and for nothing that stands in for one."""
    monkeypatch.setattr("charseq.text.sources.MAX_DEVICE_BYTES", 3)
    monkeypatch.setattr(sys, "stdin", StandardInput(b"text"))
    sources = write(tmp_path / "a.txt", b"text"), "-", write(tmp_path / "a.gz", gzip.compress(b"text"))
    assert read_corpus(sources).text == "text" * 3


def test_a_bad_byte_in_a_large_text_is_refused_and_leaves_the_cache(tmp_path: Path, folder: Path) -> None:
    """A bad byte far into a large text is the usual error, and leaves the cache as it was."""
    source = write(tmp_path / "a.txt", LARGE_RAW + b"\xff")
    assert message_of(source).startswith(
        f"{source}: not UTF-8 at byte {len(LARGE_RAW)}, in line 61, column 8: "
    )
    assert cached(folder) == []


def test_a_cache_that_cannot_be_made_is_one_line_with_its_directory(tmp_path: Path, folder: Path) -> None:
    """A large text without a cache to go to is one line that says which directory failed, and why."""
    folder.write_bytes(b"a file")
    message = message_of(write(tmp_path / "a.txt", LARGE_RAW))
    assert message.startswith(f"{folder}: cannot hold the encoded text: ")
    assert message.endswith("; CHARSEQ_CACHE_DIR names another directory")


def test_the_cache_tells_marks_at_the_beginning_of_a_file_from_others(tmp_path: Path, folder: Path) -> None:
    """Files that are the same bytes together, but not the same text, do not share an entry of the cache."""
    one = write(tmp_path / "1", b"a" * 1000 + MARK + b"b")
    two = write(tmp_path / "2", b"a" * 1000), write(tmp_path / "3", MARK + b"b")
    assert read_corpus((one,)).text == "a" * 1000 + "\ufeffb"
    assert read_corpus(two).text == "a" * 1000 + "b"
    assert len(cached(folder)) == 2


@pytest.mark.usefixtures("folder")
def test_a_cached_text_has_the_same_notes(tmp_path: Path) -> None:
    """Notes are those of the bytes, whether the text is encoded or found in the cache."""
    source = write(tmp_path / "a", MARK + b"a\r\n" * 400)
    first, second = read_corpus((source,)), read_corpus((source,))
    assert first.text == second.text == "a\r\n" * 400
    assert len(first.notes) == 2
    assert first.notes == second.notes


@pytest.mark.usefixtures("folder")
def test_the_latest_character_may_be_the_widest(tmp_path: Path) -> None:
    """A text whose last chunk has more different characters than one byte can tell apart comes back."""
    text = "a" * 2000 + "".join(map(chr, range(0x4E00, 0x4F00)))
    read = read_corpus((write(tmp_path / "a.txt", text.encode()),))
    assert read.encoded.symbols.dtype.itemsize == 2
    assert read.text == text


@settings(deadline=None, max_examples=40)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3),
    chunk_bytes=CHUNK_SIZES,
)
@example(["\ufeffa\r", "\nb\r\n"], 1)
def test_the_cache_changes_nothing(texts: list[str], chunk_bytes: int) -> None:
    """Any texts, in chunks of any size, are the same by way of the cache as they are in memory."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("CHARSEQ_CACHE_DIR", f"{folder}/cache")
        patch.setattr(corpus, "CORPUS_CHUNK_BYTES", chunk_bytes)
        sources = tuple(
            write(Path(folder) / f"{number}.txt", text.encode()) for number, text in enumerate(texts)
        )
        small = read_corpus(sources)
        patch.setattr(corpus, "LARGE_BYTES", 1)
        large = [read_corpus(sources) for _ in range(2)]
        assert len(cached(Path(folder) / "cache")) == 1 if small.num_bytes else True
        for read in (small, *large):
            assert str(read.encoded) == "".join(text.removeprefix("\ufeff") for text in texts)
            assert read.notes == small.notes
            assert (read.num_bytes, read.sha256) == (small.num_bytes, small.sha256)


# ---- progress


def reports_of(*sources: str) -> list[tuple[str, int, int | None]]:
    """Return all that is heard of the progress of reading."""
    reports: list[tuple[str, int, int | None]] = []
    read_corpus(sources, progress=lambda *report: reports.append(report))
    return reports


@pytest.mark.usefixtures("folder")
def test_the_progress_of_a_large_text_counts_its_bytes(tmp_path: Path) -> None:
    """Hashing and then encoding report the bytes done, up to all there are; a second time only hashing."""
    sources = write(tmp_path / "1", LARGE_RAW[:703]), write(tmp_path / "2", LARGE_RAW[703:])
    first, second = reports_of(*sources), reports_of(*sources)
    size = len(LARGE_RAW)
    assert [what for what, _ in itertools.groupby(first, lambda report: report[0])] == ["hashing", "encoding"]
    assert {what for what, _, _ in second} == {"hashing"}
    for reports in (first, second):
        assert {total for _, _, total in reports} == {size}
        for _, group in itertools.groupby(reports, lambda report: report[0]):
            done = [num_bytes for _, num_bytes, _ in group]
            assert done == sorted(set(done))
            assert done[-1] == size


def test_a_small_text_has_no_progress(tmp_path: Path) -> None:
    """Nothing is heard of a small text."""
    assert reports_of(write(tmp_path / "a.txt", LARGE_RAW)) == []


@pytest.mark.usefixtures("folder")
def test_the_progress_of_a_pipe_has_no_end_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How much a pipe or a packed file will give is not known."""
    monkeypatch.setattr(sys, "stdin", StandardInput(LARGE_RAW))
    packed = write(tmp_path / "a.gz", gzip.compress(LARGE_RAW, compresslevel=0))
    for source in ("-", packed):
        reports = reports_of(source)
        assert {total for _, _, total in reports} == {None}
        assert reports[-1][:2] == ("encoding" if source == "-" else "hashing", len(LARGE_RAW))


# ---- memory

TRAINING = """
import sys, time
from pathlib import Path
from charseq.cli.app import run
from charseq.text.corpus import read_corpus

begin = time.perf_counter()
num_bytes = read_corpus((sys.argv[1],)).num_bytes
seconds = time.perf_counter() - begin
limits = ["--max-steps", "20", "--valid-fraction", "0.001", "--test-fraction", "0.001", "--threads", "1"]
code = run(["train", *sys.argv[1:], *limits, "--hidden-size", "16", "--backend", "numpy"])
status = Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
print(code, peak, num_bytes / seconds / 1e6)
"""


def train_in_a_process(source: Path, **environment: str) -> tuple[float, float]:
    """Train a tiny model on a text; return the peak of resident memory in MB, and the MB/s of encoding."""
    done = subprocess.run(
        [sys.executable, "-c", TRAINING, str(source), "-o", tempfile.mkdtemp(dir=source.parent)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    code, peak, speed = done.stdout.splitlines()[-1].split()
    assert code == "0"
    return int(peak) * 1024 / 1e6, float(speed)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_large_text_trains_in_little_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Training on 200 MB takes at most 300 MB of memory more than on 1 MB; it is encoded at 50 MB/s."""
    paragraph = "“Who’s there?” asked the king – a café in Łódź, 한글 and 😀 notwithstanding.\n" * 1000
    piece = paragraph.encode()
    for name, size in (("small", 10**6), ("large", 2 * 10**8)):
        with (tmp_path / name).open("wb") as file:
            for _ in range(-(-size // len(piece))):
                file.write(piece)
    cache = str(tmp_path / "cache")
    small, _ = train_in_a_process(tmp_path / "small", CHARSEQ_CACHE_DIR=cache)
    large, speed = train_in_a_process(tmp_path / "large", CHARSEQ_CACHE_DIR=cache)
    again, hashing_speed = train_in_a_process(tmp_path / "large", CHARSEQ_CACHE_DIR=cache)
    (tmp_path / "large").unlink()  # pytest would keep them
    shutil.rmtree(cache)
    with capsys.disabled():
        sys.stdout.write(
            f"\npeak of 1 MB: {small:.0f} MB; of 200 MB: {large:.0f} MB, again: {again:.0f} MB\n"
            f"encoding: {speed:.0f} MB/s; found again: {hashing_speed:.0f} MB/s\n"
        )
    assert large < small + 300
    assert again < small + 300
    assert speed >= 50
