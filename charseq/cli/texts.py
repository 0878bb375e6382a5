"""Texts that a command is to score: where they come from, and how far it is with them."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charseq.runs.checkpoint import Checkpoint
    from charseq.text.corpus import NamedTexts

PATIENCE = 1.0
"""Seconds of scoring before anything is said about how far it is."""


def named_texts(sources: list[str], errors: str) -> "NamedTexts":
    """Yield the texts behind `sources`, with bytes that are not UTF-8 treated as --errors says.

    Remarks on them are printed to stderr.
    """
    from charseq.cli.console import note
    from charseq.text.corpus import iter_texts
    from charseq.text.remarks import Remarks

    remarks = Remarks(note)
    for source in sources:
        yield from iter_texts(source, errors="replace" if errors == "replace" else "strict", remarks=remarks)
    remarks.finish()


def held_out_text(checkpoint: "Checkpoint") -> "NamedTexts":
    """Yield the test part of the model's own corpus."""
    from charseq.runs.provenance import held_out_part

    yield "test part", held_out_part(checkpoint).strings()


class ScoringProgress:
    """Tells stderr how far the scoring is, once it takes long; use as a context manager."""

    def __init__(self, sources: list[str], *, plain: bool) -> None:
        from charseq.cli.progress import ReadingDisplay
        from charseq.text.corpus import size_of

        self._display = ReadingDisplay(plain=plain, noun="the text")
        self._begun, self._num_bytes, self._total = time.monotonic(), 0, size_of(tuple(sources))

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
