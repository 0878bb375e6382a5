"""Models that adapt to the texts that they score: evaluate and compare with --adapt."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ADAPTING, TALES, Call

pytestmark = pytest.mark.usefixtures("adapting")
TEXT = TALES[9000:10500]
PHRASE = "pof puf pif. "
each_model = pytest.mark.parametrize("model", ADAPTING)


@each_model
def test_the_usual_figures_are_those_of_the_adaptive_model(rows: Any, model: str) -> None:
    """Beside them are those of the model as it is, which are the figures without --adapt."""
    (static,) = rows("evaluate", model, "text.txt")
    (adapted,) = rows("evaluate", model, "text.txt", "--adapt")
    assert (static["adapted"], adapted["adapted"]) == (False, True)
    assert static["static_nats_per_char"] is static["static_bits_per_char"] is None
    assert adapted["static_nats_per_char"] == pytest.approx(static["nats_per_char"], rel=1e-9)
    assert adapted["static_bits_per_char"] == pytest.approx(static["bits_per_char"], rel=1e-9)
    assert adapted["bits_per_char"] < static["bits_per_char"]
    assert adapted["bits_per_char"] == pytest.approx(adapted["nats_per_char"] / math.log(2))
    assert adapted["num_chars"] == static["num_chars"] == len(TEXT)


def test_tables_show_both_figures_and_the_gain(call: Call, rows: Any) -> None:
    """As lines of a single text, and as columns of several; without --adapt there is nothing of that."""
    (row,) = rows("evaluate", "mixed", "text.txt", "--adapt")
    gain = f"{1 - row['nats_per_char'] / row['static_nats_per_char']:.1%}".rstrip("%")
    out = call("evaluate", "mixed", "text.txt", "--adapt").out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert f"without adapting: bits per character {row['static_bits_per_char']:.4f}" in lines
    assert any(line.startswith(f"gained by adapting (%) {gain}") for line in lines)
    assert "adapting" not in call("evaluate", "mixed", "text.txt").out


@each_model
def test_each_file_begins_with_the_trained_model(rows: Any, model: str) -> None:
    """The order of files does not matter, and a file has the figures that it has alone."""
    one, two, _ = rows("evaluate", model, "text.txt", "other.txt", "--adapt")
    second, first, _ = rows("evaluate", model, "other.txt", "text.txt", "--adapt")
    for row in (one, two, first, second):
        del row["chars_per_second"]
    assert (one, two) == (first, second)
    (alone,) = rows("evaluate", model, "other.txt", "--adapt")
    assert alone["nats_per_char"] == two["nats_per_char"]


def test_the_lines_of_one_input_go_on_from_each_other(call: Call, tmp_path: Path) -> None:
    """With --each line, a line that came before is cheaper the second time, also for a model of lines."""
    (tmp_path / "twice.txt").write_text(f"{PHRASE}\n" * 40)
    for model in ("net", "lines"):
        out = call("evaluate", model, str(tmp_path / "twice.txt"), "--adapt", "--each", "line").out
        header, *lines = [line.split("\t") for line in out.splitlines()]
        nats = [float(line[header.index("nats")]) for line in lines]
        assert len(nats) == 40
        assert nats[-1] < nats[3] < nats[0]


def test_no_model_file_is_changed_by_adapting(call: Call) -> None:
    """Not a byte, and a static evaluation afterwards is the one before."""
    before = Path("mixed/model.safetensors").read_bytes()
    assert call("evaluate", "mixed", "text.txt", "--adapt", "--adapt-rate", "1").code == 0
    assert Path("mixed/model.safetensors").read_bytes() == before


def test_baselines_do_not_adapt(rows: Any) -> None:
    """They are rows without static figures."""
    model, baseline = rows("evaluate", "net", "text.txt", "--adapt", "--baseline", "unigram")
    assert (model["adapted"], baseline["adapted"]) == (True, False)
    assert baseline["static_bits_per_char"] is None


def test_an_empty_file_has_nothing_to_adapt_to(call: Call, rows: Any, tmp_path: Path) -> None:
    """Its row has no figures; those of a model that does not adapt say so for every text."""
    (tmp_path / "empty.txt").touch()
    texts = (str(tmp_path / "empty.txt"), "other.txt")
    empty, full, total = rows("evaluate", "net", *texts, "--adapt")
    assert empty["static_nats_per_char"] is None
    assert full["static_nats_per_char"] == total["static_nats_per_char"]
    assert call("evaluate", "net", *texts, "--adapt").code == 0
    assert [row["adapted"] for row in rows("evaluate", "net", *texts)] == [False] * 3


def test_cases_begin_with_the_trained_model_each(call: Call, tmp_path: Path) -> None:
    """The answers are those of next --adapt, in any order."""
    prefix = PHRASE * 4
    cases = [{"prefix": prefix + "po", "target": "f"}, {"prefix": "po", "target": "f"}]
    found = []
    for order in (cases, cases[::-1]):
        (tmp_path / "cases.json").write_text(json.dumps(order))
        out = call("evaluate", "net", "--cases", str(tmp_path / "cases.json"), "--adapt", "-f", "json").out
        found.append({row["prefix"]: row["bits"] for row in json.loads(out) if row["prefix"]})
    assert found[0] == found[1]
    assert found[0][prefix + "po"] < found[0]["po"]


def test_models_are_compared_as_they_adapt(rows: Any) -> None:
    """Each has the figures of its evaluation with --adapt; the pair is about these."""
    found = rows("compare", "net", "ngram", "text.txt", "--adapt")
    figures = {row["model"]: row for row in found if row["report"] == "model"}
    for name, row in figures.items():
        (alone,) = rows("evaluate", name, "text.txt", "--adapt")
        for key in ("adapted", "bits_per_char", "static_bits_per_char"):
            assert row[key] == pytest.approx(alone[key], rel=1e-9)
    (pair,) = (row for row in found if row["report"] == "pair")
    difference = figures["net"]["bits_per_char"] - figures["ngram"]["bits_per_char"]
    assert pair["bits_per_char_difference"] == pytest.approx(difference, rel=1e-6)
