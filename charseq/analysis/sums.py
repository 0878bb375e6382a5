"""The surprisal of a text summed up by parts or by keys: each a score, all together the score of the whole."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import FloatArray
from charseq.scoring.score import Score
from charseq.scoring.scorer import Surprisal

IndexArray: TypeAlias = NDArray[np.int64]
NUM_COLUMNS = 6


def scores_of_parts(surprisal: Surprisal, begins: list[int]) -> list[Score]:
    """Return the score of each part of a text, from one of `begins`, of which the first is 0, to the next."""
    if not begins:
        return []
    return scores_of(np.add.reduceat(columns_of(surprisal), begins, axis=0))


def scores_by_key(surprisal: Surprisal, keys: IndexArray) -> dict[int, Score]:
    """Return the score of the characters of each key, `keys` (L,) being 0 or more."""
    found, places = np.unique(keys, return_inverse=True)
    totals = [np.bincount(places, column, len(found)) for column in columns_of(surprisal).T]
    return dict(zip(found.tolist(), scores_of(np.stack(totals, axis=1)), strict=True))


def columns_of(surprisal: Surprisal) -> FloatArray:
    """Return what each character adds to a score, (L, NUM_COLUMNS)."""
    ranks = surprisal.ranks
    columns = (
        np.ones(len(ranks)),
        surprisal.num_bytes,
        ranks == 0,
        ranks == 1,
        (ranks > 0) & (ranks <= 5),
        surprisal.nats,
    )
    return np.stack([np.asarray(column, np.float64) for column in columns], axis=1)


def scores_of(sums: FloatArray) -> list[Score]:
    """Return a score for each row (M, NUM_COLUMNS) of sums over `columns_of`."""
    return [
        Score(
            num_chars=int(num_chars),
            num_bytes=int(num_bytes),
            num_unseen=int(num_unseen),
            num_top1=int(num_top1),
            num_top5=int(num_top5),
            nats=nats,
        )
        for num_chars, num_bytes, num_unseen, num_top1, num_top5, nats in sums.tolist()
    ]
