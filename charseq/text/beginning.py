"""The beginning of a text: so many characters of it, of which no more is read than they need."""

from collections.abc import Iterable, Iterator

from charseq.text.corpus import NamedTexts, iter_texts
from charseq.text.decoding import FilePiece
from charseq.text.remarks import Remarks


def first_chars(pieces: Iterable[str], num_chars: int) -> Iterator[str]:
    """Yield the first `num_chars` characters of a text; their bytes stay known."""
    for piece in pieces:
        yield _cut(piece, num_chars) if len(piece) > num_chars else piece
        num_chars -= len(piece)
        if num_chars <= 0:
            return


def beginnings(texts: NamedTexts, num_chars: int | None) -> NamedTexts:
    """Yield the texts with the first `num_chars` characters of each; whole texts for None."""
    for name, pieces in texts:
        yield name, pieces if num_chars is None else first_chars(pieces, num_chars)


def read_beginning(source: str, num_chars: int, remarks: Remarks) -> str:
    """Return the first `num_chars` characters of a source; several files in it are joined.

    Errors are those of `iter_texts`. `remarks` are finished if the source was read to its end.
    """
    texts = iter_texts(source, remarks=remarks, as_one=True)
    everything = (piece for _, pieces in texts for piece in pieces)
    text = "".join(first_chars(everything, num_chars))
    if len(text) < num_chars:
        remarks.finish()
    return text


def _cut(piece: str, num_chars: int) -> str:
    if not isinstance(piece, FilePiece):
        return piece[:num_chars]
    beginning = FilePiece(piece[:num_chars])
    beginning.num_bytes = piece.num_bytes[:num_chars]
    return beginning
