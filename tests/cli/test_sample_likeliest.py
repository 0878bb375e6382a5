"""The options --top-texts and --beam: texts that are searched and not drawn."""

import json
from pathlib import Path

import pytest

from tests.builders import refused
from tests.cli.conftest import Call, Workshop


def test_the_likeliest_lines_come_first(call: Call, models: Workshop) -> None:
    """As rows with their probabilities, or as texts after their prompt."""
    arguments = ("sample", models.hello, "--top-texts", "8", "-p", "w")
    code, out, err = call(*arguments, "--format", "jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, err, len(rows)) == (0, "", 8)
    shares = [row["probability"] for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert {row["prompt"] for row in rows} == {"w"}
    assert call(*arguments).out == "".join(f"w{row['text']}\n" for row in rows)
    assert call(*arguments, "--hide-prompt").out == "".join(f"{row['text']}\n" for row in rows)


def test_all_texts_may_be_fewer(call: Call, models: Workshop) -> None:
    """A note says how many there are."""
    code, out, err = call("sample", models.hello, "--top-texts", "500", "--length", "1")
    assert (code, len(out.splitlines())) == (0, 25)
    assert err == "charseq: there are 25 texts of up to 1 characters\n"


@pytest.mark.parametrize("model", ["hello", "tales"])
def test_a_beam_searches_a_single_text(call: Call, models: Workshop, model: str) -> None:
    """A wider beam finds a text that is at least as likely as that of temperature 0."""
    name = {"hello": models.hello, "tales": models.tales}[model]
    arguments = ("sample", name, "-p", "w", "--length", "9", "--format", "jsonl")
    bits = [json.loads(call(*arguments, "--beam", width).out)["bits"] for width in ("1", "30")]
    assert bits[1] <= bits[0] + 1e-4  # products round differently
    cold = call("sample", name, "-p", "w", "--length", "9", "--temperature", "0").out
    assert call("sample", name, "-p", "w", "--length", "9", "--beam", "1").out == cold


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--top-texts", "3", "--temperature", "1"),
            "--top-texts draws nothing at random: leave out --temperature",
        ),
        (("--top-texts", "3", "--match", "a"), "--top-texts draws nothing at random: leave out --match"),
        (("--beam", "3", "-n", "2"), "--beam draws nothing at random: leave out --num-samples"),
        (
            ("--beam", "3", "--stop", "a"),
            "--beam goes with --prompt, --length and --format: leave out the other",
        ),
        (
            ("--top-texts", "3", "--beam", "2"),
            "--top-texts goes with --prompt, --length and --format: leave out",
        ),
        (("--top-texts", "3", "--adapt"), "--top-texts goes with --prompt, --length and --format: leave out"),
        (("--top-texts", "3", "--format", "html"), "--format must be one of text, "),
    ],
)
def test_what_is_drawn_is_refused(
    call: Call, models: Workshop, arguments: tuple[str, ...], message: str
) -> None:
    """A search has no chance, and says so."""
    refused(call("sample", models.hello, *arguments), message, code=2)


def test_a_model_of_a_stream_has_no_likeliest_texts(call: Call, models: Workshop) -> None:
    """Its texts do not end."""
    refused(call("sample", models.tales, "--top-texts", "3"), "needs a model of lines or documents", code=2)


def test_constraints_of_a_settings_file_are_refused(call: Call, models: Workshop, tmp_path: Path) -> None:
    """They would not be kept."""
    (tmp_path / "a.toml").write_text("[sample]\nunique = true\n")
    outcome = call("sample", models.hello, "--top-texts", "3", "--config", f"{tmp_path}/a.toml")
    refused(outcome, "sample.unique: the likeliest texts keep no constraints: leave it out", code=2)
