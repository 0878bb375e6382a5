"""Training: the losses of a plain loop, events in order, limits, divergence, and going on bit for bit."""

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.arrays import BoolArray, FloatArray, TokenArray
from charseq.cells import CELLS
from charseq.config import (
    AUTO,
    CellName,
    ModelConfig,
    OptimConfig,
    Settings,
    TrainConfig,
    Unit,
)
from charseq.config.values import OptimizerName
from charseq.errors import DivergedError
from charseq.gradients import SOURCES, TARGETS, GradientSource, Job, Plan
from charseq.gradients.whole import Whole
from charseq.network import CharModel, State, Workspace
from charseq.network.parameters import Parameters
from charseq.optim import OPTIMIZERS
from charseq.runs.checkpoint import Checkpoint, Provenance
from charseq.scoring import Validator
from charseq.scoring.score import Score
from charseq.text import CharTokenizer
from charseq.text.batches import Batches, Examples, Window
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from charseq.training.events import Event, Figures, Recovered, StepDone, Stopped, Validated
from charseq.training.progress import Snapshot
from charseq.training.trainer import Trainer
from tests import reference
from tests.builders import pairwise

Array: TypeAlias = NDArray[Any]

TEXT = "the rain in spain stays\nmainly in the plain, so they say\nand the king sings in the rain\n"
VALID = "a king in the rain sings\nand stays\n"
TOKENIZER = CharTokenizer.fit(TEXT)
CONSTANT = OptimConfig(schedule="constant", warmup_steps=0)

every_cell = pytest.mark.parametrize("cell", CELLS)
every_unit = pytest.mark.parametrize("unit", get_args(Unit))
each_cell_and_unit = pytest.mark.parametrize(
    ("cell", "unit"), list(zip(CELLS, itertools.cycle(get_args(Unit)), strict=False))
)
"""Each in one pair; test_resuming_continues_bit_for_bit has all pairs."""


def make_batches(text: str = TEXT, unit: Unit = "stream", *, streams: int = 3, steps: int = 8) -> Batches:
    return Batches(
        Examples(EncodedText.of(text), Codec(TOKENIZER, unit)), batch_size=streams, seq_length=steps
    )


def make_model(
    config: ModelConfig | None = None, *, kind: type[CharModel] = CharModel, seed: int = 0
) -> CharModel:
    model = kind(config or ModelConfig(cell="gru", hidden_size=6), TOKENIZER.vocab_size)
    model.initialise_(np.random.default_rng(seed))
    return model


def make_trainer(
    train: TrainConfig,
    optim: OptimConfig = CONSTANT,
    *,
    model: CharModel | None = None,
    batches: Batches | None = None,
    validator: Validator | None = None,
    targets: str = "all",
    seconds_per_step: float = 0.0,
) -> Trainer:
    """Return a trainer, by default on one core, whose clock only goes on when it is read.

    A listed validator has one figure for each validation, so there is no average to be scored too.
    """
    ticks = itertools.count()
    if type(validator) is ListedValidator:
        optim = optim.model_copy(update={"average_span": 0.0})
    return Trainer(
        model or make_model(),
        batches or make_batches(),
        validator,
        optim=optim,
        train=train.model_copy(update={"threads": train.threads or 1, "backend": "numpy"}),
        source=SOURCES[train.gradient],
        targets=targets,
        clock=lambda: next(ticks) * seconds_per_step,
    )


def steps_of(events: list[Event]) -> list[StepDone]:
    return [event for event in events if isinstance(event, StepDone)]


def validations_of(events: list[Event]) -> list[Validated]:
    return [event for event in events if isinstance(event, Validated)]


def recoveries_of(events: list[Event]) -> list[Recovered]:
    return [event for event in events if isinstance(event, Recovered)]


def reason_of(events: list[Event]) -> str:
    assert isinstance(events[-1], Stopped)
    return events[-1].reason


class ListedValidator(Validator):
    """A validator whose figures are known in advance."""

    def __init__(self, figures: list[float], *, num_tokens: int = 1) -> None:
        self.num_chars = self.num_tokens = num_tokens
        self._figures = iter(figures)

    def score(self) -> Score:
        return Score(num_chars=1, num_bytes=1, nats=next(self._figures))


class PairsValidator(ListedValidator):
    """A validator whose figures are known in advance: the latest parameters and their average, in turn."""


class WatchedModel(CharModel):
    """A model that notes the states of each pass forward, and spoils what the passes `spoilt` return."""

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__(config, vocab_size)
        self.befores: list[dict[str, Array]] = []
        self.afters: list[dict[str, Array]] = []
        self.spoilt: dict[int, float] = {}

    def hidden(
        self,
        tokens: TokenArray,
        state: State,
        work: Workspace,
        *,
        resets: BoolArray | None = None,
        dropout_rng: np.random.Generator | None = None,
    ) -> FloatArray:
        self.befores.append({name: array.copy() for name, array in state.arrays.items()})
        h = super().hidden(tokens, state, work, resets=resets, dropout_rng=dropout_rng)
        self.afters.append({name: array.copy() for name, array in state.arrays.items()})
        if len(self.befores) in self.spoilt:
            h[...] = self.spoilt[len(self.befores)]
        return h


# ---- the losses of a plain loop

TINY_TEXT = "hello\nhell\nhole\nheel\nhello\nhoe\n"
TINY_TOKENIZER = CharTokenizer.fit(TINY_TEXT)
TINY_OPTIM = OptimConfig(
    optimizer="adamw", learning_rate=0.1, warmup_steps=3, max_grad_norm=0.5, weight_decay=0.1
)
TINY_STEPS = 10


def tiny_model(cell: CellName) -> CharModel:
    model = CharModel(ModelConfig(cell=cell, hidden_size=3), TINY_TOKENIZER.vocab_size, np.float64)
    model.initialise_(np.random.default_rng(2))
    return model


def tiny_batches() -> Batches:
    """Return 2 streams of 15 characters in 4 windows, so that ten steps begin a third epoch."""
    pairs = Examples(EncodedText.of(TINY_TEXT), Codec(TINY_TOKENIZER, "stream"))
    return Batches(pairs, batch_size=2, seq_length=4)


def tiny_losses(cell: CellName) -> list[float]:
    trainer = Trainer(
        tiny_model(cell),
        tiny_batches(),
        None,
        optim=TINY_OPTIM,
        train=TrainConfig(max_steps=TINY_STEPS),
        source=SOURCES["bptt"],
    )
    return [step.loss for step in steps_of(list(trainer.run()))]


GOLDEN = {
    "gru": [
        1.591076740049,
        1.614008874803,
        1.498976174928,
        1.612204511268,
        1.426614295204,
        1.426229798377,
        1.312213667729,
        1.500902364715,
        1.306420035721,
        1.352247806083,
    ],
    "lstm": [
        1.614484522517,
        1.621251682733,
        1.589097794102,
        1.60260155309,
        1.49615261202,
        1.5618301465,
        1.443603696974,
        1.595315599163,
        1.463413315075,
        1.527013471517,
    ],
    "rnn": [
        1.490343066307,
        1.581745061322,
        1.480197735579,
        1.715155416757,
        1.260695752069,
        1.405244026633,
        1.300015269429,
        1.57195754056,
        1.149122079934,
        1.344463434021,
    ],
}


@pytest.fixture
def no_cold_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every window go on where the one before ended."""
    monkeypatch.setattr("charseq.training.cold_starts.COLD_STARTS", 0.0)


@every_cell
@pytest.mark.usefixtures("no_cold_starts")
def test_ten_golden_losses(cell: CellName) -> None:
    """Ten steps in float64 have the losses that they always had."""
    assert tiny_losses(cell) == pytest.approx(GOLDEN[cell], rel=1e-9)


@every_cell
@pytest.mark.usefixtures("no_cold_starts")
def test_ten_losses_of_a_plain_loop(cell: CellName) -> None:
    """A loop over the textbook equations, its gradients from small steps, has the same ten losses."""
    assert tiny_losses(cell) == pytest.approx(list(plain_losses(cell)), rel=1e-8)


def plain_losses(cell: CellName) -> Iterator[float]:
    """Yield the losses of ten steps of AdamW along a cosine, written out with nothing but the twins."""
    windows = list(tiny_batches())
    params = {name: array.copy() for name, array in tiny_model(cell).params.items()}
    state = {name: np.zeros((2, 3)) for name in tiny_model(cell).initial_state(2).arrays}
    mean = {name: np.zeros_like(array) for name, array in params.items()}
    square = {name: np.zeros_like(array) for name, array in params.items()}
    for k in range(TINY_STEPS):
        window, t = windows[k % len(windows)], k + 1
        loss, final = plain_window(cell, params, window, state)
        yield loss
        if t == TINY_STEPS:
            return
        grads = plain_gradient(cell, params, window, state)
        norm = math.sqrt(sum(float(np.sum(grad**2)) for grad in grads.values()))
        rate = 0.1 * min(1, t / 3) * (0.03 + 0.97 * (1 + math.cos(math.pi * k / TINY_STEPS)) / 2)
        for name, grad in grads.items():
            clipped = grad * min(1, 0.5 / norm)
            mean[name] = 0.9 * mean[name] + 0.1 * clipped
            square[name] = 0.99 * square[name] + 0.01 * clipped**2
            if params[name].ndim == 2:
                params[name] *= 1 - rate * 0.1
            size = np.sqrt(square[name] / (1 - 0.99**t)) + 1e-8
            params[name] -= rate * mean[name] / (1 - 0.9**t) / size
        state = final
        if t % len(windows) == 0:
            state = {name: np.stack([np.zeros(3), array[0]]) for name, array in final.items()}


def plain_window(
    cell: CellName, params: Mapping[str, Array], window: Window, state: Mapping[str, Array]
) -> tuple[Any, dict[str, Array]]:
    logits, final = reference.model(cell, params, window.inputs, state)
    return reference.cross_entropy(logits, window.targets), final


def plain_gradient(
    cell: CellName, params: Mapping[str, Array], window: Window, state: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the derivative of a window's loss by every parameter, from an imaginary step of each.

    The loss at p + ih is f(p) + ih f'(p) but for h squared, which at 1e-30 no float64 notices.
    """
    grads = {name: np.zeros_like(array) for name, array in params.items()}
    params, state = ({name: array + 0j for name, array in arrays.items()} for arrays in (params, state))
    for name, array in params.items():
        for index in np.ndindex(array.shape):
            array[index] += 1e-30j
            grads[name][index] = plain_window(cell, params, window, state)[0].imag / 1e-30
            array[index] = array[index].real
    return grads


# ---- learning


@every_cell
def test_overfits_a_short_word(cell: CellName) -> None:
    """A model that reads one word again and again soon spends less than 0.05 bits on a character."""
    batches = make_batches("hello" * 60, streams=4, steps=25)
    trainer = make_trainer(
        TrainConfig(max_steps=200),
        OptimConfig(learning_rate=0.04),
        model=make_model(ModelConfig(cell=cell, hidden_size=16)),
        batches=batches,
    )
    assert steps_of(list(trainer.run()))[-1].loss / math.log(2) < 0.05


def dropout_run(*, seed: int) -> tuple[list[float], Array]:
    model = make_model(ModelConfig(cell="lstm", hidden_size=6, num_layers=2, dropout=0.4))
    trainer = make_trainer(TrainConfig(max_steps=12, seed=seed), model=model)
    return [step.loss for step in steps_of(list(trainer.run()))], model.params.flat


def test_same_seed_same_bits() -> None:
    """Two runs with the same seed have the same losses and end with the same weights, bit for bit."""
    losses, weights = dropout_run(seed=3)
    again, weights_again = dropout_run(seed=3)
    assert losses == again
    np.testing.assert_array_equal(weights, weights_again)


def test_another_seed_drops_other_units() -> None:
    """The seed of the settings decides what dropout drops, and with it all weights."""
    losses, weights = dropout_run(seed=3)
    others, other_weights = dropout_run(seed=4)
    assert losses[0] != others[0]
    assert not np.array_equal(weights, other_weights)


# ---- events


def records_of(events: list[Event]) -> list[tuple[StepDone | Validated, Figures]]:
    found = [event for event in events if isinstance(event, StepDone | Validated)]
    return [(event, event.figures) for event in found if event.figures is not None]


def test_there_are_figures_after_a_quarter_more_steps_and_at_validations() -> None:
    """Without a limit that would end them, the steps with figures are further and further apart."""
    events = list(make_trainer(TrainConfig(max_steps=60, eval_every=20)).run())
    steps = [event.step for event in steps_of(events) if event.figures is not None]
    assert steps == [1, 2, 3, 4, 6, 8, 11, 15, 27, 36, 54]
    assert [event.step for event in validations_of(events)] == [20, 40, 60]


def test_figures_are_means_since_the_figures_before() -> None:
    """They are those of a plain loop over the steps: loss, norm before clipping, share of clipped steps."""
    optim = OptimConfig(learning_rate=0.1, max_grad_norm=0.3)
    trainer = make_trainer(TrainConfig(max_steps=30, eval_every=14), optim)
    losses, chars, norms = list[float](), list[float](), list[float]()
    total = num_found = 0.0
    for event in trainer.run():
        if isinstance(event, StepDone):
            losses, norms = [*losses, event.loss], [*norms, event.grad_norm]
            chars.append(event.num_chars)
            total += event.num_chars
        if isinstance(event, StepDone | Validated) and event.figures is not None:
            figures = event.figures
            assert figures.num_chars == total
            assert figures.nats_per_char == pytest.approx(np.average(losses, weights=chars), rel=1e-12)
            assert figures.grad_norm == pytest.approx(np.mean(norms), rel=1e-12)
            assert figures.clipped_fraction == np.mean(np.array(norms) > 0.3)
            weights = trainer.model.params.flat.astype(np.float64)
            assert figures.weight_norm == pytest.approx(np.linalg.norm(weights), rel=1e-5)
            num_found += 0 < figures.clipped_fraction < 1
            losses, chars, norms = [], [], []
    assert num_found


def test_nothing_is_clipped_without_a_limit() -> None:
    events = list(make_trainer(TrainConfig(max_steps=4), OptimConfig(max_grad_norm=0.0)).run())
    assert {figures.clipped_fraction for _, figures in records_of(events)} == {0.0}


def test_the_first_figures_are_those_of_the_untrained_model() -> None:
    """The loss of the first window, before any update, is about log V nats."""
    first, figures = records_of(list(make_trainer(TrainConfig(max_steps=4)).run()))[0]
    assert first.step == 1
    assert figures.nats_per_char == pytest.approx(math.log(TOKENIZER.vocab_size), abs=0.1)


@pytest.mark.parametrize(
    ("max_steps", "expected"), [(7, "sssvsssvsvx"), (6, "sssvsssvx"), (3, "sssvx"), (1, "svx")]
)
def test_events_in_order(max_steps: int, expected: str) -> None:
    """Steps, a validation after every third, one for what is left over, and the end; never two in a row."""
    letters: dict[type, str] = {StepDone: "s", Validated: "v", Stopped: "x"}
    trainer = make_trainer(TrainConfig(max_steps=max_steps, eval_every=3))
    assert "".join(letters[type(event)] for event in trainer.run()) == expected


def test_steps_say_where_they_are() -> None:
    """Steps and epochs count from 1, a last window still belongs to its epoch, progress and time grow."""
    batches = make_batches()
    trainer = make_trainer(TrainConfig(num_epochs=3), batches=batches, seconds_per_step=0.5)
    steps = steps_of(list(trainer.run()))
    assert [step.step for step in steps] == list(range(1, 3 * len(batches) + 1))
    assert [step.epoch for step in steps] == [1] * len(batches) + [2] * len(batches) + [3] * len(batches)
    assert [step.elapsed for step in steps] == [0.5 * k for k in range(1, len(steps) + 1)]
    assert [step.progress for step in steps] == pytest.approx(
        [k / len(steps) for k in range(1, len(steps) + 1)]
    )


def test_validations_say_in_which_epoch_they_are() -> None:
    """A validation belongs to the epoch of the step before it, the one after an epoch's end included."""
    assert len(make_batches()) == 4
    events = list(make_trainer(TrainConfig(max_steps=10, eval_every=1)).run())
    assert [v.epoch for v in validations_of(events)] == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]
    assert [v.epoch for v in validations_of(events)] == [step.epoch for step in steps_of(events)]


def test_every_character_of_an_epoch_is_learnt_from() -> None:
    """The characters of an epoch's steps are those that the batches give out."""
    batches = make_batches()
    steps = steps_of(list(make_trainer(TrainConfig(num_epochs=1), batches=batches).run()))
    assert sum(step.num_chars for step in steps) == batches.num_targets


def test_gradients_are_clipped() -> None:
    """The norm before clipping is told, and a limit below it changes what is learnt."""
    free, bound = (
        make_trainer(TrainConfig(max_steps=2), OptimConfig(optimizer="sgd", max_grad_norm=norm))
        for norm in (0.0, 0.01)
    )
    free_steps, bound_steps = steps_of(list(free.run())), steps_of(list(bound.run()))
    assert free_steps[0].grad_norm == bound_steps[0].grad_norm > 0.01
    assert not np.array_equal(free.model.params.flat, bound.model.params.flat)


def test_a_validation_tells_the_mean_training_loss_since_the_last() -> None:
    """The training figure of a validation is the mean per character over the steps since the one before."""
    events = list(make_trainer(TrainConfig(max_steps=7, eval_every=3)).run())
    steps, validations = steps_of(events), validations_of(events)
    for part, validated in zip((steps[:3], steps[3:6], steps[6:]), validations, strict=True):
        total = sum(step.loss * step.num_chars for step in part)
        assert validated.train_nats_per_char == pytest.approx(total / sum(step.num_chars for step in part))
        assert validated.step == part[-1].step


def test_a_validation_scores_the_validation_text() -> None:
    """The figure of a validation is the validator's, for the model as it then is."""
    model = make_model()
    validator = Validator(model, Codec(TOKENIZER, "stream"), EncodedText.of(VALID))
    train, optim = TrainConfig(max_steps=6, eval_every=2), OptimConfig(average_span=0.0)
    for event in make_trainer(train, optim, model=model, validator=validator).run():
        if isinstance(event, Validated):
            assert event.valid == validator.score()
            assert event.valid.num_chars == len(VALID)


@every_unit
def test_validating_does_not_disturb_training(unit: Unit) -> None:
    """The weights are the same bits however often a run was validated on the way."""
    finals = []
    for eval_every in (1, 1000):
        model = make_model(ModelConfig(cell="lstm", hidden_size=6, num_layers=2, dropout=0.3))
        validator = Validator(model, Codec(TOKENIZER, unit), EncodedText.of(VALID))
        train = TrainConfig(max_steps=10, eval_every=eval_every)
        list(make_trainer(train, model=model, batches=make_batches(unit=unit), validator=validator).run())
        finals.append(model.params.flat)
    np.testing.assert_array_equal(finals[0], finals[1])


@pytest.mark.parametrize(("num_tokens", "expected"), [(0, 100), (120, 100), (1200, 736), (12000, 7357)])
def test_validations_take_a_twentieth_of_the_time(num_tokens: int, expected: int) -> None:
    """Left alone, there are at least 100 steps between validations, and twenty times a validation's work.

    87 tokens in 4 windows are 21.75 a step, each of them three times the work of reading it. The validation
    text is read twice, by the latest parameters and by their average.
    """
    validator = PairsValidator([], num_tokens=num_tokens)
    batches = make_batches()
    assert (batches.num_targets, len(batches)) == (87, 4)
    trainer = make_trainer(TrainConfig(), batches=batches, validator=validator)
    assert trainer.eval_every == expected


# ---- targets with weights, and characters of several tokens


def every_second_step(window: Window) -> FloatArray:
    return np.repeat(np.arange(len(window.targets))[:, None] % 2 * 0.3, window.targets.shape[1], axis=1)


def nothing(window: Window) -> FloatArray:
    return np.zeros(window.targets.shape)


class TwoTokenBatches(Batches):
    """Windows in which every second target goes on with a character that the one before began."""

    def __getitem__(self, index: int) -> Window:
        window = super().__getitem__(index)
        begins = np.repeat((np.arange(len(window.targets)) % 2 == 0)[:, None], self.num_streams, axis=1)
        return window._replace(begins=begins)


def test_characters_count_as_much_as_their_targets_weigh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step has as many characters as its targets weigh, and its loss is per character of these."""
    monkeypatch.setitem(TARGETS, "half", lambda codec: every_second_step)
    batches = make_batches()
    steps = steps_of(list(make_trainer(TrainConfig(num_epochs=1), batches=batches, targets="half").run()))
    assert [step.num_chars for step in steps] == [every_second_step(window).sum() for window in batches]
    uniform = math.log(TOKENIZER.vocab_size)
    assert [step.loss for step in steps] == pytest.approx([uniform] * len(steps), rel=0.3)


@pytest.mark.usefixtures("no_cold_starts")
def test_the_loss_is_per_character_whatever_its_tokens() -> None:
    """Where a character has two tokens, its nats are those of both."""
    examples = Examples(EncodedText.of(TEXT), Codec(TOKENIZER, "stream"))
    pairs = TwoTokenBatches(examples, batch_size=3, seq_length=8)
    by_char = steps_of(list(make_trainer(TrainConfig(max_steps=6), batches=pairs).run()))
    by_token = steps_of(list(make_trainer(TrainConfig(max_steps=6)).run()))
    for char, token in zip(by_char, by_token, strict=True):
        assert char.num_chars == 3 * math.ceil(token.num_chars / 3 / 2)
        assert char.loss * char.num_chars == pytest.approx(token.loss * token.num_chars, rel=1e-12)
        assert char.grad_norm == token.grad_norm


def test_a_validation_tells_the_training_loss_per_character() -> None:
    """The mean since the last validation is over characters too."""
    examples = Examples(EncodedText.of(TEXT), Codec(TOKENIZER, "stream"))
    batches = TwoTokenBatches(examples, batch_size=3, seq_length=8)
    events = list(make_trainer(TrainConfig(max_steps=3, eval_every=3), batches=batches).run())
    steps, (validated,) = steps_of(events), validations_of(events)
    total = sum(step.loss * step.num_chars for step in steps)
    assert validated.train_nats_per_char == pytest.approx(total / sum(step.num_chars for step in steps))


def test_windows_in_which_nothing_counts_teach_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps without any weight cost nothing, are not validated, and change no parameter by a gradient."""
    monkeypatch.setitem(TARGETS, "none", lambda codec: nothing)
    optim = OptimConfig(optimizer="sgd", schedule="constant", warmup_steps=0)
    trainer = make_trainer(TrainConfig(max_steps=3, eval_every=1), optim, targets="none")
    before = trainer.model.params.flat.copy()
    events = list(trainer.run())
    assert [(step.loss, step.num_chars) for step in steps_of(events)] == [(0.0, 0.0)] * 3
    assert validations_of(events) == []
    np.testing.assert_array_equal(trainer.model.params.flat, before)


def test_weighted_characters_survive_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum of weights that is no whole number is restored as it was."""
    monkeypatch.setitem(TARGETS, "half", lambda codec: every_second_step)
    first = make_trainer(TrainConfig(max_steps=9), targets="half", batches=make_batches(streams=3, steps=6))
    list(itertools.islice(first.run(), 3))
    assert first.progress.train_chars % 1
    second = make_trainer(
        TrainConfig(max_steps=9), targets="half", model=first.model, batches=make_batches(streams=3, steps=6)
    )
    second.restore(first.snapshot())
    assert second.progress == first.progress


# ---- the gradient source


class NotingSource(Whole):
    """A source that notes what it is told, and remembers how many windows each stream has behind it."""

    def __init__(self, job: Job, state: State, plan: Plan) -> None:
        super().__init__(job, state, Plan())
        self.ages = np.zeros(job.num_streams, np.float32)
        self.notes: list[str] = []

    def gradient(self, window: Window, step: int) -> tuple[float, Parameters]:
        self.notes.append("gradient")
        self.ages += 1
        return super().gradient(window, step)

    def arrays(self) -> dict[str, FloatArray]:
        return {"ages": self.ages}

    def forget_(self, streams: BoolArray | None = None) -> None:
        if streams is None:
            self.notes.append("forget")
        self.ages[... if streams is None else streams] = 0

    def after_step(self, parameters: Parameters) -> None:
        self.notes.append("after")
        parameters.flat[-1] = 0


@pytest.fixture
def noting(monkeypatch: pytest.MonkeyPatch) -> list[NotingSource]:
    """Register the source, and list those that are made."""
    made: list[NotingSource] = []

    def make(job: Job, state: State, plan: Plan) -> GradientSource:
        made.append(NotingSource(job, state, plan))
        return made[-1]

    monkeypatch.setitem(SOURCES, "noting", make)
    return made


@pytest.mark.usefixtures("no_cold_starts")
def test_a_source_hears_of_updates_and_of_states_handed_on(noting: list[NotingSource]) -> None:
    """After each update it sees the parameters; after 4 windows, an epoch, streams are handed on."""
    trainer = make_trainer(TrainConfig(max_steps=5, gradient="noting"))
    list(trainer.run())
    assert noting[-1].notes == [*(["gradient", "after"] * 4), "forget", "gradient", "after"]
    assert trainer.model.params.flat[-1] == 0


def test_a_source_hears_of_a_recovery(noting: list[NotingSource]) -> None:
    """When training diverged all states are zero, and the source forgets what it kept of the past."""
    model = make_model(ModelConfig(cell="lstm", hidden_size=5), kind=WatchedModel)
    assert isinstance(model, WatchedModel)
    model.spoilt = {2: math.nan}
    list(make_trainer(TrainConfig(max_steps=2, gradient="noting"), model=model).run())
    assert noting[-1].notes == ["gradient", "after", "gradient", "forget", "gradient", "after"]


@pytest.mark.parametrize(("share", "age"), [(0.0, 3.0), (1.0, 1.0)])
def test_a_source_hears_of_streams_that_begin_anew(
    share: float, age: float, noting: list[NotingSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream whose state was set to zero before a window has no past in it."""
    monkeypatch.setattr("charseq.training.cold_starts.COLD_STARTS", share)
    list(make_trainer(TrainConfig(max_steps=3, gradient="noting")).run())
    assert noting[-1].ages.tolist() == [age] * 3


@pytest.mark.usefixtures("noting", "no_cold_starts")
def test_what_a_source_remembers_is_saved_and_restored() -> None:
    """The arrays of a source are part of a snapshot, and those of the source that goes on."""
    train = TrainConfig(max_steps=3, gradient="noting")
    first = make_trainer(train)
    list(itertools.islice(first.run(), 2))
    np.testing.assert_array_equal(first.snapshot().arrays["training.gradient.ages"], [2, 2, 2])
    second = make_trainer(train, model=first.model)
    second.restore(first.snapshot())
    list(second.run())
    np.testing.assert_array_equal(second.snapshot().arrays["training.gradient.ages"], [3, 3, 3])


@pytest.mark.usefixtures("noting")
def test_the_plan_is_that_of_the_source() -> None:
    """A source that works in one piece is not said to work in two, though two were wanted."""
    trainer = make_trainer(TrainConfig(max_steps=1, threads=2, gradient="noting"))
    list(trainer.run())
    assert trainer.plan == Plan()


@pytest.mark.parametrize(("threads", "expected"), [(1, 1), (2, 2)])
def test_an_update_may_use_the_threads_of_the_source(threads: int, expected: int) -> None:
    """While the shards have nothing to do, their cores can change the parameters."""
    trainer = make_trainer(TrainConfig(max_steps=1, threads=threads), batches=make_batches(streams=4))
    list(trainer.run())
    assert trainer._update.optimizer.num_threads == expected


# ---- the best


def test_the_best_are_those_of_the_best_validation() -> None:
    """The trainer keeps the parameters of the best validation, not those of the last."""
    validator = ListedValidator([3.0, 1.0, 2.0, 1.0, 1.5])
    trainer = make_trainer(TrainConfig(max_steps=5, eval_every=1), validator=validator)
    weights, improved = [], []
    for event in trainer.run():
        if isinstance(event, Validated):
            weights.append(trainer.model.params.flat.copy())
            improved.append(event.improved)
    assert improved == [True, True, False, False, False]
    np.testing.assert_array_equal(trainer.best, weights[1])
    assert (trainer.progress.best_nats, trainer.progress.best_step) == (1.0, 2)


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ([3.0, 2.0], (2.0, True)),
        ([2.0, 3.0], (2.0, False)),
        ([2.0, 2.0], (2.0, False)),
        ([2.0, math.nan], (2.0, False)),
    ],
)
def test_the_better_of_the_latest_and_the_average_counts(
    figures: list[float], expected: tuple[float, bool]
) -> None:
    """A validation is that of the latest parameters unless their average is better."""
    trainer = make_trainer(TrainConfig(max_steps=1), validator=PairsValidator(figures))
    (validated,) = validations_of(list(trainer.run()))
    assert validated.valid is not None
    assert (validated.valid.nats_per_char, validated.averaged) == expected


def test_the_best_are_the_average_where_it_was_better() -> None:
    """What is kept are the parameters that had the score; training goes on from the latest ones."""
    optim = CONSTANT.model_copy(update={"average_span": 1.0})
    trainer = make_trainer(TrainConfig(max_steps=3), optim, validator=PairsValidator([3.0, 2.0]))
    weights = [trainer.model.params.flat.copy() for event in trainer.run() if isinstance(event, StepDone)]
    np.testing.assert_allclose(trainer.best, np.mean(weights, axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(trainer.model.params.flat, weights[-1])


def test_a_recovery_begins_a_new_average() -> None:
    """The average after a recovery holds nothing of the parameters that diverged."""
    model = make_model(kind=WatchedModel)
    assert isinstance(model, WatchedModel)
    model.spoilt = {5: math.nan}
    optim = CONSTANT.model_copy(update={"average_span": 1.0})
    trainer = make_trainer(TrainConfig(max_steps=9), optim, model=model)
    first = model.params.flat.copy()
    for event in trainer.run():
        if isinstance(event, Recovered):
            np.testing.assert_array_equal(trainer.snapshot().arrays["training.average"], first)
            return
    raise AssertionError("there was no recovery")


def test_before_the_first_validation_there_is_no_best_figure() -> None:
    """Up to the first validation no figure is the best; then it is that validation's."""
    trainer = make_trainer(TrainConfig(max_steps=2, eval_every=2), validator=ListedValidator([3.0]))
    found = [(type(event), trainer.progress.best_nats) for event in trainer.run()]
    assert found == [(StepDone, None), (StepDone, None), (Validated, 3.0), (Stopped, 3.0)]


def test_without_a_validator_the_latest_is_the_best() -> None:
    """With nothing to validate on, each validation improves, and the best are the final parameters."""
    trainer = make_trainer(TrainConfig(max_steps=7, eval_every=2, patience=1))
    validations = validations_of(list(trainer.run()))
    assert [validated.improved for validated in validations] == [True] * 4
    assert [validated.valid for validated in validations] == [None] * 4
    assert (trainer.progress.best_nats, trainer.progress.best_step) == (None, 7)
    np.testing.assert_array_equal(trainer.best, trainer.model.params.flat)


@pytest.mark.parametrize("figure", [math.nan, math.inf])
def test_a_validation_that_is_no_number_is_no_improvement(figure: float) -> None:
    """A validation that comes out as nan or infinite is never the best."""
    validator = ListedValidator([figure, 2.0, figure])
    trainer = make_trainer(TrainConfig(max_steps=3, eval_every=1), validator=validator)
    assert [v.improved for v in validations_of(list(trainer.run()))] == [False, True, False]


# ---- limits


@pytest.mark.parametrize(
    ("train", "num_steps", "reason"),
    [
        (TrainConfig(max_steps=5), 5, "steps done: 5"),
        (TrainConfig(num_epochs=2), 8, "epochs done: 2"),
        (TrainConfig(max_time=3.0), 6, "the time of 3s is up"),
        (TrainConfig(max_time=2.75), 6, "the time of 2.75s is up"),
        (TrainConfig(max_steps=5, num_epochs=2, max_time=9.0), 5, "steps done: 5"),
        (TrainConfig(max_steps=9, num_epochs=2, max_time=9.0), 8, "epochs done: 2"),
        (TrainConfig(max_steps=9, num_epochs=3, max_time=2.0), 4, "the time of 2s is up"),
    ],
)
def test_limits(train: TrainConfig, num_steps: int, reason: str) -> None:
    """A run ends at the first of its limits and says which it was; a step takes half a second here."""
    events = list(make_trainer(train, seconds_per_step=0.5).run())
    assert len(steps_of(events)) == num_steps
    assert reason_of(events) == reason
    assert len([event for event in events if isinstance(event, Stopped)]) == 1


@pytest.mark.parametrize("patience", [0, 3])
def test_no_limit_means_two_minutes(patience: int) -> None:
    """A run without a limit ends after two minutes; patience alone is no limit."""
    train = TrainConfig(patience=patience, eval_every=1000)
    events = list(make_trainer(train, seconds_per_step=2.0).run())
    assert len(steps_of(events)) == 60
    assert reason_of(events) == "the time of 2m is up"


@pytest.mark.parametrize("train", [TrainConfig(max_steps=70), TrainConfig(num_epochs=18)])
def test_another_limit_lifts_the_two_minutes(train: TrainConfig) -> None:
    """A run with a limit of its own may take longer than two minutes."""
    events = list(make_trainer(train, seconds_per_step=2.0).run())
    assert len(steps_of(events)) >= 70
    assert "done" in reason_of(events)


def test_patience() -> None:
    """A run ends after so many validations in a row without improvement."""
    validator = ListedValidator([3.0, 2.0, 2.5, 1.5, 1.6, 1.5])
    events = list(
        make_trainer(TrainConfig(max_steps=99, eval_every=2, patience=2), validator=validator).run()
    )
    assert len(steps_of(events)) == 12
    assert reason_of(events) == "validations without improvement: 2"
    assert isinstance(events[-2], Validated)


def cooled_after(num_steps: int, train: TrainConfig, optim: OptimConfig) -> tuple[Trainer, int, list[Event]]:
    """Return a trainer that is told after some steps to cool down, the steps left then, and later events."""
    text = Validator(make_model(), make_batches().codec, EncodedText.of(VALID))
    trainer = make_trainer(train, optim, validator=text)
    events = trainer.run()
    for event in events:
        if isinstance(event, StepDone) and event.step == num_steps:
            break
    left = trainer.cool_down_()
    return trainer, left, list(events)


@pytest.mark.parametrize("schedule", ["cosine", "exponential"])
def test_an_interrupted_run_ends_with_a_validation_at_the_last_rate_of_its_schedule(schedule: Any) -> None:
    """A fifth of the steps so far follows, in which the rate falls."""
    optim = OptimConfig(learning_rate=0.02, schedule=schedule, final_fraction=0.1, warmup_steps=0)
    _, left, events = cooled_after(30, TrainConfig(max_steps=100, eval_every=1000), optim)
    assert [type(event) for event in events] == [StepDone] * 6 + [Validated, Stopped]
    rates = [step.learning_rate for step in steps_of(events)]
    assert left == len(rates)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0.002)
    assert [step.progress for step in steps_of(events)] == pytest.approx([k / 36 for k in range(31, 37)])
    assert reason_of(events) == "interrupted"


@pytest.mark.parametrize(
    ("num_steps", "max_steps", "schedule", "left"),
    [(30, 31, "cosine", 1), (30, 100, "constant", 0), (30, 100, "plateau", 0)],
    ids=["near its limit", "at a constant rate", "on a plateau"],
)
def test_an_interrupted_run_makes_no_step_in_vain(
    num_steps: int, max_steps: int, schedule: Any, left: int
) -> None:
    """It stays within its limits, and ends at once if its rate does not fall; its model is validated."""
    optim = OptimConfig(schedule=schedule, warmup_steps=0)
    _, told, events = cooled_after(num_steps, TrainConfig(max_steps=max_steps, eval_every=1000), optim)
    assert told == left == len(steps_of(events))
    assert isinstance(events[-2], Validated)


def test_a_cool_down_has_patience() -> None:
    """Validations that are no better do not end it before its rate has fallen."""
    validator = ListedValidator([1.0] + 40 * [2.0])
    train = TrainConfig(max_steps=200, eval_every=20, patience=3)
    trainer = make_trainer(train, OptimConfig(warmup_steps=0), validator=validator)
    events = trainer.run()
    for event in events:
        if isinstance(event, StepDone) and event.step == 79:
            break
    trainer.progress.num_bad_validations = 2
    assert trainer.cool_down_() == 16
    assert reason_of(list(events)) == "interrupted"
    assert trainer.progress.num_bad_validations > train.patience - 1


def test_what_is_learnt_while_the_rate_falls_can_be_the_best() -> None:
    """The parameters of the last validation are kept if none was better."""
    optim = OptimConfig(learning_rate=0.02, warmup_steps=0, average_span=0.0)
    trainer, _, events = cooled_after(60, TrainConfig(max_steps=100, eval_every=1000), optim)
    (validated,) = validations_of(events)
    assert validated.improved
    assert trainer.progress.best_step == 72
    np.testing.assert_array_equal(trainer.best, trainer.model.params.flat)


# ---- the learning rate


@pytest.mark.parametrize("schedule", ["cosine", "exponential"])
@pytest.mark.parametrize(
    "train", [TrainConfig(max_time=100.0), TrainConfig(max_steps=100), TrainConfig(num_epochs=25)]
)
def test_the_schedule_ends_with_the_run(schedule: Any, train: TrainConfig) -> None:
    """Whatever limits a run of 100 steps, the rate falls from its highest to its final share."""
    optim = OptimConfig(learning_rate=0.02, schedule=schedule, final_fraction=0.1, warmup_steps=0)
    rates = [
        step.learning_rate for step in steps_of(list(make_trainer(train, optim, seconds_per_step=1.0).run()))
    ]
    assert len(rates) == 100
    assert rates[0] == 0.02
    assert rates[-1] == pytest.approx(0.002, rel=0.03)
    assert rates == sorted(rates, reverse=True)


def test_warmup() -> None:
    """The rate rises from zero over the first steps."""
    optim = OptimConfig(learning_rate=0.02, schedule="constant", warmup_steps=4)
    steps = steps_of(list(make_trainer(TrainConfig(max_steps=6), optim).run()))
    assert [step.learning_rate for step in steps] == pytest.approx([0.005, 0.01, 0.015, 0.02, 0.02, 0.02])


def test_plateau() -> None:
    """With the schedule plateau, each validation without improvement lowers the rate of the next steps."""
    optim = OptimConfig(learning_rate=0.02, schedule="plateau", plateau_factor=0.5, warmup_steps=0)
    validator = ListedValidator([2.0, 3.0, 1.0, 1.0, 1.0])
    events = list(make_trainer(TrainConfig(max_steps=5, eval_every=1), optim, validator=validator).run())
    assert [step.learning_rate for step in steps_of(events)] == [0.02, 0.02, 0.01, 0.01, 0.005]
    assert [v.learning_rate for v in validations_of(events)] == [0.02, 0.01, 0.01, 0.005, 0.0025]


# ---- the hidden state


@every_cell
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_streams_begin_anew(cell: CellName, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The given share of a stream's windows begins in the zero state with the zero vector, as a text does."""
    monkeypatch.setattr("charseq.training.cold_starts.COLD_STARTS", share)
    model = make_model(ModelConfig(cell=cell, hidden_size=5), kind=WatchedModel)
    assert isinstance(model, WatchedModel)
    trainer = make_trainer(TrainConfig(max_steps=60), model=model, batches=make_batches(unit="stream"))
    first_inputs = []
    hidden = model.hidden

    def watch(tokens: np.ndarray[Any, Any], *arguments: Any, **options: Any) -> Any:
        first_inputs.append(tokens[0].copy())
        return hidden(tokens, *arguments, **options)

    monkeypatch.setattr(model, "hidden", watch)
    list(trainer.run())
    cold = np.array(first_inputs[1:]) == -1
    zero = np.array([~before["layers.0.h"].any(axis=1) for before in model.befores[1:]])
    assert zero[cold].all()
    assert abs(cold.mean() - share) < 0.15


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_lines_begin_where_they_do(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """With unit line nothing else restarts a state."""
    monkeypatch.setattr("charseq.training.cold_starts.COLD_STARTS", share)
    trainer = make_trainer(TrainConfig(max_steps=8), batches=make_batches(unit="line"))
    losses = [event.loss for event in trainer.run() if isinstance(event, StepDone)]
    monkeypatch.setattr("charseq.training.cold_starts.COLD_STARTS", 0.5)
    again = make_trainer(TrainConfig(max_steps=8), batches=make_batches(unit="line"))
    assert losses == [event.loss for event in again.run() if isinstance(event, StepDone)]


@every_unit
@every_cell
@pytest.mark.usefixtures("no_cold_starts")
def test_the_state_is_carried(cell: CellName, unit: Unit) -> None:
    """A window begins in the state in which the one before ended, an epoch in that of the stream before."""
    model = make_model(ModelConfig(cell=cell, hidden_size=5, num_layers=2), kind=WatchedModel)
    assert isinstance(model, WatchedModel)
    batches = make_batches(unit=unit)
    list(make_trainer(TrainConfig(num_epochs=3), model=model, batches=batches).run())
    assert len(model.befores) == 3 * len(batches)
    for k, (after, before) in enumerate(zip(model.afters, model.befores[1:], strict=False), start=1):
        for name, array in after.items():
            assert array.any()
            expected = np.roll(array, 1, axis=0)
            expected[0] = 0
            np.testing.assert_array_equal(before[name], array if k % len(batches) else expected)


@every_unit
@every_cell
def test_windows_read_a_stream_as_one(cell: CellName, unit: Unit) -> None:
    """With a rate too small to learn, two windows of one stream cost what the text costs in one go."""
    model, text = make_model(ModelConfig(cell=cell, hidden_size=5)), TEXT[:40]
    batches = make_batches(text, unit, streams=1, steps=20)
    assert len(batches) == 2
    tokens, targets, starts = (
        part if part is None else part[:, None] for part in Codec(TOKENIZER, unit).examples(text)[:3]
    )
    params = {name: array.astype(np.float64) for name, array in model.params.items()}
    state = {name: np.zeros((1, 5)) for name in model.initial_state(1).arrays}
    assert tokens is not None
    assert targets is not None
    logits, _ = reference.model(cell, params, tokens, state, starts)
    optim = OptimConfig(learning_rate=1e-30, weight_decay=0.0, schedule="constant", warmup_steps=0)
    steps = steps_of(list(make_trainer(TrainConfig(num_epochs=2), optim, model=model, batches=batches).run()))
    expected = reference.cross_entropy(logits, targets)
    for first, second in (steps[:2], steps[2:]):
        assert (first.loss + second.loss) / 2 == pytest.approx(expected, rel=1e-6)


# ---- divergence


def spoilt_trainer(spoilt: dict[int, float], *, max_steps: int = 10) -> tuple[Trainer, WatchedModel]:
    """Return a trainer whose loss is not finite in the passes forward that are `spoilt`."""
    model = make_model(ModelConfig(cell="lstm", hidden_size=5), kind=WatchedModel)
    assert isinstance(model, WatchedModel)
    model.spoilt = spoilt
    optim = OptimConfig(learning_rate=0.01, schedule="constant", warmup_steps=0)
    train = TrainConfig(max_steps=max_steps, eval_every=3)
    validator = ListedValidator([5.0, 4.0, 4.5, 3.0, 2.0, 1.0])
    return make_trainer(train, optim, model=model, validator=validator), model


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_divergence_is_recovered_from(value: float) -> None:
    """A loss that is not finite costs one recovery, after which the same step is made with half the rate."""
    trainer, _ = spoilt_trainer({5: value})
    events = list(trainer.run())
    assert recoveries_of(events) == [Recovered(5, 0.005)]
    assert isinstance(events[5], Recovered)
    steps = steps_of(events)
    assert [step.step for step in steps] == list(range(1, 11))
    assert [step.learning_rate for step in steps] == [0.01] * 4 + [0.005] * 6
    assert all(math.isfinite(step.loss) for step in steps)
    assert reason_of(events) == "steps done: 10"


def test_a_recovery_goes_back_to_the_best() -> None:
    """After a recovery the parameters are the best so far, the optimizer is new and the states are zero."""
    trainer, model = spoilt_trainer({9: math.nan})
    best = model.params.flat.copy()
    for event in trainer.run():
        if isinstance(event, Validated) and event.improved:
            best = model.params.flat.copy()
        if isinstance(event, Recovered):
            assert trainer.progress.best_step == 6
            np.testing.assert_array_equal(model.params.flat, best)
            snapshot = trainer.snapshot()
            assert snapshot.record["num_optimizer_steps"] == 0
            memory = [array for name, array in snapshot.arrays.items() if name != "training.best"]
            assert memory
            assert not any(array.any() for array in memory)
    assert not any(array.any() for array in model.befores[9].values())
    assert any(array.any() for array in model.befores[8].values())


def test_a_recovery_before_any_validation_goes_back_to_the_beginning() -> None:
    """Before the first validation the best parameters are the first ones."""
    trainer, model = spoilt_trainer({2: math.nan})
    first = model.params.flat.copy()
    assert [type(event) for event in itertools.islice(trainer.run(), 2)] == [StepDone, Recovered]
    np.testing.assert_array_equal(model.params.flat, first)


def test_a_spoilt_step_leaves_the_parameters_alone() -> None:
    """A step whose loss is not finite changes nothing but the state: the best are as they were."""
    trainer, _ = spoilt_trainer({4: math.nan})
    events = trainer.run()
    list(itertools.islice(events, 4))
    best = trainer.best.copy()
    assert isinstance(next(events), Recovered)
    np.testing.assert_array_equal(trainer.best, best)


def test_three_recoveries_are_enough() -> None:
    """The fourth divergence ends the run with an error that says when, and what to try."""
    trainer, _ = spoilt_trainer({3: math.nan, 5: math.nan, 6: math.inf, 9: math.nan})
    events: list[Event] = []
    with pytest.raises(DivergedError) as caught:
        events.extend(trainer.run())
    assert str(caught.value) == (
        "training diverged at step 6, after 3 new starts with half the rate: "
        "try a learning_rate below 0.00125"
    )
    assert caught.value.exit_code == 1


def test_three_recoveries_are_survived() -> None:
    """A run that diverges three times and then no more is finished with an eighth of the rate."""
    trainer, _ = spoilt_trainer({3: math.nan, 5: math.nan, 6: math.inf})
    events = list(trainer.run())
    assert [event.learning_rate for event in recoveries_of(events)] == [0.005, 0.0025, 0.00125]
    assert steps_of(events)[-1].learning_rate == 0.00125
    assert reason_of(events) == "steps done: 10"


def diverging_trainer(cell: CellName, optim: dict[str, Any], **train: Any) -> Trainer:
    return make_trainer(
        TrainConfig(**train),
        OptimConfig(schedule="constant", warmup_steps=0, **optim),
        model=make_model(ModelConfig(cell=cell, hidden_size=8), seed=1),
    )


@every_cell
@pytest.mark.parametrize(
    "optim",
    [
        {"optimizer": "sgd", "learning_rate": 1e38, "max_grad_norm": 0.0},
        {"optimizer": "adamw", "learning_rate": 1e6},
        {"optimizer": "rmsprop", "learning_rate": 1e38},
    ],
    ids=lambda optim: optim["optimizer"],
)
def test_a_rate_that_is_far_too_high_diverges(cell: CellName, optim: dict[str, Any]) -> None:
    """A run that blows up in earnest recovers three times, each with half the rate, and then gives up."""
    trainer = diverging_trainer(cell, optim, max_steps=300, eval_every=1000)
    events: list[Event] = []
    with pytest.raises(DivergedError, match="training diverged at step"):
        events.extend(trainer.run())
    rates = [event.learning_rate for event in recoveries_of(events)]
    assert rates == pytest.approx([optim["learning_rate"] / 2**k for k in (1, 2, 3)])
    assert np.isfinite(trainer.best).all()


@every_cell
def test_a_rate_that_is_too_high_is_halved_until_it_does(cell: CellName) -> None:
    """A run that blows up in earnest is brought to its end with half the rate, or half of that."""
    trainer = diverging_trainer(cell, {"optimizer": "adamw", "learning_rate": 1e3}, max_steps=60)
    events = list(trainer.run())
    rates = [event.learning_rate for event in recoveries_of(events)]
    assert rates == [500, 250, 125][: len(rates)]
    assert rates
    assert reason_of(events) == "steps done: 60"
    assert np.isfinite(trainer.model.params.flat).all()


def test_the_best_are_finite() -> None:
    """Parameters whose squares overflow in a step are a divergence, and never the best.

    Weight decay makes these grow by a factor of 1e11 or, after a recovery, half of it: from every new start
    one step is survived and the next is too far.
    """
    trainer = diverging_trainer("gru", {"optimizer": "adamw", "learning_rate": 1e13}, max_steps=4)
    events = list(trainer.run())
    assert [event.step for event in recoveries_of(events)] == [2, 3, 4]
    assert np.isfinite(trainer.best).all()
    assert np.isfinite(trainer.model.params.flat).all()


# ---- going on


def weights_and_memory(trainer: Trainer) -> dict[str, Array]:
    return {"params": trainer.model.params.flat, **trainer.snapshot().arrays}


def assert_same_run(actual: Trainer, expected: Trainer) -> None:
    """Compare two runs bit for bit: parameters, optimizer, states, the best, counters, random numbers."""
    expected_arrays = weights_and_memory(expected)
    actual_arrays = weights_and_memory(actual)
    assert actual_arrays.keys() == expected_arrays.keys()
    for name, array in expected_arrays.items():
        np.testing.assert_array_equal(actual_arrays[name], array, err_msg=name)
    assert actual.snapshot().record == expected.snapshot().record


def saved_and_loaded(trainer: Trainer, settings: Settings, path: Path) -> tuple[CharModel, Snapshot]:
    """Return what a trainer is after a way through a file."""
    provenance = Provenance((), "", 0, 0, 0, 0, "", "", "", "")
    checkpoint = Checkpoint(trainer.model, Codec(TOKENIZER, settings.data.unit), settings, provenance)
    replace(checkpoint, training=trainer.snapshot()).save(path)
    loaded = Checkpoint.load(path)
    assert loaded.training is not None
    return loaded.model, loaded.training


def settings_of(model: ModelConfig, optimizer: OptimizerName = "adamw") -> Settings:
    return Settings(
        model=model,
        optim=OptimConfig(optimizer=optimizer, warmup_steps=15, average_span=0.5),
        train=TrainConfig(max_steps=20, eval_every=3),
    )


def trainer_of(settings: Settings, unit: Unit, model: CharModel) -> Trainer:
    """Return a trainer with a validator, 3 streams in 4 windows, and a clock that stands still."""
    validator = Validator(model, Codec(TOKENIZER, unit), EncodedText.of(VALID))
    batches = make_batches(unit=unit)
    assert len(batches) == 4
    return make_trainer(settings.train, settings.optim, model=model, batches=batches, validator=validator)


def until_step(events: Iterator[Event], step: int) -> list[Event]:
    """Take the events up to the end of a step, and no validation that may follow it."""
    taken: list[Event] = []
    for event in events:
        taken.append(event)
        if isinstance(event, StepDone) and event.step == step:
            return taken
    raise AssertionError(f"there is no step {step}")


def check_resuming(settings: Settings, unit: Unit, path: Path, *, pause: int) -> None:
    """Compare 20 steps in one go with 20 that were saved, loaded and continued after the step `pause`."""
    whole = trainer_of(settings, unit, make_model(settings.model))
    expected = list(whole.run())
    first = trainer_of(settings, unit, make_model(settings.model))
    before = until_step(first.run(), pause)
    model, snapshot = saved_and_loaded(first, settings, path)
    second = trainer_of(settings, unit, model)
    second.restore(snapshot)
    assert before + list(second.run()) == expected
    assert_same_run(second, whole)


@pytest.mark.parametrize(
    ("cell", "optimizer", "unit"), pairwise(list(CELLS), list(OPTIMIZERS), get_args(Unit))
)
def test_resuming_continues_bit_for_bit(
    cell: CellName, optimizer: OptimizerName, unit: Unit, tmp_path: Path
) -> None:
    """20 steps are 10, save, load and 10 more: the same events, weights, memory, states and best."""
    settings = settings_of(ModelConfig(cell=cell, hidden_size=6), optimizer)
    check_resuming(settings, unit, tmp_path / "last.safetensors", pause=10)


@each_cell_and_unit
def test_resuming_a_deep_model_with_dropout(cell: CellName, unit: Unit, tmp_path: Path) -> None:
    """The random numbers of dropout go on where they were, through two layers and an embedding."""
    config = ModelConfig(cell=cell, hidden_size=6, num_layers=2, embedding_size=4, dropout=0.3)
    check_resuming(settings_of(config), unit, tmp_path / "last.safetensors", pause=10)


@pytest.mark.parametrize("pause", [1, 4, 8, 11, 19, 20])
def test_resuming_at_any_step(pause: int, tmp_path: Path) -> None:
    """A run goes on as if nothing had happened from its first step, an epoch's end or its last step."""
    config = ModelConfig(cell="lstm", hidden_size=6, dropout=0.3)
    check_resuming(settings_of(config), "line", tmp_path / "last.safetensors", pause=pause)


@pytest.mark.parametrize("pause", [3, 12])
def test_resuming_before_a_validation(pause: int, tmp_path: Path) -> None:
    """A run that was saved between a step and the validation due after it still makes that validation."""
    config = ModelConfig(cell="lstm", hidden_size=6)
    check_resuming(settings_of(config), "stream", tmp_path / "last.safetensors", pause=pause)


@each_cell_and_unit
def test_restoring_without_a_file(cell: CellName, unit: Unit) -> None:
    """A snapshot and the parameters are enough, wherever they were kept."""
    settings = settings_of(ModelConfig(cell=cell, hidden_size=6))
    whole = trainer_of(settings, unit, make_model(settings.model))
    expected = list(whole.run())
    first = trainer_of(settings, unit, make_model(settings.model))
    before = until_step(first.run(), 10)
    model = make_model(settings.model, seed=9)
    model.params.flat[...] = first.model.params.flat
    second = trainer_of(settings, unit, model)
    second.restore(first.snapshot())
    assert before + list(second.run()) == expected
    assert_same_run(second, whole)


def test_restoring_copies() -> None:
    """What is restored belongs to the new run: the old one may go on and disturbs nothing."""
    settings = settings_of(ModelConfig(cell="lstm", hidden_size=6))
    first, second = (trainer_of(settings, "stream", make_model(settings.model)) for _ in range(2))
    events = first.run()
    until_step(events, 10)
    second.restore(first.snapshot())
    before = {name: array.copy() for name, array in second.snapshot().arrays.items()}
    until_step(events, 15)
    for name, array in second.snapshot().arrays.items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def resume_listed(
    figures: list[float], settings: Settings, *, pause: int, model: Callable[[], CharModel] = make_model
) -> tuple[list[Event], list[Event]]:
    """Return the events of a run whose validations are `figures`, in one go and with a pause."""
    whole = list(
        make_trainer(settings.train, settings.optim, model=model(), validator=ListedValidator(figures)).run()
    )
    first = make_trainer(settings.train, settings.optim, model=model(), validator=ListedValidator(figures))
    run = first.run()
    before: list[Event] = []
    while len(validations_of(before)) < pause:
        before.append(next(run))
    second = make_trainer(
        settings.train, settings.optim, model=first.model, validator=ListedValidator(figures[pause:])
    )
    second.restore(first.snapshot())
    return before + list(second.run()), whole


def test_the_plateau_survives() -> None:
    """A rate that a plateau has lowered is still low after the pause, and falls on from there."""
    settings = Settings(
        optim=OptimConfig(learning_rate=4e-3, schedule="plateau", warmup_steps=0),
        train=TrainConfig(max_steps=12, eval_every=2),
    )
    actual, expected = resume_listed([3.0, 4.0, 4.0, 2.0, 5.0, 6.0], settings, pause=3)
    assert actual == expected
    assert [v.learning_rate / 4e-3 for v in validations_of(actual)] == [1, 0.5, 0.25, 0.25, 0.125, 0.0625]


def test_patience_survives() -> None:
    """Validations without improvement are counted across the pause."""
    settings = Settings(train=TrainConfig(max_steps=99, eval_every=2, patience=3))
    actual, expected = resume_listed([3.0, 4.0, 4.0, 4.0, 1.0], settings, pause=3)
    assert actual == expected
    assert reason_of(actual) == "validations without improvement: 3"
    assert len(steps_of(actual)) == 8


def test_the_best_survives() -> None:
    """What was best before the pause is not beaten by less after it."""
    settings = Settings(train=TrainConfig(max_steps=8, eval_every=2))
    actual, expected = resume_listed([3.0, 1.0, 2.0, 1.5], settings, pause=2)
    assert actual == expected
    assert [v.improved for v in validations_of(actual)] == [True, True, False, False]


def test_a_recovery_survives() -> None:
    """The halved rate and the number of recoveries are part of what is saved."""
    whole, _ = spoilt_trainer({2: math.nan, 4: math.nan}, max_steps=6)
    expected = list(whole.run())
    first, model = spoilt_trainer({2: math.nan, 4: math.nan}, max_steps=6)
    before = list(itertools.islice(first.run(), 4))
    assert len(recoveries_of(before)) == 2
    second, same_model = spoilt_trainer({}, max_steps=6)
    same_model.params.flat[...] = model.params.flat
    second.restore(first.snapshot())
    assert second.progress.num_recoveries == 2
    assert before + list(second.run()) == expected
    assert_same_run(second, whole)


def test_the_time_goes_on() -> None:
    """The seconds before the pause count; those of the pause itself do not."""
    train = TrainConfig(max_time=20.0, eval_every=1000)
    first = make_trainer(train, seconds_per_step=1.0)
    assert until_step(first.run(), 12)[-1].elapsed == 12  # type: ignore[union-attr]
    second = make_trainer(train, seconds_per_step=1.0)
    second.restore(first.snapshot())
    events = list(second.run())
    assert [step.elapsed for step in steps_of(events)] == [13, 14, 15, 16, 17, 18, 19, 20]
    assert reason_of(events) == "the time of 20s is up"


def test_a_finished_run_stays_finished() -> None:
    """A run that is restored at its end makes no step and no validation."""
    train = TrainConfig(max_steps=3)
    first = make_trainer(train)
    list(first.run())
    second = make_trainer(train, model=first.model)
    second.restore(first.snapshot())
    assert list(second.run()) == [Stopped(3, "steps done: 3")]


def snapshot_of(config: ModelConfig, optimizer: OptimizerName = "adam", *, streams: int = 3) -> Snapshot:
    trainer = make_trainer(
        TrainConfig(max_steps=2),
        OptimConfig(optimizer=optimizer),
        model=make_model(config),
        batches=make_batches(streams=streams),
    )
    list(trainer.run())
    return trainer.snapshot()


@pytest.mark.parametrize(
    ("snapshot", "error"),
    [
        (lambda: snapshot_of(ModelConfig(cell="gru", hidden_size=7)), ValueError),
        (lambda: snapshot_of(ModelConfig(cell="gru", hidden_size=6), streams=2), ValueError),
        (lambda: snapshot_of(ModelConfig(cell="gru", hidden_size=6), "sgd"), KeyError),
        (lambda: Snapshot({}, {}), KeyError),
    ],
    ids=["sizes", "streams", "optimizer", "empty"],
)
def test_the_snapshot_of_another_run_is_refused(
    snapshot: Callable[[], Snapshot], error: type[Exception]
) -> None:
    """A snapshot whose arrays have other shapes or names is not taken over."""
    trainer = make_trainer(TrainConfig(max_steps=4), OptimConfig(optimizer="adam"))
    with pytest.raises(error):
        trainer.restore(snapshot())


@pytest.mark.parametrize("key", ["step", "best_nats", "num_bad_validations", "rng"])
def test_a_snapshot_with_a_hole_is_refused(key: str) -> None:
    """A snapshot that lacks a number is not taken over."""
    snapshot = snapshot_of(ModelConfig(cell="gru", hidden_size=6))
    del snapshot.record[key]
    with pytest.raises(KeyError, match=key):
        make_trainer(TrainConfig(max_steps=4), OptimConfig(optimizer="adam")).restore(snapshot)


def valid_snapshot() -> Snapshot:
    """Return the snapshot of a run of 2 steps in 4 windows, in arrays of its own."""
    snapshot = snapshot_of(ModelConfig(cell="gru", hidden_size=6))
    return Snapshot({name: array.copy() for name, array in snapshot.arrays.items()}, snapshot.record)


ARRAYS = (
    "training.average",
    "training.best",
    "training.optimizer.mean",
    "training.optimizer.mean_square",
    "training.state.layers.0.h",
)


def test_the_arrays_of_a_snapshot() -> None:
    """What is kept are the best parameters, the average, the memory of the optimizer, the streams."""
    assert sorted(valid_snapshot().arrays) == sorted(ARRAYS)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_snapshot_with_numbers_that_are_not_finite_is_refused(name: str, value: float) -> None:
    """A snapshot whose arrays hold nan or infinity is not taken over, and the array is named."""
    snapshot = valid_snapshot()
    snapshot.arrays[name].flat[1] = value
    with pytest.raises(ValueError, match=f"^{re.escape(name)} holds nan or infinity$"):
        make_trainer(TrainConfig(max_steps=4), OptimConfig(optimizer="adam")).restore(snapshot)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("dtype", ["float64", "float16", "int32"])
def test_a_snapshot_of_other_numbers_is_refused(name: str, dtype: str) -> None:
    """A snapshot whose arrays are of another type is not taken over, and the array is named."""
    snapshot = valid_snapshot()
    snapshot.arrays[name] = array = snapshot.arrays[name].astype(dtype)
    with pytest.raises(ValueError, match="is ") as caught:
        make_trainer(TrainConfig(max_steps=4), OptimConfig(optimizer="adam")).restore(snapshot)
    assert str(caught.value) == f"{name} is {dtype} {array.shape}, not float32 {array.shape}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("step", "far"),
        ("step", None),
        ("step", 1.5),
        ("epoch", [1]),
        ("window", "first"),
        ("elapsed", "long"),
        ("best_nats", "few"),
        ("best_step", None),
        ("num_bad_validations", 0.5),
        ("num_recoveries", {}),
        ("rate_scale", None),
        ("num_optimizer_steps", "many"),
        ("train_nats", []),
        ("train_chars", math.nan),
        ("num_chars", -1),
        ("recent", {"num_steps": -1}),
    ],
)
def test_a_snapshot_with_a_wrong_number_is_refused(key: str, value: object) -> None:
    """A snapshot in which something else stands where a number belongs is not taken over."""
    snapshot = valid_snapshot()
    snapshot.record[key] = value
    with pytest.raises(ValueError, match=key):
        make_trainer(TrainConfig(max_steps=4), OptimConfig(optimizer="adam")).restore(snapshot)


def test_a_snapshot_of_an_older_version_has_fewer_numbers() -> None:
    """It is taken over; how many characters it has learnt from stays unknown."""
    snapshot = valid_snapshot()
    del snapshot.record["num_chars"], snapshot.record["recent"]
    trainer = make_trainer(TrainConfig(max_steps=4), OptimConfig(optimizer="adam"))
    trainer.restore(snapshot)
    last, figures = records_of(list(trainer.run()))[-1]
    assert (last.step, figures.num_chars) == (4, None)
    assert figures.nats_per_char is not None


@pytest.mark.parametrize("window", [-1, 4, 5, 10**6])
def test_a_snapshot_at_a_window_that_is_none_is_refused(window: int) -> None:
    """A snapshot that stands before the first window of an epoch or behind its last is not taken over."""
    snapshot = valid_snapshot()
    snapshot.record["window"] = window
    trainer = make_trainer(TrainConfig(max_steps=4), OptimConfig(optimizer="adam"))
    assert len(trainer.batches) == 4
    with pytest.raises(ValueError, match=f"^there is no window {window}$|greater than or equal to 0"):
        trainer.restore(snapshot)


@pytest.mark.parametrize("window", [0, 3])
def test_a_snapshot_at_any_window_is_taken_over(window: int) -> None:
    """The first and the last window of an epoch are windows."""
    snapshot = valid_snapshot()
    snapshot.record["window"] = window
    trainer = make_trainer(TrainConfig(max_steps=4), OptimConfig(optimizer="adam"))
    trainer.restore(snapshot)
    assert trainer.progress.window == window


@pytest.mark.parametrize("cores", [1, 2, 8])
def test_a_plan_is_kept(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run goes on in as many shards as it began with, on a machine with fewer or more cores, too."""
    monkeypatch.setattr("charseq.training.trainer.num_cores", lambda: cores)
    train = TrainConfig(max_steps=4, threads=2)
    begun = make_trainer(train, batches=make_batches(streams=4))
    list(itertools.islice(begun.run(), 2))
    resumed = make_trainer(train, model=begun.model, batches=begun.batches)
    resumed.train, resumed.plan = train.model_copy(update={"threads": AUTO}), None
    resumed.restore(begun.snapshot())
    list(itertools.islice(resumed.run(), 1))
    assert resumed.plan == begun.plan == Plan(2)
