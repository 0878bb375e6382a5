"""Guesses about bytes that are not UTF-8: the encoding or kind of file, and the command that converts it.

The rules are simple and cautious: an encoding is named only if most characters, decoded with it, are letters
of its language. If no rule fits, there is no guess.
"""

import codecs
import shlex
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

STANDARD_INPUT = "standard input"
"""The name of the text that is read from standard input."""
HEAD_BYTES = 4096
"""The number of bytes that are examined at the beginning of a file, and around a bad place."""


UNPACKERS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz"}
"""The programs that unpack packed files, by the ends of their names."""


class Look(NamedTuple):
    """A kind of file: a `clause` that names it, and the `tool` that converts a pipe of it to UTF-8.

    `on_file` is the command for a file, with "{}" in place of its name; by default, the name follows the
    tool. `setting` is the one with which charseq reads the file as it is, if there is one.
    """

    clause: str
    tool: str
    on_file: str = ""
    setting: str = ""

    def remedy(self, name: str) -> str:
        """Return the clause with the setting that reads the text `name`, and the command that converts it."""
        way = command(name, self.tool, self.on_file)
        reads = f"{self.setting} reads it for training and scoring, or convert it: " if self.setting else ""
        return f"{self.clause}: {reads}{way}"


def command(name: str, tool: str, on_file: str = "") -> str:
    """Return the command that converts the text `name` with a tool; `tool` and `on_file` are as in Look."""
    if name == STANDARD_INPUT:
        return f"... | {tool} | charseq ..."
    file = shlex.quote(f"./{name}" if name.startswith("-") else name)
    for ending, program in UNPACKERS.items():
        if name.endswith(ending):
            return f"{program} -dc {file} | {tool} > utf8.txt"
    return f"{(on_file or f'{tool} {{}}').replace('{}', file)} > utf8.txt"


def _kind(what: str, tool: str, on_file: str = "") -> Look:
    return Look(f"it looks like {what}", tool, on_file)


def _encoding(what: str, code: str) -> Look:
    """Return the Look of a text in an encoding; `code` is its name in iconv, and Python knows it, too."""
    look = _kind(what, f"iconv -f {code} -t UTF-8")
    return look._replace(setting=f"data.encoding={NAMES.get(code, code.lower())}")


NAMES = {
    "WINDOWS-1252": "cp1252",
    "UTF-16LE": "utf-16-le",
    "UTF-16BE": "utf-16-be",
    "UTF-32LE": "utf-32-le",
    "UTF-32BE": "utf-32-be",
}
"""The names of encodings in Python, by those in iconv, where they differ in more than case."""
MIXED = Look(
    "most is UTF-8, and what is not can be left out",
    "iconv -c -f UTF-8 -t UTF-8",
    setting="data.errors=ignore",
)
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
    (b"BZh", _kind("a file packed by bzip2, without the ending .bz2", "bzip2 -dc", "bzip2 -dc < {}")),
    (b"\xfd7zXZ\0", _kind("a file packed by xz, without the ending .xz", "xz -dc", "xz -dc < {}")),
    (b"\x28\xb5\x2f\xfd", _kind("a file packed by zstd", "zstd -dc")),
)
"""The first bytes of a file, and the kind of file that begins with them."""
UPPER_BYTES = {"utf-16-le": slice(1, None, 2), "utf-16-be": slice(0, None, 2)}
"""The positions of the upper bytes in an encoding of two bytes per character."""
MIN_WIDE_BYTES = 16
"""The fewest bytes from which UTF-16 or UTF-32 is recognised."""
ZIP = b"PK\x03\x04"
DOCUMENTS = {b"word/": "docx", b"opendocument.text": "odt", b"epub+zip": "epub"}
"""Bytes near the beginning of a document in a zip archive, and the name of its format in pandoc."""


def look_of(head: bytes, sample: bytes, *, beyond_ascii: bool) -> Look | None:
    """Return the kind of file that begins with `head`, None if no rule fits.

    `sample` begins with the line of the first bad byte; `beyond_ascii` is true if the text before that byte
    has characters that are not ASCII.
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
    """Return the Look of UTF-16 or UTF-32 without a byte order mark, None if the text is neither.

    In ASCII and many alphabets the upper bytes are NUL or one other value. So such a text may be valid
    UTF-8, with NULs and control characters between the letters.
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
    """Return the Look of UTF-16 without a mark in Hangul or kana; its blanks and newlines contain NULs."""
    for code, upper in UPPER_BYTES.items():
        text = _read(head, code)
        num_letters = sum(_is_hangul(char) or _is_kana(char) for char in text)
        if head[upper].count(0) >= max(1, 0.02 * len(text)) and num_letters >= 0.5 * len(text) > 0:
            return WIDE[code]
    return None


def _reads_as(head: bytes, code: str) -> bool:
    """Return whether bytes are valid in an encoding and have no control characters except white space."""
    text = _read(head, code)
    return bool(text) and not any(char < " " and char not in "\t\n\r\f" for char in text)


def _read(raw: bytes, code: str) -> str:
    """Return the decoded text, which may be cut off at its end; "" if it is not in this encoding."""
    try:
        return codecs.getincrementaldecoder(code)().decode(raw)
    except UnicodeDecodeError:
        return ""


# ---- encodings


def _encoded(sample: bytes, beyond_ascii: bool) -> Look | None:
    """Return the Look of the encoding that fits the bytes around a bad place, None if none fits."""
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
    """Return whether most are Hangul of the 2,350 syllables of KS X 1001, which cover nearly all texts.

    Python's EUC-KR encodes these syllables in two bytes, and others letter by letter in eight bytes.
    """
    num_common = sum(_is_hangul(char) and len(char.encode("euc_kr")) == 2 for char in foreign)
    return num_common >= 0.8 * len(foreign)


def _is_japanese(foreign: list[str], code: str) -> bool:
    """Return whether 30 % or more are kana, and nearly all others ideographs or punctuation."""
    num_kana = sum(map(_is_kana, foreign))
    num_others = sum("\u3000" <= char <= "\u3002" or "\u4e00" <= char <= "\u9fff" for char in foreign)
    return num_kana >= 0.3 * len(foreign) and num_kana + num_others >= 0.9 * len(foreign)


def _is_chinese(foreign: list[str], code: str) -> bool:
    """Return whether most are in the more common half of the code: punctuation and frequent ideographs.

    In Big5 the second byte may be an ASCII letter; if it usually is, the text is in Latin letters and not
    Chinese.
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
"""Encodings, each with its rule for the decoded characters that are not ASCII, and its Look."""
ACCENTED = frozenset(map(chr, range(0xC0, 0xFF))) - {"×", "÷"} | frozenset("ŠšŽžŒœ“”‘’„‚–—…€£§©®°«»¿¡·•\xa0")
"""Characters other than ASCII that are common in Western European texts; ÿ, byte 255, is not."""


def _is_latin(sample: bytes) -> bool:
    """Return whether the bytes that are not ASCII are few, and are accented letters or typographic signs."""
    text = _read(sample, "cp1252")
    foreign = [char for char in text if not char.isascii()]
    num_letters = sum(char.isascii() and char.isalpha() for char in text)
    num_fitting = sum(char in ACCENTED for char in foreign)
    return bool(foreign) and num_fitting >= 0.95 * len(foreign) and len(foreign) <= 0.5 * num_letters


def _is_hangul(char: str) -> bool:
    return "가" <= char <= "힣"


def _is_kana(char: str) -> bool:
    return "\u3041" <= char <= "\u30ff"
