"""A clock that goes on when work is done, and work that takes a given time by it."""

from collections.abc import Callable

import numpy as np

from charseq.config import ModelConfig, OptimConfig, TrainConfig
from charseq.gradients import Job, Plan
from charseq.gradients.whole import Whole
from charseq.network import CharModel, State
from charseq.network.parameters import Parameters
from charseq.scoring import Score, Validator
from charseq.text import CharTokenizer
from charseq.text.batches import Batches, Examples, Window
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from charseq.training.trainer import Trainer

TEXT = "the rain in spain stays\nmainly in the plain, so they say\nand the king sings in the rain\n"
CODEC = Codec(CharTokenizer.fit(TEXT), "stream")
LONG = TEXT * 120
"""A text of 32 parts of more than 300 characters."""


class Clock:
    """Seconds that pass only when they are added."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class SlowValidator(Validator):
    """A validator that takes so many seconds for each step of reading, and `first` more at the first call.

    A step of the warm-up takes the share `warm_up` of that.

    It reads nothing: each character costs one nat. `counts` is False if none of them counts.
    """

    def __init__(
        self, clock: Clock, seconds: float, *, first: float = 0.0, warm_up: float = 1.0, counts: bool = True
    ) -> None:
        super().__init__(model(), CODEC, EncodedText.of(LONG))
        self._clock, self._seconds, self._first, self._counts = clock, seconds, first, counts
        self._warm_up = warm_up

    def score(self, *, num_steps: int | None = None) -> Score:
        length = self.part_length if num_steps is None else min(num_steps, self.part_length)
        self._clock.now += self._seconds * (self._warm_up * self.WARMUP + length) + self._first
        self._first = 0.0
        num_chars = 32 * length * self._counts
        return Score(num_chars=num_chars, num_bytes=num_chars, nats=float(num_chars))


def model() -> CharModel:
    made = CharModel(ModelConfig(cell="gru", hidden_size=4), CODEC.vocab_size)
    made.initialise_(np.random.default_rng(0))
    return made


def slow_trainer(
    clock: Clock,
    validator: Validator | None,
    *,
    seconds_per_step: float,
    reserve: float = 0.0,
    num_later_validations: int = 0,
    optim: OptimConfig | None = None,
    **train: float,
) -> Trainer:
    """Return a trainer on one core whose steps take so many seconds by the clock."""

    class Slow(Whole):
        """A source that takes its time."""

        def gradient(self, window: Window, step: int) -> tuple[float, Parameters]:
            clock.now += seconds_per_step
            return super().gradient(window, step)

    source: Callable[[Job, State, Plan], Whole] = Slow
    return Trainer(
        model(),
        Batches(Examples(EncodedText.of(TEXT), CODEC), batch_size=3, seq_length=8),
        validator,
        optim=optim or OptimConfig(),
        train=TrainConfig.model_validate({"threads": 1, "backend": "numpy", **train}),
        source=source,
        reserve=reserve,
        num_later_validations=num_later_validations,
        clock=clock,
    )
