"""The validator: it scores the same text again and again while a model learns."""

from functools import partial

import numpy as np

from charseq.arrays import BoolArray, FloatArray, IndexArray, TokenArray
from charseq.models import LanguageModel
from charseq.scoring.compiling import networks_in
from charseq.scoring.cores import run_jobs
from charseq.scoring.score import Score
from charseq.scoring.surprisal import Surprisal
from charseq.scoring.unseen import UnseenRule
from charseq.scoring.windows import make_work, price, read_window
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
    GROUPS = 2
    """The groups of streams that are read side by side, if compiled code reads them."""

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
        compiled = any(network.is_compiled for network in networks_in(self._model))
        width = self.STREAMS // self.GROUPS if compiled else self.STREAMS
        firsts = range(0, self._num_streams, width)
        scores = [Score()] * len(firsts)

        def score_group(number: int, first: int) -> None:
            streams = np.arange(first, min(first + width, self._num_streams))
            scores[number] = self._score_streams(streams, length, compiled=compiled)

        run_jobs([partial(score_group, number, first) for number, first in enumerate(firsts)])
        return sum(scores, Score())

    def _score_streams(self, streams: IndexArray, length: int, *, compiled: bool) -> Score:
        """Return the score of the first `length` tokens of each part in `streams` (N,)."""
        score, num_tokens = Score(), len(self._examples)
        state = self._model.initial_state(len(streams))
        work = make_work(self._model, self.STEPS, len(streams), resets=True)
        for t in range(-self.WARMUP, length, self.STEPS):
            steps = np.arange(t, min(t + self.STEPS, length))
            places = self._distance * streams + steps[:, None]
            inside = (places >= 0) & (places < num_tokens)
            places = np.where(inside, places, 0)
            window = self._examples.window(places)
            if window.resets is None:
                window = window._replace(resets=places == 0)
            read = read_window(self._model, self._codec, window, state, work)
            if t + len(steps) <= 0:
                continue
            size = self._codec.vocab_size
            nats = price(read, window.targets, vocab_size=size, compiled=compiled).nats
            scored = inside & (steps >= 0)[:, None]
            if window.counted is not None:
                scored &= window.counted
            score += self._score_of(
                nats.reshape(places.shape)[scored],
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
