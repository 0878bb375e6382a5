"""Model files of older versions, kept as they were written, load as the models that they were."""

from pathlib import Path
from typing import Any

import pytest

from charseq.errors import CheckpointError
from charseq.runs.checkpoint import FORMAT_VERSION, Checkpoint
from charseq.runs.upgrade import OutdatedError, upgrade_
from charseq.scoring import Scorer

FORMATS = Path(__file__).parents[1] / "formats"
TEXT = "hello king,\nthe expert is in hell\n" * 8
"""The text that the files of version 2 were made from."""


def record_of(**model: object) -> dict[str, object]:
    """Return the part of a record of version 2 that changed in version 3."""
    return {
        "format_version": 2,
        "settings": {"data": {"unit": "line"}, "model": model, "train": {"kernels": "numpy"}},
        "results": {"valid": None},
    }


@pytest.mark.parametrize(
    ("name", "nats_per_char"),
    [("version_2", 2.7735786073071353), ("version_2_ngram", 0.24025081074207275)],
)
def test_a_model_of_version_2_gives_the_figure_that_it_gave(name: str, nats_per_char: float) -> None:
    """The figures are those that version 0.1.0 of the program printed for these files and this text."""
    checkpoint = Checkpoint.load(FORMATS / f"{name}.safetensors")
    score = Scorer(checkpoint.model, checkpoint.codec).score(TEXT).score()
    assert score.nats_per_char == pytest.approx(nats_per_char, rel=1e-12)


def test_the_setting_kernels_becomes_backend() -> None:
    """A run of version 2 keeps the backend that it was told to use."""
    assert Checkpoint.load(FORMATS / "version_2.safetensors").settings.train.backend == "numpy"


def test_the_setting_ngram_becomes_a_kind_and_an_order() -> None:
    """The order of the n-grams is that of the file."""
    model = Checkpoint.load(FORMATS / "version_2_ngram.safetensors").settings.model
    assert (model.kind, model.order) == ("ngram", 3)


def test_a_network_of_version_2_is_of_the_recurrent_kind() -> None:
    """Where no n-grams were counted the model is a network."""
    assert Checkpoint.load(FORMATS / "version_2.safetensors").settings.model.kind == "recurrent"


def test_the_training_state_of_version_2_is_kept() -> None:
    """A run of version 2 can be continued."""
    training = Checkpoint.load(FORMATS / "version_2_last.safetensors").training
    assert training is not None
    assert training.record["step"] == 3


def test_a_validation_claims_no_accuracy_that_was_not_counted() -> None:
    """Older versions wrote 0 first guesses where none were counted."""
    valid = Checkpoint.load(FORMATS / "version_2.safetensors").results.valid
    assert valid is not None
    assert valid.num_chars > 0
    assert (valid.accuracy, valid.top5_accuracy, valid.word_perplexity) == (None, None, None)


def test_ngrams_of_lines_are_refused_with_the_way_out() -> None:
    """Their counts are wrong, and the true ones are not in the file."""
    with pytest.raises(CheckpointError, match=r"count it again with charseq train --unit line --ngram 3$"):
        Checkpoint.load(FORMATS / "version_2_ngram_lines.safetensors")


@pytest.mark.parametrize("order", [1, 2])
def test_short_ngrams_of_lines_were_counted_rightly(order: int) -> None:
    """No lower order of theirs holds an n-gram that begins a line."""
    record = record_of(ngram=order)
    upgrade_(record)
    assert record["settings"]["model"] == {"kind": "ngram", "order": order}  # type: ignore[index]


def test_longer_ngrams_of_lines_are_outdated() -> None:
    """From order 3 on a lower order holds n-grams that begin lines."""
    with pytest.raises(OutdatedError):
        upgrade_(record_of(ngram=3))


@pytest.mark.parametrize("optim", [{}, {"optim": {"beta1": 0.5}}])
def test_a_run_of_version_3_goes_on_without_an_average(optim: dict[str, object]) -> None:
    """It has no average to go on with, and its validations are those of the latest weights."""
    record: dict[str, Any] = {"format_version": 3, "settings": dict(optim), "results": {"valid": None}}
    upgrade_(record)
    assert record["settings"]["optim"] == {**optim.get("optim", {}), "average_span": 0.0}  # type: ignore[dict-item]


def test_a_record_of_this_version_stays_as_it_is() -> None:
    """Nothing is changed in a file of the current version."""
    record = {"format_version": FORMAT_VERSION, "anything": 1}
    upgrade_(record)
    assert record == {"format_version": FORMAT_VERSION, "anything": 1}


@pytest.mark.parametrize("version", [2, 3, 4])
def test_an_older_run_goes_on_in_the_order_of_the_text(version: int) -> None:
    """Its setting is not in the file; a run that has one keeps it."""
    record = {**record_of(), "format_version": version}
    upgrade_(record)
    assert record["settings"]["train"]["piece_length"] == 0  # type: ignore[index]
    record["settings"]["train"]["piece_length"] = 512  # type: ignore[index]
    upgrade_(record)
    assert record["settings"]["train"]["piece_length"] == 512  # type: ignore[index]
