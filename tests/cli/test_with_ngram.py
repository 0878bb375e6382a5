"""Networks with n-grams mixed in at the end of their run: train --with-ngram."""

import shutil
from pathlib import Path

import pytest

from charseq.runs.checkpoint import Checkpoint
from tests.builders import refused
from tests.cli.conftest import SMALL, Call

pytestmark = pytest.mark.usefixtures("adapting")


def test_train_tells_of_the_ngrams_and_all_three_figures(call: Call, tmp_path: Path) -> None:
    """The mixture's validation, and that of each member alone with its weight."""
    shutil.copy("corpus.txt", tmp_path)
    options = (
        *SMALL,
        "--max-steps",
        "4",
        "--threads",
        "1",
        "--with-ngram",
        "3",
        "-o",
        str(tmp_path / "run"),
    )
    code, out, err = call("train", "corpus.txt", *options)
    assert code == 0
    kept = Checkpoint.load(tmp_path / "run" / "model.safetensors")
    assert "different n-grams of up to 3 characters in " in err
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert any(line.startswith(f"best validation {kept.results.valid}") for line in lines)
    for name in ("gru 1 x 16", "ngram:3"):
        assert sum(line.startswith(f"{name} alone ") for line in lines) == 1


def test_train_says_that_nothing_can_be_mixed_in_without_validation(call: Call, tmp_path: Path) -> None:
    """The run goes on without."""
    options = (
        "--max-steps",
        "2",
        "--threads",
        "1",
        "--with-ngram",
        "3",
        "--valid-fraction",
        "0",
        "--test-fraction",
        "0",
    )
    code, _, err = call("train", "corpus.txt", *SMALL, *options, "-o", str(tmp_path / "run"))
    assert code == 0
    assert "nothing is held out for validation, on which weights are fitted: no n-grams are mixed in" in err


def test_ngrams_cannot_be_mixed_into_ngrams(call: Call, tmp_path: Path) -> None:
    """A model that is counted has no run at whose end to mix."""
    outcome = call("train", "corpus.txt", "--ngram", "3", "--with-ngram", "3", "-o", str(tmp_path / "run"))
    refused(outcome, "--with-ngram means nothing to a model of the kind ngram", code=2)
