"""The closing test of a run: as much of a text as there is time for."""

import time
from collections.abc import Callable

from charseq.models import LanguageModel
from charseq.scoring.score import Score
from charseq.scoring.scorer import Scorer
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText

PIECE_CHARS = 4096
"""Characters that are scored between two looks at the clock."""


def score_beginning(
    model: LanguageModel,
    codec: Codec,
    text: EncodedText,
    *,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Score:
    """Score `text` from its beginning until `seconds` are over, at least one piece; without ranks."""
    scorer, score, end = Scorer(model, codec, ranks=False), Score(), clock() + seconds
    for begin in range(0, len(text), PIECE_CHARS):
        score += scorer.score(str(text[begin : begin + PIECE_CHARS])).score()
        if clock() >= end:
            break
    return score
