"""The charts of reports as files: their names, their numbers, and what is said where there is none."""

import csv
import sys
from pathlib import Path

import pytest

from charseq.registry import REPORTS
from charseq.reports.curves import LearningCurves
from charseq.reports.display import image
from charseq.reports.export import export
from charseq.reports.report import Part
from tests.reports.builders import CALIBRATION, FLOWS, HARDEST, NEURONS, grouped
from tests.reports.test_curves import ONE


@pytest.fixture(autouse=True)
def with_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pictures be made on any machine, even if their letters are missing there."""
    monkeypatch.setattr(image, "_has_fonts", lambda: True)


FLOW = Part(REPORTS["gradient flow"], FLOWS)
CURVES = Part(REPORTS["curve"], LearningCurves((ONE,), (("bits", "steps"), ("weights", "chars"))))


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_report_with_one_chart_gives_its_name_to_the_files(tmp_path: Path) -> None:
    assert export(tmp_path, [FLOW]) == [f"{tmp_path}: 1 chart"]
    assert names_in(tmp_path) == ["gradient-flow.csv", "gradient-flow.png", "gradient-flow.svg"]


def test_the_numbers_are_the_rows_of_the_report(tmp_path: Path) -> None:
    export(tmp_path, [FLOW])
    with (tmp_path / "gradient-flow.csv").open() as file:
        found = list(csv.DictReader(file))
    rows = list(REPORTS["gradient flow"].rows(FLOWS))
    assert [list(row) for row in found] == [list(row) for row in rows]
    assert [float(row["gradient_norm"]) for row in found] == [row["gradient_norm"] for row in rows]


def test_several_charts_are_numbered_and_named_by_what_they_show(tmp_path: Path) -> None:
    assert export(tmp_path, [CURVES]) == [f"{tmp_path}: 2 charts"]
    assert [name for name in names_in(tmp_path) if not name.endswith("png")] == [
        "curve-1-bits-per-character-by-steps.svg",
        "curve-2-norm-of-all-weights-by-characters.svg",
        "curve.csv",
    ]


def test_coloured_texts_are_pictures_too(tmp_path: Path) -> None:
    """One for each neuron, with the states of all as numbers."""
    assert export(tmp_path, [Part(REPORTS["neurons"], NEURONS)]) == [
        f"{tmp_path}: {len(NEURONS.neurons)} charts"
    ]
    names = [name for name in names_in(tmp_path) if not name.endswith("png")]
    assert names == ["neurons-1-layer-1-neuron-1.svg", "neurons-2-layer-2-neuron-2.svg", "neurons.csv"]


def test_reports_without_charts_write_nothing(tmp_path: Path) -> None:
    parts = [Part(REPORTS["hardest"], HARDEST), Part(REPORTS["char"], grouped("char"))]
    assert export(tmp_path, parts) == [f"{tmp_path}: no chart to export"]
    assert names_in(tmp_path) == []


def test_without_the_library_everything_but_png_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said once what is missing."""
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    said = export(tmp_path, [FLOW, Part(REPORTS["calibration"], CALIBRATION)])
    assert said == [f"{tmp_path}: 2 charts", "PNG needs a library: pip install 'charseq[png]'"]
    assert {Path(name).suffix for name in names_in(tmp_path)} == {".csv", ".svg"}
