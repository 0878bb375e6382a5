"""The model file of a run: written when there is a better model, and when it is missing."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from charseq.config import Settings
from charseq.runs.best_model import BestModel, as_it_is_now
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import MODEL
from charseq.runs.run import Run
from charseq.scoring import Score
from charseq.training.events import Validated

TEXT = "the rain in spain stays\nmainly in the plain\nand the king sings in the rain\n" * 24


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a run that has been validated once, and nothing was improved since."""
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text(TEXT)
    sections = {
        "data": {"corpus": "corpus.txt", "valid_fraction": 0.1},
        "model": {"hidden_size": 6},
        "train": {"batch_size": 4, "seq_length": 10, "eval_every": 4, "max_steps": 99, "threads": 1},
    }
    run = Run.start(Path("run"), Settings().with_layer(sections, "test"), command="")
    for event in run.events():
        if isinstance(event, Validated):
            break
    return run


def left_there(run: Run, nats_per_char: float) -> BestModel:
    """Return the best model of the run, with a file that another one left, which has so many nats."""
    score = Score(num_chars=100, num_bytes=100, nats=100 * nats_per_char)
    results = replace(run.checkpoint.results, valid=score, step=77)
    replace(run.checkpoint, results=results).save(Path("left") / MODEL)
    best = BestModel(Path("left") / MODEL, run.checkpoint, run.trainer)
    kept = best.compare_with_file_()
    assert kept is not None
    assert kept.results.step == 77
    best.is_saved = False
    return best


@pytest.fixture(autouse=True)
def _directory(run: Run) -> None:
    Path("left").mkdir()


def step_in_file() -> int:
    return Checkpoint.load(Path("left") / MODEL).results.step


def test_a_better_model_that_was_left_there_stays(run: Run) -> None:
    """It is that of an interrupted run, whose rate had fallen; this run will have a better one."""
    best = left_there(run, 0.1)
    best.save()
    assert step_in_file() == 77
    assert not best.is_saved


def test_a_worse_model_that_was_left_there_is_replaced(run: Run) -> None:
    """The best model of this run takes its place."""
    best = left_there(run, 9.0)
    best.save()
    assert step_in_file() == run.trainer.progress.best_step == 4
    assert best.is_saved


def test_a_model_file_that_is_gone_is_written_anew(run: Run) -> None:
    """Whether it had been saved, and however good the one was that is gone."""
    for is_saved in (False, True):
        best = left_there(run, 0.1)
        best.is_saved = is_saved
        (Path("left") / MODEL).unlink()
        best.save()
        assert step_in_file() == 4
        best.is_saved = False
        run.trainer.progress.best_step = 8
        best.save()  # what is gone is compared with nothing any more
        assert step_in_file() == 8
        run.trainer.progress.best_step = 4


def test_a_damaged_file_is_no_model(run: Run) -> None:
    """It is replaced by the next better one."""
    best = left_there(run, 0.1)
    (Path("left") / MODEL).write_bytes(b"damaged")
    damaged = BestModel(Path("left") / MODEL, run.checkpoint, run.trainer)
    assert damaged.compare_with_file_() is None
    damaged.is_saved = best.is_saved
    damaged.save()
    assert step_in_file() == 4


def test_the_best_model_has_the_best_parameters(run: Run) -> None:
    """And the step of the best validation, while the run itself is further on."""
    list(itertools.islice(run.events(), 2))
    best = BestModel(Path("left") / MODEL, run.checkpoint, run.trainer).now()
    np.testing.assert_array_equal(
        best.model.tensors()["projection.c"], run.trainer.model.params.views(run.trainer.best)["projection.c"]
    )
    assert best.results.step == run.trainer.progress.best_step
    assert as_it_is_now(run.checkpoint, run.trainer.progress).results.step > best.results.step
