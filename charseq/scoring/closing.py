"""The closing test of a run: the score of as much of a text as there is time for."""

import time
from collections.abc import Callable

from charseq.models import LanguageModel
from charseq.scoring.score import Score
from charseq.scoring.scorer import Scorer
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText

PIECE_CHARS = 4096
"""The number of characters that are scored before the clock is read again."""


def score_beginning(
    model: LanguageModel,
    codec: Codec,
    text: EncodedText,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Score:
    """Return the score of `text` from its beginning, as far as `seconds` allow, without ranks.

    At least one piece of PIECE_CHARS characters is scored.
    """
    scorer, score, end = Scorer(model, codec, ranks=False), Score(), clock() + seconds
    begins = range(0, len(text), PIECE_CHARS)
    pieces = (piece for begin in begins for piece in text[begin : begin + PIECE_CHARS].strings())
    for piece in codec.checked("test part", pieces):
        score += scorer.score(piece).score()
        if clock() >= end:
            break
    return score
