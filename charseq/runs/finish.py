"""The end of a training run: n-grams are mixed in if asked for, and rates for adapting are chosen."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace

from charseq.config import ModelConfig, Settings
from charseq.models import Counting, NGram
from charseq.models.mixture import MemberRecord
from charseq.runs.checkpoint import Checkpoint, Results
from charseq.runs.mixing import mixture_of
from charseq.scoring.rates import can_choose, choose_rates
from charseq.text.batches import Examples
from charseq.text.split import CorpusParts
from charseq.training.events import Counted, Mixed
from charseq.training.limits import Limits

SHARE, SECONDS = 0.03, 20.0
"""The time for choosing rates: a share of max_time, and the most in seconds."""
MIXING_SHARE, MIXING_SECONDS = 0.03, 10.0
"""The time for fitting the weights of a mixture, likewise."""
TEST_SHARE, TEST_SECONDS = 0.02, 5.0
"""The time for scoring the test part, likewise."""
NUM_VALIDATIONS = 3
"""The validations of the network that take as long as scoring a mixture and its members."""
LEAST_SECONDS = 1e-3
"""A limit in time that is shorter counts as this one: 0 would be none."""
MAX_VALID_CHARS = 1 << 18
"""The most characters of the validation text on which a mixture is scored, as many as while training."""


class Finish:
    """The work at the end of a run with these settings and texts.

    `seconds` are to be left for it, and the time of `num_validations`; all but the test needs a validation
    text. A limit in time is one on all work, from the moment given to `count_from_` to the end of the test.
    """

    def __init__(self, settings: Settings, examples: Examples, texts: CorpusParts) -> None:
        self._examples, self._train, self._valid = examples, texts.train, texts.valid
        self._order = settings.train.with_ngram if texts.valid else 0
        self._max_time = max_time = Limits.of(settings.train).max_time
        self._began, self._end = time.monotonic(), math.inf
        self._allot_(max_time)
        self._test_seconds = min(TEST_SHARE * max_time or TEST_SECONDS, TEST_SECONDS)
        self.seconds = min(SHARE * max_time, SECONDS) if texts.valid else 0.0
        self.seconds += self._test_seconds if texts.test else 0.0
        self.num_validations = 0
        if self._order:
            self.seconds += self._mixing_seconds if max_time else 0.0
            self.num_validations = NUM_VALIDATIONS
        self._ngrams: NGram | None = None

    def _allot_(self, max_time: float) -> None:
        """Give the work its shares of a limit in time; 0: no limit."""
        self._rates_seconds = min(SHARE * max_time, SECONDS) if max_time else math.inf
        self._mixing_seconds = min(MIXING_SHARE * max_time, MIXING_SECONDS) if max_time else math.inf

    def hasten_(self, elapsed: float) -> None:
        """Take as long as in a run of `elapsed` seconds; the limit on all work holds no more."""
        self._allot_(max(elapsed, LEAST_SECONDS))
        self._end = math.inf

    def count_from_(self, began: float, elapsed: float) -> None:
        """Count the time from `began`, by time.monotonic, when `elapsed` seconds had been trained already."""
        self._began = began
        self._end = began + self._max_time - elapsed if self._max_time else math.inf

    @property
    def seconds_so_far(self) -> float:
        """The seconds since the work began."""
        return time.monotonic() - self._began

    @property
    def test_seconds(self) -> float:
        """The seconds for scoring the test part now: its share, or what is left."""
        return self._within(self._test_seconds)

    def _within(self, seconds: float, *, later: float = 0.0) -> float:
        """Return `seconds`, or as many as there are until the end if `later` ones follow."""
        if math.isinf(self._end):
            return seconds
        return max(0.0, min(seconds, self._end - later - time.monotonic()))

    def is_done(self, kept: Checkpoint, *, best: Results) -> bool:
        """Return True if a model is finished, and the one of the `best` validation of this run.

        One that was finished when the run was interrupted has another time of training.
        """
        orders = [config.order for config, _ in kept.parts[1:]]
        has_rates = kept.rates is not None or not can_choose(kept.codec, self._valid)
        is_best = kept.results.train_seconds == best.train_seconds
        return is_best and has_rates and orders == ([self._order] if self._order else [])

    def count(self) -> Iterator[Counting | Counted]:
        """Count the n-grams that are to be mixed in, if there are any, and yield events, `Counted` last."""
        if not self._order:
            return
        begin = time.monotonic()
        self._ngrams = NGram([], self._examples.codec.vocab_size)
        yield from self._ngrams.count_(self._examples.in_order, self._order)
        yield Counted(self._order, self._ngrams.num_parameters, time.monotonic() - begin)

    def finished(self, best: Checkpoint, *, max_chars: int | None = None) -> tuple[Checkpoint, Mixed | None]:
        """Return the model to keep, with its rates, and the event of the mixing, if there was any.

        A mixture is scored on the validation text, for which time was planned. If validations score no more
        than `max_chars` characters, it is scored on these, or on fewer if there is no time for all of them.
        """
        event = None
        if self._ngrams is not None:
            config = ModelConfig(kind="ngram", order=self._order)
            members = [
                (MemberRecord(config=best.settings.model), best.model),
                (MemberRecord(config=config), self._ngrams),
            ]
            valid = self._valid[: max_chars or MAX_VALID_CHARS]
            others = self._mixing_seconds + self._rates_seconds + self._test_seconds
            mixed = mixture_of(
                members,
                best,
                valid,
                "log-linear",
                seconds=self._mixing_seconds,
                scoring_seconds=self._within(math.inf, later=others) if max_chars else math.inf,
            )
            names = [part.description for part in mixed.mixture.parts]
            score = mixed.checkpoint.results.valid
            best = replace(mixed.checkpoint, results=replace(best.results, valid=score))
            if score is not None:
                event = Mixed(
                    dict(zip(names, mixed.alone, strict=True)), tuple(mixed.mixture.weights.tolist()), score
                )
        if self._valid:
            rates = choose_rates(
                best.parts,
                best.codec,
                self._train,
                self._valid,
                seconds=self._within(self._rates_seconds, later=self._test_seconds),
            )
            best = replace(best, rates=rates)
        return best, event
