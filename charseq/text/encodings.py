"""The ways in which the bytes of files become characters: encodings, and what happens to bad bytes."""

import codecs
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from charseq.arrays import TokenArray
from charseq.errors import ConfigError
from charseq.text.form import PLAIN, TextForm
from charseq.text.tokenizers.tokenizer import bytes_per_char, code_points

DecodingErrors: TypeAlias = Literal["strict", "replace", "ignore"]
Handler: TypeAlias = Literal["strict", "replace", "ignore", "surrogateescape"]
"""The ways to read bad bytes: those of DecodingErrors, or U+DC00 plus the byte for each of them."""
UTF8 = "utf-8"
STATEFUL = ("iso2022", "utf-7", "hz", "_2004", "jisx0213", "big5hkscs")
"""Parts of the names of encodings in which the bytes of a character depend on its neighbours."""
MARKS: dict[str, tuple[tuple[bytes, str], ...]] = {
    UTF8: ((codecs.BOM_UTF8, UTF8),),
    "utf-16": ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
    "utf-16-le": ((codecs.BOM_UTF16_LE, "utf-16-le"),),
    "utf-16-be": ((codecs.BOM_UTF16_BE, "utf-16-be"),),
    "utf-32": ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")),
    "utf-32-le": ((codecs.BOM_UTF32_LE, "utf-32-le"),),
    "utf-32-be": ((codecs.BOM_UTF32_BE, "utf-32-be"),),
}
"""The byte order marks of each encoding, with the encoding of the text after it."""


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """The format in which sources are read.

    `encoding` and `errors` are as in `bytes.decode`; `include` has the patterns of the files that are read
    from a directory, none for all. `separator` ends each document and is read as one character; "" if each
    file is a document, None if the text is not cut into documents. Texts are read in `form`, and `separator`
    is in it.
    """

    encoding: str = UTF8
    errors: DecodingErrors = "strict"
    include: tuple[str, ...] = ()
    separator: str | None = None
    form: TextForm = PLAIN

    @property
    def any_bytes(self) -> bool:
        """True if no bytes are left out, because the form has characters for all of them."""
        return self.form.any_bytes and self.encoding == UTF8

    @property
    def handler(self) -> Handler:
        """The handler of bytes that are no characters; those that the form has characters for are kept."""
        return self.form.errors if self.errors == "strict" and self.any_bytes else self.errors

    def in_form(self, form: TextForm) -> "SourceFormat":
        """Return the same format with texts in `form`."""
        return replace(self, form=form)


def known_encoding(name: str) -> str:
    """Return Python's name of an encoding. Raises ConfigError for one that cannot be read."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        raise ConfigError(f"{name!r}: no such encoding; try utf-8, utf-16, cp1252, cp949, gb18030") from None
    if not found._is_text_encoding or found.incrementaldecoder is None:
        raise ConfigError(f"{name!r}: not an encoding of text; try utf-8, utf-16, cp1252, cp949, gb18030")
    if any(part in found.name for part in STATEFUL):
        raise ConfigError(
            f"{name!r}: the bytes of a character depend on its neighbours, so that they cannot be counted; "
            f"convert the text with iconv -f {name} -t UTF-8"
        )
    return UTF8 if found.name == "utf-8-sig" else found.name


def bytes_in(text: str, encoding: str) -> TokenArray:
    """Return the number of bytes of each character (L,) in an encoding."""
    if encoding == UTF8:
        return bytes_per_char(text)
    codes, places = np.unique(code_points(text), return_inverse=True)
    lengths = [len(chr(code).encode(encoding, "replace")) for code in codes.tolist()]
    num_bytes: TokenArray = np.array(lengths, np.int32)[places.ravel()]
    return num_bytes
