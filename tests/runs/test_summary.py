"""The summary of a run that is over, read from its directory."""

from dataclasses import replace
from pathlib import Path

import pytest

from charseq.config import Settings
from charseq.runs.metrics import append_metrics
from charseq.runs.run import Run
from charseq.runs.summary import Summary
from charseq.scoring import Score, Scorer
from charseq.text.symbols import EncodedText

TEXT = "abcab\n" * 300
TEST = EncodedText.of("abc\n" * 20)


def test_a_summary_has_the_test_score_and_the_losses(tmp_path: Path) -> None:
    """The score is that of a scorer; without a test part there is none."""
    (tmp_path / "text").write_text(TEXT)
    layer = {
        "data": {"corpus": [str(tmp_path / "text")]},
        "model": {"hidden_size": 4},
        "train": {"max_steps": 2, "threads": 1, "backend": "numpy"},
    }
    run = Run.start(tmp_path / "run", Settings().with_layer(layer, "test"), command="")
    for _ in run.events():
        pass
    summary = Summary.of(run.directory, TEST, seconds=60)
    best = summary.best
    assert summary.path == run.directory / "model.safetensors"
    assert summary.test is not None
    assert summary.test.nats == Scorer(best.model, best.codec, ranks=False).score(str(TEST)).score().nats
    assert len(summary.losses) == 1
    append_metrics(run.directory, [{"step": 3, "train_nats_per_char": 7.0, "valid_nats_per_char": None}])
    without = Summary.of(run.directory, TEST[:0], seconds=60)
    assert without.test is None
    assert without.losses == (*summary.losses, 7.0)
    assert (summary.steps, without.steps) == ((2,), (2, 3))


def run_of(path: Path) -> Run:
    """Return a run, not yet trained, in a new directory under `path`."""
    (path / "text").write_text(TEXT)
    layer = {"data": {"corpus": [str(path / "text")]}, "model": {"hidden_size": 4}}
    return Run.start(path / "run", Settings().with_layer(layer, "test"), command="")


def test_a_validation_is_worse_than_a_uniform_guess(tmp_path: Path) -> None:
    """More than log2 V bits is worse; without a validation nothing is said."""
    best = run_of(tmp_path).checkpoint
    for bits, worse in ((1.99, False), (2.01, True)):
        valid = Score(num_chars=100, nats=bits * 100 * 0.6931471805599453)
        best.results = replace(best.results, valid=valid)
        assert Summary(tmp_path, best, None, (), ()).is_worse_than_uniform is worse
    best.results = replace(best.results, valid=None)
    assert not Summary(tmp_path, best, None, (), ()).is_worse_than_uniform


@pytest.mark.parametrize(
    ("best_step", "last_loss", "by_heart"),
    [(1, 0.89, True), (19, 0.89, True), (20, 0.89, False), (1, 0.91, False), (0, 0.89, False)],
    ids=["early", "still early", "not early", "the losses are alike", "no step"],
)
def test_a_text_was_learnt_by_heart_if_the_best_validation_was_early(
    tmp_path: Path, best_step: int, last_loss: float, *, by_heart: bool
) -> None:
    """Early is in the first fifth of the steps; the last loss of the training text is a tenth below it."""
    best = run_of(tmp_path).checkpoint
    for valid in (Score(num_chars=100, nats=100.0), None):
        best.results = replace(best.results, valid=valid, step=best_step)
        summary = Summary(tmp_path, best, None, (3.0, 2.0, last_loss), (1, 20, 100))
        assert summary.learnt_by_heart is (by_heart and valid is not None)


def test_counting_learns_nothing_by_heart(tmp_path: Path) -> None:
    """A model without steps and losses is never said to."""
    best = run_of(tmp_path).checkpoint
    best.results = replace(best.results, valid=Score(num_chars=100, nats=100.0))
    assert not Summary(tmp_path, best, None, (), ()).learnt_by_heart
