"""The manual does what it says: its pages, their commands, links, fields and generated parts."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from charseq.analysis.calibration import Calibration
from charseq.analysis.comparison import Comparison
from charseq.analysis.figures import Figures
from charseq.analysis.hardest import HardChar
from charseq.analysis.ranking import Group
from charseq.bench import Measurement
from charseq.errors import ConfigError
from charseq.manual import TOPICS, read_page
from charseq.reports import (
    REPORTS,
    calibration_row,
    evaluation_row,
    group_rows,
    hardest_row,
    prediction_row,
)
from charseq.reports.comparison import ModelFacts, comparison_rows
from charseq.scoring import Guess, Prediction, Score, Surprisal
from tests.cli.conftest import surroundings
from tests.manual_parts import COMMANDS, REWRITE, filled, parts_of
from tests.test_docs import broken_links, calls, console_lines, run_lines, wrong_calls

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "charseq" / "manual"
every_topic = pytest.mark.parametrize("topic", TOPICS)


def compared() -> set[str]:
    """Return the fields of a comparison."""
    comparison = Comparison(2, num_passages=1)
    comparison.begin("a")
    surprisals = [
        Surprisal(
            nats=np.full(2, nats),
            num_bytes=np.ones(2, np.int32),
            unseen=np.zeros(2, np.bool_),
            ranks=np.ones(2, np.int32),
            confidences=np.full(2, 0.5),
        )
        for nats in (1.0, 2.0)
    ]
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


@pytest.mark.parametrize("field", sorted(FIELDS | set(REPORTS)))
def test_every_field_is_explained(field: str) -> None:
    """Every format for programs, and every name in it, is on the page `fields`."""
    assert re.search(rf"\b{field}\b", read_page("fields"))


# ---- generated parts


@every_topic
def test_generated_parts_are_up_to_date(topic: str) -> None:
    """The page holds what is made from commands, settings and layers; with the switch it is written there."""
    page = read_page(topic)
    if REWRITE:
        (PAGES / f"{topic}.md").write_text(filled(page), encoding="utf-8")
    assert read_page(topic) == filled(page), "run this test with CHARSEQ_REWRITE_GOLDEN=1"


def test_every_part_is_in_a_page() -> None:
    """Each command, the settings and the layers have their generated part."""
    parts = [part for topic in TOPICS for part in parts_of(read_page(topic))]
    assert sorted(parts) == sorted(
        ["settings", "layers", "fields", *(f"command:{name}" for name in COMMANDS)]
    )


# ---- examples


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
