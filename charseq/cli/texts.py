"""The texts that a command scores, and the display of its progress."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charseq.text.corpus import NamedTexts
    from charseq.text.decoding import DecodingErrors

PATIENCE = 1.0
"""Seconds of scoring before progress is shown."""


def texts_of(
    sources: list[str], errors: str, *, chars: int | None = None, lines: bool = False
) -> "NamedTexts":
    """Return the texts of `sources`; `errors` is the value of --errors, "strict" or "replace".

    With `chars` only the first characters of each are read, with `lines` as whole lines. Remarks on them are
    printed to stderr.
    """
    from charseq.cli.console import note, note_terminal
    from charseq.text.beginning import beginnings
    from charseq.text.corpus import named_texts
    from charseq.text.remarks import Remarks

    note_terminal(sources)
    policy: DecodingErrors = "replace" if errors == "replace" else "strict"
    return beginnings(named_texts(sources, errors=policy, remarks=Remarks(note)), chars, lines=lines)


class ScoringProgress:
    """Shows the progress of scoring on stderr after PATIENCE seconds; use as a context manager."""

    def __init__(self, sources: list[str], *, plain: bool, chars: int | None = None) -> None:
        from charseq.cli.progress import ReadingDisplay
        from charseq.text.corpus import size_of

        self._display = ReadingDisplay(plain=plain, noun="the text")
        self._begun, self._num_bytes = time.monotonic(), 0
        self._total = size_of(tuple(sources)) if chars is None else None

    def __enter__(self) -> "ScoringProgress":
        self._display.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.__exit__(kind, error, trace)

    def add(self, piece: str) -> None:
        """Count one more piece that is done."""
        from charseq.text.decoding import bytes_of

        self._num_bytes += int(bytes_of(piece).sum())
        if time.monotonic() - self._begun >= PATIENCE:
            self._display.show("scoring", self._num_bytes, self._total)
