"""charseq compare --ladder: from a uniform guess to the best model."""

import json
from pathlib import Path

import pytest

from tests.builders import refusal
from tests.cli.conftest import TALES, TINY, Call


@pytest.fixture
def runs(call: Call, tmp_path: Path) -> list[str]:
    """Train a network and count n-grams on one text; return the names of the runs."""
    (tmp_path / "text.txt").write_bytes(TALES[:6000].encode())
    for name, options in (("net", TINY), ("ngram", ("--ngram", "4"))):
        assert call("train", "text.txt", *options, "-o", name).code == 0
    return ["net", "ngram"]


def test_the_ladder_begins_with_a_uniform_guess(call: Call, runs: list[str]) -> None:
    """Uniform, unigram and Markov stand beside the models; figures are those of evaluate."""
    rows = json.loads(call("compare", *runs, "--ladder", "-f", "json").out)
    bits = {row["model"]: row["bits_per_char"] for row in rows}
    assert [row["model"] for row in rows] == sorted(bits, key=lambda name: -bits[name])
    assert bits.keys() == {"net", "ngram", "uniform", "unigram", "ngram:2"}
    alone = json.loads(call("evaluate", "net", "--baseline", "uniform,unigram,ngram:2", "-f", "json").out)
    assert {row["model"]: row["bits_per_char"] for row in alone} == {
        name: bits[name] for name in bits if name != "ngram"
    }


def test_baselines_are_named(call: Call, runs: list[str]) -> None:
    """Another list replaces the usual one, and may be empty; one model is enough."""
    rows = json.loads(call("compare", "net", "--ladder", "--baseline", "ngram:3", "-f", "json").out)
    assert {row["model"] for row in rows} == {"net", "ngram:3"}
    rows = json.loads(call("compare", "net", "--ladder", "--baseline", "", "-f", "json").out)
    assert [row["model"] for row in rows] == ["net"]


def test_the_picture_is_in_the_terminal_and_on_a_page(call: Call, runs: list[str]) -> None:
    """Bars stand beside the figures of a text; the page has a chart."""
    out = call("compare", *runs, "text.txt", "--ladder", "--html", "ladder.html").out
    assert "█" * 24 in out
    assert "<rect" in Path("ladder.html").read_text()


def test_the_picture_is_a_file(call: Call, runs: list[str]) -> None:
    """With its numbers beside it."""
    assert call("compare", *runs, "--ladder", "--export", "charts").code == 0
    assert "<rect" in Path("charts/ladder.svg").read_text()
    assert Path("charts/ladder.csv").read_text().startswith("model,kind,num_parameters,")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--baseline", "unigram"), "--baseline needs --ladder"),
        (("--ladder", "--report", "pair"), "--ladder is a report of its own: leave out --each and --report"),
        (("--ladder", "--each", "line"), "--ladder is a report of its own: leave out --each and --report"),
    ],
)
def test_what_does_not_go_together(
    call: Call, runs: list[str], arguments: tuple[str, ...], message: str
) -> None:
    """One sentence says what to leave out."""
    assert call("compare", *runs, *arguments) == refusal(message)


def test_a_ladder_needs_a_model(call: Call) -> None:
    """Baselines are counted in the training part of the first model."""
    assert call("compare", "--ladder") == refusal(
        "--ladder takes a model or several: run directories or .safetensors files"
    )
