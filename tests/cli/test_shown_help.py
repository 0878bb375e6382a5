"""The help as a terminal shows it: all that it is made from, and nothing that only programmers know."""

import re
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.manual_parts import COMMANDS

every_command = pytest.mark.parametrize("name", COMMANDS)


def shown(call: Call, *arguments: str) -> str:
    """Return a help in a wide terminal, runs of blanks as one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERMINAL_WIDTH", "400")
        patch.setattr("typer.rich_utils.MAX_WIDTH", 400)
        code, out, err = call(*arguments, "--help")
    assert (code, err) == (0, "")
    return " ".join(out.split())


def without_markup(text: str) -> str:
    """Return a text as it is to be read: [dim] and the like left out, escaped brackets kept."""
    return re.sub(r"(?<!\\)\[/?[a-z]+\]", "", text).replace(r"\[", "[")


@every_command
def test_every_help_text_is_shown_whole(call: Call, name: str) -> None:
    """Brackets in it, as in charseq[png], are no markup."""
    page = shown(call, name)
    parameters: list[Any] = [one for one in COMMANDS[name].params if not getattr(one, "hidden", False)]
    for parameter in parameters:
        assert without_markup(parameter.help) in page, parameter.name
    if "export" in {parameter.name for parameter in parameters}:
        assert "with the extra charseq[png]" in page


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_types_of_python_are_not_shown(call: Call, name: str) -> None:
    """A flag takes no value, and an argument has its name."""
    page = shown(call, *[name] if name else [])
    assert not re.search(r"<(bool|str|int|float|path|list)\b", page)


def test_the_first_help_says_how_to_begin(call: Call) -> None:
    """A newcomer sees what to type, and where to read."""
    page = shown(call)
    assert "$ charseq train " in page
    assert "$ charseq help tutorial" in page
