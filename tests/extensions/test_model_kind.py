"""A kind of model from one file and one registration goes through the whole program."""

import json
import math
from collections import Counter
from pathlib import Path

import pytest

import charseq
from charseq.registry import MODELS
from tests.cli.conftest import TALES, Call
from tests.extensions.recency import BONUS, RecencyKind

TEXT = TALES[:3000]


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODELS, "recency", RecencyKind())


@pytest.fixture
def run(call: Call, tmp_path: Path) -> str:
    """Return the directory of a run of the kind, made by the command."""
    (tmp_path / "text.txt").write_bytes(TEXT.encode())
    outcome = call(
        "train", "text.txt", "--kind", "recency", "-o", "r", "--valid-fraction", "0.1", "--test-fraction", "0"
    )
    assert outcome.code == 0, outcome.err
    return "r"


def bits_by_hand(text: str) -> float:
    """Return the bits per character of `text` by the formula, for the training part of TEXT."""
    train = TEXT[: int(len(TEXT) * 0.9)]
    counts, alphabet = Counter(train), sorted(set(train))
    eps = max(1, sum(count == 1 for count in counts.values())) / (len(train) + 1)
    bits, last = 0.0, None
    for char in text:
        share = (counts[char] + 1) / (len(train) + len(alphabet))
        p = share if last is None else (1 - BONUS) * share + BONUS * (char == last)
        bits -= math.log2((1 - eps) * p)
        last = char
    return bits / len(text)


def test_train_says_what_was_made(call: Call, tmp_path: Path) -> None:
    """The summary names the kind, the numbers in it, and its validation."""
    (tmp_path / "text.txt").write_bytes(TEXT.encode())
    code, out, err = call("train", "text.txt", "--kind", "recency", "-o", "r")
    assert code == 0
    assert "recency, " in err
    assert " counts, vocabulary " in err
    assert "best validation" in out


def test_evaluate_gives_the_figure_of_the_formula(run: str, call: Call, tmp_path: Path) -> None:
    """Scoring a text with the model gives the bits that the formula gives by hand."""
    (tmp_path / "new.txt").write_bytes(TEXT[:500].encode())
    code, out, _ = call("evaluate", run, "new.txt", "--format", "json")
    assert code == 0
    assert json.loads(out)[0]["bits_per_char"] == pytest.approx(bits_by_hand(TEXT[:500]), rel=1e-9)


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "RUN", "text.txt", "--by", "class,word", "--hardest", "3", "--calibration"),
        ("evaluate", "RUN", "text.txt", "--baseline", "unigram"),
        ("evaluate", "RUN", "--each", "line", "text.txt"),
        ("evaluate", "RUN", "text.txt", "--format", "html"),
        ("next", "RUN", "the ", "a"),
        ("sample", "RUN", "--length", "20", "--seed", "1"),
        ("sample", "RUN", "-n", "3", "--length", "20", "--seed", "1"),
        ("compare", "RUN", "RUN", "text.txt"),
        ("info", "RUN"),
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_every_command_takes_the_model(command: tuple[str, ...], run: str, call: Call) -> None:
    """Each command that takes a model takes this one."""
    outcome = call(*(run if word == "RUN" else word for word in command))
    assert outcome.code == 0, outcome.err
    assert outcome.out


def test_info_has_the_facts_of_the_kind(run: str, call: Call) -> None:
    """The facts that the kind declares are shown."""
    assert "counts" in call("info", run).out


@pytest.mark.parametrize("option", ["--hidden-size", "--learning-rate", "--batch-size", "--order"])
def test_options_of_other_kinds_are_refused(option: str, call: Call, tmp_path: Path) -> None:
    """A setting that the kind does not heed is an error that names the option."""
    (tmp_path / "text.txt").write_bytes(TEXT.encode())
    code, _, err = call("train", "text.txt", "--kind", "recency", option, "3", "-o", "x")
    assert (code, err) == (
        2,
        f"charseq: error: {option} means nothing to a model of the kind recency; leave it out\n",
    )


@pytest.mark.parametrize("option", ["--gradient-flow", "--gates"])
def test_inspect_refuses_a_kind_without_states(option: str, run: str, call: Call) -> None:
    """Where there are no states there is nothing to inspect."""
    code, _, err = call("inspect", run, "text.txt", option)
    assert code == 2
    assert err == "charseq: error: recency: this kind of model has no states or gates\n"


def test_resume_says_that_there_is_nothing_to_resume(run: str, call: Call) -> None:
    """A model that is counted has no training state."""
    code, _, err = call("train", "--resume", run)
    assert code == 2
    assert "no run to resume" in err


def test_the_door_for_python_takes_the_kind(run: str) -> None:
    """charseq.load and charseq.train know the kind by its registration."""
    loaded = charseq.load(run)
    trained = charseq.train("text.txt", kind="recency", output="p", valid_fraction=0.1, test_fraction=0.0)
    assert trained.score("the end").nats == loaded.score("the end").nats


def test_an_unregistered_kind_is_refused_with_the_known_ones(call: Call) -> None:
    """The choices are those of the registry as it is now."""
    code, _, err = call("train", "text.txt", "--kind", "recensy")
    assert code == 2
    assert (
        "must be one of recurrent, ngram, mlp, mixture, recency; got 'recensy' (did you mean 'recency'?)"
        in err
    )
