"""Numbers out of all proportion: rates, weights, logits and temperatures beyond single precision."""

import itertools
import json
import math
import re
import string
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, TypeAlias, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file

from charseq.arrays import FloatArray
from charseq.cells import CELLS
from charseq.config import CellName, DataConfig, ModelConfig, SampleConfig, Settings, Unit
from charseq.config.values import ScheduleName
from charseq.errors import DivergedError
from charseq.gradients import Job, Plan
from charseq.gradients.shards import Shards
from charseq.network import CharModel
from charseq.network.loss import cross_entropy_, log_softmax
from charseq.optim import OPTIMIZERS
from charseq.runs.checkpoint import Checkpoint, Provenance
from charseq.runs.directory import LAST, METRICS, MODEL
from charseq.runs.run import Run
from charseq.sampling import Order, Start, sample, texts
from charseq.sampling.filters import draw
from charseq.scoring import Scorer, Validator
from charseq.scoring.predictor import Predictor
from charseq.text import CharTokenizer
from charseq.text.batches import Batches, Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from charseq.training.events import Event, Recovered, StepDone, Stopped, Validated
from tests.builders import timeless, validations
from tests.cli.conftest import Call, Outcome, surroundings
from tests.faults.harness import command, content

Array: TypeAlias = NDArray[Any]

SENTENCE = "the rain in spain stays\nmainly in the plain\nand the king sings in the rain\n"
TEXT = SENTENCE * 12
TOKENIZER = CharTokenizer.fit(TEXT)
PROVENANCE = Provenance(("text.txt",), "0" * 64, 9, 5, 7, 9, "", "charseq train text.txt", "0.1.0", "2.0.0")
NORM_LIMIT = math.sqrt(np.finfo(np.float32).max)
"""The length of a vector of weights whose square single precision still holds."""

every_cell = pytest.mark.parametrize("cell", CELLS)
each_optimizer = pytest.mark.parametrize(
    ("cell", "optimizer"), list(zip(itertools.cycle(CELLS), OPTIMIZERS, strict=False))
)
"""Every optimizer and every cell, in as few pairs as that takes."""


@pytest.fixture(autouse=True)
def _corpus(clean_surroundings: None) -> None:
    """Stand in an empty directory with one corpus in it."""
    Path("text.txt").write_text(TEXT)


def no_constant(word: str) -> float:
    raise AssertionError(f"{word} in a file of JSON")


def assert_sound(run: Path) -> None:
    """Check that whatever a run has left is finite, in its tensors as in its records."""
    for path in run.glob("*.safetensors"):
        Checkpoint.load(path)
        for name, array in load_file(path).items():
            assert np.isfinite(array).all(), f"{path}: {name}"
    lines = (run / METRICS).read_text().splitlines() if (run / METRICS).exists() else []
    for line in lines:
        json.loads(line, parse_constant=no_constant)


def is_error_line(outcome: Outcome) -> bool:
    """Say whether an outcome is that of work that failed: nothing but one line that says so."""
    lines = outcome.err.splitlines()
    return (
        outcome.code == 1 and not outcome.out and len(lines) == 1 and lines[0].startswith("charseq: error: ")
    )


# ---- learning rates

TRAIN = (
    *("train", "text.txt", "--hidden-size", "4", "--batch-size", "4", "--seq-length", "8", "--quiet"),
    *("--max-steps", "8", "--eval-every", "4", "--set", "optim.warmup_steps=0", "--schedule", "constant"),
)
ADAMW = ("--optimizer", "adamw")
ONE_CORE = ("--threads", "1", "--backend", "numpy")


def recovery(step: int, rate: float) -> str:
    """Return what is said of a new start."""
    return f"step {step}: training diverged; going on from the best model with learning rate {rate:.3g}"


@each_optimizer
def test_a_rate_beyond_all_weights(cell: CellName, optimizer: str, call: Call) -> None:
    """A first step of 1e30 is too long at a half, a quarter and an eighth, too: an error, and a sound run.

    With another rate it can be resumed.
    """
    options = ("--cell", cell, "--optimizer", optimizer, "--learning-rate", "1e30", "-o", "run")
    outcome = call(*TRAIN, *ONE_CORE, *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines()[-4:] == [
        *(recovery(1, 1e30 / 2**k) for k in (1, 2, 3)),
        "charseq: error: training diverged at step 1, after 3 new starts with half the rate: "
        "try a learning_rate below 1.25e+29",
    ]
    assert_sound(Path("run"))
    assert call("train", "--resume", "run", "--learning-rate", "0.01", "--quiet").code == 0
    assert_sound(Path("run"))


@each_optimizer
def test_a_rate_of_a_million(cell: CellName, optimizer: str, call: Call) -> None:
    """Weights of a million are learnt with, however badly, unless weight decay makes them grow for ever."""
    options = ("--cell", cell, "--optimizer", optimizer, "--learning-rate", "1e6", "-o", "run")
    outcome = call(*TRAIN, *ONE_CORE, *options)
    said = outcome.err.splitlines()
    rates = [line.rpartition(" ")[2] for line in said if line.startswith("step ")]
    if optimizer in {"adamw", "nadamw"}:
        assert outcome.code == 1
        assert rates == ["5e+05", "2.5e+05", "1.25e+05"]
        assert said[-1].startswith("charseq: error: training diverged at step ")
        assert said[-1].endswith(", after 3 new starts with half the rate: try a learning_rate below 125000")
    else:
        assert outcome.code == 0
        assert rates == []
        assert said[-1] == "stopped at step 8: steps done: 8"
        assert "perplexity inf" in outcome.out
        assert "nan" not in outcome.out + outcome.err
    assert_sound(Path("run"))


@each_optimizer
def test_a_rate_of_next_to_nothing(cell: CellName, optimizer: str, call: Call) -> None:
    """Steps of 1e-30 change no figure, and are no error."""
    options = ("--cell", cell, "--optimizer", optimizer, "--learning-rate", "1e-30", "-o", "run")
    outcome = call(*TRAIN, *ONE_CORE, *options)
    assert outcome.code == 0
    assert "diverged" not in outcome.err
    assert_sound(Path("run"))
    records = validations("run")
    assert len({record["valid_nats_per_char"] for record in records}) == 1
    assert records[0]["learning_rate"] == 1e-30


@pytest.mark.parametrize("rate", ["1e-300", "1e30", "1e300"])
def test_rates_that_single_precision_lacks_in_machine_code(rate: str, call: Call) -> None:
    """With numba, too, a rate that no float32 holds is an error of one line, or learns nothing."""
    outcome = call(*TRAIN, "--threads", "1", "--learning-rate", rate, "-o", "run")
    assert outcome.code == (0 if rate == "1e-300" else 1)
    assert len([line for line in outcome.err.splitlines() if "diverged; " in line]) == 3 * outcome.code
    assert_sound(Path("run"))


def test_divergence_in_a_process_of_its_own() -> None:
    """The command itself, on two cores, shows no warning of NumPy's, neither of its own nor of a worker."""
    words = command(
        *TRAIN, *ADAMW, "--learning-rate", "1e6", "--threads", "2", "--backend", "numpy", "-o", "run"
    )
    done = subprocess.run(words, env=surroundings(), capture_output=True, text=True, timeout=60, check=False)
    said = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert [line for line in said if not line.startswith(("charseq: ", "step ", "  "))] == []
    assert len([line for line in said if "diverged; " in line]) == 3
    assert said[-1].startswith("charseq: error: training diverged at step ")


# ---- a divergence that heals


def settings_of(**sections: dict[str, Any]) -> Settings:
    """Return the settings of a run on one core, validated every 10 steps and saved every 7."""
    small: dict[str, dict[str, Any]] = {
        "data": {"corpus": "text.txt"},
        "model": {"hidden_size": 6},
        "optim": {"schedule": "constant", "warmup_steps": 0},
        "train": {
            "batch_size": 4,
            "seq_length": 10,
            "threads": 1,
            "backend": "numpy",
            "max_steps": 80,
            "eval_every": 10,
            "save_every": 3600.0,
            "save_every_steps": 7,
        },
    }
    merged = {name: {**small.get(name, {}), **sections.get(name, {})} for name in {**small, **sections}}
    return Settings().with_layer(merged, "test")


def started(directory: str, settings: Settings) -> Run:
    return Run.start(Path(directory), settings, command="charseq train")


def killed_and_resumed(
    directory: str, settings: Settings, num_events: int
) -> tuple[list[Event], list[Event]]:
    """Train up to an event, save no more, and resume; return what happened before and after."""
    events = started(directory, settings).events()
    before = list(itertools.islice(events, num_events))
    events.close()  # type: ignore[attr-defined]
    return before, list(Run.resume(Path(directory), []).events())


def training_of(directory: str) -> dict[str, Any]:
    """Return the record of where a run stands, but for its time."""
    training = Checkpoint.load(Path(directory) / LAST).training
    assert training is not None
    return timeless(training.record)


def assert_same_runs(actual: str, expected: str) -> None:
    """Compare two runs bit for bit: weights, best model, optimizer, states, random numbers, records."""
    whole = content(Path(expected))
    for key, value in content(Path(actual)).items():
        assert value == whole[key], f"{key} differs"
    assert training_of(actual) == training_of(expected)


def steps_of(events: list[Event]) -> list[StepDone]:
    return [event for event in events if isinstance(event, StepDone)]


def validations_of(events: list[Event]) -> list[float]:
    return [
        event.valid.nats_per_char
        for event in events
        if isinstance(event, Validated) and event.valid is not None
    ]


def recoveries_of(events: list[Event]) -> list[Recovered]:
    return [event for event in events if isinstance(event, Recovered)]


UNSTABLE = {"optimizer": "adamw", "weight_decay": 100.0}
"""A step multiplies all matrices by 1 - 100 rate: above a rate of 0.02 they grow for ever, below they do not.

At 0.03 they double: 2^64 is the norm whose square single precision does not hold, and a first norm of about
2^2 makes it some sixty steps. At 0.05 and 0.025 the factors are 4 and 1.5, which is two divergences.
"""


@every_cell
def test_a_divergence_heals(cell: CellName) -> None:
    """A run that blows up in earnest, once, ends with half the rate, better than it began, all finite."""
    run = started("run", settings_of(model={"cell": cell}, optim={**UNSTABLE, "learning_rate": 0.03}))
    events = list(run.events())
    (recovered,) = recoveries_of(events)
    assert recovered.learning_rate == 0.015
    assert 55 <= recovered.step <= 70
    steps = steps_of(events)
    assert [step.step for step in steps] == list(range(1, 81))
    assert [step.learning_rate for step in steps] == [
        0.03 if step < recovered.step else 0.015 for step in range(1, 81)
    ]
    assert max(step.loss for step in steps) > 1e15
    assert steps[-1].loss < steps[0].loss
    assert validations_of(events)[-1] < 3 < validations_of(events)[0]
    assert events[-1] == Stopped(80, "steps done: 80")
    assert_sound(Path("run"))
    best = Checkpoint.load(Path("run") / MODEL)
    assert best.results.valid is not None
    assert best.results.valid.nats_per_char == min(validations_of(events))


def test_the_loss_after_a_divergence() -> None:
    """What the steps cost that were given up is not in the next record."""
    events = list(started("run", settings_of(optim={**UNSTABLE, "learning_rate": 0.03})).events())
    place = next(k for k, event in enumerate(events) if isinstance(event, Recovered))
    record = next(event for event in events[place:] if isinstance(event, Validated))
    assert record.train_nats_per_char < 1e4 < max(step.loss for step in steps_of(events))


def test_a_new_rate_is_the_rate() -> None:
    """Resumed with another learning rate, a run that diverged trains with that, and may diverge as often."""
    list(started("run", settings_of(optim={**UNSTABLE, "learning_rate": 0.03})).events())
    longer = [({"train": {"max_steps": 82}}, "option")]
    same = list(Run.resume(Path("run"), longer).events())
    assert [step.learning_rate for step in steps_of(same)] == [0.015, 0.015]
    run = Run.resume(
        Path("run"), [({"optim": {"learning_rate": 0.01}, "train": {"max_steps": 84}}, "option")]
    )
    assert [step.learning_rate for step in steps_of(list(run.events()))] == [0.01, 0.01]
    assert run.trainer.progress.num_recoveries == 0


@pytest.mark.parametrize(("cell", "later"), [("gru", 0), ("lstm", 1), ("rnn", 2), ("gru", 12)])
def test_a_run_killed_after_its_divergence_goes_on(cell: CellName, later: int) -> None:
    """A run that is killed at its new start, or so many events later, ends with the bits of one in one go.

    What it is resumed from was saved up to six steps earlier: before the divergence, or after it.
    """
    settings = settings_of(model={"cell": cell}, optim={**UNSTABLE, "learning_rate": 0.03})
    whole = list(started("whole", settings).events())
    place = next(k for k, event in enumerate(whole) if isinstance(event, Recovered))
    before, after = killed_and_resumed("killed", settings, place + 1 + later)
    assert len(recoveries_of(before)) == 1
    assert steps_of(after)[-1].step == 80
    assert_same_runs("killed", "whole")


def test_a_run_killed_between_two_divergences_goes_on() -> None:
    """The second divergence of a run that was killed after the first one leads to a quarter of the rate."""
    settings = settings_of(optim={**UNSTABLE, "learning_rate": 0.05}, train={"max_steps": 120})
    whole = list(started("whole", settings).events())
    rates = [event.learning_rate for event in recoveries_of(whole)]
    assert rates == [0.025, 0.0125]
    assert steps_of(whole)[-1].loss < steps_of(whole)[0].loss
    place = next(k for k, event in enumerate(whole) if isinstance(event, Recovered))
    _, after = killed_and_resumed("killed", settings, place + 25)
    assert [event.learning_rate for event in recoveries_of(after)] == rates[1:]
    assert_same_runs("killed", "whole")


def until_given_up(run: Run) -> tuple[list[Event], str]:
    """Return what happens in a run that diverges for ever, and the error that it ends with."""
    seen: list[Event] = []
    with pytest.raises(DivergedError) as caught:  # noqa: PT012
        for event in run.events():
            seen.append(event)
    return seen, str(caught.value)


def test_a_kill_gives_no_new_starts() -> None:
    """A run that diverges for ever is given up at the same step, killed and resumed or not."""
    settings = settings_of(
        optim={"optimizer": "adamw", "learning_rate": 1e6}, train={"save_every_steps": 1, "eval_every": 1000}
    )
    whole, error = until_given_up(started("whole", settings))
    assert len(recoveries_of(whole)) == 3
    events = started("killed", settings).events()
    list(itertools.islice(events, whole.index(recoveries_of(whole)[1]) + 2))
    events.close()  # type: ignore[attr-defined]
    resumed = Run.resume(Path("killed"), [])
    assert resumed.trainer.progress.num_recoveries == 2
    after, same_error = until_given_up(resumed)
    assert recoveries_of(after) == recoveries_of(whole)[2:]
    assert same_error == error


# ---- resuming with everything that a run remembers

REMEMBERING = {"num_layers": 2, "embedding_size": 4, "dropout": 0.3}


@pytest.mark.parametrize(
    ("unit", "optimizer", "schedule", "cell"),
    [
        (unit, optimizer, schedule, cell)
        for unit, optimizer, schedule, cell in zip(
            itertools.cycle(get_args(Unit)),
            OPTIMIZERS,
            itertools.cycle(get_args(ScheduleName)),
            itertools.cycle(CELLS),
            strict=False,
        )
    ],
)
def test_whatever_a_run_remembers_survives_a_kill(
    unit: Unit, optimizer: str, schedule: str, cell: CellName
) -> None:
    """Each optimizer and schedule, warming up, with dropout: the steps since the last save are made again."""
    settings = settings_of(
        data={"unit": unit},
        model={**REMEMBERING, "cell": cell},
        optim={"optimizer": optimizer, "schedule": schedule, "learning_rate": 0.02, "warmup_steps": 25},
        train={"max_steps": 30},
    )
    whole = list(started("whole", settings).events())
    before, after = killed_and_resumed("killed", settings, 23)
    assert steps_of(before)[-1].step == 21
    assert steps_of(after)[0].step == 22
    assert whole[-1] == after[-1]
    assert_same_runs("killed", "whole")


@pytest.mark.parametrize("num_bad", [1, 4])
def test_plateau_and_patience_survive_a_kill(num_bad: int) -> None:
    """A run that gets worse and worse slows down, and gives up, where one that was never killed does."""
    Path("valid.txt").write_text(TEXT[200::-1])
    settings = settings_of(
        data={"valid": "valid.txt"},
        model=REMEMBERING,
        optim={"schedule": "plateau", "learning_rate": 0.05, "plateau_factor": 0.9},
        train={"max_steps": 999, "eval_every": 5, "patience": 6, "save_every": 0.0},
    )
    whole = list(started("whole", settings).events())
    assert whole[-1] == Stopped(steps_of(whole)[-1].step, "validations without improvement: 6")
    bad = [k for k, event in enumerate(whole) if isinstance(event, Validated) and not event.improved][-6:]
    before, after = killed_and_resumed("killed", settings, bad[num_bad - 1] + 1)
    assert isinstance(before[-1], Validated)
    assert steps_of(after)[0].learning_rate <= 0.05 * 0.9**num_bad * 1.0001
    assert after[-1] == whole[-1]
    assert_same_runs("killed", "whole")


# ---- what spoils a run on its way


SPOILT = [
    ("weights", (math.nan,)),
    ("weights", (math.inf,)),
    ("weights", (-math.inf,)),
    ("logits", (3e38, -3e38)),
    ("training.optimizer.mean", (math.inf,)),
    ("training.state.layers.0.h", (math.nan,)),
]
"""What no step leaves behind, in the beginning of an array; logits so far apart are an infinite loss."""


@pytest.mark.parametrize(
    ("name", "values", "threads"), [(*spoilt, 1) for spoilt in SPOILT] + [(*SPOILT[0], 2), (*SPOILT[3], 2)]
)
def test_a_run_that_is_spoilt_recovers(name: str, values: tuple[float, ...], threads: int) -> None:
    """The next step is made from the best model with half the rate, and nothing of the damage is left."""
    settings = settings_of(optim={"learning_rate": 0.02}, train={"max_steps": 20, "threads": threads})
    run, events = started("run", settings), []
    params = run.trainer.model.params
    for event in run.events():
        events.append(event)
        if isinstance(event, StepDone) and event.step == 13 and not recoveries_of(events):
            arrays = {
                "weights": params.flat,
                "logits": params["projection.c"],
            } | run.trainer.snapshot().arrays
            arrays[name].flat[: len(values)] = values
        if isinstance(event, Recovered):
            np.testing.assert_array_equal(params.flat, run.trainer.best)
    assert recoveries_of(events) == [Recovered(14, 0.01)]
    assert [step.step for step in steps_of(events)] == list(range(1, 21))
    assert all(math.isfinite(step.loss) for step in steps_of(events))
    assert validations_of(events)[1] < validations_of(events)[0]
    assert_sound(Path("run"))


@pytest.mark.parametrize(
    ("loss", "gradient"), [(math.inf, 0.0), (math.nan, 0.0), (0.0, math.inf), (0.0, 1e30)]
)
def test_a_loss_or_a_gradient_alone(loss: float, gradient: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss that is not finite, or a gradient whose norm is not, is enough for a new start."""
    run, calls = started("run", settings_of(train={"max_steps": 20})), itertools.count(1)

    def spoilt(logits: FloatArray, targets: Any, **options: Any) -> float:
        nats = cross_entropy_(logits, targets, **options)
        if next(calls) != 14:
            return nats
        logits[0, 0, 0] += gradient
        return nats + loss

    monkeypatch.setattr("charseq.gradients.losses.cross_entropy_", spoilt)
    events = list(run.events())
    assert recoveries_of(events) == [Recovered(14, 0.004)]
    assert [step.step for step in steps_of(events)] == list(range(1, 21))
    assert_sound(Path("run"))


def test_a_run_that_is_spoilt_for_ever_leaves_sound_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """After three new starts it is given up; what was saved can be resumed, and does end."""
    run, real = started("run", settings_of(train={"max_steps": 20})), Batches.__getitem__

    def spoil(self: Batches, number: int) -> Any:
        if run.trainer.progress.step == 13:
            run.trainer.model.params.flat[-1] = math.nan
        return real(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(Batches, "__getitem__", spoil)
        seen, error = until_given_up(run)
    assert [event.step for event in recoveries_of(seen)] == [14, 14, 14]
    assert error.startswith("training diverged at step 14, after 3 new starts with half the rate: ")
    assert_sound(Path("run"))
    assert list(Run.resume(Path("run"), []).events())[-1] == Stopped(20, "steps done: 20")


# ---- logits

ENORMOUS = (1e30, -1e30, 1.5e38, -1.5e38)
enormous_logits = st.lists(st.sampled_from([*ENORMOUS, 0.0, 1.0, -2.5]), min_size=2, max_size=7)


def exact_log_softmax(logits: list[float]) -> list[float]:
    """Return what the definition says, one number after the other."""
    highest = max(logits)
    total = math.fsum(math.exp(max(-1e3, z - highest)) for z in logits)
    return [z - highest - math.log(total) for z in logits]


def single(logits: list[float]) -> list[float]:
    """Return the numbers as single precision has them."""
    return [float(np.float32(z)) for z in logits]


@given(logits=enormous_logits)
def test_the_logarithm_of_enormous_likelihoods(logits: list[float]) -> None:
    """Logits of 1e30 and more, or equal ones, have finite nats, and probabilities that sum to 1."""
    log_p = log_softmax(np.array(logits, np.float32))
    assert log_p.tolist() == pytest.approx(exact_log_softmax(single(logits)), rel=1e-12, abs=1e-12)
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-12)


def test_log_softmax_at_the_ends_of_single_precision() -> None:
    """No two float32 are too far apart for it."""
    most = np.finfo(np.float32).max
    assert log_softmax(np.array([most, -most, most], np.float32)).tolist() == pytest.approx(
        [-math.log(2), -2 * float(most), -math.log(2)], rel=1e-12
    )


@given(logits=enormous_logits, data=st.data(), dtype=st.sampled_from([np.float32, np.float64]))
def test_the_loss_of_enormous_logits(logits: list[float], data: st.DataObject, dtype: type) -> None:
    """The loss is the mean of what the definition says, and so is its gradient: p, less 1 at the target."""
    rows = [logits, logits[::-1]]
    targets = [data.draw(st.integers(0, len(logits) - 1)) for _ in rows]
    expected = [exact_log_softmax(single(row) if dtype is np.float32 else row) for row in rows]
    z: Array = np.array([rows], dtype)
    loss = cross_entropy_(z, np.array([targets], np.int32))
    nats = [-log_p[target] for log_p, target in zip(expected, targets, strict=True)]
    assert loss == pytest.approx(sum(nats) / 2, rel=1e-6, abs=1e-6)
    for gradient, log_p, target in zip(z[0], expected, targets, strict=True):
        p = [math.exp(max(-1e3, value)) - (k == target) for k, value in enumerate(log_p)]
        assert gradient.tolist() == pytest.approx([value / 2 for value in p], abs=1e-6)


def constant_model(logits: list[float]) -> tuple[CharModel, CharTokenizer]:
    """Return a model that expects the same after whatever it reads, and its vocabulary: a, b, c, ..."""
    chars = string.ascii_lowercase[: len(logits)]
    tokenizer = CharTokenizer.fit(chars * 9)
    model = CharModel(ModelConfig(cell="gru", hidden_size=3), len(logits))
    model.params["projection.c"][...] = logits
    return model, tokenizer


@settings(max_examples=30)
@given(logits=enormous_logits, unit=st.sampled_from(get_args(Unit)))
def test_a_text_at_enormous_logits(logits: list[float], unit: Unit) -> None:
    """A text is scored in finite nats, those of the definition, by all who score."""
    model, tokenizer = constant_model(logits)
    text, seen = "".join(tokenizer.vocab) * 3, -math.log1p(-tokenizer.escape_probability)
    nats = [seen - log_p for log_p in exact_log_softmax(single(logits))]
    surprisal = Scorer(model, Codec(tokenizer, unit), num_guesses=2).score(text)
    assert surprisal.nats.tolist() == pytest.approx(nats * 3, rel=1e-9)
    assert surprisal.expected is not None
    assert np.isfinite(surprisal.expected.entropies).all()
    score = Validator(model, Codec(tokenizer, unit), EncodedText.of(text)).score()
    assert score.nats_per_char == pytest.approx(sum(nats) / len(nats), rel=1e-9)
    predictor = Predictor(model, Codec(tokenizer, unit))
    for char, price in zip(tokenizer.vocab, nats, strict=True):
        prediction = predictor.predict("", char, num_top=99)
        assert prediction.bits == pytest.approx(price / math.log(2), rel=1e-9)
        assert math.isfinite(prediction.entropy)
        total = math.fsum(guess.probability for guess in prediction.top)
        assert total == pytest.approx(1 - tokenizer.escape_probability, abs=1e-12)


@settings(max_examples=30)
@given(logits=enormous_logits, temperature=st.sampled_from([0.0, 1e-300, 1e-9, 1.0, 1e9]))
def test_drawing_at_enormous_logits(logits: list[float], temperature: float) -> None:
    """Only what is likeliest is drawn, of equals the first where no chance is left, and else all of them."""
    model, tokenizer = constant_model([*logits, max(logits)])
    codec = Codec(tokenizer, "stream")
    config = SampleConfig(length=60, temperature=temperature, num_samples=2, seed=1)
    one = tokenizer.encode("".join(sample(model, codec, "", config, rng=np.random.default_rng(1)))).tolist()
    drawn = texts(Start(model, codec, ""), Order.of(config, codec))
    many = tokenizer.encode("".join(piece for pieces in drawn for piece in pieces)).tolist()
    logits = single([*logits, max(logits)])
    likeliest = {k for k, z in enumerate(logits) if z >= max(logits) - 100 * temperature}
    assert set(one) <= likeliest
    assert set(many) <= likeliest
    ties = {k for k, z in enumerate(logits) if z == max(logits)}
    assert set(many) >= ties if temperature else set(many) == {min(ties)}


# ---- temperatures

SHARP = [3.0, -1.0, 5.0, 0.5, 4.0, -2.0, 1.0, 2.0]
"""Of a to h; the likeliest are c, e and a."""
CHI_SQUARE = {2: 10.828, 3: 13.816, 8: 24.322}
"""What chi-square exceeds once in a thousand times, by the number of outcomes."""


def save_model(path: str, model: CharModel, tokenizer: CharTokenizer, unit: Unit = "stream") -> None:
    settings = Settings(model=model.config, data=DataConfig(unit=unit))
    Checkpoint(model, Codec(tokenizer, settings.data.unit), settings, PROVENANCE).save(Path(path))


def save_sharp_model() -> None:
    """Leave a model that expects something else after each character, and is sure of it."""
    model = CharModel(ModelConfig(cell="gru", hidden_size=8), TOKENIZER.vocab_size)
    model.params.flat[...] = np.random.default_rng(2).normal(0, 2, model.params.flat.size)
    save_model("sharp.safetensors", model, TOKENIZER)


def sampled(call: Call, model: str, *options: str) -> str:
    outcome = call("sample", model, "--seed", "3", *options)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out


@pytest.mark.parametrize(
    ("num_samples", "cut"),
    [("1", ()), ("2", ()), ("1", ("--top-k", "3")), ("2", ("--top-p", "0.5"))],
    ids=["one", "two", "top-k", "top-p"],
)
@pytest.mark.parametrize("temperature", ["1e-9", "1e-300", "5e-324"])
def test_next_to_no_temperature_is_greedy(
    temperature: str, num_samples: str, cut: tuple[str, ...], call: Call
) -> None:
    """At a temperature of next to nothing a text is the one of temperature 0, alone or beside another."""
    save_sharp_model()
    common = ("sharp.safetensors", "--length", "60", "-n", num_samples)
    greedy = sampled(call, *common, "--temperature", "0")
    assert len(set(greedy)) > 4
    assert sampled(call, *common, "--temperature", temperature, *cut) == greedy
    assert sampled(call, *common, "--temperature", "1") != greedy


@pytest.mark.parametrize(
    ("cut", "chars"),
    [((), "abcdefgh"), (("--top-k", "3"), "cea"), (("--top-p", "0.25"), "ce")],
    ids=["all", "top-k", "top-p"],
)
@pytest.mark.parametrize("num_samples", [1, 4])
@pytest.mark.parametrize("temperature", ["1e9", "1e300"])
def test_a_temperature_beyond_measure_is_uniform(
    temperature: str, num_samples: int, cut: tuple[str, ...], chars: str, call: Call
) -> None:
    """At a huge temperature all that is allowed is drawn alike, by the chi-square test, and nothing else."""
    save_model("m.safetensors", *constant_model(SHARP))
    common = ("m.safetensors", "--length", f"{2000 // num_samples}", "-n", f"{num_samples}")
    counts = Counter(sampled(call, *common, "--temperature", temperature, *cut).replace("\n", ""))
    assert set(counts) == set(chars)
    expected = 2000 / len(chars)
    assert sum((count - expected) ** 2 / expected for count in counts.values()) < CHI_SQUARE[len(chars)]


@pytest.mark.parametrize("cut", [{"top_k": 2}, {"top_p": 0.4}])
@pytest.mark.parametrize("temperature", [1e9, 1e17, 1e300])
def test_a_cut_keeps_the_likeliest_at_any_temperature(temperature: float, cut: dict[str, Any]) -> None:
    """Which characters are the likeliest is a matter of the logits, also where all are as good as equal."""
    config = SampleConfig(temperature=temperature, **cut)
    logits, rng = np.array([0.0, 2.0, 1.0, 4.0, 3.0], np.float32), np.random.default_rng(0)
    assert {draw(logits, config, rng) for _ in range(100)} == {3, 4}


# ---- weights that files may hold

LOOKS = (
    ("evaluate", "m.safetensors", "text.txt", "--calibration", "--hardest", "2"),
    ("evaluate", "m.safetensors", "text.txt", "--format", "json"),
    ("sample", "m.safetensors", "--length", "30", "--seed", "1"),
    ("sample", "m.safetensors", "--length", "30", "--seed", "1", "-n", "2"),
    ("next", "m.safetensors", "the r", "", "\n"),
    ("next", "m.safetensors", "the r", "--format", "jsonl"),
)


def save_huge_model(cell: CellName, unit: Unit, *, weight: float = 0.0, norm: float = 0.0) -> None:
    """Leave a deep model whose weights are all of one size, by chance positive or negative."""
    config = ModelConfig(cell=cell, hidden_size=6, num_layers=2, embedding_size=4)
    model = CharModel(config, TOKENIZER.vocab_size)
    size = norm / math.sqrt(model.params.flat.size) or weight
    model.params.flat[...] = np.random.default_rng(0).choice([-size, size], model.params.flat.size)
    save_model("m.safetensors", model, TOKENIZER, unit)


@pytest.mark.parametrize(
    ("cell", "unit"), [("gru", "stream"), ("gru", "line"), ("lstm", "line"), ("rnn", "stream")]
)
def test_the_largest_weights_that_training_leaves(cell: CellName, unit: Unit, call: Call) -> None:
    """As long as the square of their norm is a float32, no product overflows: all figures are finite."""
    save_huge_model(cell, unit, norm=0.999 * NORM_LIMIT)
    for words in LOOKS:
        outcome = call(*words)
        assert (outcome.code, outcome.err) == (0, "")
        assert not re.search(r"\bnan\b", outcome.out, re.IGNORECASE)


@pytest.mark.parametrize("weight", [1e30, 3e38])
@every_cell
def test_larger_weights_are_an_error_or_none(cell: CellName, weight: float, call: Call) -> None:
    """Weights at which products overflow are refused in one line, or all figures are finite."""
    save_huge_model(cell, "stream", weight=weight)
    for words in (*LOOKS, ("info", "m.safetensors")):
        outcome = call(*words)
        assert is_error_line(outcome) or (outcome.code, outcome.err) == (0, "")
        assert not re.search(r"\bnan\b", outcome.out, re.IGNORECASE)


def test_larger_weights_in_a_process_of_its_own() -> None:
    """The command itself shows neither a traceback nor a warning of NumPy's."""
    save_huge_model("gru", "stream", weight=3e38)
    done = subprocess.run(
        command(*LOOKS[2]), env=surroundings(), capture_output=True, text=True, timeout=60, check=False
    )
    outcome = Outcome(done.returncode, done.stdout, done.stderr)
    assert is_error_line(outcome) or (outcome.code, outcome.err) == (0, "")


# ---- gradients of models that explode


def explosive_model(cell: CellName, size: float) -> CharModel:
    """Return a model whose state stays at zero, where a step back multiplies a gradient by `size`."""
    model = CharModel(ModelConfig(cell=cell, hidden_size=4), TOKENIZER.vocab_size)
    model.params["layers.0.W"][-4:] = size * np.eye(4)
    model.params["projection.V"][3] = size
    return model


def test_shards_add_up_infinite_gradients() -> None:
    """Gradients of two shards that are infinite, with other signs, are for whoever asked to notice."""
    model = explosive_model("rnn", 3e18)
    text = TOKENIZER.decode([3]) * 60 + TOKENIZER.decode([5]) * 60
    window = Batches(Examples(EncodedText.of(text), Codec(TOKENIZER, "stream")), batch_size=4, seq_length=3)[
        0
    ]
    with Shards(Job(model, 3, 4, False, 1), model.initial_state(4), Plan(2)) as shards:
        loss, grads = shards.gradient(window, 0)
    assert math.isfinite(loss)
    assert not np.isfinite(grads.flat).all()


@every_cell
def test_the_gradient_flow_of_a_model_that_explodes(cell: CellName, call: Call) -> None:
    """A gradient that no double holds is no warning; where there is no figure for it, it is null."""
    save_model("m.safetensors", explosive_model(cell, 1e17), TOKENIZER)
    words = ("inspect", "m.safetensors", "text.txt", "--gradient-flow")
    outcome = call(*words)
    assert (outcome.code, outcome.err) == (0, "")
    rows = json.loads(call(*words, "--format", "json").out, parse_constant=no_constant)
    assert rows[0]["gradient_norm"] > 0
    assert rows[-1]["gradient_norm"] is None
