"""The score of one text again and again while a model learns."""

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.models import LanguageModel
from charseq.scoring.score import Score
from charseq.scoring.scorer import predict_window, target_nats
from charseq.scoring.surprisal import Surprisal
from charseq.scoring.unseen import UnseenRule
from charseq.text import UNSEEN
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText


class Validator:
    """Scores one text again and again, in parallel parts rather than in one go.

    Each part begins in the zero state WARMUP characters early, which stands in for the state that one go
    would have carried there. For a text of a single part, and for lines no longer than WARMUP, it is exact.
    Of a text of more than `max_tokens`, only the beginning of each part is scored, the same each time.
    """

    STREAMS, WARMUP, STEPS = 32, 128, 64

    def __init__(
        self, model: LanguageModel, codec: Codec, text: EncodedText, *, max_tokens: int | None = None
    ) -> None:
        self._model, self._rule = model, UnseenRule(codec.tokenizer.escape_probability)
        self._examples = Examples(text, codec)
        num_tokens = len(self._examples)
        self._num_streams = max(1, min(self.STREAMS, num_tokens // self.STEPS))
        self._distance = -(-num_tokens // self._num_streams)
        self._part_length = self._distance
        if max_tokens is not None and max_tokens < num_tokens:
            self._part_length = -(-max_tokens // self._num_streams)
        self.num_chars = len(text) * self._part_length // self._distance
        """The number of characters that are scored, or nearly so of a text that is not scored whole."""

    def score(self) -> Score:
        """Score the text as the model is now; words, ranks and guesses are not counted."""
        score, num_tokens, num_streams = Score(), len(self._examples), self._num_streams
        first_places = self._distance * np.arange(num_streams)
        state = self._model.initial_state(num_streams)
        work = self._model.workspace(self.STEPS, num_streams, resets=True, backward=False)
        for t in range(-self.WARMUP, self._part_length, self.STEPS):
            steps = np.arange(t, min(t + self.STEPS, self._part_length))
            places = first_places + steps[:, None]
            inside = (places >= 0) & (places < num_tokens)
            places = np.where(inside, places, 0)
            window = self._examples.window(places)
            window = window._replace(
                inputs=np.where(inside, window.inputs, UNSEEN),
                targets=np.where(inside, window.targets, UNSEEN),
                resets=places == 0 if window.resets is None else window.resets,
            )
            nats = target_nats(predict_window(self._model, window, state, work), window.targets)
            scored = inside & (steps >= 0)[:, None]
            score += self._score_of(
                nats[scored],
                window.targets[scored],
                self._examples.num_bytes(places[scored]),
                None if window.begins is None else window.begins[scored],
            )
        return score

    def _score_of(
        self, nats: FloatArray, targets: TokenArray, num_bytes: TokenArray, begins: BoolArray | None
    ) -> Score:
        """Return the score of some tokens (M,); a character counts where it begins."""
        prices, unseen = self._rule.prices(nats, targets, num_bytes, begins), targets == UNSEEN
        if begins is None:
            return Surprisal(prices, num_bytes, unseen).score()
        rest = Score(nats=float(prices[~begins].sum()))
        return Surprisal(prices[begins], num_bytes[begins], unseen[begins]).score() + rest
