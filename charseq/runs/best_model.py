"""The model file of a run: the best model so far, which can be used while the run goes on."""

import math
from dataclasses import replace
from pathlib import Path
from typing import cast

from charseq.errors import CheckpointError
from charseq.models import TrainableModel
from charseq.runs.checkpoint import Checkpoint
from charseq.training.progress import Progress
from charseq.training.trainer import Trainer


def as_it_is_now(checkpoint: Checkpoint, now: Progress) -> Checkpoint:
    """Return the `checkpoint` of a run with the step, the epoch and the time of its latest model."""
    results = replace(checkpoint.results, step=now.step, epoch=now.epoch_number, train_seconds=now.elapsed)
    return replace(checkpoint, results=results)


class BestModel:
    """The best model of a run, and the file `path` that holds it.

    The results of `checkpoint`, the run's own, are those of the best validation. `is_saved` is true if the
    file has this model. One that was left by a cool-down is better than the first ones of the run that goes
    on: it stays until this run has a better one.
    """

    def __init__(self, path: Path, checkpoint: Checkpoint, trainer: Trainer) -> None:
        self._path, self._checkpoint, self._trainer = path, checkpoint, trainer
        self._model: TrainableModel | None = None  # built when it is first saved, then filled anew
        self._nats_in_file = math.inf
        self.is_saved = True

    def compare_with_file_(self) -> Checkpoint | None:
        """From now on, save what is better than the model in the file; return that, None if there is none."""
        try:
            kept = Checkpoint.load(self._path)
        except CheckpointError:
            return None
        if kept.results.valid is not None:
            self._nats_in_file = kept.results.valid.nats_per_char
        return kept

    def save(self) -> None:
        """Write the file, if it lacks the best model and holds no better one that was left there."""
        if self.is_saved and self._path.exists():
            return
        nats = self._trainer.progress.best_nats
        if nats is None or nats < self._nats_in_file or not self._path.exists():
            self.now().save(self._path)
            self.is_saved, self._nats_in_file = True, math.inf

    def now(self) -> Checkpoint:
        """Return the best model, or the latest one if nothing was validated yet; the next call changes it."""
        step = self._trainer.progress.best_step
        if not step:
            return as_it_is_now(self._checkpoint, self._trainer.progress)
        if self._model is None:
            self._model = cast(TrainableModel, self._checkpoint.another_model())
        self._model.params.flat[...] = self._trainer.best
        return replace(
            self._checkpoint, model=self._model, results=replace(self._checkpoint.results, step=step)
        )
