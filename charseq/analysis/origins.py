"""The origin of a gradient: after which characters the state still moved the loss of a later one.

For a chosen character, the gradient of its loss at the state so many steps before is measured for every lag,
as in `gradient_flow.py`. The state some steps back is the one after a certain character of the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charseq.analysis.gradient_flow import STREAMS, Meter
from charseq.arrays import BoolArray, FloatArray
from charseq.errors import DataError
from charseq.network import CharModel
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from charseq.text import UNSEEN
from charseq.text.codec import Codec

MAX_LAG = 64
"""The most steps back."""
MAX_PLACES = 64
"""The most places of one character."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The gradient of the loss of the character at `offset`, at the states before it.

    `norms` (layers, L) has the norm for the lags 1 to L, in nats per unit of the state. `sources` (L,) has
    the offset of the character after which the state was this one; None for a state between the tokens of a
    character, and for the one before the first character.
    """

    offset: int
    char: str
    sources: tuple[int | None, ...]
    norms: FloatArray


def origins(
    model: CharModel, codec: Codec, text: str, offsets: Sequence[int], *, max_lag: int = MAX_LAG
) -> tuple[Origin, ...]:
    """Measure the gradients of the characters at these offsets, back to the beginning of the sequence.

    Raises DataError for an offset where there is no character of the vocabulary with another before it.
    """
    steps = _Steps(codec, text)
    for offset in offsets:
        steps.check(offset)
    positions = steps.firsts[list(offsets)]
    reach = np.minimum(steps.behind[positions], max_lag)
    lags = tuple(range(1, int(reach.max(initial=0)) + 1))
    meter = Meter(model, steps.inputs, steps.targets, steps.begins)
    with np.errstate(over="ignore", invalid="ignore"):  # a gradient may explode
        parts = np.array_split(positions, -(-len(positions) // STREAMS))
        norms = np.concatenate([meter.norms(part, lags) for part in parts], axis=-1)
    return tuple(
        Origin(offset, text[offset], steps.sources(position, num), norms[:, :num, k])
        for k, (offset, position, num) in enumerate(
            zip(offsets, positions.tolist(), reach.tolist(), strict=True)
        )
    )


def places_of_char(codec: Codec, text: str, char: str, *, num: int = MAX_PLACES) -> list[int]:
    """Return at most `num` offsets of a character, evenly spread over the text.

    Raises DataError if there is none at which a gradient can be measured.
    """
    able = _Steps(codec, text).able
    found = [offset for offset, other in enumerate(text) if other == char and able[offset]]
    if not found:
        raise DataError(f"the character {char!r} does not occur after another character")
    chosen = np.linspace(0, len(found) - 1, min(num, len(found))).round().astype(int)
    return [found[k] for k in chosen.tolist()]


def hardest_places(checkpoint: Checkpoint, text: str, num: int) -> list[int]:
    """Return the offsets of the `num` most surprising characters for a network, the most surprising first.

    Raises DataError if there is none at which a gradient can be measured.
    """
    surprisal = Scorer(checkpoint.network, checkpoint.codec, ranks=False).score(text)
    nats = np.where(_Steps(checkpoint.codec, text).able, surprisal.nats, -np.inf)
    if surprisal.counted is not None:
        nats[~surprisal.counted] = -np.inf
    worst = np.argsort(-nats, kind="stable")[:num].tolist()
    found = [offset for offset in worst if nats[offset] > -np.inf]
    if not found:
        raise DataError("too short for gradients: no known character has another one before it")
    return found


class _Steps:
    """The steps of reading a text: `firsts` has the step that predicts the first token of each character."""

    def __init__(self, codec: Codec, text: str) -> None:
        self.inputs, self.targets, starts, begins = codec.examples(text)
        places = np.arange(len(self.targets))
        self.firsts: NDArray[np.intp] = places if begins is None else np.flatnonzero(begins)
        self.begins: BoolArray = places == 0 if starts is None else starts
        self.behind = places - np.maximum.accumulate(np.where(self.begins, places, 0))
        self.able = (self.targets[self.firsts] != UNSEEN) & (self.behind[self.firsts] > 0)
        self._ended = np.full(len(places), -1)
        self._ended[np.append(self.firsts[1:], len(places)) - 1] = np.arange(len(self.firsts))

    def check(self, offset: int) -> None:
        """Raise DataError if no gradient can be measured at this character."""
        if not 0 <= offset < len(self.firsts):
            raise DataError(f"offset {offset}: the text has {len(self.firsts):,} characters, counted from 0")
        if not self.able[offset]:
            first = self.firsts[offset]
            why = "is not in the vocabulary" if self.targets[first] == UNSEEN else "has none before it"
            raise DataError(f"offset {offset}: this character {why}: it has no gradient to follow")

    def sources(self, position: int, num_lags: int) -> tuple[int | None, ...]:
        """Return for each lag the character that was read last, None if none was read whole."""
        places = (position - lag - 1 for lag in range(1, num_lags + 1))
        ended = (int(self._ended[place]) if place >= 0 else -1 for place in places)
        return tuple(None if char < 0 else char for char in ended)
