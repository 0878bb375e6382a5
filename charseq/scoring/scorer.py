"""How surprised a model is by each character of a text: the one array that every report is made from."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.config import Unit
from charseq.models.contract import LanguageModel
from charseq.network.loss import log_softmax, target_ranks
from charseq.scoring.score import Score
from charseq.text import UNSEEN, Tokenizer
from charseq.text.batches import Examples, Sequence, Window, make_sequence
from charseq.text.symbols import EncodedText
from charseq.text.tokenizers.tokenizer import bytes_per_char

WINDOW_STEPS = 256
"""Steps that are projected to logits together."""
LINE_STREAMS, LINE_STEPS = 32, 64
"""Streams that lines are dealt out to, which restart at each line anyway, and their steps in a window."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the model expected at each character of a text, under the unseen-character rule.

    `entropies` (L,) are in nats, all unseen characters together counting as one event; `guesses` (L, K) are
    the K likeliest tokens, the likeliest first, with their `probabilities` (L, K).
    """

    entropies: FloatArray
    guesses: TokenArray
    probabilities: FloatArray

    @classmethod
    def empty(cls, num_chars: int, num_guesses: int) -> "Expectations":
        """Make room."""
        shape = (num_chars, num_guesses)
        return cls(np.empty(num_chars), np.empty(shape, np.int32), np.empty(shape))

    def __getitem__(self, part: Any) -> "Expectations":
        return Expectations(self.entropies[part], self.guesses[part], self.probabilities[part])


@dataclass(frozen=True, slots=True)
class Surprisal:
    """What each character of a text cost, (L,) each.

    `nats` is -log p with the unseen-character rule applied; `ranks` is 1 for the model's first guess and
    0 for an unseen character; `confidences` is the probability of that first guess; `num_bytes` the UTF-8
    length of each character; `num_words` counts the words that begin in this text.
    """

    nats: FloatArray
    ranks: TokenArray
    confidences: FloatArray
    num_bytes: TokenArray
    num_words: int = 0
    expected: Expectations | None = None

    @property
    def bits(self) -> FloatArray:
        """-log2 p of each character."""
        return self.nats / math.log(2)

    @property
    def unseen(self) -> BoolArray:
        """Where the character is not in the vocabulary."""
        unseen: BoolArray = self.ranks == 0
        return unseen

    def score(self, *, seen_only: bool = False) -> Score:
        """Sum up; with `seen_only`, unseen characters are left out, price and all."""
        kept = ~self.unseen if seen_only else np.ones_like(self.unseen)
        ranks = self.ranks[kept]
        return Score(
            num_chars=len(ranks),
            num_bytes=int(self.num_bytes[kept].sum()),
            num_words=self.num_words,
            num_unseen=int(np.sum(ranks == 0)),
            num_top1=int(np.sum(ranks == 1)),
            num_top5=int(np.sum((ranks > 0) & (ranks <= 5))),
            nats=float(self.nats[kept].sum()),
        )


class Scorer:
    """Scores a text piece by piece: any cutting of a text into pieces gives the same numbers.

    The first character is scored from the zero state, with the zero vector (unit stream) or a newline
    (unit line) as input; the state is carried to the end, and with unit line restarts at every line. With
    `num_guesses` it is also said what was expected at each character.
    """

    def __init__(
        self, model: LanguageModel, tokenizer: Tokenizer, unit: Unit, *, num_guesses: int = 0
    ) -> None:
        self._model, self._tokenizer, self._unit = model, tokenizer, unit
        self._num_guesses = min(num_guesses, tokenizer.vocab_size)
        self._state = model.initial_state(1)
        self._work = model.workspace(WINDOW_STEPS, 1, resets=unit == "line", backward=False)
        self._line_work: Any = None
        self._last = ""

    def score(self, text: str) -> Surprisal:
        """Return the surprisal of the next piece of the text."""
        sequence = make_sequence(text, self._tokenizer, self._unit, after=self._last)
        readings = Readings(len(text), self._num_guesses)
        streams = line_streams(sequence.starts)
        first, last = (streams[0], streams[-1]) if len(streams) else (0, 0)
        self._score_in_turn(sequence, slice(0, first), readings)
        self._score_together(sequence, streams, readings)
        self._score_in_turn(sequence, slice(last, len(text)), readings)
        num_bytes, num_words = bytes_per_char(text), count_words(text, after=self._last)
        self._last = text[-1:] or self._last
        return readings.surprisal(self._tokenizer, sequence.targets, num_bytes, num_words)

    def _score_in_turn(self, sequence: Sequence, part: slice, readings: "Readings") -> None:
        """Read the `part`, from the state that was carried there."""
        inputs, targets, starts = sequence
        for begin in range(part.start, part.stop, WINDOW_STEPS):
            some = slice(begin, min(begin + WINDOW_STEPS, part.stop))
            resets = None if starts is None else starts[some, None]
            window = Window(inputs[some, None], targets[some, None], resets)
            log_p = predict_window(self._model, window, self._state, self._work)
            readings.take_(some, log_p[:, 0], targets[some])

    def _score_together(self, sequence: Sequence, bounds: TokenArray, readings: "Readings") -> None:
        """Read between the first and the last of `bounds`, where lines begin."""
        inputs, targets, starts = sequence
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
            log_p = predict_window(self._model, window, state, self._line_work)
            readings.take_(places[inside], log_p[inside], targets[places[inside]])


class Readings:
    """What is taken from each distribution on the way, before the unseen-character rule."""

    def __init__(self, num_chars: int, num_guesses: int) -> None:
        self.nats, self.ranks = np.empty(num_chars), np.empty(num_chars, np.int32)
        self.highest = np.empty(num_chars)
        self.expected = Expectations.empty(num_chars, num_guesses) if num_guesses else None

    def take_(self, places: Any, log_p: FloatArray, targets: TokenArray) -> None:
        """Note what log p (M, V) says at the M `places` in the text."""
        self.nats[places] = target_nats(log_p, targets)
        self.ranks[places] = target_ranks(log_p, targets)
        self.highest[places] = log_p.max(axis=-1)
        if self.expected:
            guesses = likeliest(log_p, self.expected.guesses.shape[1])
            self.expected.guesses[places] = guesses
            self.expected.probabilities[places] = np.exp(np.take_along_axis(log_p, guesses, axis=-1))
            self.expected.entropies[places] = -(np.exp(log_p) * log_p).sum(axis=-1)

    def surprisal(
        self, tokenizer: Tokenizer, targets: TokenArray, num_bytes: TokenArray, num_words: int
    ) -> Surprisal:
        """Apply the unseen-character rule."""
        self.ranks[targets == UNSEEN] = 0
        nats = tokenizer.charge_escape(self.nats, targets, num_bytes)
        seen, expected = 1 - tokenizer.escape_probability, self.expected
        if expected:
            entropies = tokenizer.entropy_with_escape(expected.entropies)
            expected = Expectations(entropies, expected.guesses, seen * expected.probabilities)
        return Surprisal(nats, self.ranks, seen * np.exp(self.highest), num_bytes, num_words, expected)


def likeliest(log_p: FloatArray, num: int) -> TokenArray:
    """Return the `num` likeliest tokens (M, num) of log p (M, V), the likeliest first; ties go by number."""
    return np.argsort(-log_p, axis=-1, kind="stable")[:, :num].astype(np.int32)


def line_streams(starts: BoolArray | None) -> TokenArray:
    """Return where to cut a text into LINE_STREAMS parts of whole lines, their ends included.

    There is nothing to cut where no line begins, and it would not pay where one of them is most of the text.
    """
    nowhere = np.empty(0, np.int32)
    if starts is None or np.sum(starts) <= LINE_STREAMS:
        return nowhere
    lines = np.flatnonzero(starts).astype(np.int32)
    even = np.linspace(lines[0], lines[-1], LINE_STREAMS + 1)
    bounds = lines[np.searchsorted(lines, even)]
    longest = np.diff(bounds).max()
    return bounds if longest * LINE_STREAMS <= 4 * (bounds[-1] - bounds[0]) else nowhere


def predict_window(model: LanguageModel, window: Window, state: Any, work: Any) -> FloatArray:
    """Return log softmax (T, N, V) in float64 for each target of a window; advance `state` in place."""
    return log_softmax(model.forward(window.inputs, state, work, resets=window.resets))


def target_nats(log_p: FloatArray, targets: TokenArray) -> FloatArray:
    """Return -log p of each target (T, N); what it says of UNSEEN targets is for nobody's use."""
    return -np.take_along_axis(log_p, targets[..., None], axis=-1)[..., 0]  # -1 is a place like others


class Validator:
    """Scores one text again and again while a model learns, in parallel parts rather than in one go.

    Each part begins in the zero state WARMUP characters early, which stands in for the state that one go
    would have carried there. For a text of a single part, and for lines no longer than WARMUP, it is exact.
    """

    STREAMS, WARMUP, STEPS = 32, 128, 64

    def __init__(self, model: LanguageModel, tokenizer: Tokenizer, text: EncodedText, unit: Unit) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._examples = Examples(text, tokenizer, unit)
        self.num_chars = len(text)

    def score(self) -> Score:
        """Score the text as the model is now, with the unseen-character rule applied."""
        score = Score()
        num_streams = max(1, min(self.STREAMS, self.num_chars // self.STEPS))
        part_length = -(-self.num_chars // num_streams)
        begins = part_length * np.arange(num_streams)
        state = self._model.initial_state(num_streams)
        work = self._model.workspace(self.STEPS, num_streams, resets=True, backward=False)
        for t in range(-self.WARMUP, part_length, self.STEPS):
            steps = np.arange(t, min(t + self.STEPS, part_length))
            places = begins + steps[:, None]
            inside = (places >= 0) & (places < self.num_chars)
            places = np.where(inside, places, 0)
            inputs, targets, starts = self._examples.window(places)
            window = Window(
                np.where(inside, inputs, UNSEEN),
                np.where(inside, targets, UNSEEN),
                places == 0 if starts is None else starts,
            )
            nats = target_nats(predict_window(self._model, window, state, work), window.targets)
            scored = inside & (steps >= 0)[:, None]
            score += self._priced(
                nats[scored], window.targets[scored], self._examples.num_bytes(places[scored])
            )
        return score

    def _priced(self, nats: FloatArray, targets: TokenArray, num_bytes: TokenArray) -> Score:
        return Score(
            num_chars=len(targets),
            num_bytes=int(num_bytes.sum()),
            num_unseen=int(np.sum(targets == UNSEEN)),
            nats=float(self._tokenizer.charge_escape(nats, targets, num_bytes).sum()),
        )


def count_words(text: str, *, after: str = "") -> int:
    """Return how many words begin in `text`, which continues `after`."""
    continues = bool(text[:1].strip()) and bool(after[-1:].strip())
    return len(text.split()) - continues
