"""The options of charseq sample that constrain its texts."""

import re
import shutil
from pathlib import Path

import pytest

import charseq
from tests.builders import refusal, refused
from tests.cli.conftest import Call, Workshop


def lines(call: Call, *arguments: str) -> list[str]:
    """Return the texts of a call that goes well."""
    code, out, err = call("sample", *arguments, "--seed", "1")
    assert (code, err) == (0, "")
    return out.splitlines()


def test_each_constraint_is_kept(call: Call, models: Workshop, tmp_path: Path) -> None:
    """All in one call, in which they all have something to do."""
    learnt = Path("data/hello.txt").read_text()
    (tmp_path / "no.txt").write_text("member\nwinter\n")
    wish = (
        "--match",
        "[a-z]{5,6}",
        "--forbid",
        "el",
        "--allow",
        "abcdefgimnoprstuwxl",
        "--unique",
        "-n",
        "12",
    )
    found = lines(call, models.hello, *wish, "--not-in", f"{tmp_path}/no.txt", "--max-copy", "5")
    assert len(set(found)) == 12
    assert all(re.fullmatch("[a-gil-pr-uwx]{5,6}", text) and "el" not in text for text in found)
    assert not {"member", "winter"} & set(found)
    assert all(text[k : k + 6] not in learnt for text in found for k in range(len(text) - 5))


def test_escapes_are_read_in_strings_and_characters(call: Call, models: Workshop) -> None:
    r"""A newline is written \n."""
    (text,) = lines(call, models.tales, "--forbid", r"\n", "--forbid", "e", "--length", "60")
    assert len(text) == 60
    assert "e" not in text
    assert len(lines(call, models.tales, "--allow", r"abc\n", "--length", "60", "-p", "x")) > 1


def test_python_keeps_constraints_too(call: Call, models: Workshop) -> None:
    """The settings are keywords."""
    (text,) = lines(call, models.hello, "--match", "w.*", "--forbid", "wi", "--max-copy", "9")
    model = charseq.load(models.hello)
    assert model.sample(match="w.*", forbid=["wi"], max_copy=9, seed=1) == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--match", "("),
            "sample.match = '(': not a regular expression: missing ), unterminated subpattern at position 0",
        ),
        (("--match", "[A-Z]+"), "sample.match = '[A-Z]+': matches no text of the model's characters"),
        (("--forbid", ""), "sample.forbid: an empty string is in every text: leave it out"),
        (("--allow", "Q"), "sample.allow = 'Q': the model knows none of these characters"),
    ],
)
def test_a_wrong_wish_is_refused(
    call: Call, models: Workshop, arguments: tuple[str, str], message: str
) -> None:
    """Each in one sentence, before anything is written."""
    assert call("sample", models.hello, *arguments) == refusal(message)


def test_each_line_keeps_no_constraints(call: Call, models: Workshop) -> None:
    """The message names some."""
    outcome = call(
        "sample", models.hello, "--each", "line", "--prompt-file", "data/hello.txt", "--match", "a"
    )
    refused(outcome, "--each line keeps no constraints, such as --match or --forbid: leave them out", code=2)


def test_copies_need_the_corpus(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A run that was moved away from its corpus says so."""
    shutil.copytree(models.hello, tmp_path / "moved")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        outcome = call("sample", "moved", "--max-copy", "5")
    refused(outcome, "sample.max_copy: the training text cannot be read: data/hello.txt: no such file")
