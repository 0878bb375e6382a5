"""The scorer of a text, which is read piece by piece: the surprisal of every character."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from charseq.adaptation import AdaptiveModel
from charseq.adaptation.gradient import WINDOW
from charseq.arrays import BoolArray
from charseq.config import BackendName
from charseq.models import LanguageModel, has_readout
from charseq.scoring.ahead import Ahead, AheadInTurn, AheadTogether
from charseq.scoring.compiling import Compiling
from charseq.scoring.cores import Job, run_jobs
from charseq.scoring.front import Wanted
from charseq.scoring.readings import Readings
from charseq.scoring.streams import LINE_STEPS, LINE_STREAMS, NO_CUT, Cut, Group, context_of, cut
from charseq.scoring.surprisal import Surprisal
from charseq.scoring.unseen import UnseenRule
from charseq.scoring.windows import distributions, make_work, price, read_window
from charseq.text import UNSEEN
from charseq.text.batches import Window
from charseq.text.codec import Codec, Sequence, chars_at
from charseq.text.pieces import bytes_of

WINDOW_STEPS = 13 * WINDOW
"""The number of steps in a window: whole windows of a model that adapts, which reads others twice."""
LONG_WINDOW, MOST_LOGITS = 8, 1 << 19
"""The number of such windows that are read at once if the model looks ahead, and the most logits of these."""
READOUT_STEPS = 1 << 14
"""The number of steps in a window of n-grams, in one stream: the cores share the distributions in it."""


class Scoring(NamedTuple):
    """The scoring of a piece of text: jobs that do not depend on each other, and its result after them."""

    jobs: list[Job]
    result: Callable[[], Surprisal]


class Scorer:
    """Scores a text piece by piece; the numbers do not depend on how the text is cut into pieces.

    The first character is scored from the zero state, after the start token of the codec. The state is
    carried from piece to piece, and reset where a sequence begins. Lines, and any text of which only a few
    tokens matter to the model, are read in groups of parallel streams, side by side on the cores of this
    machine; the number of cores does not change a bit of the numbers. `ranks=False` leaves out ranks and
    confidences, unless characters of several tokens need them for guesses. With `num_guesses`, the
    expectations at each character are kept too. Ranks beyond `worst`, if it is given, may be `worst` + 1
    where characters have several tokens: that takes less time. With `foresees` the nats that the model
    expected are kept. Networks compute with the `backend`; "auto" takes numba, if it is installed, once so
    much is read that it pays. With `compiling`, which other scorers share, the caller counts what is read.
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
        backend: BackendName = "auto",
        compiling: Compiling | None = None,
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
        self._reads_out = has_readout(model) and not (self._ahead or self._num_guesses)
        if self._reads_out:
            self._steps = READOUT_STEPS
        num_streams = LINE_STREAMS if codec.restarts else 1
        self._compiling = compiling or Compiling(model, num_streams=num_streams, backend=backend)
        self._counts_itself = compiling is None
        self._is_compiled, self._context = False, context_of(model)
        self._state, self._work = model.initial_state(1), None
        self._free_works = list[Any]()
        self._last = ""

    def score(self, text: str) -> Surprisal:
        """Return the surprisal of the next piece of the text: whole lines if the codec selects characters."""
        scoring = self.begin(text)
        run_jobs(scoring.jobs)
        return scoring.result()

    def begin(self, text: str) -> Scoring:
        """Begin to score the next piece of the text, after the one before is done; `score` does all of it."""
        sequence = self._codec.examples(text, after=self._last)
        one_each = sequence.begins is None
        readings = Readings(
            len(sequence.targets),
            self._num_guesses if one_each else 0,
            ranks=self._with_ranks and one_each,
            foresees=self._foresees,
        )
        if self._counts_itself:
            self._compiling.count_(len(sequence.targets))
        self._is_compiled = self._compiling.is_compiled
        if self._ahead:
            self._ahead.begin_(text, sequence)
        starts = None if self._is_one_stream else sequence.starts
        parts = NO_CUT if self._reads_out else cut(starts, len(sequence.targets), self._context)
        jobs: list[Job] = [partial(self._score_rest, sequence, parts, readings)]
        jobs += [partial(self._score_together, sequence, group, readings) for group in parts.groups]
        num_words = count_words(text, after=self._last)
        self._last = text[-1:] or self._last

        def result() -> Surprisal:
            counted, begins = self._codec.counted(text), sequence.begins
            if begins is None:
                found = readings.surprisal(self._rule, sequence.targets, bytes_of(text), num_words)
            else:
                found = self._of_chars(text, sequence, begins, readings, num_words)
            return found if counted is None else found.only(counted)

        return Scoring(jobs, result)

    def free_(self) -> None:
        """Free the memory for windows; it is allocated again if more is read."""
        self._work = None
        self._free_works.clear()
        if self._ahead:
            self._ahead.free_()

    def _of_chars(
        self, text: str, sequence: Sequence, begins: BoolArray, readings: Readings, num_words: int
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

    def _score_rest(self, sequence: Sequence, parts: Cut, readings: Readings) -> None:
        """Score what is before and after the groups of streams, starting from the state carried so far."""
        num_tokens = len(sequence.targets)
        if self._work is None:
            self._work = make_work(self._model, self._steps, 1, resets=self._codec.restarts)
        self._score_in_turn(sequence, 0, parts.first, readings)
        self._score_in_turn(sequence, parts.last - parts.context, parts.last, None)
        self._score_in_turn(sequence, parts.last, num_tokens, readings)

    def _score_in_turn(self, sequence: Sequence, first: int, last: int, readings: Readings | None) -> None:
        """Read the tokens from `first` to `last`, and score them if there are `readings`."""
        inputs, targets, starts, _ = sequence
        for begin in range(first, last, self._steps):
            some = slice(begin, min(begin + self._steps, last))
            resets = None if starts is None else starts[some, None]
            window = Window(inputs[some, None], targets[some, None], resets)
            places = np.arange(some.start, some.stop)[:, None]
            self._read(window, places, self._state, self._work, readings)

    def _score_together(self, sequence: Sequence, group: Group, readings: Readings) -> None:
        """Score a group of streams."""
        inputs, targets, starts, _ = sequence
        work = self._free_works.pop() if self._free_works else self._line_work()
        state = self._model.initial_state(LINE_STREAMS)
        for places, is_scored in group.windows():
            some = np.maximum(places, 0)
            window = Window(inputs[some], targets[some], None if starts is None else starts[some])
            self._read(window, places, state, work, readings if is_scored else None)
        self._free_works.append(work)

    def _line_work(self) -> Any:
        return make_work(self._model, LINE_STEPS, LINE_STREAMS, resets=self._codec.restarts)

    def _read(self, window: Window, places: Any, state: Any, work: Any, readings: Readings | None) -> None:
        """Read a window, and store the numbers of its targets at their `places` (T, N), -1 for none."""
        read = read_window(self._model, self._codec, window, state, work)
        if readings is None:
            return
        found = price(
            read,
            window.targets,
            vocab_size=self._codec.vocab_size,
            ranks=readings.ranks is not None,
            entropies=self._foresees,
            compiled=self._is_compiled,
        )
        some = slice(None) if places.min() >= 0 else places.reshape(-1) >= 0
        readings.take_(places.reshape(-1)[some], found.at(some))
        if self._ahead or readings.expected:
            log_p = distributions(read, places.shape)
            readings.take_guesses_(places[places >= 0], log_p[places >= 0])
            if self._ahead:
                self._ahead.see_(places, log_p, work)


def long_window(vocab_size: int) -> int:
    """Return the number of steps in a window in which the model looks ahead at many places together."""
    return WINDOW_STEPS * max(1, min(LONG_WINDOW, MOST_LOGITS // (WINDOW_STEPS * vocab_size)))


def count_words(text: str, *, after: str = "") -> int:
    """Return the number of words that begin in `text`, which follows the text `after`."""
    continues = bool(text[:1].strip()) and bool(after[-1:].strip())
    return len(text.split()) - continues
