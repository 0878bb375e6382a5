"""Texts without what breaks some rules: at each token the others share its probability.

Where nothing may follow, the text goes back and takes another way. Such texts are not drawn by their
probability under the model; the log of the product of the shares that were left is their weight, as in
importance sampling: weighted means are those of the model's texts that keep the rules.
"""

from typing import Any, NamedTuple

import numpy as np

from charseq.config import SampleConfig
from charseq.errors import DataError
from charseq.limits import MAX_TRIED_TOKENS
from charseq.sampling.filters import filter_, pick, temperature_at
from charseq.sampling.spelling import Tokens
from charseq.sampling.start import Start
from charseq.sampling.walk import Saved, Walk, allowed

SAVED_EVERY = 32
"""The number of tokens after which the reader's state is saved again."""
MAX_STEPS_BACK = 1 << 12
"""The number of tokens that a text can go back, at least."""


class _Step(NamedTuple):
    """A token on the way: where the text was before it, the reader's state if it was saved, and its share."""

    saved: Saved
    state: Any
    log_share: float


class Pruned:
    """Writes texts from a start on; `names` are those of the settings behind the rules of `walk`."""

    def __init__(self, start: Start, config: SampleConfig, walk: Walk, names: list[str]) -> None:
        self._start, self._reader, self._codec = start, start.reader, start.codec
        self._config, self._walk, self._names = config, walk, names

    def write_(self, rng: np.random.Generator) -> float:
        """Write a text, which is then that of the walk; return the log of its weight.

        Raises DataError if the text got stuck too often.
        """
        self._reader.restore_(self._start.saved)
        self._walk.begin()
        steps, banned, num_back, log_weight = list[_Step](), list[list[int]]([[]]), 0, 0.0
        while not self._walk.has_ended or self._walk.broken:
            is_stuck = self._walk.has_ended
            if not is_stuck:
                saved = self._walk.save()
                state = self._reader.save() if len(steps) % SAVED_EVERY == 0 else None
                log_share = self._step_(banned[-1], rng)
                is_stuck = log_share is None
                if log_share is not None:
                    steps.append(_Step(saved, state, log_share))
                    banned.append([])
            if is_stuck:
                num_back += 1
                if not steps or num_back > MAX_TRIED_TOKENS // SAVED_EVERY:
                    raise DataError(self._complaint(is_over=bool(steps)))
                banned.pop()
                banned[-1].append(self._walk.token)
                self._back_(steps)
            elif len(steps) > 2 * MAX_STEPS_BACK:
                log_weight += sum(step.log_share for step in steps[:MAX_STEPS_BACK])
                del steps[:MAX_STEPS_BACK], banned[:MAX_STEPS_BACK]
        return log_weight + sum(step.log_share for step in steps)

    def _step_(self, banned: list[int], rng: np.random.Generator) -> float | None:
        """Take a token that may come next; return the log of the share of all those, None without any."""
        walk, config = self._walk, self._config
        logits = self._codec.possible(self._reader.read(walk.token), walk.token)
        refused: Tokens | None = walk.refused()
        if banned:
            refused = np.array(banned) if refused is None else np.concatenate([refused, banned])
        found = allowed(logits, refused, temperature_at(config, len(walk.chars)))
        if found is None:
            return None
        filter_(found.p, config)
        walk.take_(pick(found.p, rng))
        return found.log_share

    def _back_(self, steps: list[_Step]) -> None:
        """Undo the last step: the walk and the reader are then where they were before its token."""
        step = steps.pop()
        if step.state is not None:
            self._reader.restore_(step.state)
        else:
            last = next(k for k in range(len(steps) - 1, -1, -1) if steps[k].state is not None)
            self._reader.restore_(steps[last].state)
            for later in steps[last:]:
                self._reader.read(later.saved.token)
        self._walk.restore_(step.saved)

    def _complaint(self, *, is_over: bool) -> str:
        names = " and ".join(f"sample.{name}" for name in self._names)
        if is_over:
            return f"{names}: the text got stuck again and again: ask for less"
        return f"{names}: the model can write no such text: ask for less"
