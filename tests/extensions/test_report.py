"""A report is one file and one registration: evaluate finds it, and shows it wherever reports are shown."""

import csv
import io
import json
from pathlib import Path

import pytest

from charseq.cli.app import run
from charseq.registry import REPORTS
from charseq.reports.fields import field_tables
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from tests.reports.checkpoints import trained

TEXT = "hello world\n" * 40


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch, clean_surroundings: None, tmp_path: Path) -> None:
    """Register the report, and stand beside a model and a text."""
    monkeypatch.setitem(REPORTS, "vowels", "tests.extensions.vowel_report:VowelReport()")  # type: ignore[arg-type]
    _, checkpoint = trained()
    checkpoint.save(tmp_path / "model.safetensors")
    (tmp_path / "a.txt").write_text(TEXT)


def evaluated(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Return what evaluate writes when it is asked for the report."""
    assert run(["evaluate", "-m", "model.safetensors", "a.txt", "--report", "vowels", *options]) == 0
    return capsys.readouterr().out


def bits_by_hand() -> list[float]:
    """Return the bits of vowels and of others."""
    checkpoint = Checkpoint.load(Path("model.safetensors"))
    bits = Scorer(checkpoint.model, checkpoint.codec).score(TEXT).bits.tolist()
    vowels = sum(price for char, price in zip(TEXT, bits, strict=True) if char in "aeiou")
    return [vowels, sum(bits) - vowels]


def test_its_rows_are_those_of_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    """They hold what its analysis found in the text, which evaluate has read for it."""
    vowel, other = json.loads(evaluated(capsys, "-f", "json"))
    assert list(vowel) == ["report", "kind", "num_chars", "bits"]
    assert [vowel["report"], vowel["kind"], vowel["num_chars"]] == ["vowels", "vowel", 120]
    assert [vowel["bits"], other["bits"]] == pytest.approx(bits_by_hand())


def test_it_is_a_table_for_programs_and_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Each has one line for each row."""
    vowel, other = csv.DictReader(io.StringIO(evaluated(capsys, "-f", "csv")))
    assert (vowel["kind"], other["kind"]) == ("vowel", "other")
    lines = [line.split() for line in evaluated(capsys).splitlines()]
    assert lines[0] == ["kind", "characters", "bits"]
    assert lines[2:] == [
        ["vowel", "120", f"{bits_by_hand()[0]:,.1f}"],
        ["other", "360", f"{bits_by_hand()[1]:,.1f}"],
    ]


def test_it_has_a_section_of_the_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The page is written beside the table, with all reports."""
    evaluated(capsys, "--html", "page.html", "--by", "class")
    page = (tmp_path / "page.html").read_text()
    assert "<h2>Vowels and others</h2>" in page
    assert "<td>vowel</td>" in page
    assert "<h2>By class</h2>" in page


def test_it_has_a_table_of_fields_in_the_manual() -> None:
    """Its columns say what it means."""
    assert (
        "## vowels\n\n`charseq evaluate --report vowels`. One row for each kind of character.\n\n"
        "| field | meaning |\n|---|---|\n| `report` | `vowels` |\n| `kind` | `vowel` or `other` |\n"
    ) in field_tables()


def test_it_is_not_there_unless_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """An evaluation of something else does not hear of it."""
    assert run(["evaluate", "-m", "model.safetensors", "a.txt", "-f", "json"]) == 0
    assert {row["report"] for row in json.loads(capsys.readouterr().out)} == {"text"}
