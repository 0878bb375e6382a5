"""The documentation does what it says: help, charseq.toml, data/README.md, and the README.

tests/test_manual.py does the same for the pages of the manual.
"""

import hashlib
import re
import shlex
import shutil
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from charseq.config import Settings
from charseq.config.toml import to_toml
from charseq.manual import TOPICS
from tests.cli.conftest import surroundings
from tests.forks import python
from tests.manual_parts import COMMANDS, MAIN

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


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
    limit = "--max-steps 300" if "hello" in line else "--max-steps 5"
    if "--resume" in line:
        limit = "--max-steps 8"
    line = re.sub(r"--max-time[ =]\S+", limit, line)
    line = line.replace("20000", "2000").replace("20001", "2001")  # of a text that is cut, too
    if "charseq train" in line and not re.search("--max-time|--max-steps|--ngram|--help", line):
        line = line.replace("charseq train", f"charseq train {limit}")
    return line


CUTTING = ("head ", "tail ")
"""The beginnings of command lines that write a part of a text into a file."""


def run_lines(text: str, path: Path) -> None:
    """Run the commands of the console blocks of a text in `path`, in short; each must exit with 0."""
    shutil.copytree(ROOT / "data", path / "data")
    (path / "data" / "tales.txt").write_bytes((ROOT / "data" / "tales.txt").read_bytes()[:4000])
    shutil.copy(ROOT / "charseq.toml", path / "charseq.toml")
    shim = path / "bin" / "charseq"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {shlex.join(python())} -m charseq "$@"\n')
    shim.chmod(0o755)
    environment = surroundings(  # numba takes longer to load than these models take to train
        CHARSEQ_TRAIN_BACKEND="numpy", CHARSEQ_TRAIN_THREADS="1", CHARSEQ_MODEL_HIDDEN_SIZE="16"
    )
    environment["PATH"] = f"{shim.parent}:{environment['PATH']}"
    lines = [line for line in console_lines(text) if calls(line) or line.startswith(CUTTING)]
    assert lines
    for line in map(in_short, lines):
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr


def wrong_calls(text: str) -> list[str]:
    """Return what the console blocks of a text name that does not exist, line by line."""
    return [
        f"{line}: {complaint}"
        for line in console_lines(text)
        for words in calls(line)
        for complaint in complaints(words)
    ]


def broken_links(path: Path) -> list[str]:
    """Return the links of a Markdown file to files and headings of the project that are not there."""
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text(encoding="utf-8"))):
        name, _, heading = target.partition("#")
        page = path.parent / name if name else path
        if "://" in target:
            continue
        if not page.exists() or (heading and heading not in anchors(page)):
            found.append(target)
    return found


def without_code(text: str) -> str:
    """Return a Markdown text without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Return the names by which GitHub links to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", without_code(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


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
    assert in_short("charseq train") == "charseq train --max-steps 5"
    assert in_short("charseq train a --max-time 1h30m -q") == "charseq train a --max-steps 5 -q"
    assert in_short("charseq train --resume r --max-time 4m") == "charseq train --resume r --max-steps 8"
    assert in_short("charseq train --help") == "charseq train --help"


def test_the_finder_of_broken_links(tmp_path: Path) -> None:
    """Missing files and headings are found; pages of the web and examples in code are left alone."""
    page = tmp_path / "a.md"
    page.write_text('# A "b"\n[1](#a-b) [2](a.md#c) [3](d.md) [4](https://e.f/g)\n```\n[5](h.md)\n```\n')
    assert broken_links(page) == ["a.md#c", "d.md"]


def test_readme_is_short() -> None:
    """The README is read in one go; everything else is in the manual."""
    assert len(README.splitlines()) <= 200


def test_readme_names_what_exists() -> None:
    """Every call of charseq in a console block names an existing command and existing options."""
    assert wrong_calls(README) == []


def test_readme_shows_no_more_than_a_line_is_cut_to() -> None:
    """A result that is cut to N characters has N of them."""
    found = re.findall(r"^\$ .*\| cut -c 1-(\d+)\n(.*)$", README, flags=re.MULTILINE)
    assert found
    assert [len(line) for _, line in found] == [int(number) for number, _ in found]


def test_readme_leads_to_every_page_of_the_manual() -> None:
    """Each topic has a line with a link and what the page is about."""
    for topic, about in TOPICS.items():
        assert f"| [{topic}](charseq/manual/{topic}.md) | {about} |" in README


def test_readme_links_lead_somewhere() -> None:
    """Every link to a file of the project leads to one."""
    assert broken_links(ROOT / "README.md") == []


def test_readme_runs(tmp_path: Path) -> None:
    """The commands of the console blocks, one after the other, all exit with 0."""
    run_lines(README, tmp_path)
