"""The documentation does what it says: help, charseq.toml, data/README.md, and the README's own commands."""

import hashlib
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from charseq.analysis.calibration import Calibration
from charseq.analysis.comparison import Comparison
from charseq.analysis.figures import Figures
from charseq.analysis.hardest import HardChar
from charseq.analysis.ranking import Group
from charseq.bench import Measurement
from charseq.cli.commands import app
from charseq.config import Settings
from charseq.config.toml import to_toml
from charseq.reports import (
    REPORTS,
    calibration_row,
    evaluation_row,
    group_rows,
    hardest_row,
    prediction_row,
)
from charseq.reports.comparison import ModelFacts, comparison_rows
from charseq.scoring.predictor import Guess, Prediction
from charseq.scoring.score import Score
from charseq.scoring.scorer import Surprisal
from tests.cli.conftest import surroundings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAIN: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = MAIN.commands


def compared() -> set[str]:
    """Return the fields of a comparison."""
    comparison, ones = Comparison(2, num_passages=1), np.ones(2, np.int32)
    comparison.begin("a")
    surprisals = [Surprisal(np.full(2, nats), ones, np.full(2, 0.5), ones) for nats in (1.0, 2.0)]
    comparison.add("ab", surprisals, seconds=[1, 1])
    rows = comparison_rows([ModelFacts(name, "gru", 1, 1) for name in "ab"], comparison)
    return {field for row in rows for field in row}


HARD = HardChar("a", 0, "b", "c", "d", 1.0, 1, [0], [0.5])
FIELDS = {
    *evaluation_row(Figures(), model="a", text="b"),
    *group_rows("chunk", [Group("a", 1, Score())], Score())[0],
    *hardest_row(HARD, ("a",)),
    *calibration_row(Calibration().bins[0]),
    *prediction_row(Prediction("a", "b", 0.5, 1, 1.0, 1.0, (Guess("a", 0.5),))),
    *("char", "passed", "alternative", "alternative_probability", "text"),
    *Measurement("train", "gru", num_layers=1, hidden_size=8).row(),
    *compared(),
    *("gradient_norm", "gradient_norm_q1", "gradient_norm_q3", "activation", "openness", "correlation"),
}
every_command = pytest.mark.parametrize("name", COMMANDS)


# ---- help


@every_command
def test_every_option_has_help(name: str) -> None:
    """Each command, each argument and each option is explained."""
    command = COMMANDS[name]
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name}: {parameter.opts}"


def test_every_global_option_has_help() -> None:
    """So are the options that stand before a command."""
    assert MAIN.help
    assert all(parameter.help for parameter in MAIN.params)


@every_command
def test_the_examples_of_the_help_are_sound(name: str) -> None:
    """The examples at the end of a command's help name existing commands and options."""
    examples = re.findall(r"\$ (.*?)\[/cyan\]", COMMANDS[name].epilog)
    assert examples
    for example in examples:
        assert any(words[1:2] == [name] for words in calls(example.replace(r"\[", "[")))
        for words in calls(example):
            assert complaints(words) == []


# ---- settings


def test_charseq_toml_is_the_documentation_of_the_settings() -> None:
    """The file in the repository is what the settings say about themselves."""
    assert (ROOT / "charseq.toml").read_text(encoding="utf-8") == to_toml(Settings())


def test_charseq_toml_holds_every_default() -> None:
    """Every setting is in it, and nothing else; its values are the true defaults."""
    toml = tomllib.loads((ROOT / "charseq.toml").read_text(encoding="utf-8"))
    assert {name: list(section) for name, section in toml.items()} == {
        name: list(type(section).model_fields) for name, section in Settings()
    }
    assert Settings().with_layer(toml, "charseq.toml") == Settings()


def test_every_setting_is_explained_in_charseq_toml() -> None:
    """A comment stands above every key."""
    lines = (ROOT / "charseq.toml").read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        if re.match(r"\w+ = |\[", line):
            assert above.startswith("# ")


# ---- data


def test_data_readme_has_every_checksum() -> None:
    """For each file in data/ a line of data/README.md has its name and its SHA-256."""
    lines = (ROOT / "data" / "README.md").read_text(encoding="utf-8").splitlines()
    for path in sorted((ROOT / "data").iterdir()):
        if path.name == "README.md":
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert any(path.name in line and digest in line for line in lines), f"{path.name}: {digest}"


# ---- README


def console_lines(text: str) -> list[str]:
    """Return the command lines of the ```console blocks, without the prompt, continued ones joined."""
    blocks = re.findall(r"^```console\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def calls(line: str) -> list[list[str]]:
    """Return the words of each call of charseq in a shell line, redirections left out."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    parts: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|&;()"):
            parts.append([])
        elif set(word) <= set("<>"):
            parts[-1].append("<>")
        else:
            parts[-1].append(word)
    return [_without_redirections(part) for part in parts if part[:1] == ["charseq"]]


def _without_redirections(words: list[str]) -> list[str]:
    kept = words[: words.index("<>")] if "<>" in words else words
    return kept[:-1] if "<>" in words and kept[-1].isdigit() else kept


def complaints(words: list[str]) -> list[str]:
    """Return which command or options of a call do not exist."""
    known = {option for parameter in MAIN.params for option in parameter.opts} | {"--help", "-h"}
    found = []
    arguments = iter(words[1:])
    for word in arguments:
        if word.startswith("-"):
            found += [] if word.partition("=")[0] in known else [f"{word} is no option of charseq"]
        elif word not in COMMANDS:
            return [*found, f"{word} is no command"]
        else:
            return [*found, *_wrong_options(word, list(arguments))]
    return found


def _wrong_options(name: str, words: list[str]) -> list[str]:
    parameters = {option: parameter for parameter in COMMANDS[name].params for option in parameter.opts}
    found, is_value = [], False
    for word in words:
        option, has_value, _ = word.partition("=")
        if is_value or not word.startswith("-") or word == "-":
            is_value = False
        elif option in parameters:
            is_value = not has_value and not getattr(parameters[option], "is_flag", False)
        elif option not in ("--help", "-h"):
            found.append(f"{option} is no option of charseq {name}")
    return found


def in_short(line: str) -> str:
    """Return a command line whose training ends soon; where cases follow, after they are learnt."""
    limit = "--max-steps 500" if "hello" in line else "--max-time 1s"
    line = re.sub(r"--max-time[ =]\S+", limit, line)
    if "charseq train" in line and not re.search("--max-time|--max-steps|--ngram|--help", line):
        line = line.replace("charseq train", f"charseq train {limit}")
    return line


def test_the_reader_of_command_lines() -> None:
    """Blocks, pipes, quotes and redirections are understood, and what does not exist is found."""
    text = "```console\n$ charseq info\nout\n$ a | \\\ncharseq next -\n```\n```\n$ b\n```\n"
    assert console_lines(text) == ["charseq info", "a |  charseq next -"]
    assert calls("printf 'a|b' | charseq next r --format tsv 2>/dev/null | head -c 3 && charseq info") == [
        ["charseq", "next", "r", "--format", "tsv"],
        ["charseq", "info"],
    ]
    assert complaints(["charseq", "--version"]) == []
    assert complaints(["charseq", "sample", "-n", "3", "-p", "-x", "--seed", "-1", "--stop=-a"]) == []
    assert complaints(["charseq", "--nope", "dance"]) == [
        *("--nope is no option of charseq", "dance is no command")
    ]
    assert complaints(["charseq", "train", "-", "--quiet", "--qiet", "--cell", "gru"]) == [
        "--qiet is no option of charseq train"
    ]
    assert in_short("charseq train") == "charseq train --max-time 1s"
    assert in_short("charseq train a --max-time 1h30m -q") == "charseq train a --max-time 1s -q"
    assert in_short("charseq train --help") == "charseq train --help"


def test_readme_shows_commands() -> None:
    """The README has console blocks, and each command of charseq is in one of them."""
    used = {word for line in console_lines(README) for words in calls(line) for word in words[1:2]}
    assert used >= COMMANDS.keys()


def test_readme_names_what_exists() -> None:
    """Every call of charseq in a console block names an existing command and existing options."""
    found = [
        f"{line}: {complaint}"
        for line in console_lines(README)
        for words in calls(line)
        for complaint in complaints(words)
    ]
    assert not found, "\n".join(found)


@every_command
def test_readme_mentions_every_command(name: str) -> None:
    """Every command is mentioned."""
    assert f"charseq {name}" in README


@pytest.mark.parametrize("field", sorted(FIELDS | set(REPORTS)))
def test_readme_mentions_every_field(field: str) -> None:
    """Every format for programs, and every name in it, is mentioned."""
    assert re.search(rf"\b{field}\b", README)


def test_readme_links_lead_somewhere() -> None:
    """Every link to a file of the project leads to one."""
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_readme_runs(tmp_path: Path) -> None:
    """The commands of the console blocks, one after the other, all exit with 0."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    for name in ("README.md", "charseq.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    shim = tmp_path / "bin" / "charseq"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m charseq "$@"\n')
    shim.chmod(0o755)
    environment = surroundings(CHARSEQ_TRAIN_BACKEND="numpy")  # numba takes longer to load than they train
    environment["PATH"] = f"{shim.parent}:{environment['PATH']}"
    lines = [line for line in console_lines(README) if calls(line)]
    assert lines
    for line in map(in_short, lines):
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
