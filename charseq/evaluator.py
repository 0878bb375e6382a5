"""How surprised a model is by each character of a text: the one array that every report is made from."""

from dataclasses import dataclass

import numpy as np

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.config import Unit
from charseq.network import CharModel, State, Workspace
from charseq.network.loss import log_softmax, target_ranks
from charseq.score import Score
from charseq.text import UNSEEN, Tokenizer
from charseq.text.batches import Window, make_sequence
from charseq.text.tokenizer import bytes_per_char

WINDOW_STEPS = 256
"""Steps that are projected to logits together."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """What each character of a text cost, (L,) each.

    `nats` is -log p with the unseen-character rule applied; `ranks` is 1 for the model's first guess and
    0 for an unseen character; `num_bytes` the UTF-8 length of each character; `num_words` counts the words
    that begin in this text.
    """

    nats: FloatArray
    ranks: TokenArray
    num_bytes: TokenArray
    num_words: int = 0

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
    (unit line) as input; the state is carried to the end, and with unit line restarts at every line.
    """

    def __init__(self, model: CharModel, tokenizer: Tokenizer, unit: Unit) -> None:
        self._model, self._tokenizer, self._unit = model, tokenizer, unit
        self._state = model.initial_state(1)
        self._work = model.workspace(WINDOW_STEPS, 1, resets=unit == "line", backward=False)
        self._last = ""

    def score(self, text: str) -> Surprise:
        """Return the surprise of the next piece of the text."""
        inputs, targets, starts = make_sequence(text, self._tokenizer, self._unit, after=self._last)
        nats, ranks = np.empty(len(text)), np.empty(len(text), np.int32)
        for begin in range(0, len(text), WINDOW_STEPS):
            part = slice(begin, begin + WINDOW_STEPS)
            window = Window(
                inputs[part, None], targets[part, None], None if starts is None else starts[part, None]
            )
            log_p = predict_window(self._model, window, self._state, self._work)
            nats[part] = target_nats(log_p, window.targets)[:, 0]
            ranks[part] = target_ranks(log_p, window.targets)[:, 0]
        ranks[targets == UNSEEN] = 0
        num_bytes, num_words = bytes_per_char(text), count_words(text, after=self._last)
        self._last = text[-1:] or self._last
        nats = self._tokenizer.charge_escape(nats, targets, num_bytes)
        return Surprise(nats, ranks, num_bytes, num_words)


def predict_window(model: CharModel, window: Window, state: State, work: Workspace) -> FloatArray:
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

    def __init__(self, model: CharModel, tokenizer: Tokenizer, text: str, unit: Unit) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._sequence = make_sequence(text, tokenizer, unit)
        self._num_bytes = bytes_per_char(text)
        self.num_chars = len(text)

    def score(self) -> Score:
        """Score the text as the model is now, with the unseen-character rule applied."""
        targets, num_bytes = self._sequence.targets, self._num_bytes
        nats = self._tokenizer.charge_escape(self._network_nats(), targets, num_bytes)
        return Score(
            num_chars=self.num_chars,
            num_bytes=int(num_bytes.sum()),
            num_unseen=int(np.sum(targets == UNSEEN)),
            nats=float(nats.sum()),
        )

    def _network_nats(self) -> FloatArray:
        inputs, targets, starts = self._sequence
        num_streams = max(1, min(self.STREAMS, self.num_chars // self.STEPS))
        part_length = -(-self.num_chars // num_streams)
        begins = part_length * np.arange(num_streams)
        state = self._model.initial_state(num_streams)
        work = self._model.workspace(self.STEPS, num_streams, resets=True, backward=False)
        nats = np.empty(self.num_chars)
        for t in range(-self.WARMUP, part_length, self.STEPS):
            steps = np.arange(t, min(t + self.STEPS, part_length))
            places = begins + steps[:, None]
            inside = (places >= 0) & (places < self.num_chars)
            places = np.where(inside, places, 0)
            window = Window(
                np.where(inside, inputs[places], UNSEEN),
                np.where(inside, targets[places], UNSEEN),
                places == 0 if starts is None else starts[places],
            )
            window_nats = target_nats(predict_window(self._model, window, state, work), window.targets)
            scored = inside & (steps >= 0)[:, None]
            nats[places[scored]] = window_nats[scored]
        return nats


def count_words(text: str, *, after: str = "") -> int:
    """Return how many words begin in `text`, which continues `after`."""
    continues = bool(text[:1].strip()) and bool(after[-1:].strip())
    return len(text.split()) - continues
