"""The answer of a training run to a signal that asks it to end."""

import signal
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charseq.training.trainer import Trainer


class Answer(Enum):
    """The ways to answer: end at once, cool down first, or go on, for the run is at its end anyway."""

    END = 1
    COOL_DOWN = 2
    GO_ON = 3


def answer(signum: int, trainer: "Trainer") -> Answer:
    """Return the answer to a signal; all ranks give the same one at the same step.

    Whoever presses Ctrl-C waits for a good model, and can press it again; whoever sends another signal, such
    as a system that shuts down, does not wait. Before the first step there is nothing to keep.
    """
    if signum != signal.SIGINT or not trainer.progress.step:
        return Answer.END
    return Answer.GO_ON if trainer.reason_to_stop else Answer.COOL_DOWN
