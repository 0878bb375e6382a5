"""charseq evaluate for studies: words of a table, independent lines, bits beyond those expected."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer, Surprisal
from charseq.text.codec import Codec
from tests.builders import json_rows, refused
from tests.cli.conftest import Call, Feed, Workshop

ITEMS = 'item,text,condition\n7,"the cat, asleep",a\n8,a dog,b\n'


def each(call: Call, *arguments: str) -> list[dict[str, Any]]:
    """Return the rows of JSON lines."""
    done = call("evaluate", *arguments, "--format", "jsonl")
    assert (done.code, done.err) == (0, "")
    return [json.loads(line) for line in done.out.splitlines()]


def surprisal(run: str, text: str, *, unit: Any = "stream") -> Surprisal:
    """Return the surprisal of a text that a twin scores in one piece, with entropies."""
    checkpoint = Checkpoint.load(Path(run) / "model.safetensors")
    codec = Codec(checkpoint.codec.tokenizer, unit)
    return Scorer(checkpoint.model, codec, num_guesses=2).score(text)


def test_the_words_of_each_cell_are_scored_alone(call: Call, models: Workshop, feed: Feed) -> None:
    """The first word too; the other cells stand before the word's own fields, as they were."""
    feed(ITEMS.encode())
    done = call("evaluate", models.tales, "--each", "word", "--column", "text", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert list(rows[0])[:2] == ["item", "condition"]
    assert [(row["item"], row["condition"], row["position"], row["text"]) for row in rows] == [
        ("7", "a", "1", "the"),
        ("7", "a", "2", "cat,"),
        ("7", "a", "3", "asleep"),
        ("8", "b", "1", "a"),
        ("8", "b", "2", "dog"),
    ]
    alone = surprisal(models.tales, "a dog")
    assert float(rows[3]["bits"]) == pytest.approx(alone.bits[:2].sum(), rel=1e-9)
    assert float(rows[3]["bits_without_blank"]) == pytest.approx(alone.bits[0], rel=1e-9)
    assert alone.expected is not None
    for row, begin in ((rows[3], 0), (rows[4], 2)):
        assert float(row["entropy"]) == pytest.approx(alone.expected.entropies[begin] / math.log(2), rel=1e-9)


def test_lines_can_be_read_from_the_zero_state(call: Call, models: Workshop, feed: Feed) -> None:
    """With --reset line the rows of a stream model do not depend on the lines before them."""
    (alone,) = surprisal(models.tales, "the cat\n", unit="line").bits.sum(keepdims=True)
    found = []
    for before in (b"", b"zzz zzz\n"):
        feed(before + b"the cat\n")
        found.append(each(call, models.tales, "--each", "line", "--reset", "line")[-1]["bits"])
    assert found == [pytest.approx(alone, rel=1e-6)] * 2
    feed(b"zzz zzz\nthe cat\n")
    assert each(call, models.tales, "--each", "line")[-1]["bits"] != pytest.approx(alone, rel=1e-6)
    feed(b"the cat\n")
    (row,) = json_rows(call, "evaluate", models.tales, "-", "--reset", "line")
    assert row["bits_per_char"] * 8 == pytest.approx(alone, rel=1e-6)


def test_excess_bits_are_those_that_were_not_expected(call: Call, models: Workshop, feed: Feed) -> None:
    """They are the third field of rows of lines and files: bits minus the sum of the entropies."""
    text = "the cat\nzzz zzz\n"
    whole = surprisal(models.tales, text)
    assert whole.expected is not None
    excess = (whole.nats - whole.expected.entropies) / math.log(2)
    for kind, wanted in (("line", [excess[:8].sum(), excess[8:].sum()]), ("file", [excess.sum()])):
        feed(text.encode())
        rows = each(call, models.tales, "--each", kind)
        assert list(rows[0])[2] == "excess_bits"
        np.testing.assert_allclose([row["excess_bits"] for row in rows], wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--column", "text"), "--column needs --each"),
        (
            ("--each", "word", "--column", "words"),
            "no column 'words'; the first line has item, text",
        ),
        (("--each", "word", "--column", "text", "--chars", "3"), "--column reads whole cells"),
        (("--reset", "word"), "--reset must be one of line"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    call: Call, models: Workshop, feed: Feed, options: tuple[str, ...], why: str
) -> None:
    """With a way out."""
    feed(ITEMS.encode())
    refused(call("evaluate", models.tales, "-", *options), why, code=2)
