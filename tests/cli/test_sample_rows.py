"""charseq sample for many texts: rows with figures, a text by its seed and index, stops that are kept."""

import csv
import io
import json
from pathlib import Path

import pytest

from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from tests.builders import refused
from tests.cli.conftest import Call, Feed, Workshop

FIELDS = ["text", "nats", "bits", "reason", "stop", "seed", "index", "log_weight"]


def rows(call: Call, *arguments: str) -> list[dict[str, object]]:
    """Return the rows of samples that go well."""
    code, out, err = call("sample", *arguments, "--format", "jsonl")
    assert (code, err) == (0, "")
    found = [json.loads(line) for line in out.splitlines()]
    assert all(list(row) == FIELDS for row in found)
    return found


@pytest.mark.parametrize("run", ["hello", "tales"])
def test_a_row_for_each_text(call: Call, models: Workshop, run: str) -> None:
    """They are the texts that the command writes, with the nats of scoring."""
    model = getattr(models, run)
    common = (model, "-n", "5", "--seed", "7", "--length", "20", "-p", "the")
    found = rows(call, *common)
    text = call("sample", *common, "--hide-prompt").out
    assert [row["text"] for row in found] == text.removesuffix("\n").split("\n" if run == "hello" else "\n\n")
    assert [(row["seed"], row["index"]) for row in found] == [(7, k) for k in range(5)]
    checkpoint = Checkpoint.load(Path(model) / "model.safetensors")
    for row in found:
        end = "\n" if row["reason"] == "end" else ""
        scored = Scorer(checkpoint.model, checkpoint.codec).score(f"the{row['text']}{end}")
        assert row["nats"] == pytest.approx(scored.nats[3:].sum(), abs=1e-3)


def test_the_other_formats_have_the_same_rows(call: Call, models: Workshop) -> None:
    """TSV and CSV, with the fields of JSON lines as a header."""
    common = (models.hello, "-n", "4", "--seed", "7")
    wanted = [str(row["text"]) for row in rows(call, *common)]
    table = [line.split("\t") for line in call("sample", *common, "-f", "tsv").out.splitlines()]
    assert table[0] == FIELDS
    assert [line[0] for line in table[1:]] == wanted
    read = csv.DictReader(io.StringIO(call("sample", *common, "-f", "csv").out))
    assert [row["text"] for row in read] == wanted
    assert call("sample", *common, "-f", "text").out == call("sample", *common).out


def test_seed_and_index_make_a_text_again(call: Call, models: Workshop) -> None:
    """Also those of a seed that was made up."""
    for row in rows(call, models.tales, "-n", "3", "--length", "30"):
        options = ("--seed", f"{row['seed']}", "--index", f"{row['index']}", "--length", "30")
        assert call("sample", models.tales, *options).out == f"{row['text']}".removesuffix("\n") + "\n"
        assert rows(call, models.tales, *options) == [row]


def test_a_kept_stop(call: Call, models: Workshop) -> None:
    """The string that ended a text is its end, in texts and in rows."""
    common = (models.tales, "--seed", "3", "--stop", "the", "--stop", "a")
    cut, kept = rows(call, *common), rows(call, *common, "--keep-stop")
    assert cut[0]["reason"] == kept[0]["reason"] == "stop"
    assert kept[0]["text"] == f"{cut[0]['text']}{cut[0]['stop']}"
    assert kept[0]["nats"] == cut[0]["nats"]
    assert call("sample", *common, "--keep-stop").out == f"{kept[0]['text']}\n"


def test_the_newline_at_the_end_of_a_prompt(call: Call, models: Workshop, feed: Feed) -> None:
    """It is left out, with a note, unless it is asked for; no second newline is."""
    options = ("sample", models.tales, "--length", "0", "--prompt-file", "-")
    feed(b"the end\n\n")
    done = call(*options)
    assert done.out == "the end\n"
    assert done.err == "charseq: standard input: the newline at its end is no part of the prompt\n"
    feed(b"the end\n\n")
    assert call(*options, "--exact-prompt") == (0, "the end\n\n", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--index", "2"), "--index needs --seed: it is the number of a text of that seed"),
        (("--keep-stop",), "--keep-stop needs --stop, the string to keep"),
        (("--format", "table"), "--format must be one of text, jsonl, tsv, csv; got 'table'"),
        (("--each", "line", "--keep-stop"), "--each continues each line once"),
        (("--each", "line", "--index", "1"), "--each continues each line once"),
    ],
)
def test_what_is_refused(call: Call, models: Workshop, options: tuple[str, ...], message: str) -> None:
    """Each with what to do."""
    refused(call("sample", models.tales, *options), message, code=2)
