"""The times at which a run is saved while it goes on."""

from charseq.config import TrainConfig
from charseq.training.trainer import Trainer


class SaveTimes:
    """Says when the run of a trainer is to be saved; on several ranks, the same at each of them.

    It is saved at intervals of time, and of steps if the settings say so. Where ranks learn on their own for
    some steps, it waits until they agree.
    """

    def __init__(self, trainer: Trainer, train: TrainConfig) -> None:
        self._trainer, self._seconds, self._steps = trainer, train.save_every, train.save_every_steps
        self._saved_at, self._saved_step = trainer.clock(), trainer.progress.step

    def is_due_(self) -> bool:
        """Return whether the run is to be saved now; the next interval then begins."""
        now, step = self._trainer.clock(), self._trainer.progress.step
        by_time = now - self._saved_at >= self._seconds
        by_steps = self._steps > 0 and step // self._steps > self._saved_step // self._steps
        if not (self._trainer.source.is_settled and (by_time or by_steps)):
            return False
        if by_time:
            self._saved_at = now
        self._saved_step = step
        return True
