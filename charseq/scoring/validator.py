"""The validator: it scores the same text again and again while a model learns."""

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
    """Scores one text again and again, cut into parts that are read in parallel.

    Reading starts in the zero state, WARMUP tokens before the beginning of each part; this approximates the
    state of reading the whole text in order. It is exact for a text of a single part, and for lines of at
    most WARMUP tokens. If the text has more than `max_tokens`, only the beginning of each part is scored, the
    same each time.
    """

    STREAMS, WARMUP, STEPS = 32, 128, 64

    def __init__(
        self, model: LanguageModel, codec: Codec, text: EncodedText, *, max_tokens: int | None = None
    ) -> None:
        self._model, self._codec = model, codec
        self._rule = UnseenRule(codec.tokenizer.escape_probability)
        self._examples = Examples(text, codec)
        self._num_chars, num_tokens = len(text), len(self._examples)
        self._num_streams = max(1, min(self.STREAMS, num_tokens // self.STEPS))
        self._distance = -(-num_tokens // self._num_streams)
        self.shorten_(self._distance if max_tokens is None else -(-max_tokens // self._num_streams))

    def shorten_(self, part_length: int) -> None:
        """Score so many tokens of each part from now on, or all that it has."""
        self.part_length = min(part_length, self._distance)
        """The number of tokens of each part that are scored."""
        num_chars = self._num_chars * self.part_length // self._distance
        self.num_chars = round(num_chars * self._examples.counted_share)
        """The number of characters that are counted; an estimate if only a part of the text is scored."""
        self.num_tokens = len(self._examples) * self.part_length // self._distance
        """The number of their tokens, an estimate likewise."""

    def score(self, *, num_steps: int | None = None) -> Score:
        """Return the score of the text under the model as it is now, without words, ranks and guesses.

        With `num_steps`, only so many tokens of each part are scored.
        """
        length = self.part_length if num_steps is None else min(num_steps, self.part_length)
        score, num_tokens, num_streams = Score(), len(self._examples), self._num_streams
        first_places = self._distance * np.arange(num_streams)
        state = self._model.initial_state(num_streams)
        work = self._model.workspace(self.STEPS, num_streams, resets=True, backward=False)
        for t in range(-self.WARMUP, length, self.STEPS):
            steps = np.arange(t, min(t + self.STEPS, length))
            places = first_places + steps[:, None]
            inside = (places >= 0) & (places < num_tokens)
            places = np.where(inside, places, 0)
            window = self._examples.window(places)
            if window.resets is None:
                window = window._replace(resets=places == 0)
            log_p = predict_window(self._model, self._codec, window, state, work)
            nats = target_nats(log_p, window.targets)
            scored = inside & (steps >= 0)[:, None]
            if window.counted is not None:
                scored &= window.counted
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
        """Return the score of some tokens (M,); a character is counted at its first token."""
        prices, unseen = self._rule.prices(nats, targets, num_bytes, begins), targets == UNSEEN
        if begins is None:
            return Surprisal(prices, num_bytes, unseen).score()
        rest = Score(nats=float(prices[~begins].sum()))
        return Surprisal(prices[begins], num_bytes[begins], unseen[begins]).score() + rest
