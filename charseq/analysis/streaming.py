"""One row for each character, word, line or file of a text, as soon as it is known: for the shell."""

import math
from collections.abc import Iterable, Iterator

from charseq.analysis.segments import Segment, Segments
from charseq.errors import DataError
from charseq.reports import Row
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Score, Scorer, Surprisal, bits
from charseq.text.corpus import NamedTexts

KINDS = ("char", "word", "line", "file")


def each_row(checkpoint: Checkpoint, texts: NamedTexts, kind: str) -> Iterator[Row]:
    """Yield a row for each `kind`, one of KINDS, beginning with what they are sorted by.

    Raises DataError at the end where there was nothing at all.
    """
    files, num_chars = [], 0
    for file, pieces in texts:
        files.append(file)
        for row in _rows_of(checkpoint, file, pieces, kind):
            num_chars += row.get("num_chars", 1)
            yield row
    if not num_chars:
        raise DataError(f"{', '.join(files)}: empty: there is nothing to score")


def _rows_of(checkpoint: Checkpoint, file: str, pieces: Iterable[str], kind: str) -> Iterator[Row]:
    scorer = Scorer(checkpoint.model, checkpoint.codec, num_guesses=2 if kind == "char" else 0)
    scored = ((piece, scorer.score(piece)) for piece in pieces)
    if kind == "char":
        yield from _chars(scored, file, checkpoint.codec.tokenizer.alphabet)
    elif kind == "file":
        score = sum((surprisal.score() for _, surprisal in scored), Score())
        yield _segment_row(Segment(0, "", score), file) | {"text": None}
    else:
        yield from _segments(scored, file, kind)


def _segments(scored: Iterable[tuple[str, Surprisal]], file: str, kind: str) -> Iterator[Row]:
    segments = Segments(kind)
    for piece, surprisal in scored:
        for segment in segments.add(piece, surprisal):
            yield _segment_row(segment, file)
    for segment in segments.finish():
        yield _segment_row(segment, file)


def _segment_row(segment: Segment, file: str) -> Row:
    score = segment.score
    return {
        "bits_per_char": score.bits_per_char,
        "perplexity": score.perplexity,
        "bits": bits(score.nats),
        "nats": score.nats,
        "num_chars": score.num_chars,
        "num_unseen": score.num_unseen,
        "offset": segment.offset,
        "file": file,
        "text": segment.text,
    }


def _chars(scored: Iterable[tuple[str, Surprisal]], file: str, vocab: tuple[str, ...]) -> Iterator[Row]:
    offset = 0
    for piece, surprisal in scored:
        expected = surprisal.expected
        if expected is None or surprisal.ranks is None:
            raise ValueError("scored without guesses")
        columns = (
            surprisal.nats,
            surprisal.ranks,
            expected.entropies,
            expected.guesses,
            expected.probabilities,
        )
        values = zip(piece, *(column.tolist() for column in columns), strict=True)
        for char, nats, rank, entropy, guesses, probabilities in values:
            other = next((k for k, token in enumerate(guesses) if vocab[token] != char), None)
            yield {
                "bits": bits(nats),
                "nats": nats,
                "probability": math.exp(-nats),
                "rank": rank,
                "entropy": bits(entropy),
                "char": char,
                "alternative": None if other is None else vocab[guesses[other]],
                "alternative_probability": None if other is None else probabilities[other],
                "offset": offset,
                "file": file,
            }
            offset += 1
