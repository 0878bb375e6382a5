"""The option --each of charseq sample, and the tasks of lines with targets from training to answers."""

import json
import random
from pathlib import Path

import pytest

import charseq
from tests.builders import Outcome, json_rows, refused
from tests.cli.conftest import Call, Feed

PAIRS = ["red=apple", "yellow=banana", "green=pear", "blue=plum"]
TRAIN = (
    *("--unit", "line", "--target-after", "=", "--valid-fraction", "0.1", "--test-fraction", "0.1"),
    *("--hidden-size", "24", "--max-steps", "250", "--batch-size", "8", "--seq-length", "32"),
    *("--learning-rate", "0.02", "--threads", "1", "--backend", "numpy", "--quiet"),
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a model of four sources with a target each, and one of the last characters of lines."""
    from charseq.cli.app import run

    path = tmp_path_factory.mktemp("targets")
    text = "".join(f"{pair}\n" for pair in random.Random(1).choices(PAIRS, k=400))
    (path / "pairs.txt").write_text(text)
    assert run(["train", f"{path}/pairs.txt", *TRAIN, "-o", f"{path}/run"]) == 0
    return path


@pytest.fixture
def fruit(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the directory of the model."""
    monkeypatch.chdir(trained)
    return trained


def tsv(outcome: Outcome) -> list[list[str]]:
    """Return the rows below the header of a command that went well."""
    assert (outcome.code, outcome.err) == (0, "")
    header, *lines = outcome.out.splitlines()
    assert header == "prompt\ttext\tprobability\tbits"
    return [line.split("\t") for line in lines]


# ---- from training to answers


def test_figures_are_about_the_targets(fruit: Path, call: Call) -> None:
    """What stands before the separator is in no figure, and the targets are counted as wholes."""
    Path("some.txt").write_text("red=apple\nblue=plum\nblue=pear\n")
    row, *pairs = json_rows(call, "evaluate", "run", "some.txt")
    assert row["num_chars"] == len("apple\nplum\npear\n")
    assert row["num_targets"] == 3
    assert row["exact_match"] == pytest.approx(2 / 3)
    assert row["char_error_rate"] == pytest.approx(3 / 13)  # plum for pear: three of four letters
    assert [(pair["target"], pair["answer"], pair["num_lines"]) for pair in pairs] == [
        ("apple", "apple", 1),
        ("pear", "plum", 1),
        ("plum", "plum", 1),
    ]


def test_confusions_can_be_asked_for_alone(fruit: Path, call: Call) -> None:
    """As a report for a spreadsheet; a model without targets has none."""
    done = call("evaluate", "run", "--report", "confusions", "--format", "tsv")
    assert done.out.splitlines()[0] == "report\ttarget\tanswer\tnum_lines\tshare"
    assert all(line.split("\t")[1] == line.split("\t")[2] for line in done.out.splitlines()[1:])


def test_lines_are_rows_as_they_are_and_priced_by_their_targets(fruit: Path, call: Call, feed: Feed) -> None:
    """The text of a row is the whole line; its bits are those of the target."""
    feed(b"red=apple\ngreen=pear\n")
    done = call("evaluate", "run", "-", "--each", "line", "--format", "jsonl")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [(row["text"], row["num_chars"], row["offset"]) for row in rows] == [
        ("red=apple", 6, 0),
        ("green=pear", 5, 10),
    ]


@pytest.mark.parametrize("raw", [b"red=apple\nred\n", b"red=apple\nred=a=b\n"])
def test_a_text_with_a_wrong_line_is_refused(fruit: Path, call: Call, feed: Feed, raw: bytes) -> None:
    """File, line and column are named."""
    feed(raw)
    refused(call("evaluate", "run", "-"), "standard input: line 2, column ", code=1)


@pytest.mark.parametrize("bad", [1, 40], ids=["in training", "in the test part"])
def test_a_wrong_line_of_a_pipe_is_named_by_its_place(call: Call, feed: Feed, bad: int) -> None:
    """The corpus cannot be read again, and its lines are counted as one text, whatever part they are in."""
    lines = ["red=apple"] * 40
    lines[bad - 1] = "red apple"
    feed("\n".join(lines).encode())
    done = call("train", "-", "--unit", "line", "--target-after", "=", "--ngram", "2")
    assert (done.code, done.out) == (1, "")
    assert f"standard input: line {bad}, column 10: the line ends without the separator '='" in done.err


def test_prompts_lack_the_separator(fruit: Path, call: Call, feed: Feed) -> None:
    """To next, sample and cases it is appended; the first tab parts prefix and target."""
    feed(b"red\ta\nred=\ta\n")
    rows = json_rows(call, "next", "run")
    assert rows[0]["bits"] == rows[1]["bits"] < 0.1
    assert call("sample", "run", "--prompt", "blue", "--temperature", "0").out == "blue=plum\n"
    Path("cases.yaml").write_text("[{prefix: yellow, target: b, expect: {rank: 1}}]")
    assert call("evaluate", "run", "--cases", "cases.yaml").code == 0


def test_a_sample_without_a_source_is_refused(fruit: Path, call: Call) -> None:
    """The model has learnt nothing of sources."""
    refused(call("sample", "run"), "give one by --prompt", code=2)


# ---- training


def test_a_wrong_line_of_the_corpus_is_named(call: Call) -> None:
    """In the file in which it is, counted there."""
    Path("a.txt").write_text("a=b\n" * 30)
    Path("b.txt").write_text("a=b\nc\n")
    refused(call("train", "a.txt", "b.txt", *TRAIN), "b.txt: line 2, column 2: the line ends", code=1)
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--target-after", "="), "data.target_after needs lines"),
        (("--loss-on", "last"), "--loss-on last needs lines: train with --unit line"),
        (("--unit", "line", "--loss-on", "target"), "--loss-on target needs a separator"),
        (("--unit", "line", "--target-after", r"\n"), "data.target_after cannot hold a newline"),
        (("--unit", "line", "--target-after", r"\d"), r"\d is no escape"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(call: Call, options: tuple[str, ...], why: str) -> None:
    """With a way out; for counted models too."""
    Path("a.txt").write_text("a=b\n" * 30)
    refused(call("train", "a.txt", *options), why, code=2)
    refused(call("train", "a.txt", "--ngram", "3", *options), why, code=2)


def test_the_last_characters_alone_can_be_learnt(call: Call) -> None:
    """From "hell" comes o: half the figures are about newlines, and no separator is needed."""
    Path("a.txt").write_text("hello\nking\nexpert\n" * 40)
    assert (
        call("train", "a.txt", "--ngram", "5", "--unit", "line", "--loss-on", "last", "-o", "run").code == 0
    )
    Path("b.txt").write_text("hello\nking\n")
    (row,) = json_rows(call, "evaluate", "run", "b.txt")
    assert (row["num_chars"], row["num_targets"], row["exact_match"]) == (4, None, None)
    assert row["accuracy"] == 1


def test_models_that_count_other_characters_are_not_compared(fruit: Path, call: Call) -> None:
    """Their figures would not be about the same."""
    options = ("--ngram", "3", "--unit", "line", "--target-after", "=")
    assert call("train", "pairs.txt", *options, "--loss-on", "all", "-o", "all").code == 0
    refused(call("compare", "run", "all", "pairs.txt"), "count other characters", code=2)


def test_models_that_count_the_same_are_mixed(fruit: Path, call: Call) -> None:
    """The weights are fitted on the targets: the mixture is no worse on them than the better member."""
    options = ("--ngram", "2", "--unit", "line", "--target-after", "=")
    split = ("--valid-fraction", "0.1", "--test-fraction", "0.1")
    assert call("train", "pairs.txt", *options, *split, "-o", "ngram").code == 0
    assert call("mix", "run", "ngram", "-o", "both").code == 0
    nats = {}
    for model in ("run", "ngram", "both"):
        Path("valid.txt").write_text("".join(f"{pair}\n" for pair in PAIRS))
        nats[model] = json_rows(call, "evaluate", model, "valid.txt")[0]["nats_per_char"]
    assert nats["both"] < nats["ngram"]
    assert nats["both"] < nats["run"] + 0.01
    assert call("train", "pairs.txt", *options, *split, "--loss-on", "all", "-o", "whole").code == 0
    refused(call("mix", "run", "whole"), "its figures are about other characters", code=2)


def test_the_first_characters_of_a_text_are_whole_lines(fruit: Path, call: Call) -> None:
    """With --chars no line is cut, which would then lack its target."""
    Path("some.txt").write_text("red=apple\nblue=plum\ngreen=pear")
    (short,) = [json_rows(call, "evaluate", "run", "some.txt", "--chars", "25")[0]]
    assert (short["num_targets"], short["num_chars"]) == (2, 11)
    assert json_rows(call, "evaluate", "run", "some.txt", "--chars", "99")[0]["num_targets"] == 3


def test_the_python_interface_names_a_wrong_line(fruit: Path) -> None:
    """Figures are about targets there, too."""
    model = charseq.load("run")
    assert model.score("red=apple\n").num_chars == 6
    with pytest.raises(charseq.CharseqError, match=r"^text: line 2, column 4: the line ends without"):
        model.score("red=apple\nred\n")
    assert model.sample("red", temperature=0.0) == "apple"


# ---- sample --each line


def test_every_line_gets_its_likeliest_target(fruit: Path, call: Call, feed: Feed) -> None:
    """Rows are in the order of the lines; what follows a separator in a line is dropped."""
    feed(b"blue\nred=\ngreen=apple\n" + b"yellow\n" * 100)
    rows = tsv(call("sample", "run", "--each", "line", "--prompt-file", "-", "--temperature", "0"))
    assert [row[0] for row in rows] == ["blue", "red", "green", *["yellow"] * 100]
    assert [row[1] for row in rows] == ["plum", "apple", "pear", *["banana"] * 100]
    assert all(float(row[2]) > 0.9 for row in rows)


def test_a_beam_finds_the_likeliest_targets(fruit: Path, call: Call, feed: Feed) -> None:
    """They are those with temperature 0 where the model is sure."""
    feed(b"blue\nred\n")
    rows = tsv(call("sample", "run", "--each", "line", "--prompt-file", "-", "--beam", "3"))
    assert [row[:2] for row in rows] == [["blue", "plum"], ["red", "apple"]]


def test_a_seed_gives_the_same_targets(fruit: Path, call: Call) -> None:
    """Rows can be written in other formats."""
    Path("lines.txt").write_text("red\nblue\n" * 3)
    options = (
        "--each",
        "line",
        "--prompt-file",
        "lines.txt",
        "--temperature",
        "3",
        "--length",
        "9",
        "-f",
        "jsonl",
    )
    one, again, other = (call("sample", "run", *options, "--seed", seed).out for seed in ("1", "1", "2"))
    assert one == again != other
    assert all(len(json.loads(line)["text"]) <= 9 for line in one.splitlines())


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--each", "line"), "needs --prompt-file"),
        (("--each", "word", "--prompt-file", "-"), "--each must be one of line"),
        (("--each", "line", "--prompt-file", "-", "-n", "2"), "leave out the other options"),
        (("--each", "line", "--prompt-file", "-", "--format", "yaml"), "--format must be one of"),
        (("--beam", "3"), "this model continues sources: give one by --prompt"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    fruit: Path, call: Call, options: tuple[str, ...], why: str
) -> None:
    """With a way out."""
    refused(call("sample", "run", *options), why, code=2)
