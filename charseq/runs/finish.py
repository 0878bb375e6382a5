"""The end of a training run: n-grams are mixed in if asked for, and rates for adapting are chosen."""

import math
import time
from dataclasses import replace

from charseq.config import ModelConfig, Settings
from charseq.models import NGram, fit_ngram
from charseq.models.mixture import Member
from charseq.runs.adapting import members_of
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.mixing import mixture_of
from charseq.scoring.rates import choose_rates
from charseq.text.batches import Examples
from charseq.text.split import CorpusParts
from charseq.training.events import Counted, Mixed
from charseq.training.limits import Limits

SHARE, SECONDS = 0.04, 30.0
"""The time for the work at the end: a share of max_time, and the most in seconds."""
RATES_SHARE = 0.75
"""The share of this time that choosing the rates may take."""


class Finish:
    """The work at the end of a run with these settings and texts, for which `seconds` are to be left."""

    def __init__(self, settings: Settings, examples: Examples, texts: CorpusParts) -> None:
        self._settings, self._examples, self._texts = settings, examples, texts
        max_time = Limits.of(settings.train).max_time
        self.seconds = min(SHARE * max_time, SECONDS) if texts.valid else 0.0
        self._rates_seconds = RATES_SHARE * self.seconds if max_time else math.inf
        self._ngrams: NGram | None = None

    def count(self) -> Counted | None:
        """Count the n-grams that are to be mixed in; return None if there are none or no validation text."""
        order = self._settings.train.with_ngram
        if not order or not self._texts.valid:
            return None
        begin = time.monotonic()
        vocab_size = self._examples.codec.vocab_size
        self._ngrams = fit_ngram(self._examples, vocab_size=vocab_size, order=order)
        return Counted(order, self._ngrams.num_parameters, time.monotonic() - begin)

    def finished(self, best: Checkpoint) -> tuple[Checkpoint, Mixed | None]:
        """Return the model to keep, with its rates, and the event of the mixing, if there was any."""
        event = None
        if self._ngrams is not None:
            config = ModelConfig(kind="ngram", order=self._settings.train.with_ngram)
            members = [
                (Member(config=best.settings.model), best.model),
                (Member(config=config), self._ngrams),
            ]
            mixed = mixture_of(members, best, self._texts.valid, "log-linear")
            names = [part.description for part in mixed.mixture.parts]
            valid = mixed.checkpoint.results.valid
            best = replace(mixed.checkpoint, results=replace(best.results, valid=valid))
            if valid is not None:
                event = Mixed(
                    dict(zip(names, mixed.alone, strict=True)), tuple(mixed.mixture.weights.tolist()), valid
                )
        if self._texts.valid:
            rates = choose_rates(
                members_of(best),
                best.codec,
                self._texts.train,
                self._texts.valid,
                seconds=self._rates_seconds,
            )
            best = replace(best, rates=rates)
        return best, event
