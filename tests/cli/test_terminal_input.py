"""A text that is typed: whoever sits there is told that a command reads."""

import sys

import pytest

from tests.cli.conftest import TALES, TINY, Call, StandardInput, Workshop


class Terminal(StandardInput):
    """Standard input at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("evaluate", "runs/hello", "-"), "the text"),
        (("evaluate", "runs/hello", "--each", "line"), "the text"),
        (("compare", "runs/hello", "runs/tales", "-"), "the text"),
        (("inspect", "runs/hello", "-", "--gates"), "the text"),
        (("sample", "runs/hello", "--prompt-file", "-"), "the prompt"),
    ],
)
def test_a_command_says_that_it_reads(
    call: Call, models: Workshop, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], what: str
) -> None:
    """The note comes first on stderr, and once."""
    for source, told in ((Terminal(b"kin"), True), (StandardInput(b"kin"), False)):
        monkeypatch.setattr(sys, "stdin", source)
        code, _, err = call(*arguments)
        assert code == 0
        assert err.count("Ctrl-D") == told
        if told:
            assert err.startswith(f"charseq: reading {what} from the terminal; Ctrl-D ends\n")


def test_training_says_that_it_reads(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus that is typed is asked for before anything else."""
    monkeypatch.setattr(sys, "stdin", Terminal(TALES[:2000].encode()))
    code, _, err = call("train", "-", *TINY, "-o", "run")
    assert code == 0
    assert err.startswith("charseq: reading the text from the terminal; Ctrl-D ends\n")
