"""Sums of the surprisal of a text by parts or by keys; together they are the score of the text."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import FloatArray
from charseq.scoring import Score, Surprisal
from charseq.scoring.surprisal import ADDITIONS

IndexArray: TypeAlias = NDArray[np.int64]
NOTHING = Score()
"""Its fields have the types that sums are turned into."""
NUM_COLUMNS = len(ADDITIONS)
"""The number of fields of a Score that characters add to."""


def scores_of_parts(surprisal: Surprisal, begins: list[int]) -> list[Score]:
    """Return the score of each part of a text; the parts begin at `begins`, the first of which is 0.

    Without ranks, the counts of right guesses are None.
    """
    if not begins:
        return []
    counted = {field: values for field, values in surprisal.additions().items() if values is not None}
    return scores_of(np.add.reduceat(_stacked(counted.values()), begins, axis=0), tuple(counted))


def scores_by_key(surprisal: Surprisal, keys: IndexArray) -> dict[int, Score]:
    """Return for each key the score of its characters; `keys` (L,) are 0 or more."""
    found, places = np.unique(keys, return_inverse=True)
    totals = [np.bincount(places, column, len(found)) for column in columns_of(surprisal).T]
    return dict(zip(found.tolist(), scores_of(np.stack(totals, axis=1)), strict=True))


def columns_of(surprisal: Surprisal) -> FloatArray:
    """Return the contribution of each character to a score, (L, NUM_COLUMNS)."""
    additions = surprisal.additions()
    if any(values is None for values in additions.values()):
        raise ValueError("scored without ranks")
    return _stacked(additions.values())


def _stacked(additions: Iterable[Any]) -> FloatArray:
    return np.stack([np.asarray(values, np.float64) for values in additions], axis=1)


def scores_of(sums: FloatArray, fields: Sequence[str] = tuple(ADDITIONS)) -> list[Score]:
    """Return a score for each row (M, len(fields)) of sums; fields that are not among them are None."""
    blank: dict[str, Any] = dict.fromkeys(ADDITIONS)
    types = [type(getattr(NOTHING, field)) for field in fields]
    return [
        Score(**blank | {field: of(total) for field, of, total in zip(fields, types, row, strict=True)})
        for row in sums.tolist()
    ]
