"""The scorer of a text, which is read piece by piece: the surprisal of every character."""

from typing import Any

import numpy as np

from charseq.adaptation import AdaptiveModel
from charseq.adaptation.gradient import WINDOW
from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.models import LanguageModel
from charseq.network.loss import log_softmax, target_ranks
from charseq.scoring.ahead import Ahead, AheadInTurn, AheadTogether
from charseq.scoring.front import Wanted
from charseq.scoring.surprisal import Expectations, Surprisal
from charseq.scoring.unseen import UnseenRule
from charseq.text import UNSEEN
from charseq.text.batches import Window
from charseq.text.codec import Codec, Sequence, chars_at
from charseq.text.pieces import bytes_of

WINDOW_STEPS = 13 * WINDOW
"""The number of steps in a window: whole windows of a model that adapts, which reads others twice."""
LONG_WINDOW, MOST_LOGITS = 8, 1 << 19
"""The number of such windows that are read at once if the model looks ahead, and the most logits of these."""
LINE_STREAMS, LINE_STEPS = 32, 64
"""The number of parallel streams in which lines are read, and of steps in their windows.

Lines can be read in parallel because each begins from the zero state.
"""


class Scorer:
    """Scores a text piece by piece; the numbers do not depend on how the text is cut into pieces.

    The first character is scored from the zero state, after the start token of the codec. The state is
    carried from piece to piece, and reset where a sequence begins. `ranks=False` leaves out ranks and
    confidences, unless characters of several tokens need them for guesses. With `num_guesses`, the
    expectations at each character are kept too. Ranks beyond `worst`, if it is given, may be `worst` + 1
    where characters have several tokens: that takes less time. With `foresees` the nats that the model
    expected are kept.
    """

    def __init__(
        self,
        model: LanguageModel,
        codec: Codec,
        *,
        num_guesses: int = 0,
        ranks: bool = True,
        worst: int | None = None,
        foresees: bool = False,
    ) -> None:
        self._model, self._codec = model, codec
        self._rule = UnseenRule(codec.tokenizer.escape_probability)
        self._with_ranks = ranks or (num_guesses > 0 and not codec.tokenizer.one_token_each)
        self._foresees = foresees
        self._num_guesses = min(num_guesses, len(codec.tokenizer.alphabet))
        self._is_one_stream = isinstance(model, AdaptiveModel)
        self._ahead: Ahead | None = None
        if self._with_ranks and not codec.tokenizer.one_token_each:
            wanted = Wanted(max(1, self._num_guesses), worst, whole=num_guesses > 0)
            kind = AheadInTurn if self._is_one_stream else AheadTogether
            self._ahead = kind(model, codec, wanted)
        self._steps = long_window(codec.vocab_size) if self._ahead else WINDOW_STEPS
        self._state = model.initial_state(1)
        self._work = model.workspace(self._steps, 1, resets=codec.restarts, backward=False)
        self._line_work: Any = None
        self._last = ""

    def score(self, text: str) -> Surprisal:
        """Return the surprisal of the next piece of the text: whole lines if the codec selects characters."""
        surprisal, counted = self._score(text), self._codec.counted(text)
        return surprisal if counted is None else surprisal.only(counted)

    def _score(self, text: str) -> Surprisal:
        sequence = self._codec.examples(text, after=self._last)
        one_each = sequence.begins is None
        readings = Readings(
            len(sequence.targets),
            self._num_guesses if one_each else 0,
            ranks=self._with_ranks and one_each,
            foresees=self._foresees,
        )
        if self._ahead:
            self._ahead.begin_(text, sequence)
        streams = line_streams(None if self._is_one_stream else sequence.starts)
        first, last = (streams[0], streams[-1]) if len(streams) else (0, 0)
        self._score_in_turn(sequence, slice(0, first), readings)
        self._score_together(sequence, streams, readings)
        self._score_in_turn(sequence, slice(last, len(sequence.targets)), readings)
        num_words = count_words(text, after=self._last)
        self._last = text[-1:] or self._last
        if sequence.begins is None:
            return readings.surprisal(self._rule, sequence.targets, bytes_of(text), num_words)
        return self._of_chars(text, sequence, sequence.begins, readings, num_words)

    def _of_chars(
        self, text: str, sequence: Sequence, begins: BoolArray, readings: "Readings", num_words: int
    ) -> Surprisal:
        """Return the surprisal of characters of several tokens each, given the readings at the tokens."""
        num_bytes, first = bytes_of(text), np.flatnonzero(begins)
        prices = self._rule.prices(readings.nats, sequence.targets, chars_at(begins, num_bytes), begins)
        of_chars, foreseen = np.add.reduceat(prices, first), None
        if readings.entropies is not None:
            foreseen = self._rule.entropies(np.add.reduceat(readings.entropies, first))
        unseen = sequence.targets[begins] == UNSEEN
        ranks, confidences, expected = self._ahead.looks() if self._ahead else (None, None, None)
        return Surprisal(
            of_chars, num_bytes, unseen, ranks, confidences, num_words, expected, foreseen=foreseen
        )

    def _score_in_turn(self, sequence: Sequence, part: slice, readings: "Readings") -> None:
        """Score one `part` of the sequence, starting from the state carried so far."""
        inputs, targets, starts, _ = sequence
        for begin in range(part.start, part.stop, self._steps):
            some = slice(begin, min(begin + self._steps, part.stop))
            resets = None if starts is None else starts[some, None]
            window = Window(inputs[some, None], targets[some, None], resets)
            log_p = predict_window(self._model, self._codec, window, self._state, self._work)
            readings.take_(some, log_p[:, 0], targets[some])
            if self._ahead:
                self._ahead.see_(np.arange(some.start, some.stop)[:, None], log_p, self._work)

    def _score_together(self, sequence: Sequence, bounds: TokenArray, readings: "Readings") -> None:
        """Score the lines from the first to the last of `bounds`, in parallel streams."""
        inputs, targets, starts, _ = sequence
        if starts is None or len(bounds) == 0:
            return
        if self._line_work is None:
            self._line_work = self._model.workspace(LINE_STEPS, LINE_STREAMS, resets=True, backward=False)
        begins, lengths = bounds[:-1], np.diff(bounds)
        state = self._model.initial_state(LINE_STREAMS)
        for t in range(0, lengths.max(), LINE_STEPS):
            steps = np.arange(t, min(t + LINE_STEPS, lengths.max()))[:, None]
            inside = steps < lengths
            places = np.where(inside, begins + steps, 0)
            window = Window(inputs[places], targets[places], starts[places])
            log_p = predict_window(self._model, self._codec, window, state, self._line_work)
            readings.take_(places[inside], log_p[inside], targets[places[inside]])
            if self._ahead:
                self._ahead.see_(np.where(inside, places, -1), log_p, self._line_work)


class Readings:
    """The numbers taken from the distribution at each token, before the rule for unseen characters."""

    def __init__(
        self, num_targets: int, num_guesses: int, *, ranks: bool = True, foresees: bool = False
    ) -> None:
        self.nats = np.empty(num_targets)
        self.ranks = np.empty(num_targets, np.int32) if ranks else None
        self.highest = np.empty(num_targets)
        self.expected = Expectations.empty(num_targets, num_guesses) if num_guesses else None
        self.entropies = np.empty(num_targets) if foresees else None

    def take_(self, places: Any, log_p: FloatArray, targets: TokenArray) -> None:
        """Store the numbers of the distributions log p (M, V) at the M `places` in the text."""
        self.nats[places] = target_nats(log_p, targets)
        if self.ranks is not None:
            self.ranks[places] = target_ranks(log_p, targets)
            self.highest[places] = log_p.max(axis=-1)
        if self.expected:
            guesses = likeliest(log_p, self.expected.guesses.shape[1])
            self.expected.guesses[places] = guesses
            self.expected.probabilities[places] = np.exp(np.take_along_axis(log_p, guesses, axis=-1))
            self.expected.entropies[places] = entropies_of(log_p)
        if self.entropies is not None:
            self.entropies[places] = entropies_of(log_p)

    def surprisal(
        self, rule: UnseenRule, targets: TokenArray, num_bytes: TokenArray, num_words: int
    ) -> Surprisal:
        """Return the surprisal, with the rule for unseen characters applied."""
        unseen, expected, confidences = targets == UNSEEN, self.expected, None
        nats = rule.prices(self.nats, targets, num_bytes)
        if self.ranks is not None:
            self.ranks[unseen] = 0
            confidences = rule.probabilities(np.exp(self.highest))
        if expected:
            expected = Expectations(
                rule.entropies(expected.entropies),
                expected.guesses,
                rule.probabilities(expected.probabilities),
            )
        foreseen = None if self.entropies is None else rule.entropies(self.entropies)
        return Surprisal(
            nats, num_bytes, unseen, self.ranks, confidences, num_words, expected, foreseen=foreseen
        )


def entropies_of(log_p: FloatArray) -> FloatArray:
    """Return the entropies (M,) in nats of the distributions log p (M, V), some of which may be -infinity."""
    p = np.exp(log_p)
    entropies: FloatArray = -(p * np.where(p > 0, log_p, 0.0)).sum(axis=-1)
    return entropies


def likeliest(log_p: FloatArray, num: int) -> TokenArray:
    """Return the `num` likeliest tokens (M, num) of log p (M, V), the likeliest first.

    Of equally likely tokens, the smaller number comes first.
    """
    if num == 1:  # faster, with the same result
        found: TokenArray = log_p.argmax(axis=-1, keepdims=True).astype(np.int32)
    else:
        found = np.argsort(-log_p, axis=-1, kind="stable")[:, :num].astype(np.int32)
    return found


def long_window(vocab_size: int) -> int:
    """Return the number of steps in a window in which the model looks ahead at many places together."""
    return WINDOW_STEPS * max(1, min(LONG_WINDOW, MOST_LOGITS // (WINDOW_STEPS * vocab_size)))


def line_streams(starts: BoolArray | None) -> TokenArray:
    """Return the bounds of LINE_STREAMS parts of whole lines, (LINE_STREAMS + 1,), or an empty array.

    It is empty if there are too few lines to cut the text, or one part would be so long that it does not pay.
    """
    nowhere = np.empty(0, np.int32)
    if starts is None or np.sum(starts) <= LINE_STREAMS:
        return nowhere
    lines = np.flatnonzero(starts).astype(np.int32)
    even = np.linspace(lines[0], lines[-1], LINE_STREAMS + 1)
    bounds = lines[np.searchsorted(lines, even)]
    longest = np.diff(bounds).max()
    return bounds if longest * LINE_STREAMS <= 4 * (bounds[-1] - bounds[0]) else nowhere


def predict_window(model: LanguageModel, codec: Codec, window: Window, state: Any, work: Any) -> FloatArray:
    """Return log p (T, N, V) in float64 for each target of a window; advance `state` in place."""
    logits = model.forward(window.inputs, state, work, resets=window.resets)
    return log_softmax(codec.possible(logits, window.inputs))


def target_nats(log_p: FloatArray, targets: TokenArray) -> FloatArray:
    """Return -log p of each target (T, N); the values for UNSEEN targets are meaningless."""
    return -np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]  # -1 is a place like others


def count_words(text: str, *, after: str = "") -> int:
    """Return the number of words that begin in `text`, which follows the text `after`."""
    continues = bool(text[:1].strip()) and bool(after[-1:].strip())
    return len(text.split()) - continues
