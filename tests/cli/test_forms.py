"""Forms of texts beside encodings, documents, targets of lines, and texts asked line by line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import charseq
from charseq.cli.app import run as run_program
from charseq.runs.checkpoint import Checkpoint
from tests.cli.conftest import TINY, Call

PAIRS = "HELL To: O\nKin To: G\nExper To: T\n" * 30
SEPARATED = "h e l l = o\nk i n = g\n" * 40
DOCUMENTS = "One Day<End>Two Days<End>" * 40
KOREAN = "솔개포에는 닷새마다 장이 선다.\n" * 40
TEXTS = {"pairs": PAIRS, "blank": SEPARATED, "documents": DOCUMENTS, "jamo": KOREAN, "byte": KOREAN}
OPTIONS = {
    "pairs": ("--unit", "line", "--target-after", " TO: ", "--lowercase"),
    "blank": ("--unit", "line", "--target-after", " = ", "--tokenizer", "blank"),
    "documents": ("--unit", "document", "--separator", "<End>", "--lowercase"),
    "jamo": ("--unit", "line", "--tokenizer", "jamo"),
    "byte": ("--tokenizer", "byte"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Train a tiny model of each kind, and return the directory where they stand beside the texts."""
    path = tmp_path_factory.mktemp("forms")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        for name, options in OPTIONS.items():
            Path(f"{name}.txt").write_text(TEXTS[name])
            assert run_program(["train", f"{name}.txt", *options, *TINY, "-o", name]) == 0
        yield path


@pytest.fixture
def rows(runs: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs a command beside the models and returns its rows."""
    monkeypatch.chdir(runs)

    def rows(*arguments: str) -> list[Any]:
        outcome = call(*arguments, "--format", "jsonl")
        assert outcome.code == 0, outcome.err
        return [json.loads(line) for line in outcome.out.splitlines()]

    return rows


def test_the_separator_of_targets_is_read_in_the_form(runs: Path, rows: Any) -> None:
    """Sources, separators and targets are in lower case; the figures are about the targets."""
    codec = Checkpoint.load(runs / "pairs" / "model.safetensors").codec
    assert (codec.target_after, codec.by_lines().form) == (" to: ", codec.form)
    whole, *_ = rows("evaluate", "pairs", "pairs.txt")
    assert whole["num_chars"] == 2 * 90
    found = rows("sample", "pairs", "--each", "line", "--prompt-file", "pairs.txt", "--temperature", "0")
    assert [row["prompt"] for row in found[:3]] == ["hell", "kin", "exper"]


def test_a_separator_stands_among_blanks(runs: Path, rows: Any, call: Call) -> None:
    """With the tokenizer blank it is a character like others; a tab would be one of the blanks."""
    whole, *_ = rows("evaluate", "blank", "blank.txt")
    assert whole["num_chars"] == 2 * 80
    for beam in ((), ("--beam", "2")):
        found = rows("sample", "blank", "--each", "line", "--prompt-file", "blank.txt", *beam)
        assert [row["prompt"] for row in found[:2]] == ["h e l l ", "k i n "]
    outcome = call("train", "blank.txt", "--tokenizer", "blank", "--unit", "line", "--target-after", "\\t")
    assert outcome.code == 2
    assert "cannot be read by the tokenizer blank" in outcome.err


def test_documents_end_at_the_separator_in_the_form(runs: Path, rows: Any) -> None:
    """A separator with capital letters ends documents that are read in lower case."""
    found = rows("evaluate", "documents", "documents.txt", "--each", "document")
    assert [row["text"] for row in found[:2]] == ["one day", "two days"]


@pytest.mark.parametrize("name", ["jamo", "byte", "pairs"])
def test_the_encoding_of_a_file_makes_no_difference_to_the_bits(runs: Path, rows: Any, name: str) -> None:
    """UTF-16 has the same characters as UTF-8, whatever the tokens are made of."""
    Path("wide.txt").write_text(TEXTS[name], "utf-16")
    one, *_ = rows("evaluate", name, f"{name}.txt")
    other, *_ = rows("evaluate", name, "wide.txt", "--encoding", "utf-16")
    assert other["nats_per_char"] == pytest.approx(one["nats_per_char"], rel=1e-6)


@pytest.mark.parametrize("name", ["jamo", "byte"])
def test_a_target_of_several_characters_is_the_sum_of_them(runs: Path, name: str) -> None:
    """Characters may be several tokens each."""
    model = charseq.load(runs / name)
    singly = [model.next("장이 선다."[:k], "장이 선다."[k]).bits or 0 for k in (2, 3, 4)]
    assert model.next("장이", " 선다").bits == pytest.approx(sum(singly), abs=1e-4)


@pytest.mark.parametrize("beam", [(), ("--beam", "3")])
@pytest.mark.parametrize("name", ["jamo"])
def test_the_bits_of_a_continuation_are_those_of_scoring(
    runs: Path, rows: Any, name: str, beam: tuple[str, ...]
) -> None:
    """Only tokens that may follow are drawn, and the price of a text is that of scoring."""
    Path("line.txt").write_text("솔개포에는 닷\n")
    found = rows("sample", name, "--each", "line", "--prompt-file", "line.txt", "--length", "300", *beam)
    model, text = charseq.load(runs / name), found[0]["text"]
    nats = model.surprisal("솔개포에는 닷" + text + "\n").bits[7:]
    assert found[0]["bits"] == pytest.approx(nats[: len(text) + (len(text) < 300)].sum(), abs=1e-3)


def test_lines_are_attributed_in_the_form(runs: Path, rows: Any, call: Call) -> None:
    """A label after a tab is none of the text; models of other forms read other texts."""
    for name in ("one", "two"):
        assert run_program(["train", "pairs.txt", "--lowercase", *TINY, "-o", name]) == 0
    Path("lines.txt").write_text("HELL\tTwo\nkin\tone\n")
    found = rows("compare", "one", "two", "lines.txt", "--each", "line")
    assert [(row["text"], row["label"]) for row in found] == [("HELL", "Two"), ("kin", "one")]
    outcome = call("compare", "one", "jamo", "lines.txt", "--each", "line")
    assert outcome.code == 2
    assert "their figures are about different texts" in outcome.err


def test_cells_and_prompts_are_read_in_the_form(runs: Path, rows: Any) -> None:
    """Capital letters make no difference to a model that reads lower case."""
    low, high = (
        rows("evaluate", "documents", name, "--each", "word", "--column", "said", "--prompt", prompt)
        for name, prompt in ((_cells("low.csv", "one day"), "two "), (_cells("high.csv", "ONE DAY"), "TWO "))
    )
    assert [{**row, "file": ""} for row in low] == [{**row, "file": ""} for row in high]


def _cells(name: str, cell: str) -> str:
    Path(name).write_text(f"id,said\n1,{cell}\n")
    return name
