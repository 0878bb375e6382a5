"""The beginning of texts, coloured by surprisal, for a page."""

from collections.abc import Iterator, Sequence

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.reports.display.heat import SURPRISAL
from charseq.reports.display.page import Details, heat_text, paragraph
from charseq.scoring import Surprisal

SHOWN_CHARS = 50_000
"""The most characters of the texts that are shown; the figures count all of them."""


class ShownText:
    """Keeps the beginning of the texts, with the surprisal of each character and the guesses made there."""

    def __init__(self, alphabet: Sequence[str]) -> None:
        self._alphabet = alphabet
        self._texts: list[tuple[str, list[tuple[str, Surprisal]]]] = []
        self.num_chars = self._num_kept = 0

    def begin(self, file: str) -> None:
        """Begin with another text."""
        self._texts.append((file, []))

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the text."""
        kept = text[: SHOWN_CHARS - self._num_kept]
        if kept:
            self._texts[-1][1].append((kept, surprisal))
        self._num_kept += len(kept)
        self.num_chars += len(text)

    @property
    def text(self) -> str:
        """The shown part of all texts, one after the other."""
        return "".join(text for _, pieces in self._texts for text, _ in pieces)

    def bits(self) -> Iterator[tuple[str, str, FloatArray]]:
        """Yield for each text that is shown its name, the shown part, and the bits of its characters."""
        for file, pieces in self._texts:
            if pieces:
                text = "".join(piece for piece, _ in pieces)
                yield file, text, np.concatenate([found.bits[: len(piece)] for piece, found in pieces])

    def html(self) -> list[str]:
        """Return the coloured texts, below a sentence on their length if they are cut."""
        blocks = []
        if self.num_chars > self._num_kept:
            blocks.append(paragraph(f"The first {self._num_kept:,} of {self.num_chars:,} characters."))
        for file, pieces in self._texts:
            if pieces:
                blocks += [paragraph(file), self._coloured(pieces)]
        return blocks

    def _coloured(self, pieces: list[tuple[str, Surprisal]]) -> str:
        columns = []
        for text, surprisal in pieces:
            expected = surprisal.expected
            if expected is None or surprisal.ranks is None:
                raise ValueError("scored without guesses")
            arrays = (surprisal.bits, surprisal.ranks, expected.guesses, expected.probabilities)
            columns.append([array[: len(text)] for array in arrays])
        costs, ranks, guesses, probabilities = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        guesses, vocab = self._named(guesses)
        details = Details(np.exp2(-costs), ranks, guesses, probabilities, vocab)
        return heat_text("".join(text for text, _ in pieces), costs, SURPRISAL, details=details)

    def _named(self, guesses: TokenArray) -> tuple[TokenArray, list[str]]:
        """Return the guesses as numbers of the characters that are guessed anywhere, and these."""
        places, numbers = np.unique(guesses, return_inverse=True)
        num_none = int(np.sum(places < 0))  # -1 where there is no further guess: it stays
        chars = [self._alphabet[place] for place in places[num_none:].tolist()]
        return (numbers.reshape(guesses.shape) - num_none).astype(np.int32), chars
