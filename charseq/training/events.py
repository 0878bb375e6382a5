"""The events of training, which the trainer yields and a display shows."""

from dataclasses import dataclass

from charseq.models import Counting
from charseq.scoring import Score


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a run for a record: means over the steps since the last record, None without any.

    `num_chars` is the number of characters learnt from so far, None if it is unknown. `grad_norm` is the mean
    norm of the gradient before clipping, `clipped_fraction` the share of steps whose gradient was clipped.
    `weight_norm` is the norm of all parameters now.
    """

    num_chars: float | None
    nats_per_char: float | None
    grad_norm: float | None
    clipped_fraction: float | None
    weight_norm: float


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step is done: the parameters were updated with the gradient of one window.

    `loss` is the mean loss in nats per character, `grad_norm` the norm before clipping. `num_chars` is a
    whole number unless targets have weights. `elapsed` is in seconds, and `progress` is the share of the run
    that is done, in [0, 1]. There are `figures` after the first steps, and then after more and more of them.
    """

    step: int
    epoch: int
    loss: float
    grad_norm: float
    learning_rate: float
    num_chars: float
    elapsed: float
    progress: float
    figures: Figures | None = None


@dataclass(frozen=True, slots=True)
class Validated:
    """A validation is done: the validation text was scored; `valid` is None if there is no such text.

    `improved` is true for the best validation so far, `averaged` if the average of the parameters was better
    than the latest ones, so that `valid` is its score. `train_nats_per_char` is the mean loss since the last
    validation. `elapsed` is in seconds.
    """

    step: int
    epoch: int
    valid: Score | None
    train_nats_per_char: float
    learning_rate: float
    improved: bool
    averaged: bool
    elapsed: float
    figures: Figures


@dataclass(frozen=True, slots=True)
class Shortened:
    """There is no time to score the whole validation text: each validation scores the same `num_chars`."""

    num_chars: int


@dataclass(frozen=True, slots=True)
class Recovered:
    """Training diverged, and goes on from the best parameters with half the learning rate.

    The loss was nan or infinite, or the norm of the gradient or of the parameters was too large for single
    precision.
    """

    step: int
    learning_rate: float


@dataclass(frozen=True, slots=True)
class Unsaved:
    """A save failed, for the given `reason`; the next save will try again."""

    step: int
    reason: str


@dataclass(frozen=True, slots=True)
class MadeAnew:
    """The run directory had disappeared; it was created again, with everything that the run needs."""

    step: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The n-grams of up to `order` characters of the training text were counted, `num_ngrams` in all."""

    order: int
    num_ngrams: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Mixed:
    """The trained model became a member of a mixture, whose score on the validation text is `valid`.

    `alone` has the nats per character of each member on that text, by its description; `weights` are theirs.
    """

    alone: dict[str, float]
    weights: tuple[float, ...]
    valid: Score


@dataclass(frozen=True, slots=True)
class Stopped:
    """Training is over, for the given `reason`."""

    step: int
    reason: str


Event = (
    Counting | StepDone | Validated | Shortened | Recovered | Unsaved | MadeAnew | Counted | Mixed | Stopped
)
