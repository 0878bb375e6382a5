"""The options --prompt, --prompt-file and --escapes, and escapes elsewhere."""

from pathlib import Path

import pytest

from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from tests.builders import json_rows, refused
from tests.cli.conftest import Call, Feed, Workshop

BACKSLASH = (
    "charseq: the backslash in the prompt is a character of it: with --escapes, it would begin an escape\n"
)


def scored_after(run: str, prompt: str, text: str) -> float:
    """Return the nats of `text` after `prompt`, scored in one piece."""
    checkpoint = Checkpoint.load(Path(run) / "model.safetensors")
    nats = Scorer(checkpoint.model, checkpoint.codec).score(prompt + text).nats
    return float(nats[len(prompt) :].sum())


@pytest.mark.parametrize("run", ["hello", "tales"])
def test_a_prompt_is_read_and_not_scored(call: Call, models: Workshop, tmp_path: Path, run: str) -> None:
    """The figures are those of the text alone, after the prompt; each text follows it."""
    model, prompt = getattr(models, run), "the wat"
    for name, text in (("a.txt", "er is\nhere"), ("b.txt", "ch")):
        (tmp_path / name).write_text(text)
        (row,) = json_rows(call, "evaluate", model, str(tmp_path / name), "--prompt", prompt)
        assert row["num_chars"] == len(text)
        wanted = scored_after(model, prompt, text)
        assert row["nats_per_char"] * len(text) == pytest.approx(wanted, rel=1e-6)


def test_a_prompt_can_come_from_a_file(call: Call, models: Workshop, feed: Feed) -> None:
    """The rows of --each follow it, too."""
    options = ("evaluate", models.tales, "data/hello.txt", "--each", "file")
    feed(b"the wat\n")
    from_file = call(*options, "--prompt-file", "-").out
    assert from_file == call(*options, "--prompt", "the wat").out != call(*options).out


def test_escapes_are_read_in_a_prompt_if_they_are_asked_for(call: Call, models: Workshop) -> None:
    """Without that a backslash is a character, and is noticed."""
    options = ("sample", models.tales, "--length", "0", "--prompt", r"a\tb")
    assert call(*options, "--escapes").out == "a\tb\n"
    done = call(*options)
    assert done.out == "a\\tb\n"
    assert done.err.startswith(BACKSLASH)
    refused(call("sample", models.tales, "--prompt", r"\d", "--escapes"), r"--prompt: column 1: \d", code=2)


def test_stops_have_escapes(call: Call, models: Workshop) -> None:
    """A text ends before a newline or a tab that a shell can write."""
    options = ("sample", models.tales, "--seed", "3", "--length", "400")
    assert "\n" in call(*options).out.removesuffix("\n")
    assert "\n" not in call(*options, "--stop", r"\n").out.removesuffix("\n")
    refused(call(*options, "--stop", r"\d"), r"--stop: column 1: \d is no escape", code=2)


def test_a_prompt_is_given_once(call: Call, models: Workshop) -> None:
    """It comes from the command line or from a file."""
    outcome = call("evaluate", models.tales, "--prompt", "a", "--prompt-file", "-")
    refused(outcome, "give --prompt or --prompt-file, not both", code=2)
