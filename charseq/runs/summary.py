"""The summary of a finished run: its best model, the score of this model on the test part, and the losses."""

from dataclasses import dataclass
from pathlib import Path

from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import MODEL, read_metrics
from charseq.scoring import Score
from charseq.scoring.closing import score_beginning
from charseq.text.symbols import EncodedText


@dataclass(frozen=True, slots=True)
class Summary:
    """The best model of a run, at `path`, and its figures.

    `test` is the score of the beginning of the test part, None without a test part. `losses` are the training
    losses in nats per character, one for each validation.
    """

    path: Path
    best: Checkpoint
    test: Score | None
    losses: tuple[float, ...]

    @classmethod
    def of(cls, directory: Path, test: EncodedText, *, seconds: float) -> "Summary":
        """Score the `test` part for at most about `seconds`; read everything else from the directory."""
        path = directory / MODEL
        best = Checkpoint.load(path)
        score = score_beginning(best.model, best.codec, test, seconds=seconds) if test else None
        losses = tuple(record["train_nats_per_char"] for record in read_metrics(directory))
        return cls(path, best, score, losses)

    @property
    def is_worse_than_uniform(self) -> bool:
        """True if the best validation has more bits per character than a uniform guess."""
        valid = self.best.results.valid
        return valid is not None and valid.is_worse_than_uniform(self.best.codec)
