"""The form in which a model reads texts: in lower case, in a Unicode normal form, without separating blanks.

It belongs to the model, like its vocabulary, and is applied to everything that the model reads. Figures are
then about the text in this form.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from charseq.config import DataConfig, NormalForm
from charseq.errors import ConfigError, DataError
from charseq.registry import TOKENIZERS
from charseq.text.place import Place

CUT = re.compile(r"[\x00-\x7f\u3400-\u9fff\uac00-\ud7a3]")
"""Characters before which a text can be cut for normalising: none of them joins with what is before it."""
BLANK = "blank"
"""The tokenizer whose texts have blanks between their characters."""
BLANKS = str.maketrans("", "", " \t")
UNSEPARATED = re.compile(r"[^ \t\n]{2}")


@dataclass(frozen=True, slots=True)
class TextForm:
    """A form of texts; with `any_bytes` the bytes outside valid UTF-8 are read, too (surrogateescape)."""

    normalize: NormalForm = "none"
    lowercase: bool = False
    is_separated: bool = False
    any_bytes: bool = False

    @classmethod
    def of(cls, config: DataConfig) -> "TextForm":
        """Return the form of the texts that a model with these settings reads."""
        tokenizer = TOKENIZERS[config.tokenizer]
        return cls(config.normalize, config.lowercase, tokenizer.is_separated, tokenizer.any_bytes)

    @property
    def changes(self) -> tuple[str, ...]:
        """The names of what is changed, such as ("nfc", "lowercase"); texts of equal changes are equal."""
        names = {"blank": self.is_separated, self.normalize: self.normalize != "none"}
        return tuple(name for name, made in {**names, "lowercase": self.lowercase}.items() if made)

    @property
    def name(self) -> str | None:
        """The changes in words, None if texts are read as they are."""
        return ", ".join(self.changes) or None

    @property
    def phrase(self) -> str:
        """The form as a phrase in a message: "nfc, lowercase", or "as they are"."""
        return self.name or "as they are"

    @property
    def errors(self) -> Literal["strict", "surrogateescape"]:
        """The treatment of bytes that are not UTF-8."""
        return "surrogateescape" if self.any_bytes else "strict"

    def apply(self, text: str, name: str = "the text") -> str:
        """Return `text` in this form. Raises DataError, naming the text, if blanks do not separate it."""
        return "".join(self.pieces([text], name)) if self.changes else text

    def pieces(self, pieces: Iterable[str], name: str) -> Iterable[str]:
        """Return the pieces of a text in this form; cuts make no difference. Errors as in `apply`."""
        if self.is_separated:
            pieces = _without_blanks(pieces, name)
        if self.normalize != "none":
            pieces = map(self._changed, _cut(pieces))
        elif self.lowercase:
            pieces = map(_lower, pieces)
        return pieces

    def separator(self, key: str, text: str) -> str:
        """Return a separator, the setting `key`, in this form. Raises ConfigError if no text can have it."""
        try:
            formed = self.apply(text)
        except DataError:
            formed = ""
        if text and not formed:
            raise ConfigError(
                f"data.{key} = {text!r}: cannot be read by the tokenizer {BLANK}: blanks separate the "
                "characters of its texts, and those of a separator"
            )
        return formed

    def written(self, text: str) -> str:
        """Return characters of this form as a file has them: with a blank after each if it is separated."""
        if not self.is_separated:
            return text
        return "".join(char if char == "\n" else f"{char} " for char in text)

    def _changed(self, piece: str) -> str:
        form = self.normalize.upper()
        piece = unicodedata.normalize(form, piece)  # type: ignore[arg-type]
        return unicodedata.normalize(form, _lower(piece)) if self.lowercase else piece  # type: ignore[arg-type]


PLAIN = TextForm()
"""The form of texts that are read as they are."""


def _lower(text: str) -> str:
    """Return `text` in lower case, each character for itself: a final sigma is like any other."""
    return text.replace("Σ", "σ").lower()


def _cut(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the text in pieces that are normalised alone as they are together."""
    held = ""
    for piece in pieces:
        held += piece
        new = range(len(held) - 1, max(0, len(held) - len(piece) - 1), -1)
        cut = next((place for place in new if CUT.match(held[place])), 0)
        if cut:
            yield held[:cut]
            held = held[cut:]
    yield held


def _without_blanks(pieces: Iterable[str], name: str) -> Iterator[str]:
    """Yield the text without its blanks. Raises DataError where none stands between two characters."""
    last, place = "", Place()
    for piece in pieces:
        if found := UNSEPARATED.search(last + piece):
            place.pass_((last + piece)[len(last) : found.start() + 1])
            raise DataError(
                f"{name}: {place}: {found[0]!r} is not separated; with the tokenizer blank, "
                "a blank stands between any two characters, as in 'a b _ c'"
            )
        place.pass_(piece)
        last = piece[-1:] or last
        yield piece.translate(BLANKS)
