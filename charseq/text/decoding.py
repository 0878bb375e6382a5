"""Decoding of bytes, piece by piece, with a one-sentence error message for bytes that are no characters.

A byte order mark at the beginning of a file is left out, and so is an incomplete character at the end of a
pipe. For each U+FFFD that replaces bad bytes, the number of these bytes is recorded.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from charseq.errors import DataError, one_line
from charseq.text.encodings import MARKS, UTF8, Handler, bytes_in
from charseq.text.pieces import FilePiece
from charseq.text.place import Place
from charseq.text.remarks import MAX_NAMED, Remarks
from charseq.text.sniffing import HEAD_BYTES, Look, command, look_of, wide
from charseq.text.tokenizers.tokenizer import code_points

COUNT_BYTES = 1 << 24
"""The number of bytes, from the first bad place on, in which bad places are counted."""
RECENT_BYTES = 1024
"""The number of bytes kept to find the beginning of the line that has the bad place."""
LONGEST = 3
"""The most bytes of an incomplete character in UTF-8."""
HAS_MARK = "begins with a byte order mark (U+FEFF), which is left out"
HAS_RETURNS = r"has lines that end in \r\n, and \r counts as a character"


# ---- bytes


@dataclass(slots=True)
class Source:
    """The bytes of the text called `name`, in chunks; each chunk is yielded as soon as it arrives.

    `piped` is true for a pipe, which may end within a character, as after `head -c`. `ready` returns whether
    the next chunk is available without waiting. `num_skipped` is the size of the byte order mark that was
    left out, 0 before the beginning has been read; the mark may say more about the `encoding`.
    """

    name: str
    chunks: Iterator[bytes]
    piped: bool = False
    ready: Callable[[], bool] = lambda: True
    num_skipped: int = 0
    encoding: str = UTF8


def text_bytes(source: Source, remarks: Remarks, *, everything: bool = False) -> Iterator[bytes]:
    """Yield the bytes without a byte order mark and, for a pipe, without an incomplete character at the end.

    Add a remark for each of these that is left out. With `everything`, nothing is.
    """
    if everything:
        return source.chunks
    chunks = _without_mark(source, remarks)
    return _without_half(source, chunks, remarks) if source.piped and source.encoding == UTF8 else chunks


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
    begin, marks = b"", MARKS.get(source.encoding, ())
    for chunk in source.chunks:
        begin += chunk
        if not any(mark.startswith(begin) and mark != begin for mark, _ in marks):
            break
    for mark, encoding in marks:
        if begin.startswith(mark):
            remarks.say(source.name, HAS_MARK)
            begin, source.num_skipped, source.encoding = begin.removeprefix(mark), len(mark), encoding
            break
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
    for size in range(1, min(LONGEST, len(raw)) + 1):
        try:
            if codecs.utf_8_decode(raw[-size:], "strict", False)[1] == 0:
                return size
        except UnicodeDecodeError:
            continue
    return 0


# ---- characters


PLACES = re.compile("[\udc01-\udc08]")
"""The characters that mark bad places: U+DC00 plus the number of bad bytes. No encoding contains them."""


def _measured(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return chr(0xDC00 + error.end - error.start), error.end


codecs.register_error("charseq.measured", _measured)


def _piece(text: str, encoding: str, *, ignore: bool) -> str:
    """Return a text in which U+FFFD replaces each marked bad place, or nothing if `ignore`."""
    codes = code_points(text)
    places = codes >> 8 == 0xDC
    num_bytes = np.where(places, codes & 0xFF, bytes_in(text, encoding)).astype(np.int32)
    if ignore:
        return FilePiece.of(PLACES.sub("", text), num_bytes[~places])
    return FilePiece.of(PLACES.sub("\ufffd", text), num_bytes)


class _Places:
    """The bad places of a text that were replaced or ignored: their number, and where the first ones are."""

    def __init__(self) -> None:
        self.number, self.num_bytes, self.first = 0, 0, list[str]()

    def add(self, text: str, begin: Place) -> None:
        """Count the marks in `text`, which begins at the place `begin`."""
        for mark in PLACES.finditer(text):
            if len(self.first) < MAX_NAMED:
                self.first.append(f"{begin.after(text[: mark.start()])}")
            self.number += 1
            self.num_bytes += ord(mark[0]) & 0xFF


class Decoder:
    """The decoder of a text, in the encoding of its source.

    Bad bytes raise DataError; with `errors` "replace" they become U+FFFD, with "ignore" nothing, and with
    "surrogateescape" U+DC00 plus the byte each.
    """

    def __init__(self, source: Source, remarks: Remarks, errors: Handler = "strict") -> None:
        self._source, self._name = source, source.name
        self._errors, self._strict, self._remarks = errors, errors == "strict", remarks
        self._measures = errors in ("replace", "ignore")
        self._decode: codecs.IncrementalDecoder | None = None
        self._num_read, self._place = 0, Place()
        self._head, self._recent = b"", b""
        self._beyond_ascii = False
        self._places = _Places()

    def pieces(self, chunks: Iterator[bytes]) -> Iterator[str]:
        """Yield the text of `chunks`, which are the chunks of the source after any filters.

        Add a remark on bad bytes that were replaced or ignored.
        """
        try:
            for chunk in chunks:
                yield self._read(chunk, chunks)
            yield self._read(b"", chunks, final=True)
        finally:
            if self._places.number:
                self._remarks.say(self._name, f"is not {self._label} everywhere", self._replaced())

    @property
    def _label(self) -> str:
        return self._source.encoding.upper()

    def _replaced(self) -> str:
        places = self._places
        size = "1 byte" if places.num_bytes == 1 else f"{places.num_bytes:,} bytes"
        what = "left out" if self._errors == "ignore" else "read as U+FFFD"
        first, more = "; ".join(places.first), places.number - len(places.first)
        where = f"{first}; and {more:,} more" if more else first
        if places.number == 1:
            return f"1 place ({size}) is not {self._label} and was {what}: {where}"
        return f"{places.number:,} places ({size}) are not {self._label} and were {what}: {where}"

    def _read(self, chunk: bytes, rest: Iterator[bytes], *, final: bool = False) -> str:
        if self._decode is None:  # the mark at the beginning of the source has been read by now
            handler = "charseq.measured" if self._measures else self._errors
            self._decode = codecs.getincrementaldecoder(self._source.encoding)(handler)
        pending = len(self._decode.getstate()[0])
        is_utf8 = self._source.encoding == UTF8
        if is_utf8 and len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            if final or len(self._head) == HEAD_BYTES:
                self._check_width()
        try:
            text = self._decode.decode(chunk, final)
        except UnicodeDecodeError as error:
            raise DataError(self._complaint(error, rest, pending)) from None
        self._recent = (self._recent + chunk[-RECENT_BYTES:])[-RECENT_BYTES:]
        self._num_read += len(chunk)
        if self._measures:
            self._places.add(text, self._place)
        self._place.pass_(text)
        if text.isascii() and (is_utf8 or len(text) == len(chunk)):
            return text
        if not is_utf8 or (self._measures and PLACES.search(text)):
            return _piece(text, self._source.encoding, ignore=self._errors == "ignore")
        self._beyond_ascii = True
        return text

    def _check_width(self) -> None:
        """Refuse valid UTF-8 whose NUL bytes show that it is UTF-16 or UTF-32; remark on it if not strict."""
        if self._errors != "surrogateescape" and (look := wide(self._head)):
            num_nuls = self._head.count(0)
            what = f"not UTF-8: {num_nuls:,} of the first {len(self._head):,} bytes are NUL"
            if self._strict:
                raise DataError(one_line(f"{self._name}: {what}; {look.remedy(self._name)}"))
            self._remarks.say(self._name, "is not UTF-8", f"{what}; {look.remedy(self._name)}")

    def _complaint(self, error: UnicodeDecodeError, rest: Iterator[bytes], pending: int) -> str:
        """Return the error message for a bad place."""
        at = self._source.num_skipped + self._num_read - pending + error.start
        self._place.pass_(error.object[: error.start].decode(self._source.encoding, "replace"))
        where = f"at byte {at}, in {self._place}: {error.reason}"
        if self._source.encoding != UTF8:
            way = "the encoding may be another one, or data.errors=replace may help"
            return one_line(f"{self._name}: not {self._label} {where}; {way}")
        bad = _BadPlace(error, self._recent, self._head, pending)
        bad.look_on(rest, self._source.ready)
        beyond_ascii = self._beyond_ascii or not error.object[: error.start].isascii()
        look = look_of(bad.head, bad.sample, beyond_ascii=beyond_ascii)
        is_cut = error.reason == "unexpected end of data" and bad.num_places == 1
        if is_cut and (beyond_ascii or len(error.object) - error.start > 1):
            look = Look("the file was cut within a character; up to there", f"head -c {at}")
        way = look.remedy(self._name) if look else "convert it to UTF-8 first"
        return one_line(f"{self._name}: not UTF-8 {where} ({bad.number}); {way}")


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
