"""The manual does what it says: its pages, their commands, links, fields and generated parts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from charseq.errors import ConfigError
from charseq.manual import TOPICS, read_page
from charseq.registry import FORMATS, REPORTS
from tests.cli.conftest import surroundings
from tests.manual_parts import COMMANDS, REWRITE, filled, parts_of
from tests.test_docs import broken_links, calls, console_lines, run_lines, wrong_calls

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "charseq" / "manual"
every_topic = pytest.mark.parametrize("topic", TOPICS)


# ---- pages


def test_every_page_is_a_topic() -> None:
    """There is a page for each topic, and no other page."""
    assert {page.stem for page in PAGES.glob("*.md")} == set(TOPICS)


@every_topic
def test_a_page_begins_with_its_title(topic: str) -> None:
    """The page is read from the package; its first line is its only heading of the first level."""
    page = read_page(topic)
    assert re.findall(r"^# .*$", re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S), re.M) == [
        page.splitlines()[0]
    ]


def test_an_unknown_topic_is_refused() -> None:
    """The nearest topic is named."""
    with pytest.raises(ConfigError, match=r"no topic 'metod' in the manual \(did you mean 'method'\?\)"):
        read_page("metod")


@every_topic
def test_links_lead_somewhere(topic: str) -> None:
    """Every link leads to a file, and to a heading in it if it names one."""
    assert broken_links(PAGES / f"{topic}.md") == []


@every_topic
def test_pages_name_what_exists(topic: str) -> None:
    """Every call of charseq in a console block names an existing command and existing options."""
    assert wrong_calls(read_page(topic)) == []


@every_topic
def test_quotation_marks_are_english(topic: str) -> None:
    """English text has English quotation marks."""
    assert not re.search("[«»“”]", read_page(topic))


def test_the_commands_are_all_shown() -> None:
    """The page `commands` has a heading for each command, in the order of the help, and a call of each."""
    page = read_page("commands")
    assert re.findall(r"^## charseq (\w+)$", page, re.M) == list(COMMANDS)
    assert {words[1] for line in console_lines(page) for words in calls(line)} == COMMANDS.keys()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_explained(name: str) -> None:
    """Every file format is named on the page `fields`."""
    assert re.search(rf"\b{name}\b", read_page("fields"))


@pytest.mark.parametrize("name", REPORTS)
def test_every_field_of_a_report_has_a_meaning(name: str) -> None:
    """No column for programs is without its line of help."""
    assert all(meaning for _, meaning in REPORTS[name].fields())


# ---- generated parts


@every_topic
def test_generated_parts_are_up_to_date(topic: str) -> None:
    """The page holds what is made from commands, settings and layers; with the switch it is written there."""
    page = read_page(topic)
    if REWRITE:
        (PAGES / f"{topic}.md").write_text(filled(page), encoding="utf-8")
    assert read_page(topic) == filled(page), "run this test with REWRITE_GOLDEN=1"


def test_every_part_is_in_a_page() -> None:
    """Each command, the settings and the layers have their generated part."""
    parts = [part for topic in TOPICS for part in parts_of(read_page(topic))]
    assert sorted(parts) == sorted(
        ["settings", "layers", "fields", *(f"command:{name}" for name in COMMANDS)]
    )


# ---- examples


def unmade_runs(page: str) -> list[str]:
    """Return the runs that commands of a page read before a command has made them."""
    made: list[str] = []
    found = []
    for line in "".join(
        re.findall(r"^```(?:console|sh)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    ).splitlines():
        if re.match(r"(\$ |  )?(for |charseq |printf |cat )", line):
            outputs = re.findall(r"-o runs/([\w$-]+)", line)
            made += [re.sub(r"\$\w+", r"\\w+", name) for name in outputs]
            read = set(re.findall(r"\bruns/([\w$-]+)", line)) - set(outputs)
            found += sorted(name for name in read if not any(re.fullmatch(one, name) for one in made))
    return found


@pytest.mark.parametrize("topic", ["tutorial", "teachers"])
def test_pages_read_in_order_make_each_run_before_it_is_read(topic: str) -> None:
    assert unmade_runs(read_page(topic)) == []


def test_the_finder_of_unmade_runs() -> None:
    """A run of a loop over names is made for each of them."""
    loop = "```console\n$ for cell in rnn gru; do charseq train --cell $cell -o runs/$cell-20; done\n"
    assert unmade_runs(f"{loop}$ charseq info runs/gru-20\n```\n") == []
    assert unmade_runs(f"{loop}$ charseq compare runs/gru runs/gru-20\n```\n") == ["gru"]


@pytest.mark.slow
def test_the_tutorial_runs(tmp_path: Path) -> None:
    """The commands of the tutorial, one after the other, all exit with 0."""
    run_lines(read_page("tutorial"), tmp_path)


def test_the_manual_is_shown_without_numpy(tmp_path: Path) -> None:
    """`charseq help` and a page are shown without loading numpy or what builds on it."""
    for arguments in (["help"], ["help", "method"]):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "charseq", *arguments],
            cwd=tmp_path,
            env=surroundings(),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert "charseq.manual" in loaded
        assert not loaded & {"numpy", "safetensors", "yaml", "charseq.network"}
