"""Decoding of UTF-8, piece by piece, with a one-sentence error message for bytes that are not UTF-8.

A byte order mark at the beginning of a file is left out, and so is an incomplete character at the end of a
pipe. For each U+FFFD that replaces bad bytes, the number of these bytes is recorded.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from charseq.arrays import TokenArray
from charseq.errors import DataError, one_line
from charseq.text.remarks import Remarks
from charseq.text.sniffing import HEAD_BYTES, Look, command, look_of, wide
from charseq.text.tokenizers.tokenizer import bytes_per_char, code_points

DecodingErrors: TypeAlias = Literal["strict", "replace", "surrogateescape"]
"""The treatment of bytes that are not UTF-8: an error, U+FFFD, or U+DC00 plus the byte for each of them."""

MARK = codecs.BOM_UTF8
COUNT_BYTES = 1 << 24
"""The number of bytes, from the first bad place on, in which bad places are counted."""
RECENT_BYTES = 1024
"""The number of bytes kept to find the beginning of the line that has the bad place."""
HAS_MARK = "begins with a byte order mark (U+FEFF), which is left out"
HAS_RETURNS = r"has lines that end in \r\n, and \r counts as a character"


# ---- bytes


@dataclass(slots=True)
class Source:
    """The bytes of the text called `name`, in chunks; each chunk is yielded as soon as it arrives.

    `piped` is true for a pipe, which may end within a character, as after `head -c`. `ready` returns whether
    the next chunk is available without waiting. `num_skipped` is the size of the byte order mark that was
    left out, 0 before the beginning has been read.
    """

    name: str
    chunks: Iterator[bytes]
    piped: bool = False
    ready: Callable[[], bool] = lambda: True
    num_skipped: int = 0


def text_bytes(source: Source, remarks: Remarks, *, everything: bool = False) -> Iterator[bytes]:
    """Yield the bytes without a byte order mark and, for a pipe, without an incomplete character at the end.

    Add a remark for each of these that is left out. With `everything`, nothing is.
    """
    if everything:
        return source.chunks
    chunks = _without_mark(source, remarks)
    return _without_half(source, chunks, remarks) if source.piped else chunks


def watch_returns(source: Source, chunks: Iterator[bytes], remarks: Remarks) -> Iterator[bytes]:
    """Yield the `chunks` of a source unchanged; add a remark if a line ends in CR LF."""
    last = b""
    for chunk in chunks:
        if b"\r\n" in chunk or (last == b"\r" and chunk[:1] == b"\n"):
            way = command(source.name, r"tr -d '\r'", r"tr -d '\r' < {}")
            remarks.say(source.name, HAS_RETURNS, f"{HAS_RETURNS}; without it: {way}")
        last = chunk[-1:]
        yield chunk


def _without_mark(source: Source, remarks: Remarks) -> Iterator[bytes]:
    begin = b""
    for chunk in source.chunks:
        begin += chunk
        if len(begin) >= len(MARK) or not MARK.startswith(begin):
            break
    if begin.startswith(MARK):
        remarks.say(source.name, HAS_MARK)
        begin, source.num_skipped = begin.removeprefix(MARK), len(MARK)
    if begin:
        yield begin
    yield from source.chunks


def _without_half(source: Source, chunks: Iterator[bytes], remarks: Remarks) -> Iterator[bytes]:
    """Hold back the first bytes of a character until its other bytes arrive."""
    half = b""
    for chunk in chunks:
        raw = half + chunk
        whole = len(raw) - _incomplete(raw)
        half = raw[whole:]
        if whole:
            yield raw[:whole]
    if half:
        remarks.say(source.name, f"ends in half a character, which is left out ({half.hex(' ')})")


def _incomplete(raw: bytes) -> int:
    """Return the number of bytes at the end that belong to an incomplete character."""
    for size in range(1, min(len(MARK), len(raw)) + 1):
        try:
            if codecs.utf_8_decode(raw[-size:], "strict", False)[1] == 0:
                return size
        except UnicodeDecodeError:
            continue
    return 0


# ---- characters


class FilePiece(str):
    """A piece of a file's text, with the number of bytes in the file of each character, `num_bytes` (L,)."""

    num_bytes: TokenArray


def bytes_of(text: str) -> TokenArray:
    """Return the number of bytes of each character (L,): in the file if known, else in UTF-8."""
    return text.num_bytes if isinstance(text, FilePiece) else bytes_per_char(text)


PLACES = re.compile("[\udc01-\udc04]")
"""The characters that mark bad places: U+DC00 plus the number of bad bytes. UTF-8 cannot contain them."""


def _measured(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return chr(0xDC00 + error.end - error.start), error.end


codecs.register_error("charseq.measured", _measured)


def _piece(text: str) -> str:
    """Return a text in which U+FFFD replaces each marked bad place; its bytes are recorded in `num_bytes`."""
    codes = code_points(text)
    places = codes >> 8 == 0xDC
    piece = FilePiece(PLACES.sub("\ufffd", text))
    piece.num_bytes = np.where(places, codes & 0xFF, bytes_per_char(text)).astype(np.int32)
    return piece


class Decoder:
    """The UTF-8 decoder of a text; `errors` says how it treats bad bytes, which are DataErrors by default."""

    def __init__(self, source: Source, remarks: Remarks, errors: DecodingErrors = "strict") -> None:
        self._source, self._name = source, source.name
        self._errors, self._remarks = errors, remarks
        handler = "charseq.measured" if errors == "replace" else errors
        self._decode = codecs.getincrementaldecoder("utf-8")(handler)
        self._num_read, self._num_lines = 0, 0
        self._head, self._recent = b"", b""
        self._beyond_ascii = False

    def pieces(self, chunks: Iterator[bytes]) -> Iterator[str]:
        """Yield the text of `chunks`, which are the chunks of the source after any filters."""
        for chunk in chunks:
            yield self._read(chunk, chunks)
        yield self._read(b"", chunks, final=True)

    def _read(self, chunk: bytes, rest: Iterator[bytes], *, final: bool = False) -> str:
        pending = len(self._decode.getstate()[0])
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            if final or len(self._head) == HEAD_BYTES:
                self._check_width()
        try:
            text = self._decode.decode(chunk, final)
        except UnicodeDecodeError as error:
            bad = _BadPlace(error, self._recent, self._head, pending)
            bad.look_on(rest, self._source.ready)
            raise DataError(self._complaint(error, bad, pending)) from None
        self._num_read += len(chunk)
        self._num_lines += chunk.count(b"\n")
        self._recent = (self._recent + chunk[-RECENT_BYTES:])[-RECENT_BYTES:]
        if text.isascii():
            return text
        if self._errors == "replace" and PLACES.search(text):
            return _piece(text)
        self._beyond_ascii = True
        return text

    def _check_width(self) -> None:
        """Refuse valid UTF-8 whose NUL bytes show that it is UTF-16 or UTF-32; remark on it if not strict."""
        if self._errors != "surrogateescape" and (look := wide(self._head)):
            num_nuls = self._head.count(0)
            what = f"not UTF-8: {num_nuls:,} of the first {len(self._head):,} bytes are NUL"
            if self._errors == "strict":
                raise DataError(one_line(f"{self._name}: {what}; {look.remedy(self._name)}"))
            self._remarks.say(self._name, "is not UTF-8", f"{what}; {look.remedy(self._name)}")

    def _complaint(self, error: UnicodeDecodeError, bad: "_BadPlace", pending: int) -> str:
        """Return the error message for a bad place."""
        at = self._source.num_skipped + self._num_read - pending + error.start
        line = self._num_lines + error.object[: error.start].count(b"\n") + 1
        beyond_ascii = self._beyond_ascii or not error.object[: error.start].isascii()
        look = look_of(bad.head, bad.sample, beyond_ascii=beyond_ascii)
        is_cut = error.reason == "unexpected end of data" and bad.num_places == 1
        if is_cut and (beyond_ascii or len(error.object) - error.start > 1):
            look = Look("the file was cut within a character; up to there", f"head -c {at}")
        way = look.remedy(self._name) if look else "convert it to UTF-8 first"
        where = f"not UTF-8 at byte {at}, in line {line:,}: {error.reason} ({bad.number})"
        return one_line(f"{self._name}: {where}; {way}")


class _BadPlace:
    """The first bad place of a text, and enough of the bytes after it to guess the encoding."""

    def __init__(self, error: UnicodeDecodeError, recent: bytes, head: bytes, pending: int) -> None:
        before = recent[: len(recent) - pending] + error.object[: error.start]
        self.head = head
        line = before.rfind(b"\n")  # a newline or a blank is always a whole character
        if line < 0 and len(before) >= RECENT_BYTES:
            line = before.find(b" ")
        self.sample = before[line + 1 :]
        self.num_places, self._whole = 0, True
        self._decoders = [codecs.getincrementaldecoder("utf-8")(errors) for errors in ("replace", "ignore")]
        self._num_bytes, self._begin = 0, error.object[error.start :]

    def look_on(self, rest: Iterator[bytes], ready: Callable[[], bool]) -> None:
        """Count the bad places in the rest, as far as it has arrived, up to about COUNT_BYTES."""
        self._take(self._begin)
        try:
            while self._num_bytes < COUNT_BYTES and ready():
                if not (chunk := next(rest, b"")):
                    self._take(b"", final=True)
                    return
                self._take(chunk)
                if len(self.head) < HEAD_BYTES:
                    self.head += chunk[: HEAD_BYTES - len(self.head)]
        except DataError:
            pass
        self._whole = False

    def _take(self, chunk: bytes, *, final: bool = False) -> None:
        replaced, ignored = (decoder.decode(chunk, final) for decoder in self._decoders)
        self.num_places += len(replaced) - len(ignored)
        self.sample += chunk[: max(0, HEAD_BYTES - len(self.sample))]
        self._num_bytes += len(chunk)

    @property
    def number(self) -> str:
        """The number of bad places, as a phrase."""
        places = "1 such place" if self.num_places == 1 else f"{self.num_places:,} such places"
        if not self._whole:
            return f"at least {places}"
        return "the only such place" if self.num_places == 1 else places
