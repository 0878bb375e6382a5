"""charseq sample --show-alternatives: colours in a terminal, bars elsewhere."""

import io
import sys

import pytest

from tests.builders import refused
from tests.cli.conftest import Call, Workshop


class Terminal(io.StringIO):
    """A terminal with colours."""

    def isatty(self) -> bool:
        return True


def test_in_a_pipe_there_are_bars(call: Call, models: Workshop) -> None:
    """The prompt has a line of its own; the texts are those of the seed; the legend is there once."""
    common = ("sample", models.hello, "-p", "he", "-n", "3", "--seed", "5")
    code, out, err = call(*common, "--show-alternatives")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    texts = call(*common, "--hide-prompt").out.split()
    picture, table = out.split(" 10 bits\n")
    parts = [part.split("\n") for part in picture.split("\n\n")]
    assert [(part[0], part[1]) for part in parts] == [("he", text) for text in texts]
    assert out.count("10 bits") == 1
    assert "likeliest, with p" in table
    assert len(table.strip().split("\n")) <= 3 + 5


@pytest.mark.parametrize("no_color", [False, True])
def test_in_a_terminal_there_are_colours(
    call: Call, models: Workshop, monkeypatch: pytest.MonkeyPatch, no_color: bool
) -> None:
    """NO_COLOR leaves bars; the prompt is dim."""
    from charseq.cli.app import run

    terminal = Terminal()
    for name, value in (("TERM", "xterm-256color"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", terminal)
    options = ["-p", "the ", "--length", "40", "--temperature", "2", "--seed", "1", "--show-alternatives"]
    assert run(["sample", models.tales, *options]) == 0
    out = terminal.getvalue()
    assert ("48;5;" in out) != no_color
    assert ("▄" in out.split(" 10 ")[0].replace("▁▂▃▄▅▆▇█", "")) == no_color
    assert "\x1b[2mthe" in out


@pytest.mark.parametrize("options", [("-f", "jsonl"), ("--adapt",), ("--hide-prompt",), ("--each", "line")])
def test_what_it_does_not_go_with(call: Call, models: Workshop, options: tuple[str, ...]) -> None:
    """A picture is for people, and of what the model has written after a prompt."""
    outcome = call("sample", models.tales, "--show-alternatives", *options)
    refused(outcome, "leave out the other options", code=2)
