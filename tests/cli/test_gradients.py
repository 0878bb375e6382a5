"""charseq inspect --gradient-flow at chosen characters, and --truncation, in every form."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from charseq.analysis.origins import hardest_places, origins
from charseq.analysis.truncation import truncation
from charseq.runs.checkpoint import Checkpoint
from tests.builders import json_rows, refusal
from tests.cli.conftest import Call, Workshop
from tests.reports.display.test_page import Document

TEXT = "A goose met a judge. The judge met a goose.\nThey went home at once.\n"


@pytest.fixture(autouse=True)
def text(tmp_path: Path) -> str:
    (tmp_path / "text.txt").write_text(TEXT)
    return f"{tmp_path / 'text.txt'}"


def load(run: str) -> Checkpoint:
    return Checkpoint.load(Path(run) / "model.safetensors")


def test_where_a_gradient_comes_from(call: Call, models: Workshop, text: str) -> None:
    """The rows are those of the analysis; each source is a character of the text."""
    options = ("--gradient-flow", "--at", "9", "--at", "30")
    rows = json_rows(call, "inspect", models.tales, text, *options)
    checkpoint = load(models.tales)
    found = origins(checkpoint.network, checkpoint.codec, TEXT, [9, 30])
    norms = [norm for origin in found for norm in origin.norms[0].tolist()]
    assert [row["gradient_norm"] for row in rows] == pytest.approx(norms, rel=1e-9)
    assert [(row["offset"], row["char"]) for row in rows[:9]] == [(9, TEXT[9])] * 9
    assert [row["lag"] for row in rows[:9]] == list(range(1, 10))
    assert [row["source_char"] for row in rows[:9]] == [*TEXT[7::-1], None]


def test_every_place_of_a_character(call: Call, models: Workshop, text: str) -> None:
    rows = json_rows(call, "inspect", models.tales, text, "--gradient-flow", "--at-char", "g")
    assert {row["offset"] for row in rows} == {k for k, char in enumerate(TEXT) if char == "g"}
    rows = json_rows(call, "inspect", models.tales, text, "--gradient-flow", "--at-char", r"\n")
    assert {row["offset"] for row in rows} == {k for k, char in enumerate(TEXT) if char == "\n"}


def test_the_most_surprising_characters(call: Call, models: Workshop, text: str) -> None:
    """They are those of the first model, for every model."""
    several = ("-m", models.tales, "-m", models.hello, text)
    rows = json_rows(call, "inspect", *several, "--gradient-flow", "--hardest", "1")
    (offset,) = hardest_places(load(models.tales), TEXT, 1)
    assert {row["offset"] for row in rows} == {offset}
    assert {row["model"] for row in rows} == {"runs/tales", "runs/hello"}


def test_a_gradient_in_a_terminal_and_on_a_page(
    call: Call, models: Workshop, text: str, tmp_path: Path
) -> None:
    """Both show the text before the character, and a chart."""
    page, charts = tmp_path / "page.html", tmp_path / "charts"
    options = ("--gradient-flow", "--at", "32", "--html", f"{page}", "--export", f"{charts}")
    code, out, _ = call("inspect", models.tales, text, *options)
    assert code == 0
    assert f"runs/tales: {TEXT[32]} at 32\n" in out
    assert TEXT[:33].replace(" ", "␣") in out.replace("\n", "")
    assert "log10 of the gradient norm" in out
    document = Document(page.read_text())
    assert document.texts_of("h2") == ["Where gradients come from", f"runs/tales: {TEXT[32]} at 32"]
    for name in ("1-gradient-norm", "2-runs-tales"):
        ElementTree.parse(charts / f"gradient-origin-{name}.svg")


def test_many_places_are_shown_as_their_median(call: Call, models: Workshop, text: str) -> None:
    out = call("inspect", models.tales, text, "--gradient-flow", "--hardest", "12").out
    assert "the first 8 of 12 characters" in " ".join(out.split())
    assert out.count("log10 of the gradient norm") == 8
    assert "● runs/tales: median" in out
    assert max(map(len, out.splitlines()[2:])) <= 80


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--at", "3"), "--at needs --gradient-flow"),
        (
            ("--gradient-flow", "--at", "3", "--hardest", "2"),
            "--at and --hardest: choose characters in one way",
        ),
        (("--gradient-flow", "--at-char", "ab"), "--at-char takes one character; got 'ab'"),
        (("--truncation", "--hardest", "2"), "--hardest needs --gradient-flow"),
        (("--truncation", "--gates"), "--truncation and --gates: inspect shows one of them at a time"),
    ],
)
def test_what_is_refused(
    call: Call, models: Workshop, text: str, options: tuple[str, ...], message: str
) -> None:
    assert call("inspect", models.tales, text, *options) == refusal(message)


def test_characters_without_a_gradient_are_named(call: Call, models: Workshop, text: str) -> None:
    message = f"{text}: offset 999: the text has {len(TEXT)} characters, counted from 0"
    assert call("inspect", models.tales, text, "--gradient-flow", "--at", "999") == refusal(message, 1)
    message = f"{text}: the character 'ą' does not occur after another character"
    assert call("inspect", models.tales, text, "--gradient-flow", "--at-char", "ą") == refusal(message, 1)


def test_truncation(call: Call, models: Workshop, text: str, tmp_path: Path) -> None:
    """Several models are compared; rows, table, page and files have the same figures."""
    page = tmp_path / "page.html"
    several = ("inspect", "-m", models.tales, "-m", models.hello, text, "--truncation")
    rows = json_rows(call, *several)
    checkpoint = load(models.tales)
    found = truncation(checkpoint.network, checkpoint.codec, TEXT)
    tales = [row for row in rows if row["model"] == "runs/tales"]
    for row, one in zip(tales, found.gradients, strict=True):
        assert (row["method"], row["window"]) == (one.method, one.window)
        assert (row["angle"], row["length"]) == pytest.approx((one.angle, one.length), rel=1e-6, abs=1e-6)
    out = call(*several, "--html", f"{page}", "--export", f"{tmp_path / 'charts'}").out
    assert f"{found.gradients[0].angle:.2f}" in out
    assert "angle (degrees)\n" in out
    assert page.read_text().count("<svg") == 2
    assert len(list((tmp_path / "charts").glob("truncation-*.svg"))) == 2


def test_models_that_count_have_no_gradients(call: Call, models: Workshop, text: str, tmp_path: Path) -> None:
    assert call("train", text, "--ngram", "2", "-o", f"{tmp_path / 'ngram'}").code == 0
    for options in (("--truncation",), ("--gradient-flow", "--hardest", "2")):
        outcome = call("inspect", f"{tmp_path / 'ngram'}", text, *options)
        assert (outcome.code, outcome.out) == (2, "")
