"""A run: what it writes, and how it goes on as if nothing had happened."""

import errno
import gzip
import hashlib
import itertools
import json
import math
import os
import re
import shutil
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from charseq.cells import CELLS
from charseq.config import CellName, Layers, Settings
from charseq.config.toml import load_toml
from charseq.errors import CharseqError, CheckpointError, ConfigError, DataError, DivergedError
from charseq.runs.checkpoint import Checkpoint, Results, checksum_of
from charseq.runs.directory import LAST, METRICS, MODEL, SETTINGS
from charseq.runs.metrics import NATS, is_validation, read_metrics
from charseq.runs.run import Run
from charseq.scoring.scorer import Scorer
from charseq.training.events import Event, MadeAnew, StepDone, Stopped, Unsaved, Validated
from tests.builders import timeless, validations

Array: TypeAlias = NDArray[Any]

SENTENCE = "the rain in spain stays\nmainly in the plain\nand the king sings in the rain\n"
TEXT = SENTENCE * 12

every_cell = pytest.mark.parametrize("cell", CELLS)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory with one corpus in it."""
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


def make_settings(**sections: dict[str, Any]) -> Settings:
    """Return the settings of a small run of 12 steps, validated after every fourth."""
    small: dict[str, dict[str, Any]] = {
        "data": {"corpus": "corpus.txt"},
        "model": {"cell": "gru", "hidden_size": 6},
        "optim": {"learning_rate": 0.02, "warmup_steps": 5},
        "train": {"batch_size": 4, "seq_length": 10, "max_steps": 12, "eval_every": 4, "threads": 1},
    }
    merged = {name: {**small.get(name, {}), **sections.get(name, {})} for name in {**small, **sections}}
    return Settings().with_layer(merged, "test")


def start(directory: str = "run", **sections: dict[str, Any]) -> Run:
    return Run.start(Path(directory), make_settings(**sections), command="charseq train")


def start_from(other: Checkpoint, directory: str, **sections: dict[str, Any]) -> Run:
    return Run.start(Path(directory), make_settings(**sections), command="charseq train", init_from=other)


def finished(directory: str = "run", **sections: dict[str, Any]) -> Run:
    run = start(directory, **sections)
    list(run.events())
    return run


def unlike_the_corpus() -> dict[str, Any]:
    """Return settings with a validation text that a model of the corpus soon knows less and less."""
    Path("valid.txt").write_text(TEXT[200::-1])
    return {"valid": "valid.txt"}


def changes(**sections: dict[str, Any]) -> Layers:
    return [(sections, "option")]


def nats_of(event: Validated) -> float:
    """Return the figure of a validation that there must be."""
    assert event.valid is not None
    return event.valid.nats_per_char


def names_in(directory: str) -> list[str]:
    return sorted(path.name for path in Path(directory).iterdir())


def validated_steps(directory: str) -> list[int]:
    return [record["step"] for record in validations(directory)]


def weights(run: Run) -> dict[str, Array]:
    return dict(run.checkpoint.model.params)


def assert_equal_arrays(actual: dict[str, Array], expected: dict[str, Array]) -> None:
    assert actual.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(actual[name], array, err_msg=name)


def assert_same_runs(actual: str, expected: str) -> None:
    """Compare two run directories bit for bit, but for the seconds and the settings."""
    assert names_in(actual) == names_in(expected)
    for name in (MODEL, LAST):
        one, two = Path(actual) / name, Path(expected) / name
        assert_equal_arrays(load_file(one), load_file(two))
    one_training, two_training = (Checkpoint.load(Path(run) / LAST).training for run in (actual, expected))
    assert one_training is not None
    assert two_training is not None
    assert timeless(one_training.record) == timeless(two_training.record)
    one_metrics, two_metrics = (
        [{**record, "elapsed": 0} for record in read_metrics(Path(run))] for run in (actual, expected)
    )
    assert one_metrics == two_metrics


# ---- beginning


def test_a_run_writes_four_files() -> None:
    """A run leaves the best model, the latest, its validations and its settings, and nothing else."""
    finished()
    assert names_in("run") == sorted([MODEL, LAST, METRICS, SETTINGS])


def test_the_settings_come_first() -> None:
    """Before the first step the settings are written, and what resuming at step 0 needs; nothing else is."""
    run = start("runs/a/b")
    assert names_in("runs/a/b") == sorted([LAST, SETTINGS])
    last = Checkpoint.load(Path("runs/a/b") / LAST)
    np.testing.assert_array_equal(last.model.params.flat, run.checkpoint.model.params.flat)
    assert last.results == Results()
    assert last.training is not None
    assert last.training.record["step"] == 0


def test_the_settings_are_those_in_force() -> None:
    """The settings file of a run loads to the settings that the run was started with."""
    run = start(data={"unit": "line"}, train={"seed": 5}, optim={"learning_rate": 1 / 3})
    assert Settings().with_layer(load_toml(Path("run") / SETTINGS), "file") == run.settings


def test_nothing_is_overwritten() -> None:
    """A directory that holds anything is not used for a new run, and is left as it was."""
    finished()
    before = {name: (Path("run") / name).read_bytes() for name in names_in("run")}
    with pytest.raises(ConfigError) as caught:
        start()
    assert str(caught.value) == (
        "run: exists already; choose another output, or continue it with charseq train --resume run"
    )
    assert {name: (Path("run") / name).read_bytes() for name in names_in("run")} == before


def test_a_foreign_directory_is_not_used() -> None:
    """A directory that holds a file of someone else is not used either; nor is a file."""
    Path("mine").mkdir()
    Path("mine/notes").write_text("keep me")
    for taken in ("mine", "corpus.txt"):
        with pytest.raises(ConfigError, match=f"^{taken}: exists already"):
            start(taken)
    assert names_in("mine") == ["notes"]
    assert Path("corpus.txt").read_text() == TEXT


def test_an_empty_directory_is_used() -> None:
    """A directory that is there and empty will do."""
    Path("run").mkdir()
    finished()
    assert MODEL in names_in("run")


def diverged() -> None:
    """Leave a run that was given up before its first validation."""
    hopeless = {"optimizer": "sgd", "learning_rate": 1e38, "max_grad_norm": 0.0, "warmup_steps": 0}
    with pytest.raises(DivergedError):
        finished(optim={**hopeless, "schedule": "constant"}, train={"eval_every": 1000, "save_every": 3600.0})


def test_a_run_that_diverged_at_once_is_there() -> None:
    """A run that was given up before its first validation is not written over."""
    diverged()
    before = {name: (Path("run") / name).read_bytes() for name in names_in("run")}
    assert before.keys() == {LAST, SETTINGS}
    with pytest.raises(ConfigError) as caught:
        start()
    assert str(caught.value) == (
        "run: exists already; choose another output, or continue it with charseq train --resume run"
    )
    assert {name: (Path("run") / name).read_bytes() for name in names_in("run")} == before


def test_a_run_that_diverged_at_once_is_resumed() -> None:
    """With a lower rate, a run that was given up before its first validation begins again at step 0."""
    diverged()
    run = Run.resume(Path("run"), changes(optim={"learning_rate": 0.01}))
    events = list(run.events())
    assert [event.step for event in events if isinstance(event, StepDone)] == list(range(1, 13))
    assert {event.learning_rate for event in events if isinstance(event, StepDone)} == {0.01}
    assert names_in("run") == sorted([MODEL, LAST, METRICS, SETTINGS])


def test_a_directory_with_settings_alone_is_not_used() -> None:
    """A directory that holds nothing but settings is someone's, too."""
    Path("run").mkdir()
    (Path("run") / SETTINGS).write_text("# mine\n")
    with pytest.raises(ConfigError, match=r"^run: exists already; "):
        start()
    assert (Path("run") / SETTINGS).read_text() == "# mine\n"


def test_an_empty_validation_text_leaves_no_directory() -> None:
    """When there is nothing to validate on although a text was named, no directory is made."""
    Path("x.txt").touch()
    with pytest.raises(DataError, match=r"^x\.txt: empty: there is nothing to validate on$"):
        start(data={"valid": "x.txt"})
    assert not Path("run").exists()


@pytest.mark.parametrize("content", [b"", b"a", b"\xff\xfe"])
def test_an_unusable_corpus_leaves_no_directory(content: bytes) -> None:
    """When there is nothing to train on, no directory is made."""
    Path("corpus.txt").write_bytes(content)
    with pytest.raises(DataError):
        start()
    assert not Path("run").exists()


def test_the_seed_decides_the_first_weights() -> None:
    """The same seed gives the same first weights, another seed gives others."""
    first, same, other = (start(name, train={"seed": seed}) for name, seed in (("a", 3), ("b", 3), ("c", 4)))
    assert_equal_arrays(weights(first), weights(same))
    assert not np.array_equal(weights(first)["layers.0.U"], weights(other)["layers.0.U"])


def test_same_seed_same_run() -> None:
    """Two runs with the same settings leave the same weights, memory and validations."""
    finished("one", model={"dropout": 0.3})
    finished("two", model={"dropout": 0.3})
    assert_same_runs("one", "two")


# ---- texts


def test_a_separate_validation_text() -> None:
    """With a validation text of its own, the corpus is cut into two parts only."""
    Path("valid.txt").write_text("a king in spain\n")
    run = start(data={"valid": "valid.txt", "test_fraction": 0.1})
    assert str(run.texts.valid) == "a king in spain\n"
    assert str(run.texts.train) + str(run.texts.test) == TEXT
    made_of = run.checkpoint.provenance
    assert made_of.train_end == made_of.valid_end == len(run.texts.train)
    assert made_of.valid_sha256 == hashlib.sha256(b"a king in spain\n").hexdigest()


def test_the_provenance() -> None:
    """A model remembers its corpus, how it was cut, and the command that made it."""
    Path("more.txt.gz").write_bytes(gzip.compress("¿more?".encode()))
    run = finished(data={"corpus": ["corpus.txt", "more.txt.gz"]})
    made_of = Checkpoint.load(Path("run") / MODEL).provenance
    assert made_of.sources == ("corpus.txt", "more.txt.gz")
    assert made_of.sha256 == hashlib.sha256((TEXT + "¿more?").encode()).hexdigest()
    assert made_of.num_bytes == len((TEXT + "¿more?").encode())
    assert made_of.test_end == len(TEXT) + 6
    assert (TEXT + "¿more?")[: made_of.train_end] == str(run.texts.train)
    assert (TEXT + "¿more?")[made_of.train_end : made_of.valid_end] == str(run.texts.valid)
    assert made_of.valid_sha256 == ""
    assert made_of.command == "charseq train"
    assert made_of.numpy_version == np.__version__


def test_the_vocabulary_is_that_of_the_training_part() -> None:
    """A character that occurs only behind the training part is not in the vocabulary."""
    Path("corpus.txt").write_text(TEXT[:850] + "Q" + TEXT[:30] + "Z" + TEXT[:18])
    run = start(data={"valid_fraction": 0.05, "test_fraction": 0.03})
    assert "Q" in str(run.texts.valid)
    assert "Z" in str(run.texts.test)
    assert run.checkpoint.codec.tokenizer.vocab == tuple(sorted(set(TEXT)))


@pytest.mark.parametrize("unit", ["stream", "line"])
@pytest.mark.parametrize(("unseen", "num_bytes"), [("Q", 1), ("ż", 2), ("한", 3), ("\U0001f600", 4)])
def test_validation_prices_an_unseen_character(unit: str, unseen: str, num_bytes: int) -> None:
    """A character that only validation contains costs the escape and 8 bits for each of its bytes."""
    valid = f"the king si{unseen}ngs\nin the rain\n"
    Path("valid.txt").write_text(valid, encoding="utf-8")
    run = finished(data={"valid": "valid.txt", "unit": unit})
    codec, model = run.checkpoint.codec, run.checkpoint.model
    assert unseen not in codec.tokenizer.vocab
    nats = Scorer(model, codec).score(valid).nats
    price = -math.log(codec.tokenizer.escape_probability) + 8 * num_bytes * math.log(2)
    assert nats[valid.index(unseen)] == pytest.approx(price)
    assert read_metrics(Path("run"))[-1]["valid_nats_per_char"] == pytest.approx(nats.mean(), rel=1e-6)


# ---- what is saved


def test_the_model_is_the_best_on_validation() -> None:
    """The model file holds the parameters and the figures of the best validation, not of the last."""
    run = start(optim={"learning_rate": 0.05}, train={"max_steps": 80}, data=unlike_the_corpus())
    validations = [event for event in run.events() if isinstance(event, Validated)]
    best = min(validations, key=nats_of)
    assert best is not validations[-1]
    saved = Checkpoint.load(Path("run") / MODEL)
    np.testing.assert_array_equal(saved.model.params.flat, run.trainer.best)
    assert not np.array_equal(saved.model.params.flat, run.trainer.model.params.flat)
    assert saved.results.step == best.step
    assert saved.results.epoch == best.epoch
    assert saved.results.valid == best.valid
    assert saved.results.train_nats_per_char == best.train_nats_per_char
    assert saved.results.train_seconds == best.elapsed
    assert saved.training is None


def test_the_last_is_where_the_run_stands() -> None:
    """The file for resuming holds the latest parameters, the best ones, and how far the run got."""
    run = finished(optim={"learning_rate": 0.05}, train={"max_steps": 80}, data=unlike_the_corpus())
    assert run.trainer.progress.best_step < 80
    last = Checkpoint.load(Path("run") / LAST)
    best = Checkpoint.load(Path("run") / MODEL)
    np.testing.assert_array_equal(last.model.params.flat, run.trainer.model.params.flat)
    assert last.training is not None
    np.testing.assert_array_equal(last.training.arrays["training.best"], run.trainer.best)
    assert last.training.record["step"] == 80
    assert last.results.step == 80
    assert last.results.train_seconds == run.trainer.progress.elapsed
    assert last.results.valid is not None
    assert last.results.valid == best.results.valid
    assert last.results.valid.nats_per_char == last.training.record["best_nats"]
    assert last.results.train_nats_per_char == best.results.train_nats_per_char


def test_the_results_count_epochs_as_the_events_do() -> None:
    """The model of the last step and the file for resuming are of the same epoch, that of the last event."""
    run = start(data={"valid_fraction": 0.0}, train={"max_steps": 12})
    events = list(run.events())
    validated = [event for event in events if isinstance(event, Validated)][-1]
    assert (validated.step, run.trainer.progress.window > 0) == (12, True)
    assert Checkpoint.load(Path("run") / MODEL).results.epoch == validated.epoch
    assert Checkpoint.load(Path("run") / LAST).results.epoch == validated.epoch


def test_the_best_validation_is_kept_across_a_pause() -> None:
    """What is saved after a resumption still tells the best validation of the time before."""
    optim = {"learning_rate": 0.05, "schedule": "constant"}
    finished(optim=optim, train={"max_steps": 80}, data=unlike_the_corpus())
    best = Checkpoint.load(Path("run") / MODEL).results
    assert best.step < 80
    run = Run.resume(Path("run"), changes(train={"max_steps": 84}))
    assert not any(event.improved for event in run.events() if isinstance(event, Validated))
    last = Checkpoint.load(Path("run") / LAST).results
    assert last.step == 84
    assert (last.valid, last.train_nats_per_char) == (best.valid, best.train_nats_per_char)
    assert Checkpoint.load(Path("run") / MODEL).results == best


def test_without_validation_the_model_is_the_latest() -> None:
    """With nothing to validate on, the model file holds the final parameters and no validation figure."""
    run = finished(data={"valid_fraction": 0.0})
    saved = Checkpoint.load(Path("run") / MODEL)
    np.testing.assert_array_equal(saved.model.params.flat, run.trainer.model.params.flat)
    assert saved.results.step == 12
    assert saved.results.valid is None
    assert saved.results.train_nats_per_char is not None
    assert all(record["valid_nats_per_char"] is None for record in read_metrics(Path("run")))
    assert all(record["valid_bits_per_char"] is None for record in read_metrics(Path("run")))


def test_metrics() -> None:
    """There is a JSON record for each validation, with its numbers under the project's names."""
    run = start()
    validations = [event for event in run.events() if isinstance(event, Validated)]
    lines = (Path("run") / METRICS).read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert records == read_metrics(Path("run"))
    told = [record for record in records if is_validation(record)]
    assert [record["step"] for record in told] == [4, 8, 12]
    for event, record in zip(validations, told, strict=True):
        assert record == {
            "step": event.step,
            "epoch": event.epoch,
            "elapsed": event.elapsed,
            "learning_rate": event.learning_rate,
            "train_nats_per_char": event.train_nats_per_char,
            "valid_nats_per_char": nats_of(event),
            "valid_bits_per_char": pytest.approx(nats_of(event) / math.log(2), rel=1e-14),
            "improved": event.improved,
            "averaged": event.averaged,
            "num_chars": event.figures.num_chars,
            "recent_nats_per_char": event.figures.nats_per_char,
            "grad_norm": event.figures.grad_norm,
            "clipped_fraction": event.figures.clipped_fraction,
            "weight_norm": event.figures.weight_norm,
        }


def test_metrics_begin_with_the_untrained_model() -> None:
    """At step 0 the validation text costs about log V nats, and nothing was learnt yet."""
    run = finished()
    first = read_metrics(Path("run"))[0]
    assert {key for key, value in first.items() if value is None} == {
        *("learning_rate", "train_nats_per_char", "improved", "averaged", "recent_nats_per_char"),
        *("grad_norm", "clipped_fraction", "weight_norm"),
    }
    assert (first["step"], first["epoch"], first["elapsed"], first["num_chars"]) == (0, 0, 0, 0)
    vocab_size = run.checkpoint.codec.vocab_size
    assert first["valid_nats_per_char"] == pytest.approx(math.log(vocab_size), abs=0.2)
    assert first["valid_bits_per_char"] == pytest.approx(first["valid_nats_per_char"] / math.log(2))


def test_metrics_between_validations() -> None:
    """At the beginning there are more records, with the figures of the steps before and no validation."""
    run = start()
    steps = [event for event in run.events() if isinstance(event, StepDone) and event.figures]
    first, *told = [record for record in read_metrics(Path("run")) if not is_validation(record)]
    assert first["step"] == 0
    assert [record["step"] for record in told] == [event.step for event in steps] == [1, 2, 3, 6, 11]
    for event, record in zip(steps, told, strict=True):
        assert record["recent_nats_per_char"] is not None
        assert event.figures is not None
        assert record["grad_norm"] == event.figures.grad_norm
        assert {record[key] for key in (*NATS, "valid_bits_per_char", "improved", "averaged")} == {None}


def test_saved_now_and_then() -> None:
    """What resuming needs is saved again when `save_every` has passed, here after every event."""
    run = start(train={"save_every": 0.0})
    for event in itertools.islice(run.events(), 6):
        last = Checkpoint.load(Path("run") / LAST)
        assert last.training is not None
        assert last.training.record["step"] == event.step


def test_not_saved_too_often() -> None:
    """Before `save_every` has passed, only what validation finds is written."""
    run = start(train={"save_every": 3600.0})
    events = run.events()
    list(itertools.islice(events, 4))
    assert names_in("run") == sorted([LAST, SETTINGS])
    assert isinstance(next(events), Validated)
    assert names_in("run") == sorted([MODEL, LAST, METRICS, SETTINGS])
    last = Checkpoint.load(Path("run") / LAST)
    assert last.training is not None
    assert last.training.record["step"] == 0


def test_saving_before_any_validation() -> None:
    """A run that is saved early has a model too: the one that it has, with the steps that it made."""
    run = start()
    list(itertools.islice(run.events(), 3))
    run.save()
    assert names_in("run") == sorted([MODEL, LAST, METRICS, SETTINGS])
    saved = Checkpoint.load(Path("run") / MODEL)
    np.testing.assert_array_equal(saved.model.params.flat, run.trainer.model.params.flat)
    assert saved.results.step == 3


def test_saving_leaves_the_best_model() -> None:
    """Saving a run on its way does not touch the model of its best validation."""
    run = start(train={"max_steps": 99})
    list(itertools.islice(run.events(), 7))
    before = (Path("run") / MODEL).read_bytes()
    run.save()
    assert (Path("run") / MODEL).read_bytes() == before


# ---- going on


def resumed_after(num_events: int, **sections: dict[str, Any]) -> list[Event]:
    """Abandon the run in «paused» after some events, save it, resume it to its end; return all events."""
    run = start("paused", **sections)
    before = list(itertools.islice(run.events(), num_events))
    run.save()
    return before + list(Run.resume(Path("paused"), []).events())


@pytest.mark.parametrize("unit", ["stream", "line"])
@every_cell
def test_a_resumed_run_is_the_whole_run(cell: CellName, unit: str) -> None:
    """A run that was interrupted, saved and resumed leaves the same bits as one in one go."""
    sections: dict[str, dict[str, Any]] = {
        "data": {"unit": unit},
        "model": {"cell": cell, "num_layers": 2, "dropout": 0.3, "embedding_size": 4},
        "train": {"max_steps": 30},
    }
    finished("whole", **sections)
    resumed_after(17, **sections)
    assert_same_runs("paused", "whole")


def test_a_resumed_run_with_frozen_parts_is_the_whole_run() -> None:
    """What is frozen and what has a rate of its own stays so, to the bit, and does not move."""
    sections: dict[str, dict[str, Any]] = {
        "model": {"num_layers": 2, "embedding_size": 4},
        "optim": {"freeze": ["layers.0", "projection.c"], "rate_scale": ["layers.1=0.1"]},
        "train": {"max_steps": 30},
    }
    finished("whole", **sections)
    resumed_after(17, **sections)
    assert_same_runs("paused", "whole")
    first = start("new", **sections).checkpoint.model.tensors()
    for path in (Path("whole") / LAST, Path("whole") / MODEL):
        learnt = Checkpoint.load(path).model.tensors()
        still = {name for name, array in learnt.items() if np.array_equal(array, first[name])}
        assert still == {name for name in learnt if name.startswith(("layers.0", "projection.c"))}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("loss", ["sampled", "negative"])
def test_a_resumed_run_that_draws_candidates_is_the_whole_run(loss: str, threads: int) -> None:
    """Candidates, moments and averages of rows that rested go on to the bit, in shards too."""
    sections: dict[str, dict[str, Any]] = {
        "data": {"unit": "line"},
        "model": {"dropout": 0.3, "embedding_size": 4},
        "train": {"max_steps": 30, "loss": loss, "num_negatives": 5, "threads": threads},
    }
    finished("whole", **sections)
    resumed_after(17, **sections)
    assert_same_runs("paused", "whole")


@pytest.mark.parametrize("num_events", [1, 3, 4, 5, 9, 14])
def test_a_run_may_be_interrupted_anywhere(num_events: int) -> None:
    """Events 4, 9 and 14 are steps before a validation, 5 and 10 the validations."""
    finished("whole")
    events = resumed_after(num_events)
    assert isinstance(events[-1], Stopped)
    assert_same_runs("paused", "whole")


@every_cell
def test_a_finished_run_is_prolonged(cell: CellName) -> None:
    """15 steps and, with a higher limit, 15 more are 30 in one go, at a constant rate."""
    sections: dict[str, dict[str, Any]] = {
        "model": {"cell": cell},
        "optim": {"schedule": "constant"},
        "train": {"max_steps": 30, "eval_every": 5},
    }
    finished("whole", **sections)
    finished("paused", **sections | {"train": {"max_steps": 15, "eval_every": 5}})
    run = Run.resume(Path("paused"), changes(train={"max_steps": 30}))
    steps = [event.step for event in run.events() if isinstance(event, StepDone)]
    assert steps == list(range(16, 31))
    assert_same_runs("paused", "whole")


def test_a_run_is_resumed_twice() -> None:
    """A run may be interrupted again and again."""
    finished("whole")
    run = start("paused")
    list(itertools.islice(run.events(), 3))
    run.save()
    for num_events in (1, 4, 2):
        run = Run.resume(Path("paused"), [])
        list(itertools.islice(run.events(), num_events))
        run.save()
    list(Run.resume(Path("paused"), []).events())
    assert_same_runs("paused", "whole")


def test_a_killed_run_goes_on_from_where_it_was_saved() -> None:
    """What came after the last save is done again, and told once in the metrics."""
    finished("whole")
    run = start("paused")
    events = run.events()
    list(itertools.islice(events, 6))
    run.save()
    list(itertools.islice(events, 5))
    assert validated_steps("paused") == [4, 8]
    events.close()
    list(Run.resume(Path("paused"), []).events())
    assert_same_runs("paused", "whole")


def test_saved_every_few_steps() -> None:
    """A run is saved after so many steps, however little time has passed."""
    run = start("run", train={"max_steps": 99, "save_every": 3600.0, "save_every_steps": 3})
    saved = []
    for event in itertools.islice(run.events(), 9):
        if isinstance(event, StepDone):
            saved.append(Checkpoint.load(Path("run") / LAST).results.step)
    assert saved == [0, 0, 3, 3, 3, 6, 6, 6]


def test_other_threads_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may change the last bits of the weights is known, and goes."""
    finished(train={"max_steps": 4, "backend": "numpy"})
    same = Run.resume(Path("run"), changes(train={"max_steps": 6}))
    assert same.other_bits == []
    run = Run.resume(Path("run"), changes(train={"threads": 2, "max_steps": 6}))
    assert run.other_bits == ["train.threads"]
    assert isinstance(list(run.events())[-1], Stopped)


def test_a_directory_is_one_process_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a run trains, another one in its directory is refused before it writes anything."""
    monkeypatch.setattr("charseq.runs.lock.PATIENCE", 0.1)
    events = start("run").events()
    next(events)
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    with pytest.raises(ConfigError, match=r"^run: another process is training in it$"):
        list(Run.resume(Path("run"), []).events())
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before
    events.close()
    assert isinstance(list(Run.resume(Path("run"), []).events())[-1], Stopped)


def test_what_cannot_be_saved_is_saved_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk refuses, training goes on and says so; afterwards nothing is missing."""
    finished("whole")
    run = start("run")
    events, real = [], os.fsync

    def refuse(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for event in run.events():
        events.append(event)
        full = 3 <= run.trainer.progress.step < 7
        monkeypatch.setattr(os, "fsync", refuse if full else real)
    unsaved = [event for event in events if isinstance(event, Unsaved)]
    assert [event.step for event in unsaved] == [4]
    assert unsaved[0].reason == "run/metrics.jsonl: cannot be written: No space left on device"
    assert_same_runs("run", "whole")


def test_the_best_model_is_saved_later_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A best model that could not be saved is saved the next time, and not what training has reached."""
    run, real = start("run", train={"max_steps": 99}), Checkpoint.save
    model = Path("run") / MODEL

    def refuse(self: Checkpoint, path: Path) -> None:
        if path == model:
            raise CharseqError("full")
        real(self, path)

    events = run.events()
    monkeypatch.setattr(Checkpoint, "save", refuse)
    best = next(event for event in events if isinstance(event, Validated))
    list(itertools.islice(events, 2))
    assert not model.exists()
    monkeypatch.setattr(Checkpoint, "save", real)
    run.save()
    saved = Checkpoint.load(model)
    assert saved.results.step == best.step == run.trainer.progress.best_step
    np.testing.assert_array_equal(saved.network.params.flat, run.trainer.best)


@pytest.mark.parametrize("at", [1, 4, 7, 12])
def test_a_directory_that_was_deleted_is_made_anew(at: int) -> None:
    """Whenever a directory disappears, in the end it holds what it would have held, and that was said."""
    finished("whole")
    events = []
    for event in start("run").events():
        events.append(event)
        if isinstance(event, StepDone) and event.step == at:
            shutil.rmtree("run")
    assert len([event for event in events if isinstance(event, MadeAnew)]) == 1
    assert_same_runs("run", "whole")
    assert (Path("run") / SETTINGS).read_bytes() == (Path("whole") / SETTINGS).read_bytes()


def test_a_directory_that_was_deleted_after_a_resumption() -> None:
    """The records of what was trained before are written anew, too."""
    finished("whole")
    run = start("run")
    list(itertools.islice(run.events(), 7))
    run.save()
    events = Run.resume(Path("run"), []).events()
    next(event for event in events if isinstance(event, StepDone))
    shutil.rmtree("run")
    assert MadeAnew in {type(event) for event in events}
    assert_same_runs("run", "whole")


def test_a_directory_that_is_made_anew_in_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full just then, all is written at the next save."""
    finished("whole")
    real, refused = os.fsync, []

    def refuse_once(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", real)
        refused.append(descriptor)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for event in start("run").events():
        if isinstance(event, StepDone) and event.step == 7:
            shutil.rmtree("run")
            monkeypatch.setattr(os, "fsync", refuse_once)
    assert len(refused) == 1
    assert_same_runs("run", "whole")


def test_a_model_that_was_deleted_is_saved_again() -> None:
    """A model file that is gone is the best model again at the next save, with its figures."""
    run = finished(optim={"learning_rate": 0.05}, train={"max_steps": 80}, data=unlike_the_corpus())
    before = load_file("run/model.safetensors")
    results = Checkpoint.load(Path("run") / MODEL).results
    (Path("run") / MODEL).unlink()
    run.save()
    assert_equal_arrays(load_file("run/model.safetensors"), before)
    assert Checkpoint.load(Path("run") / MODEL).results == results


def test_another_directory_in_its_place_is_left_alone() -> None:
    """What a run finds where its directory was is not its own: nothing is written, and the end an error."""
    seen = []

    def train() -> None:
        for event in start("run").events():
            seen.append(event)
            if len(seen) == 1:
                Path("run").rename("moved")
                finished("run")
                before.update({path.name: path.read_bytes() for path in Path("run").iterdir()})

    before: dict[str, bytes] = {}
    with pytest.raises(CharseqError, match=r"^run: another directory has taken its place$"):
        train()
    assert Unsaved in {type(event) for event in seen}
    assert isinstance(seen[-1], Stopped)
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before


def test_a_directory_that_was_moved_away_and_back() -> None:
    """What could not be saved meanwhile is saved then."""
    finished("whole")
    for event in start("run").events():
        if isinstance(event, StepDone) and event.step == 3:
            Path("run").rename("moved")
            Path("run").touch()
        if isinstance(event, StepDone) and event.step == 9:
            Path("run").unlink()
            Path("moved").rename("run")
    assert_same_runs("run", "whole")


@pytest.mark.parametrize("num_events", [15, 16])
def test_a_run_that_is_abandoned_after_its_last_validation_is_whole(num_events: int) -> None:
    """Nothing is left to be done: the files are those of a run in one go."""
    finished("whole")
    run = start("paused")
    list(itertools.islice(run.events(), num_events))
    run.save()
    assert_same_runs("paused", "whole")


TWELVE_STEPS = "has done 12 steps; max_steps counts from the start of the run: 24 gives 12 more"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ({"max_steps": 12}, {}, TWELVE_STEPS),
        ({"max_steps": 12}, {"max_steps": 10}, TWELVE_STEPS),
        ({"max_steps": 12}, {"max_time": "1h"}, TWELVE_STEPS),
        (
            {"num_epochs": 1},
            {},
            "has done 1 epochs; num_epochs counts from the start of the run: 2 gives 1 more",
        ),
        (
            {"max_steps": 12},
            {"max_steps": 0, "max_time": "0.001s"},
            "has run 1s; max_time counts from the start of the run: 2s gives 1s more",
        ),
    ],
)
def test_a_limit_that_is_passed_is_refused_with_the_setting_that_goes_on(
    old: dict[str, Any], new: dict[str, Any], message: str
) -> None:
    """No step is made, no setting written, and no file changed."""
    finished(train={"max_steps": 0} | old)
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    with pytest.raises(ConfigError) as caught:
        Run.resume(Path("run"), changes(train=new) if new else [])
    assert str(caught.value) == f"run: {message}"
    assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before


def test_patience_that_is_exhausted_is_refused_with_a_larger_one() -> None:
    """The setting that goes on is patience."""
    finished(train={"patience": 1, "eval_every": 1, "max_steps": 500}, optim={"learning_rate": 1e-12})
    with pytest.raises(ConfigError) as caught:
        Run.resume(Path("run"), [])
    assert str(caught.value).endswith("validations without improvement: patience 2 goes on")


def test_what_may_change() -> None:
    """Limits, intervals, the learning rate and how samples are drawn may change, and are remembered."""
    finished()
    new: dict[str, dict[str, Any]] = {
        "optim": {"learning_rate": 0.01},
        "train": {"max_steps": 14, "num_epochs": 9, "patience": 7, "eval_every": 1, "save_every": 5.0},
        "sample": {"temperature": 0.5, "length": 9},
    }
    run = Run.resume(Path("run"), changes(**new))
    expected = make_settings().with_layer(new, "test")
    assert run.settings == expected
    events = list(run.events())
    assert Settings().with_layer(load_toml(Path("run") / SETTINGS), "file") == expected
    assert [type(event) for event in events] == [StepDone, Validated, StepDone, Validated, Stopped]
    assert Checkpoint.load(Path("run") / LAST).settings == expected


def test_a_changed_rate_is_used() -> None:
    """The steps after a change of the learning rate are made with the new one."""
    finished(optim={"schedule": "constant"})
    run = Run.resume(Path("run"), changes(optim={"learning_rate": 0.001}, train={"max_steps": 13}))
    assert [event.learning_rate for event in run.events() if isinstance(event, StepDone)] == [0.001]


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("data", "unit", "line"),
        ("data", "valid_fraction", 0.2),
        ("data", "test_fraction", 0.2),
        ("model", "hidden_size", 7),
        ("model", "cell", "lstm"),
        ("model", "dropout", 0.5),
        ("optim", "optimizer", "sgd"),
        ("optim", "schedule", "constant"),
        ("train", "batch_size", 5),
        ("train", "seq_length", 11),
        ("train", "seed", 2),
    ],
)
def test_what_may_not_change(section: str, key: str, value: object) -> None:
    """A change that would make it another run is refused by name, and nothing is written."""
    finished()
    before = {name: (Path("run") / name).read_bytes() for name in names_in("run")}
    with pytest.raises(ConfigError) as caught:
        Run.resume(Path("run"), changes(**{section: {key: value}}))
    assert str(caught.value) == f"{section}.{key} cannot change when a run is resumed; start a new one"
    assert {name: (Path("run") / name).read_bytes() for name in names_in("run")} == before


def test_the_same_value_is_no_change() -> None:
    """An option that says what the run does anyway is accepted."""
    finished()
    same = {"model": {"hidden_size": 6, "cell": "gru"}, "data": {"corpus": "corpus.txt"}}
    Run.resume(Path("run"), changes(**same, train={"max_steps": 13}))


def test_another_corpus_is_refused() -> None:
    """A run is not resumed on a text that has changed, be it by one character."""
    finished()
    Path("corpus.txt").write_text("T" + TEXT[1:])
    old, new = (hashlib.sha256(text.encode()).hexdigest()[:12] for text in (TEXT, "T" + TEXT[1:]))
    with pytest.raises(DataError) as caught:
        Run.resume(Path("run"), [])
    assert str(caught.value) == (
        f"corpus.txt: not the text that run was trained on: the SHA-256 is {new}, not {old}; "
        "a new run with init_from trains on another text"
    )


def test_how_a_corpus_has_changed() -> None:
    """Of a text that has grown the sizes are named, too."""
    finished()
    Path("corpus.txt").write_text(TEXT + "more\n")
    with pytest.raises(DataError, match=f": {len(TEXT) + 5:,} bytes, not {len(TEXT):,}; the SHA-256 is "):
        Run.resume(Path("run"), [])


def test_a_model_that_does_not_fit_into_the_memory() -> None:
    """What the system would kill is refused, before it takes the memory and leaves a directory."""
    with pytest.raises(ConfigError) as caught:
        start(model={"hidden_size": 65536, "num_layers": 64})
    assert re.fullmatch(
        r"gru 64 x 65536 has 1,636,\d{3},\d{3},\d{3} parameters; training them takes 45,\d{3} GB "
        r"of memory, and this machine has \d+",
        str(caught.value),
    )
    assert not Path("run").exists()


def test_another_validation_text_is_refused() -> None:
    """A run is not resumed with another validation text, and the error names that text."""
    Path("valid.txt").write_text("a king in spain\n")
    finished(data={"valid": "valid.txt"})
    Path("valid.txt").write_text("a king in pain\n")
    old, new = (hashlib.sha256(text).hexdigest()[:12] for text in (b"a king in spain\n", b"a king in pain\n"))
    with pytest.raises(DataError) as caught:
        Run.resume(Path("run"), [])
    assert str(caught.value).startswith(
        f"valid.txt: not the text that run was trained on: the SHA-256 is {new}, not {old}; "
    )


def test_a_corpus_may_move() -> None:
    """A run goes on when its corpus is found under another name, as if nothing had happened."""
    finished("whole")
    run = start("paused")
    list(itertools.islice(run.events(), 7))
    run.save()
    Path("elsewhere").mkdir()
    Path("corpus.txt").rename("elsewhere/moved.txt")
    run = Run.resume(Path("paused"), changes(data={"corpus": "elsewhere/moved.txt"}))
    expected = make_settings(data={"corpus": "elsewhere/moved.txt"})
    assert run.settings == expected
    list(run.events())
    assert Settings().with_layer(load_toml(Path("paused") / SETTINGS), "file") == expected
    assert_same_runs("paused", "whole")
    assert Checkpoint.load(Path("paused") / LAST).settings == expected
    list(Run.resume(Path("paused"), changes(train={"max_steps": 13})).events())


def test_a_corpus_may_be_cut_into_files() -> None:
    """The same bytes from several sources are the same text."""
    finished()
    Path("one.txt").write_text(TEXT[:100])
    Path("two.txt.gz").write_bytes(gzip.compress(TEXT[100:].encode()))
    run = Run.resume(
        Path("run"), changes(data={"corpus": ["one.txt", "two.txt.gz"]}, train={"max_steps": 13})
    )
    assert run.settings.data.corpus == ("one.txt", "two.txt.gz")


def test_a_moved_corpus_is_remembered_where_it_is() -> None:
    """The models of a run that goes on name the place where their corpus was found last."""
    finished()
    Path("corpus.txt").rename("moved.txt")
    run = Run.resume(Path("run"), changes(data={"corpus": "moved.txt"}, train={"max_steps": 40}))
    events = list(run.events())
    assert any(event.improved for event in events if isinstance(event, Validated))
    for name in (MODEL, LAST):
        assert Checkpoint.load(Path("run") / name).provenance.sources == ("moved.txt",)


def test_a_validation_text_may_move() -> None:
    """A run goes on when its validation text is found under another name."""
    Path("valid.txt").write_text("a king in spain\n")
    finished(data={"valid": "valid.txt"})
    Path("valid.txt").rename("moved.txt")
    run = Run.resume(Path("run"), changes(data={"valid": "moved.txt"}, train={"max_steps": 13}))
    assert run.settings.data.valid == "moved.txt"
    assert str(run.texts.valid) == "a king in spain\n"


@pytest.mark.parametrize("key", ["corpus", "valid"])
def test_a_text_in_another_place_is_the_same_text(key: str) -> None:
    """Another text in another place is refused by its name, and nothing is written."""
    texts = {"corpus": TEXT, "valid": "a king in spain\n"}
    Path("valid.txt").write_text(texts["valid"])
    finished(data={"valid": "valid.txt"})
    Path("other.txt").write_text(texts[key] + "\n")
    before = {name: (Path("run") / name).read_bytes() for name in names_in("run")}
    old, new = (hashlib.sha256(text.encode()).hexdigest()[:12] for text in (texts[key], texts[key] + "\n"))
    with pytest.raises(DataError) as caught:
        Run.resume(Path("run"), changes(data={key: "other.txt"}))
    size = "901 bytes, not 900; " if key == "corpus" else ""
    assert str(caught.value) == (
        f"other.txt: not the text that run was trained on: {size}"
        f"the SHA-256 is {new}, not {old}; a new run with init_from trains on another text"
    )
    assert {name: (Path("run") / name).read_bytes() for name in names_in("run")} == before


@pytest.mark.parametrize(("old", "new"), [("", "valid.txt"), ("valid.txt", "")])
def test_a_validation_text_neither_comes_nor_goes(old: str, new: str) -> None:
    """A run is not resumed with a validation text that it had not, nor without the one that it had."""
    Path("valid.txt").write_text("a king in spain\n")
    finished(data={"valid": old})
    with pytest.raises(DataError):
        Run.resume(Path("run"), changes(data={"valid": new}))


def test_a_missing_corpus_is_refused() -> None:
    """A run is not resumed when its corpus is gone."""
    finished()
    Path("corpus.txt").unlink()
    why = "no such file or directory, and the run goes on with its text only: name the text where it is now"
    with pytest.raises(ConfigError, match=rf"^corpus\.txt: {why}$"):
        Run.resume(Path("run"), [])


@pytest.mark.parametrize("directory", ["none", "run"])
def test_no_run_to_resume(directory: str) -> None:
    """A directory that is missing, or in which nothing was saved, is no run to resume."""
    Path("run").mkdir()
    (Path("run") / SETTINGS).touch()
    with pytest.raises(ConfigError) as caught:
        Run.resume(Path(directory), [])
    assert str(caught.value) == f"{directory}: no run to resume: there is no {LAST}"


def test_a_run_is_resumed_that_never_made_a_step() -> None:
    """A run that was killed before its first save goes on from its very beginning."""
    finished("whole")
    run = start("paused", train={"save_every": 3600.0})
    list(itertools.islice(run.events(), 6))
    list(Run.resume(Path("paused"), changes(train={"save_every": 30.0})).events())
    assert_same_runs("paused", "whole")


@pytest.mark.parametrize("rest", ["{", '{"step": 12', '{"step": 12, "epoch": 1}'])
def test_a_run_with_unfinished_metrics_is_resumed(rest: str) -> None:
    """A last line that the kill cut off is forgotten, and the run is told as if nothing had happened."""
    finished("whole")
    run = start("paused")
    list(itertools.islice(run.events(), 12))
    run.save()
    with (Path("paused") / METRICS).open("a") as file:
        file.write(rest)
    list(Run.resume(Path("paused"), []).events())
    assert (Path("paused") / METRICS).read_text().endswith("}\n")
    assert validated_steps("paused") == [4, 8, 12]
    assert_same_runs("paused", "whole")


def test_a_model_without_training_is_not_resumed() -> None:
    """A model file under the name of the other is not enough to go on."""
    finished()
    (Path("run") / MODEL).replace(Path("run") / LAST)
    with pytest.raises(CheckpointError, match=r"^run/last\.safetensors: holds no training state$"):
        Run.resume(Path("run"), [])


def rewrite(path: Path, tensors: dict[str, Array], record: dict[str, Any]) -> None:
    whole = {key: value for key, value in record.items() if key != "checksum"}
    whole["checksum"] = checksum_of(whole, tensors)
    save_file(tensors, path, {"charseq": json.dumps(whole)})


def record_of(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    record: dict[str, Any] = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["charseq"])
    return record


@pytest.mark.parametrize("tensor", ["training.best", "training.state.layers.0.h"])
@pytest.mark.parametrize("damage", ["missing", "shorter"])
def test_damaged_training_arrays(tensor: str, damage: str) -> None:
    """A training array that is missing or of another shape is one error that names the file."""
    finished()
    path = Path("run") / LAST
    tensors, record = dict(load_file(path)), record_of(path)
    whole = tensors.pop(tensor)
    if damage == "shorter":
        tensors[tensor] = whole[:-1]
    rewrite(path, tensors, record)
    with pytest.raises(CheckpointError, match=r"^run/last\.safetensors: the training state is damaged: "):
        Run.resume(Path("run"), [])


@pytest.mark.parametrize("tensor", ["training.best", "training.optimizer.mean", "training.state.layers.0.h"])
@pytest.mark.parametrize("damage", ["nan", "infinity", "float64"])
def test_training_arrays_of_other_numbers(tensor: str, damage: str) -> None:
    """A training array that is not finite, or of another type, is one error of one line that names it."""
    finished()
    path = Path("run") / LAST
    tensors, record = dict(load_file(path)), record_of(path)
    if damage == "float64":
        tensors[tensor] = tensors[tensor].astype(np.float64)
        shape = tensors[tensor].shape
        message = f"{tensor} is float64 {shape}, not float32 {shape}"
    else:
        tensors[tensor] = tensors[tensor].copy()
        tensors[tensor].flat[0] = math.nan if damage == "nan" else math.inf
        message = f"{tensor} holds nan or infinity"
    rewrite(path, tensors, record)
    with pytest.raises(CheckpointError) as caught:
        Run.resume(Path("run"), [])
    assert str(caught.value) == f"run/last.safetensors: the training state is damaged: {message}"


@pytest.mark.parametrize(
    ("key", "value"),
    [("step", "far"), ("window", -1), ("window", 10**6), ("best_nats", "few"), ("rate_scale", None)],
)
def test_a_damaged_number_of_the_training(key: str, value: object) -> None:
    """A number of the training that is none, or out of range, is one error of one line."""
    finished()
    path = Path("run") / LAST
    tensors, record = dict(load_file(path)), record_of(path)
    record["training"][key] = value
    rewrite(path, tensors, record)
    with pytest.raises(CheckpointError) as caught:
        Run.resume(Path("run"), [])
    assert str(caught.value).startswith("run/last.safetensors: the training state is damaged: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "training", ["text", [1], {"step": 3}, {"rng": 1}, {"rng": {"bit_generator": "MT19937"}}]
)
def test_a_damaged_training_record(training: Any) -> None:
    """A training record of another kind is one error that names the file."""
    finished()
    path = Path("run") / LAST
    tensors, record = dict(load_file(path)), record_of(path)
    whole = isinstance(training, dict) and "rng" in training
    record["training"] = record["training"] | training if whole else training
    rewrite(path, tensors, record)
    with pytest.raises(CheckpointError, match=r"^run/last\.safetensors: the training state is damaged: "):
        Run.resume(Path("run"), [])


# ---- beginning with another model's weights


@pytest.mark.parametrize("embedding_size", [0, 3], ids=["one-hot", "embedding"])
@every_cell
def test_weights_are_taken_over_by_character(cell: CellName, embedding_size: int) -> None:
    """Shared characters keep their rows whatever their numbers, others are fresh, the inside is copied."""
    model = {"cell": cell, "num_layers": 2, "embedding_size": embedding_size}
    finished("old", model=model)
    old = Checkpoint.load(Path("old") / MODEL)
    Path("other.txt").write_text("Zebras! the king sings, Quietly\n" * 20)
    other = {"corpus": "other.txt"}
    run = start_from(old, "new", model=model, data=other)
    fresh = weights(start("fresh", model=model, data=other))
    theirs, mine = dict(old.model.params), weights(run)
    vocab, old_vocab = run.checkpoint.codec.tokenizer.vocab, old.codec.tokenizer.vocab
    shared = [char for char in vocab if char in old_vocab]
    assert shared
    assert set(vocab) - set(shared)
    inputs = "embedding.E" if embedding_size else "layers.0.U"
    for k, char in enumerate(vocab):
        known = char in old_vocab
        source, place = (theirs, old_vocab.index(char)) if known else (fresh, k)
        np.testing.assert_array_equal(mine[inputs][:, k], source[inputs][:, place], err_msg=char)
        for name in ("projection.V", "projection.c"):
            np.testing.assert_array_equal(mine[name][k], source[name][place], err_msg=char)
    for name in mine.keys() - {inputs, "projection.V", "projection.c"}:
        np.testing.assert_array_equal(mine[name], theirs[name], err_msg=name)


def test_a_run_from_a_model_is_a_new_run() -> None:
    """A run that begins with another's weights begins at step 0, with nothing remembered but those."""
    finished("old")
    old = Checkpoint.load(Path("old") / LAST)
    before = old.model.params.flat.copy()
    run = start_from(old, "new")
    assert run.trainer.progress.step == 0
    assert run.trainer.progress.best_nats is None
    memory = run.trainer.snapshot().arrays
    np.testing.assert_array_equal(memory.pop("training.best"), before)
    np.testing.assert_array_equal(memory.pop("training.average"), before)
    assert not any(array.any() for array in memory.values())
    steps = [event.step for event in run.events() if isinstance(event, StepDone)]
    assert steps == list(range(1, 13))
    np.testing.assert_array_equal(old.model.params.flat, before)


SIZES = [("cell", "lstm"), ("hidden_size", 16), ("num_layers", 2), ("embedding_size", 3)]


@pytest.mark.parametrize(("key", "value"), SIZES)
def test_a_run_from_a_model_has_its_sizes(key: str, value: object) -> None:
    """A model of another cell or of other sizes is refused by name, and no run is begun."""
    finished("old")
    old = Checkpoint.load(Path("old") / MODEL)
    with pytest.raises(ConfigError) as caught:
        start_from(old, "new", model={key: value})
    there = getattr(old.settings.model, key)
    assert str(caught.value) == f"model.{key} is {there!r} in the model to start from; it cannot be {value!r}"
    assert not Path("new").exists()


def test_a_run_from_a_model_may_drop_more() -> None:
    """Dropout is no size: it may be another than that of the model to start from."""
    finished("old")
    run = start_from(Checkpoint.load(Path("old") / MODEL), "new", model={"dropout": 0.5})
    assert run.settings.model.dropout == 0.5
