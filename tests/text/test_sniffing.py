"""What bytes that are not UTF-8 look like, and the command that converts them."""

import bz2
import gzip
import io
import lzma
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.text.encodings import known_encoding
from charseq.text.sniffing import Look, command, look_of, wide

KOREAN = "나는 학교에 갑니다.\n"
JAPANESE = "これは日本語の文章です。\n"
SIMPLIFIED, TRADITIONAL = "今天天气很好，我们去公园。\n", "今天天氣很好，我們去公園。\n"
GERMAN = "Die Straße ist naß.\n"
RUSSIAN = "Привет, как дела?\n"


def zipped(*names: str) -> bytes:
    """Return a zip archive with files of these names."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in names:
            file.writestr(name, "text")
    return archive.getvalue()


def said_of(raw: bytes, *, beyond_ascii: bool = False) -> str:
    """Return what is said of a file `a.txt` with these bytes, "" where nothing fits."""
    look = look_of(raw, raw, beyond_ascii=beyond_ascii)
    return look.remedy("a.txt") if look else ""


@pytest.mark.parametrize(
    ("raw", "what", "encoding", "tool"),
    [
        (KOREAN.encode("cp949"), "CP949 or EUC-KR (Korean)", "cp949", "iconv -f CP949 -t UTF-8"),
        (KOREAN.encode("euc_kr"), "CP949 or EUC-KR (Korean)", "cp949", "iconv -f CP949 -t UTF-8"),
        (JAPANESE.encode("cp932"), "Shift-JIS (Japanese)", "cp932", "iconv -f CP932 -t UTF-8"),
        (JAPANESE.encode("euc_jp"), "EUC-JP (Japanese)", "euc-jp", "iconv -f EUC-JP -t UTF-8"),
        (SIMPLIFIED.encode("gb18030"), "GB18030 or GBK (Chinese)", "gb18030", "iconv -f GB18030 -t UTF-8"),
        (TRADITIONAL.encode("big5"), "Big5 (Chinese)", "big5", "iconv -f BIG5 -t UTF-8"),
        (
            GERMAN.encode("cp1252"),
            "Windows-1252 or Latin-1 (Western European)",
            "cp1252",
            "iconv -f WINDOWS-1252 -t UTF-8",
        ),
        (b"\xff\xfea\0", "UTF-16", "utf-16", "iconv -f UTF-16 -t UTF-8"),
        (b"\xfe\xff\0a", "UTF-16", "utf-16", "iconv -f UTF-16 -t UTF-8"),
        ("a".encode("utf-32"), "UTF-32", "utf-32", "iconv -f UTF-32 -t UTF-8"),
        (
            KOREAN.encode("utf-16-le"),
            "UTF-16 without its mark, little endian",
            "utf-16-le",
            "iconv -f UTF-16LE -t UTF-8",
        ),
        (
            KOREAN.encode("utf-16-be"),
            "UTF-16 without its mark, big endian",
            "utf-16-be",
            "iconv -f UTF-16BE -t UTF-8",
        ),
        (zipped("word/document.xml"), "a document (docx)", "", "pandoc -f docx -t plain"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_kind_of_file_is_named_with_its_command(raw: bytes, what: str, encoding: str, tool: str) -> None:
    """A line of text, or the first bytes of a file, are enough; charseq reads encodings as they are."""
    reads = f"data.encoding={encoding} reads it for training and scoring, or convert it: " if encoding else ""
    assert said_of(raw) == f"it looks like {what}: {reads}{tool} a.txt > utf8.txt"
    if encoding:
        assert raw.decode(known_encoding(encoding))


@pytest.mark.parametrize(
    ("raw", "what", "line"),
    [
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "a PDF", "pdftotext a.txt - > utf8.txt"),
        (zipped("notes.txt"), "a zip archive", "unzip -p a.txt > utf8.txt"),
        (
            gzip.compress(b"text", mtime=0),
            "a file packed by gzip, without the ending .gz",
            "gzip -dc < a.txt > utf8.txt",
        ),
        (
            bz2.compress(b"text"),
            "a file packed by bzip2, without the ending .bz2",
            "bzip2 -dc < a.txt > utf8.txt",
        ),
        (lzma.compress(b"text"), "a file packed by xz, without the ending .xz", "xz -dc < a.txt > utf8.txt"),
    ],
)
def test_a_file_that_is_named_elsewhere_in_its_command(raw: bytes, what: str, line: str) -> None:
    """Some tools want the name of the file in another place."""
    assert said_of(raw) == f"it looks like {what}: {line}"


@pytest.mark.parametrize(
    "raw",
    [
        b"hell\xff",
        bytes(range(256)),
        "Zażółć gęślą jaźń\n".encode("cp1250"),
        RUSSIAN.encode("cp1251"),
        RUSSIAN.encode("koi8_r"),
        b"\xb0\xa1",  # one syllable of Korean, or a degree and an exclamation mark
    ],
    ids=ascii,
)
def test_nothing_is_guessed_where_nothing_fits(raw: bytes) -> None:
    """Binary data, a few bytes, and encodings without a rule are left without a name."""
    assert said_of(raw) == ""


def test_latin_capitals_are_not_korean() -> None:
    """In CP949 a capital with a mark and the letter after it may be a syllable, but a rare one."""
    assert "Windows-1252" in said_of("Ägypten, Ärger, Äpfel, Ämter".encode("cp1252"))


def test_a_few_bad_bytes_in_utf8_are_left_out() -> None:
    """Where most is UTF-8, to convert all of it from another encoding would destroy that."""
    left_out = (
        "most is UTF-8, and what is not can be left out: data.errors=ignore reads it for training and "
        "scoring, or convert it: iconv -c -f UTF-8 -t UTF-8 a.txt > utf8.txt"
    )
    assert said_of("안녕하세요 ".encode() + b"caf\xe9 au lait") == left_out
    assert said_of(b"caf\xe9 au lait", beyond_ascii=True) == left_out
    assert said_of(b"caf\xe9 au lait") != left_out


@given(raw=st.binary(max_size=60) | st.lists(st.sampled_from([0, 0x41, 0x81, 0xA4, 0xB0, 0xE9])).map(bytes))
def test_any_bytes_are_looked_at_without_an_error(raw: bytes) -> None:
    """Whatever the bytes are, there is a look or none."""
    look = look_of(raw, raw, beyond_ascii=False)
    assert look is None or look.remedy("a").endswith(" > utf8.txt")


# ---- valid UTF-8 with NULs


@pytest.mark.parametrize(
    "text", ["hello king\n", "The end. " * 500, RUSSIAN, "مرحبا كيف حالك\n" * 2, "naïve café\n"]
)
@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_without_a_mark_are_seen(text: str, code: str) -> None:
    """NULs, or one other value, at every second place or three of four, are an encoding's."""
    look = wide(text.encode(code)[:4096])
    order = "little endian" if code.endswith("le") else "big endian"
    assert look
    assert look.clause == f"it looks like {code[:6].upper()} without its mark, {order}"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0",
        b"\0" * 4096,
        b"a\0b\0",
        b"a.txt\0b.txt\0read me.txt\0" * 9,
        b"1234567\0" * 9,
        b"\x00\x1b[31m\xc2\x85\xe2\x80\xa8",
        b"hello king\n" * 99 + b"\0\0\0\0",
    ],
    ids=ascii,
)
def test_other_nuls_are_characters(raw: bytes) -> None:
    """NULs that end records, fill a block, or are few, are characters like any other."""
    assert wide(raw) is None


# ---- commands


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.txt", "tool a.txt > utf8.txt"),
        ("it's mine.txt", "tool 'it'\"'\"'s mine.txt' > utf8.txt"),
        ("-a.txt", "tool ./-a.txt > utf8.txt"),
        ("a.gz", "gzip -dc a.gz | tool > utf8.txt"),
        ("standard input", "... | tool | charseq ..."),
    ],
)
def test_a_command_names_the_file_as_a_shell_reads_it(name: str, line: str) -> None:
    """Names are quoted, packed files are unpacked, and standard input stays a pipe."""
    assert command(name, "tool") == line


def test_a_command_may_name_the_file_elsewhere() -> None:
    """A tool that takes the name in another place has a line for it; of a pipe it reads as always."""
    look = Look("it looks odd", "odd - -", "odd {} -")
    assert look.remedy("a b") == "it looks odd: odd 'a b' - > utf8.txt"
    assert look.remedy("standard input") == "it looks odd: ... | odd - - | charseq ..."
