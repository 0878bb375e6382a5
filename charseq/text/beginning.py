"""The first characters of a text, read without the rest of it."""

from collections.abc import Iterable, Iterator

from charseq.text.corpus import NamedTexts, iter_texts
from charseq.text.encodings import SourceFormat
from charseq.text.form import PLAIN, TextForm
from charseq.text.lines import NEWLINE, whole_lines
from charseq.text.pieces import part_of
from charseq.text.remarks import Remarks


def first_chars(pieces: Iterable[str], num_chars: int) -> Iterator[str]:
    """Yield the first `num_chars` characters of a text, with the number of bytes of each if it is known."""
    for piece in pieces:
        yield part_of(piece, slice(num_chars)) if len(piece) > num_chars else piece
        num_chars -= len(piece)
        if num_chars <= 0:
            return


def first_lines(pieces: Iterable[str], num_chars: int) -> Iterator[str]:
    """Yield the whole lines among the first `num_chars` characters of a text."""
    for piece in whole_lines(first_chars(pieces, num_chars)):
        num_chars -= len(piece)
        if num_chars > 0 or piece.endswith(NEWLINE):  # the last line is whole if the text ends with it
            yield piece


def beginnings(texts: NamedTexts, num_chars: int | None, *, lines: bool = False) -> NamedTexts:
    """Yield the first `num_chars` characters of each text, or whole texts if `num_chars` is None.

    With `lines`, no line is cut: those that are not whole are left out.
    """
    first = first_lines if lines else first_chars
    for name, pieces in texts:
        yield name, pieces if num_chars is None else first(pieces, num_chars)


def read_beginning(source: str, num_chars: int, remarks: Remarks, form: TextForm = PLAIN) -> str:
    """Return the first `num_chars` characters of a source in `form`; several files in it are joined.

    Raises the errors of `iter_texts`. The `remarks` are finished if the source has fewer characters.
    """
    texts = iter_texts(source, how=SourceFormat(form=form), remarks=remarks, as_one=True)
    everything = (piece for _, pieces in texts for piece in pieces)
    text = "".join(first_chars(everything, num_chars))
    if len(text) < num_chars:
        remarks.finish()
    return text
