"""The texts that a command scores, and the display of its progress."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from charseq.text.corpus import NamedTexts
    from charseq.text.encodings import DecodingErrors, SourceFormat

PATIENCE = 1.0
"""Seconds of scoring before progress is shown."""


def texts_of(
    sources: list[str], how: "SourceFormat", *, chars: int | None = None, lines: bool = False
) -> "NamedTexts":
    """Return the texts of `sources`, read as `how` says.

    With `chars` only the first characters of each are read, with `lines` as whole lines. Remarks on them are
    printed to stderr.
    """
    from charseq.cli.console import note, note_terminal
    from charseq.text.beginning import beginnings
    from charseq.text.corpus import ReadyTexts, named_texts
    from charseq.text.remarks import Remarks
    from charseq.text.sources import files_of_all

    note_terminal(sources)
    texts = beginnings(named_texts(sources, how=how, remarks=Remarks(note)), chars, lines=lines)
    return ReadyTexts(texts) if files_of_all(tuple(sources), how.include) else texts


def format_of_options(
    errors: str, encoding: str = "utf-8", include: list[str] | None = None
) -> "SourceFormat":
    """Return how --errors, --encoding and --include say that texts are read."""
    from typing import get_args

    from charseq.cli.console import check_choice
    from charseq.text.encodings import DecodingErrors, SourceFormat, known_encoding

    check_choice("--errors", errors, get_args(DecodingErrors))
    policy = cast("DecodingErrors", errors)
    return SourceFormat(known_encoding(encoding), policy, tuple(include or ()))


class ScoringProgress:
    """Shows the progress of scoring on stderr after PATIENCE seconds; use as a context manager."""

    def __init__(
        self, sources: list[str], *, plain: bool, chars: int | None = None, include: tuple[str, ...] = ()
    ) -> None:
        from charseq.cli.progress import ReadingDisplay
        from charseq.text.sources import size_of

        self._display = ReadingDisplay(plain=plain, noun="the text")
        self._begun, self._num_bytes = time.monotonic(), 0
        self._total = size_of(tuple(sources), include) if chars is None else None

    def __enter__(self) -> "ScoringProgress":
        self._display.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.__exit__(kind, error, trace)

    def add(self, piece: str) -> None:
        """Count one more piece that is done."""
        from charseq.text.pieces import bytes_of

        self._num_bytes += int(bytes_of(piece).sum())
        if time.monotonic() - self._begun >= PATIENCE:
            self._display.show("scoring", self._num_bytes, self._total)
