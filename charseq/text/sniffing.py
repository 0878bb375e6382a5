"""Bytes that are not UTF-8: the encoding or kind of file they look like, and the command that converts it.

The rules are cheap and name a thing only where it fits: most characters must come out as letters of the
language that the encoding is for. Where nothing fits, nothing is guessed. Next room: `decoding.py`.
"""

import codecs
import shlex
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

STANDARD_INPUT = "standard input"
"""The name of the text that comes through a pipe."""
HEAD_BYTES = 4096
"""Bytes at the beginning of a file, and from a bad place on, that are looked at."""


class Look(NamedTuple):
    """A kind of file: the clause that says so, and the `tool` that reads it from a pipe and writes UTF-8.

    Where a file is not simply named after the tool, `on_file` says how, with "{}" in the place of its name.
    """

    clause: str
    tool: str
    on_file: str = ""

    def remedy(self, name: str) -> str:
        """Return the clause with the command for the text `name`."""
        return f"{self.clause}: {command(name, self.tool, self.on_file)}"


def command(name: str, tool: str, on_file: str = "") -> str:
    """Return the command that sends the text `name` through a tool; arguments as in Look."""
    if name == STANDARD_INPUT:
        return f"... | {tool} | charseq ..."
    file = shlex.quote(f"./{name}" if name.startswith("-") else name)
    if name.endswith(".gz"):
        return f"gzip -dc {file} | {tool} > utf8.txt"
    return f"{(on_file or f'{tool} {{}}').replace('{}', file)} > utf8.txt"


def _kind(what: str, tool: str, on_file: str = "") -> Look:
    return Look(f"it looks like {what}", tool, on_file)


def _encoding(what: str, code: str) -> Look:
    """Return the look of a text in an encoding that iconv calls `code`."""
    return _kind(what, f"iconv -f {code} -t UTF-8")


MIXED = Look("most is UTF-8, and this leaves out what is not", "iconv -c -f UTF-8 -t UTF-8")
LATIN = _encoding("Windows-1252 or Latin-1 (Western European)", "WINDOWS-1252")
WIDE = {
    "utf-16-le": _encoding("UTF-16 without its mark, little endian", "UTF-16LE"),
    "utf-16-be": _encoding("UTF-16 without its mark, big endian", "UTF-16BE"),
    "utf-32-le": _encoding("UTF-32 without its mark, little endian", "UTF-32LE"),
    "utf-32-be": _encoding("UTF-32 without its mark, big endian", "UTF-32BE"),
}
MAGIC: tuple[tuple[bytes, Look], ...] = (
    (b"\xff\xfe\0\0", _encoding("UTF-32", "UTF-32")),
    (b"\0\0\xfe\xff", _encoding("UTF-32", "UTF-32")),
    (b"\xff\xfe", _encoding("UTF-16", "UTF-16")),
    (b"\xfe\xff", _encoding("UTF-16", "UTF-16")),
    (b"%PDF-", _kind("a PDF", "pdftotext - -", "pdftotext {} -")),
    (b"\x1f\x8b", _kind("a file packed by gzip, without the ending .gz", "gzip -dc", "gzip -dc < {}")),
    (b"BZh", _kind("a file packed by bzip2", "bzip2 -dc")),
    (b"\xfd7zXZ\0", _kind("a file packed by xz", "xz -dc")),
    (b"\x28\xb5\x2f\xfd", _kind("a file packed by zstd", "zstd -dc")),
)
"""The first bytes of kinds of files."""
UPPER_BYTES = {"utf-16-le": slice(1, None, 2), "utf-16-be": slice(0, None, 2)}
"""Places of the upper bytes of characters of two bytes."""
MIN_WIDE_BYTES = 16
"""Bytes from which on a text is seen to have several for each character."""
ZIP = b"PK\x03\x04"
DOCUMENTS = {b"word/": "docx", b"opendocument.text": "odt", b"epub+zip": "epub"}
"""Bytes near the beginning of a zip archive that is a document, with the name of its format in pandoc."""


def look_of(head: bytes, sample: bytes, *, beyond_ascii: bool) -> Look | None:
    """Return the kind of file with this beginning, None where no rule fits.

    `sample` begins with the line of the first bad byte; `beyond_ascii` says whether what was read before it
    holds more than ASCII.
    """
    for magic, look in MAGIC:
        if head.startswith(magic):
            return look
    if head.startswith(ZIP):
        return _archive(head)
    return wide(head) or _wide_letters(head) or _encoded(sample, beyond_ascii)


# ---- kinds of files


def _archive(head: bytes) -> Look:
    for inside, kind in DOCUMENTS.items():
        if inside in head:
            return _kind(f"a document ({kind})", f"pandoc -f {kind} -t plain")
    return _kind("a zip archive", "funzip", "unzip -p {}")


def wide(head: bytes) -> Look | None:
    """Return the look of a text of two or four bytes a character without a mark, None where it is none.

    In ASCII and many alphabets the upper bytes are NUL or one other value, so that such a text may well be
    valid UTF-8, with NULs and control characters between the letters.
    """
    if b"\0" not in head:
        return None
    for code in ("utf-32-le", "utf-32-be"):
        if len(head) >= MIN_WIDE_BYTES and _reads_as(head, code):
            return WIDE[code]
    for code, upper in UPPER_BYTES.items():
        values = Counter(head[upper])
        few = {0, *(value for value, _ in values.most_common(2))}
        num_few = sum(values[value] for value in few)
        enough = values[0] >= max(MIN_WIDE_BYTES // 4, 0.05 * values.total())
        if enough and num_few >= 0.9 * values.total() and max(few) < 0x30 and _reads_as(head, code):
            return WIDE[code]
    return None


def _wide_letters(head: bytes) -> Look | None:
    """Return the look of UTF-16 without a mark whose letters are Hangul or kana, with NULs in the blanks."""
    for code, upper in UPPER_BYTES.items():
        text = _read(head, code)
        num_letters = sum(_is_hangul(char) or _is_kana(char) for char in text)
        if head[upper].count(0) >= max(1, 0.02 * len(text)) and num_letters >= 0.5 * len(text) > 0:
            return WIDE[code]
    return None


def _reads_as(head: bytes, code: str) -> bool:
    """Say whether bytes are text in an encoding: none of its characters is a control character."""
    text = _read(head, code)
    return bool(text) and not any(char < " " and char not in "\t\n\r\f" for char in text)


def _read(raw: bytes, code: str) -> str:
    """Return a text that may be cut off at its end, "" where it is not in this encoding."""
    try:
        return codecs.getincrementaldecoder(code)().decode(raw)
    except UnicodeDecodeError:
        return ""


# ---- encodings


def _encoded(sample: bytes, beyond_ascii: bool) -> Look | None:
    """Return the encoding that fits the bytes around a bad place."""
    for code, fits, look in LANGUAGES:
        foreign = [char for char in _read(sample, code) if not char.isascii()]
        if len(foreign) >= 2 and fits(foreign, code):
            return look
    read = sample.decode("utf-8", "replace")
    num_good = sum(not char.isascii() and char != "\ufffd" for char in read)
    if beyond_ascii or num_good > read.count("\ufffd"):
        return MIXED
    return LATIN if _is_latin(sample) else None


def _is_korean(foreign: list[str], code: str) -> bool:
    """Say whether most are Hangul, and of the 2,350 syllables of KS X 1001, which make up nearly any text.

    Python's EUC-KR spells other syllables by their letters, in eight bytes.
    """
    num_common = sum(_is_hangul(char) and len(char.encode("euc_kr")) == 2 for char in foreign)
    return num_common >= 0.8 * len(foreign)


def _is_japanese(foreign: list[str], code: str) -> bool:
    """Say whether a third are kana, and nearly all others ideographs or punctuation."""
    num_kana = sum(map(_is_kana, foreign))
    num_others = sum("\u3000" <= char <= "\u3002" or "\u4e00" <= char <= "\u9fff" for char in foreign)
    return num_kana >= 0.3 * len(foreign) and num_kana + num_others >= 0.9 * len(foreign)


def _is_chinese(foreign: list[str], code: str) -> bool:
    """Say whether most are of the code's commoner half: its punctuation and more frequent ideographs.

    In Big5 the second byte may be an ASCII letter; where it mostly is, the text is of such letters.
    """
    last = 0xD7 if code == "gb2312" else 0xC6
    pairs = [char.encode(code) for char in foreign]
    num_common = sum(pair[0] <= last for pair in pairs)
    num_high = sum(pair[1] >= 0xA1 for pair in pairs)
    return len(foreign) >= 4 and num_common >= 0.9 * len(foreign) and num_high >= 0.4 * len(foreign)


LANGUAGES: tuple[tuple[str, Callable[[list[str], str], bool], Look], ...] = (
    ("cp949", _is_korean, _encoding("CP949 or EUC-KR (Korean)", "CP949")),
    ("cp932", _is_japanese, _encoding("Shift-JIS (Japanese)", "CP932")),
    ("euc_jp", _is_japanese, _encoding("EUC-JP (Japanese)", "EUC-JP")),
    ("gb2312", _is_chinese, _encoding("GB18030 or GBK (Chinese)", "GB18030")),
    ("big5", _is_chinese, _encoding("Big5 (Chinese)", "BIG5")),
)
"""Encodings, each with the rule for the characters beyond ASCII that come out, and the look."""
ACCENTED = frozenset(map(chr, range(0xC0, 0xFF))) - {"×", "÷"} | frozenset("ŠšŽžŒœ“”‘’„‚–—…€£§©®°«»¿¡·•\xa0")
"""Characters beyond ASCII that are common in Western European texts; ÿ, byte 255, is not."""


def _is_latin(sample: bytes) -> bool:
    """Say whether the bytes beyond ASCII are few, and accented letters or typographers' signs."""
    text = _read(sample, "cp1252")
    foreign = [char for char in text if not char.isascii()]
    num_letters = sum(char.isascii() and char.isalpha() for char in text)
    num_fitting = sum(char in ACCENTED for char in foreign)
    return bool(foreign) and num_fitting >= 0.95 * len(foreign) and len(foreign) <= 0.5 * num_letters


def _is_hangul(char: str) -> bool:
    return "가" <= char <= "힣"


def _is_kana(char: str) -> bool:
    return "\u3041" <= char <= "\u30ff"
