"""The tokenizers through every command: Korean text, bytes of any kind, a file of separated characters."""

import json
import math
import os
import pty
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq.cli.app import run as run_program
from charseq.runs.checkpoint import Checkpoint
from tests.cli.conftest import TINY, Call
from tests.forks import python

KOREAN = "솔개포에는 닷새마다 장이 선다.\n뷁 ᄒ\u1161\u11ab 그물 값을 치르고 오마.\n" * 30
BYTES = np.random.default_rng(0).integers(0, 256, 3000, dtype=np.uint8).tobytes() + "한é".encode() + b"\xc3"
PENN = " h e l l o _ k i n \n e x p e r t _ i n _ l i n e \n" * 40
ITEMS = {
    "jamo": "korean.txt",
    "byte": "korean.txt",
    "bytes": "any.bin",
    "blank": "penn.txt",
    "nfd": "korean.txt",
}
OPTIONS = {
    "jamo": ("--tokenizer", "jamo"),
    "byte": ("--tokenizer", "byte"),
    "bytes": ("--tokenizer", "byte"),
    "blank": ("--tokenizer", "blank"),
    "nfd": ("--normalize", "nfd", "--lowercase", "--min-count", "2", "--unit", "line"),
    "char": (),
}
each_item = pytest.mark.parametrize("name", ITEMS)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Train a tiny model with each tokenizer, and return the directory where they stand beside the texts."""
    path = tmp_path_factory.mktemp("tokenizers")
    (path / "korean.txt").write_text(KOREAN)
    (path / "any.bin").write_bytes(BYTES)
    (path / "penn.txt").write_text(PENN)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        for name, options in OPTIONS.items():
            assert run_program(["train", ITEMS.get(name, "korean.txt"), *options, *TINY, "-o", name]) == 0
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


@each_item
def test_the_parts_of_a_text_add_up(runs: Path, rows: Any, name: str) -> None:
    """Rows for each character, and groups of every kind, have all characters and bits of the text."""
    (whole,) = rows("evaluate", name, ITEMS[name], "--chars", "30")
    each = rows("evaluate", name, ITEMS[name], "--chars", "30", "--each", "char")
    text = "".join(row["char"] for row in each)
    assert text == Checkpoint.load(runs / name / "model.safetensors").codec.form.apply(_read(runs, name))[:30]
    assert sum(row["nats"] for row in each) == pytest.approx(30 * whole["nats_per_char"], rel=1e-6)
    for by in ("char", "class", "word", "line", "position"):
        found = rows(
            "evaluate", name, ITEMS[name], "--chars", "30", "--by", by, "--report", by, "--rows", "0"
        )
        assert sum(row["num_chars"] for row in found) == 30


def _read(runs: Path, name: str) -> str:
    return (runs / ITEMS[name]).read_bytes().decode("utf-8", "surrogateescape")


@each_item
def test_other_reports_and_pages_are_made(runs: Path, rows: Any, call: Call, name: str) -> None:
    """The hardest characters, calibration, baselines, adapting and a page come for any tokenizer."""
    options = ("--chars", "20", "--hardest", "2", "--calibration", "--baseline", "unigram")
    assert any(row["report"] == "hardest" for row in rows("evaluate", name, ITEMS[name], *options))
    assert rows("evaluate", name, ITEMS[name], "--chars", "9", "--adapt")[0]["num_chars"] == 9
    page = call("evaluate", name, ITEMS[name], "--chars", "20", "--format", "html")
    assert page.code == 0, page.err
    page.out.encode("utf-8")
    assert rows("inspect", name, ITEMS[name], "--neuron", "1:1", "--chars", "9")[-1]["offset"] == 8
    assert call("inspect", name, ITEMS[name], "--gradient-flow", "--chars", "90").code == 0
    assert rows("info", name)[0]["vocab_size"] > 0


@each_item
def test_a_run_is_resumed(runs: Path, call: Call, name: str, tmp_path: Path) -> None:
    """Training goes on with the same tokens and the same form of the text."""
    source, options = str(runs / ITEMS[name]), OPTIONS[name]
    assert call("train", source, *options, *TINY, "-o", "run").code == 0
    outcome = call("train", "--resume", "run", "--max-steps", "5")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(("prompt", "target"), [("h e l", "l"), ("h e l l o _", "k")])
def test_blanks_separate_prompts_and_samples(rows: Any, call: Call, prompt: str, target: str) -> None:
    """A prompt is written as the text is, and so is what is sampled; the newline is a character."""
    (row,) = rows("next", "-m", "blank", prompt, "--top", "1")
    assert row["prefix"] == prompt.replace(" ", "")
    out = call("sample", "blank", "--prompt", prompt, "--length", "30", "--seed", "1").out
    assert out.startswith(f"{prompt} ")
    assert all(len(token) == 1 for token in out.split())
    assert target in "".join(PENN.split())


def test_separated_text_is_scored_as_published(runs: Path, rows: Any, call: Call) -> None:
    """Characters are what stands between blanks, and newlines; another text is refused with the place."""
    (row,) = rows("evaluate", "blank", "penn.txt")
    assert row["num_chars"] == len(PENN.replace(" ", ""))
    assert row["normalization"] == "blank"
    outcome = call("evaluate", "blank", "korean.txt")
    assert outcome.code == 1
    assert "korean.txt: line 1, column 2: '솔개' is not separated" in outcome.err


def test_bytes_are_written_as_they_are(runs: Path) -> None:
    """A sample in a pipe is as many characters as were asked for, and nothing is added to its bytes."""

    def sampled(*options: str) -> str:
        command = [*python(), "-m", "charseq", "sample", "bytes", "--seed", "1", *options]
        raw = subprocess.run(command, cwd=runs, capture_output=True, check=True).stdout
        return raw.decode("utf-8", "surrogateescape")

    alone = sampled("--length", "50")
    assert len(alone) == 50
    assert any("\udc80" <= char <= "\udcff" for char in alone)
    assert len(sampled("--length", "20", "-n", "2")) == 41


def test_normalised_figures_are_about_the_normalised_text(rows: Any, call: Call) -> None:
    """Rows name the form; a prompt is read in it; compare ranks such models with no others."""
    (row,) = rows("evaluate", "nfd", "korean.txt")
    assert row["normalization"] == "nfd, lowercase"
    assert row["num_chars"] > len(KOREAN)
    (of_char,) = rows("evaluate", "char", "korean.txt")
    assert of_char["normalization"] is None
    (composed,), (decomposed,) = (
        rows("next", "-m", "nfd", one, "--top", "3") for one in ("한", "ᄒ\u1161\u11ab")
    )
    assert composed == decomposed
    outcome = call("compare", "nfd", "char", "korean.txt")
    assert outcome.code == 2
    assert "nfd reads texts nfd, lowercase, and char reads them as they are" in outcome.err
    outcome = call("mix", "nfd", "char")
    assert outcome.code == 2


def test_models_of_other_tokens_are_compared_on_the_same_characters(rows: Any) -> None:
    """Characters, jamo and bytes have a row each, about the same text."""
    found = [row for row in rows("compare", "char", "jamo", "byte", "korean.txt") if row["report"] == "model"]
    assert [row["model"] for row in found] == ["char", "jamo", "byte"]
    assert {(row["num_chars"], row["num_bytes"]) for row in found} == {(len(KOREAN), len(KOREAN.encode()))}
    assert [row["num_unseen"] for row in found][1:] == [0, 0]


def test_rare_characters_are_unseen(runs: Path, call: Call) -> None:
    """With min_count the vocabulary has frequent characters only, and none at all is an error."""
    (runs / "rare.txt").write_text("abab" * 50 + "xyz" + "abab" * 50)
    source = str(runs / "rare.txt")
    assert call("train", source, "--min-count", "2", *TINY, "-o", "rare").code == 0
    outcome = call("train", source, "--min-count", "900", *TINY, "-o", "none")
    assert outcome.code == 2
    assert "data.min_count = 900" in outcome.err
    outcome = call("train", source, "--min-count", "2", "--tokenizer", "byte", *TINY, "-o", "none")
    assert outcome.code == 2
    assert "leave out min_count" in outcome.err


@pytest.mark.parametrize(
    "asked", [("--each", "char"), ("--each", "word"), ("--each", "line"), ("--by", "class")]
)
def test_rows_of_parts_say_in_which_form_the_text_was_read(rows: Any, asked: tuple[str, ...]) -> None:
    """Also those of characters, words, lines and groups; for texts as they are it is null."""
    found = [
        row for row in rows("evaluate", "nfd", "korean.txt", "--chars", "30", *asked) if "num_rows" not in row
    ]
    parts = [row for row in found if row.get("report", "class") == "class"]
    assert {row["normalization"] for row in parts} == {"nfd, lowercase"}
    plain = rows("evaluate", "char", "korean.txt", "--chars", "30", *asked)
    assert {row["normalization"] for row in plain} == {None}


def test_the_hardest_characters_have_their_own_ranks(rows: Any) -> None:
    """Also beyond those that accuracy needs: Hangul that were never seen are not all of rank 6."""
    found = rows("evaluate", "jamo", "korean.txt", "--chars", "40", "--report", "hardest", "--hardest", "2")
    assert max(row["rank"] for row in found) > 6


PUBLISHED = """\
 a e r _ b a n k n o t e _ b e r l i t z \n\
 p i e r r e _ < u n k > _ N _ y e a r s _ o l d \n\
 m r . _ < u n k > _ i s _ c h a i r m a n _ o f _ < u n k > _ n . v . \n"""
"""The form of the character-level Penn Treebank (Mikolov et al. 2012): one sentence in a line."""


def test_a_file_of_the_penn_treebank_is_priced_by_the_character(
    runs: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blanks are free; "_", each sign of "<unk>", and the newline are characters like the others.

    Where every character occurs three times or more, all discounts are 1/2, and what they set free goes to
    the characters in equal parts: p is count / N, less the share 1 / (N + 1) for unseen characters.
    """
    monkeypatch.chdir(runs)
    Path("ptb.txt").write_text(PUBLISHED * 3)
    whole = ("--valid-fraction", "0", "--test-fraction", "0", "-o", "ptb")
    assert call("train", "ptb.txt", "--tokenizer", "blank", "--ngram", "1", *whole).code == 0
    chars = [char for char in PUBLISHED * 3 if char != " "]
    num, counts = len(chars), Counter(chars)
    assert num == 3 * (20 + 24 + 35 + 3)
    outcome = call("evaluate", "ptb", "ptb.txt", "--report", "text", "--format", "jsonl")
    row = json.loads(outcome.out)
    known = 1 - 1 / (num + 1)
    expected = -sum(math.log2(known * counts[char] / num) for char in chars) / num
    assert (row["num_chars"], row["num_bytes"], row["num_unseen"]) == (num, num, 0)
    assert row["bits_per_char"] == pytest.approx(expected, abs=1e-12)


def at_a_terminal(arguments: list[str], directory: Path) -> list[bytes]:
    """Run charseq with stdout at a terminal of its own; return what arrives there, part by part."""
    ours, theirs = pty.openpty()
    parts = list[bytes]()
    with subprocess.Popen(
        [*python(), "-m", "charseq", *arguments], cwd=directory, stdout=theirs, stderr=subprocess.PIPE
    ) as process:
        os.close(theirs)
        try:
            while part := os.read(ours, 1 << 16):
                parts.append(part)
        except OSError:  # this is how a terminal ends
            pass
        finally:
            os.close(ours)
        assert process.wait() == 0
    return parts


@pytest.fixture(scope="module")
def spelling(runs: Path) -> str:
    """Return the name of a model of bytes that has learnt to spell Hangul, and bytes that are no text."""
    (runs / "mixed.bin").write_bytes((KOREAN * 3).encode() + b"\xec\x86\xff" * 60 + KOREAN.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(runs)
        arguments = ("train", "mixed.bin", "--tokenizer", "byte", "--ngram", "4", "-o", "spelling")
        assert run_program(list(arguments)) == 0
    return "spelling"


def test_a_terminal_gets_whole_characters_and_a_pipe_the_bytes(runs: Path, spelling: str) -> None:
    """No part that arrives at a terminal breaks a character of three bytes; a byte that is none is U+FFFD."""
    arguments = ["sample", spelling, "--length", "150", "--seed", "3", "--temperature", "1.4"]
    command = [*python(), "-m", "charseq", *arguments]
    raw = subprocess.run(command, cwd=runs, capture_output=True, check=True).stdout
    text = raw.decode("utf-8", "surrogateescape")
    assert len(text) == 150
    assert sum("가" <= char <= "힣" for char in text) > 5
    assert any("\udc80" <= char <= "\udcff" for char in text)
    shown = "".join(part.decode() for part in at_a_terminal(arguments, runs)).replace("\r\n", "\n")
    assert shown.removesuffix("\n") == re.sub("[\udc80-\udcff]", "\ufffd", text).removesuffix("\n")
