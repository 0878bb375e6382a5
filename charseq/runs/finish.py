"""The end of a training run: n-grams are mixed in if asked for, and rates for adapting are chosen."""

import math
import time
from dataclasses import replace
from pathlib import Path

from charseq.config import ModelConfig, Settings
from charseq.errors import CheckpointError
from charseq.models import NGram, fit_ngram
from charseq.models.mixture import MemberRecord
from charseq.runs.checkpoint import Checkpoint
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
NUM_VALIDATIONS = 3
"""The validations of the network that take as long as scoring a mixture and its members."""
MAX_VALID_CHARS = 1 << 18
"""The most characters of the validation text on which a mixture is scored, as many as while training."""


class Finish:
    """The work at the end of a run with these settings and texts.

    `seconds` are to be left for it, and the time of `num_validations`. It needs a validation text.
    """

    def __init__(self, settings: Settings, examples: Examples, texts: CorpusParts) -> None:
        self._examples, self._train, self._valid = examples, texts.train, texts.valid
        self._order = settings.train.with_ngram if texts.valid else 0
        max_time = Limits.of(settings.train).max_time
        self._rates_seconds = min(SHARE * max_time, SECONDS) if max_time else math.inf
        self.seconds = min(SHARE * max_time, SECONDS) if texts.valid else 0.0
        self.num_validations = 0
        if self._order:
            self.seconds += min(MIXING_SHARE * max_time, MIXING_SECONDS)
            self.num_validations = NUM_VALIDATIONS
        self._ngrams: NGram | None = None

    def is_done(self, path: Path) -> bool:
        """Return True if the model at `path` is one to which nothing is left to do."""
        try:
            kept = Checkpoint.load(path)
        except CheckpointError:
            return False
        orders = [config.order for config, _ in kept.parts[1:]]
        has_rates = kept.rates is not None or not can_choose(kept.codec, self._valid)
        return has_rates and orders == ([self._order] if self._order else [])

    def count(self) -> Counted | None:
        """Count the n-grams that are to be mixed in; return None if there are none or no validation text."""
        if not self._order:
            return None
        begin = time.monotonic()
        vocab_size = self._examples.codec.vocab_size
        self._ngrams = fit_ngram(self._examples, vocab_size=vocab_size, order=self._order)
        return Counted(self._order, self._ngrams.num_parameters, time.monotonic() - begin)

    def finished(self, best: Checkpoint) -> tuple[Checkpoint, Mixed | None]:
        """Return the model to keep, with its rates, and the event of the mixing, if there was any."""
        event = None
        if self._ngrams is not None:
            config = ModelConfig(kind="ngram", order=self._order)
            members = [
                (MemberRecord(config=best.settings.model), best.model),
                (MemberRecord(config=config), self._ngrams),
            ]
            mixed = mixture_of(members, best, self._valid[:MAX_VALID_CHARS], "log-linear")
            names = [part.description for part in mixed.mixture.parts]
            valid = mixed.checkpoint.results.valid
            best = replace(mixed.checkpoint, results=replace(best.results, valid=valid))
            if valid is not None:
                event = Mixed(
                    dict(zip(names, mixed.alone, strict=True)), tuple(mixed.mixture.weights.tolist()), valid
                )
        if self._valid:
            rates = choose_rates(
                best.parts,
                best.codec,
                self._train,
                self._valid,
                seconds=self._rates_seconds,
            )
            best = replace(best, rates=rates)
        return best, event
