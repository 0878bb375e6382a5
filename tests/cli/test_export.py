"""--export in evaluate, compare and inspect: the charts of their pages as files."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from charseq.reports.display import image
from tests.builders import refused
from tests.cli.conftest import Call, Workshop

CASES = {
    "evaluate": (
        ("--chars", "400", "--calibration"),
        ["calibration", "coloured-text", "curve", "gradient-flow"],
    ),
    "compare": (("--curves", "--quantity", "weights", "--against", "steps"), ["curve"]),
    "inspect": (("--gradient-flow", "--chars", "300"), ["gradient-flow"]),
}


@pytest.fixture(autouse=True)
def with_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pictures be made on any machine, even if their letters are missing there."""
    monkeypatch.setattr(image, "_has_fonts", lambda: True)


@pytest.mark.parametrize("command", CASES)
def test_the_charts_of_a_command(call: Call, models: Workshop, tmp_path: Path, command: str) -> None:
    """They are written beside the result, which stays as it is, into a directory that is made."""
    options, stems = CASES[command]
    directory = tmp_path / "new" / "한글"
    code, out, err = call(command, models.tales, *options, "--export", f"{directory}")
    assert (code, "┤" in out) == (0, True)
    assert err == f"charseq: {directory}: {len(stems)} chart{'s' if len(stems) > 1 else ''}\n"
    names = sorted(path.name for path in directory.iterdir())
    assert names == sorted(f"{stem}.{kind}" for stem in stems for kind in ("csv", "png", "svg"))
    for stem in stems:
        ElementTree.parse(directory / f"{stem}.svg")


def test_the_charts_of_a_comparison(call: Call, models: Workshop, tmp_path: Path) -> None:
    """These are the learning curves of its runs."""
    assert call("compare", models.tales, models.tales, "--export", f"{tmp_path}").code == 0
    assert (tmp_path / "curve.svg").exists()


def test_the_chart_of_a_ladder(call: Call, models: Workshop, tmp_path: Path) -> None:
    assert call("compare", models.tales, "--ladder", "--export", f"{tmp_path}").code == 0
    ElementTree.parse(tmp_path / "ladder.svg")


def test_files_that_are_there_are_replaced(call: Call, models: Workshop, tmp_path: Path) -> None:
    (tmp_path / "gradient-flow.svg").write_text("old")
    options, _ = CASES["inspect"]
    assert call("inspect", models.tales, *options, "--export", f"{tmp_path}").code == 0
    assert "old" not in (tmp_path / "gradient-flow.svg").read_text()


@pytest.mark.parametrize("command", CASES)
def test_a_directory_that_cannot_be_made_is_seen_before_the_work(
    call: Call, models: Workshop, tmp_path: Path, command: str
) -> None:
    (tmp_path / "file").write_text("")
    options, _ = CASES[command]
    outcome = call(command, models.tales, *options, "--export", f"{tmp_path / 'file' / 'charts'}")
    refused(outcome, f"{tmp_path / 'file' / 'charts'}: cannot be created: Not a directory")


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_rows_have_no_charts(call: Call, models: Workshop, tmp_path: Path, command: str) -> None:
    """--each writes no reports."""
    several = (models.tales,) * (2 if command == "compare" else 1)
    outcome = call(command, *several, "--each", "line", "--export", f"{tmp_path / 'charts'}")
    refused(outcome, "--each writes rows and no reports: leave out the other options")
    assert not (tmp_path / "charts").exists()
