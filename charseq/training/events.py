"""The events of training: the trainer yields them, a display shows them."""

from dataclasses import dataclass

from charseq.scoring import Score


@dataclass(frozen=True, slots=True)
class StepDone:
    """One window was learnt from: its mean loss in nats per character, the norm before clipping.

    `num_chars` is a whole number unless targets have weights.
    """

    step: int
    epoch: int
    loss: float
    grad_norm: float
    learning_rate: float
    num_chars: float
    elapsed: float
    progress: float


@dataclass(frozen=True, slots=True)
class Validated:
    """The validation part was scored, if there is one; `improved` if never so well before.

    `train_nats_per_char` is the mean loss since the last validation.
    """

    step: int
    epoch: int
    valid: Score | None
    train_nats_per_char: float
    learning_rate: float
    improved: bool
    elapsed: float


@dataclass(frozen=True, slots=True)
class Recovered:
    """Training diverged: the best parameters are back, with a halved learning rate.

    The loss was nan or infinite, or single precision does not hold the norm of the gradient or the weights.
    """

    step: int
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Unsaved:
    """A save failed, for the `reason` given; the next one tries again."""

    step: int
    reason: str


@dataclass(frozen=True, slots=True)
class MadeAnew:
    """The run directory was gone; it was made anew, and holds again all that the run knows."""

    step: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Training is over, for the `reason` given."""

    step: int
    reason: str


Event = StepDone | Validated | Recovered | Unsaved | MadeAnew | Stopped
