"""The summary of a finished run: its best model, the score of this model on the test part, and the losses."""

from dataclasses import dataclass
from pathlib import Path

from charseq.gradients import LOSSES
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import MODEL
from charseq.runs.metrics import is_validation, read_metrics
from charseq.scoring import Score
from charseq.scoring.closing import score_beginning
from charseq.text.symbols import EncodedText
from charseq.text.tasks import best_possible

EARLY = 1 / 5
"""The share of the steps before which a best validation is early."""
BY_HEART = 0.9
"""A text whose loss is below this share of the best validation is known better than the language."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The best model of a run, at `path`, and its figures.

    `test` is the score of the beginning of the test part, None without a test part. `losses` are the training
    losses in nats per character, one for each validation, and `steps` the numbers of their steps.
    """

    path: Path
    best: Checkpoint
    test: Score | None
    losses: tuple[float, ...]
    steps: tuple[int, ...]

    @classmethod
    def of(cls, directory: Path, test: EncodedText, *, seconds: float) -> "Summary":
        """Score the `test` part for at most about `seconds`; read everything else from the directory."""
        path = directory / MODEL
        best = Checkpoint.load(path)
        score = score_beginning(best.model, best.codec, test, seconds=seconds) if test else None
        metrics = [record for record in read_metrics(directory) if is_validation(record)]
        losses = tuple(record["train_nats_per_char"] for record in metrics)
        return cls(path, best, score, losses, tuple(record["step"] for record in metrics))

    @property
    def optimum(self) -> float | None:
        """The fewest bits per character that any model needs for the texts, None if they are not known."""
        valid, sources = self.best.settings.data.valid, self.best.provenance.sources
        return best_possible((valid,) if valid else sources, self.best.codec)

    @property
    def is_worse_than_uniform(self) -> bool:
        """True if the best validation has more bits per character than a uniform guess."""
        valid = self.best.results.valid
        return valid is not None and valid.is_worse_than_uniform(self.best.codec)

    @property
    def learnt_by_heart(self) -> bool:
        """True if the best validation was early, and the last loss of the training text far below it."""
        best, losses_are_prices = self.best.results, LOSSES[self.best.settings.train.loss].is_price
        is_early = self.steps and 0 < best.step < EARLY * self.steps[-1]
        if best.valid is None or not is_early or not losses_are_prices:
            return False
        return self.losses[-1] < BY_HEART * best.valid.nats_per_char
