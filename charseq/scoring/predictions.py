"""The predictions of several models at each token of a text, on which weights of a mixture are fitted."""

import math
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.models import LanguageModel
from charseq.scoring.scorer import WINDOW_STEPS
from charseq.scoring.windows import predict_window
from charseq.text import UNSEEN
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText

BLOCK_NUMBERS = 1 << 16
"""The number of log p of a member that are combined together: few enough for the processor's cache."""
IMPOSSIBLE = -1e9
"""The log p of tokens that cannot follow, in place of -infinity, which times a weight of 0 is nan."""
MAX_TOKENS, MAX_NUMBERS = 1 << 15, 1 << 24
"""The most tokens of a text that are predicted, and the most log p that are kept of all models together."""


class Predictions:
    """The predictions of M members at n tokens: log p (M, n, V) as float32, and the `targets` (n,)."""

    def __init__(self, log_p: Sequence[FloatArray], targets: TokenArray) -> None:
        self._log_p, self.targets = [np.asarray(one, np.float32) for one in log_p], targets

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def num_members(self) -> int:
        """The number M of members."""
        return len(self._log_p)

    def blocks(self) -> Iterator[tuple[FloatArray, TokenArray]]:
        """Yield log p (M, k, V) in float64 with the targets (k,), a block of tokens at a time."""
        num_rows = max(1, BLOCK_NUMBERS // self._log_p[0].shape[1])
        for begin in range(0, len(self), num_rows):
            some = slice(begin, begin + num_rows)
            yield np.stack([one[some] for one in self._log_p], dtype=np.float64), self.targets[some]

    def target_log_p(self) -> FloatArray:
        """Return the members' log probabilities of the targets, (M, n)."""
        return np.concatenate([at_targets(log_p, targets) for log_p, targets in self.blocks()], axis=1)


def predictions_of(
    models: Sequence[LanguageModel],
    codec: Codec,
    text: EncodedText,
    *,
    seconds: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> Predictions:
    """Return the predictions of `models` at the beginning of `text`, read from the zero state as by a Scorer.

    At most MAX_TOKENS tokens are read, fewer if the vocabulary is large, if there are many models, or if the
    `seconds` are over; one window at least. Unknown characters are left out.
    """
    end = clock() + seconds
    num_tokens = min(MAX_TOKENS, MAX_NUMBERS // (len(models) * codec.vocab_size) + 1)
    examples = Examples(text[:num_tokens], codec)
    window = examples.window(np.arange(min(num_tokens, len(examples)))[:, None])
    targets = window.targets[:, 0]
    known = targets != UNSEEN
    if window.counted is not None:
        known &= window.counted[:, 0]
    readers = [
        (model, model.initial_state(1), model.workspace(WINDOW_STEPS, 1, resets=True, backward=False))
        for model in models
    ]
    found = [np.empty((len(targets), codec.vocab_size), np.float32) for _ in models]
    num_read = 0
    while num_read < len(targets):
        some = slice(num_read, min(num_read + WINDOW_STEPS, len(targets)))
        resets = None if window.resets is None else window.resets[some]
        part = window._replace(inputs=window.inputs[some], resets=resets)
        for read, (model, state, work) in zip(found, readers, strict=True):
            log_p = predict_window(model, codec, part, state, work)[:, 0]
            read[some] = np.maximum(log_p, IMPOSSIBLE)
        num_read = some.stop
        if clock() >= end and known[:num_read].any():
            break
    known[num_read:] = False
    return Predictions([read[known] for read in found], targets[known])


def at_targets(log_p: FloatArray, targets: TokenArray) -> FloatArray:
    """Return log p (..., k, V) of the targets (k,)."""
    return np.asarray(log_p[..., np.arange(len(targets)), targets])
