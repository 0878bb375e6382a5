"""The limits of a run: the share of it that is done, the reason to stop, and the setting to continue it."""

import math
from dataclasses import dataclass

from charseq.config import DEFAULT_MAX_TIME, TrainConfig, format_duration
from charseq.training.progress import Progress

MIN_EVAL_EVERY = 100
"""The smallest number of steps between validations, unless the settings give one."""
COOL_DOWN_SHARE, COOL_DOWN_SECONDS = 0.2, 60.0
"""The cool-down of a run that is interrupted: a share of the steps so far, and the most in seconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a run in epochs, steps, seconds and validations without improvement; 0: no limit."""

    num_epochs: int
    max_steps: int
    max_time: float
    patience: int

    @classmethod
    def of(cls, train: TrainConfig) -> "Limits":
        """Return the limits in the settings; without any on epochs, steps or time, DEFAULT_MAX_TIME."""
        unlimited = not (train.num_epochs or train.max_steps or train.max_time)
        seconds = DEFAULT_MAX_TIME if unlimited else train.max_time
        return cls(train.num_epochs, train.max_steps, seconds, train.patience)

    def share_done(self, now: Progress, *, num_windows: int, reserve: float = 0.0) -> float:
        """Return the share of the run that is done, in [0, 1], by the limit that will be reached first.

        An epoch has `num_windows`. Training must end `reserve` seconds before the limit in time.
        """
        epochs = now.epoch + now.window / num_windows
        shares = [
            epochs / self.num_epochs if self.num_epochs else 0,
            now.step / self.max_steps if self.max_steps else 0,
            now.elapsed / max(self.max_time - reserve, 1e-3) if self.max_time else 0,
        ]
        return min(1.0, max(shares))

    def reason_to_stop(self, now: Progress, *, reserve: float = 0.0) -> str | None:
        """Return the limit that is reached, in words, or None if none is; `reserve` is as in `share_done`."""
        if self.num_epochs and now.epoch >= self.num_epochs:
            return f"epochs done: {now.epoch}"
        if self.max_steps and now.step >= self.max_steps:
            return f"steps done: {now.step}"
        if self.max_time and now.elapsed >= self.max_time - reserve:
            return f"the time of {format_duration(self.max_time)} is up"
        if self.patience and now.num_bad_validations >= self.patience:
            return f"validations without improvement: {now.num_bad_validations}"
        return None

    def way_on(self, now: Progress) -> str:
        """Say how far the run is, at the limit that is reached, and which setting continues it."""
        ran = max(1, round(now.elapsed))
        if self.num_epochs and now.epoch >= self.num_epochs:
            return _sentence("num_epochs", f"has done {now.epoch} epochs", f"{2 * now.epoch}", f"{now.epoch}")
        if self.max_steps and now.step >= self.max_steps:
            return _sentence("max_steps", f"has done {now.step} steps", f"{2 * now.step}", f"{now.step}")
        if self.patience and now.num_bad_validations >= self.patience:
            bad = now.num_bad_validations
            return f"has had {bad} validations without improvement: patience {2 * bad} goes on"
        return _sentence(
            "max_time", f"has run {format_duration(ran)}", format_duration(2 * ran), format_duration(ran)
        )


def num_cool_down_steps(now: Progress, share_done: float) -> int:
    """Return the number of steps in which the learning rate falls if a run is to end now.

    They are no more than those that are left of the run, of which `share_done`, in [0, 1], is done.
    """
    shares = (
        COOL_DOWN_SHARE,
        COOL_DOWN_SECONDS / max(now.elapsed, 1e-3),
        (1 - share_done) / max(share_done, 1e-3),
    )
    return math.ceil(min(shares) * now.step)


def affordable_eval_every(*, num_tokens: int, tokens_per_step: float, num_readings: float) -> int:
    """Return a number of steps between validations that makes them about a twentieth of the work.

    A validation reads `num_tokens` as often as `num_readings`, which is larger if scoring takes more products
    than training. Reading is a forward pass only, a third of the
    work of training on as many tokens.
    """
    return max(MIN_EVAL_EVERY, math.ceil(20 / 3 * num_readings * num_tokens / tokens_per_step))


def _sentence(setting: str, done: str, twice: str, more: str) -> str:
    return f"{done}; {setting} counts from the start of the run: {twice} gives {more} more"
