"""charseq bench: what is measured and how it is shown; how fast this machine is, nobody asks here."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from charseq.backend.processor import kernels, processor, vector_extension
from charseq.cells import CELLS
from charseq.registry import REPORTS
from tests.cli.conftest import Call
from tests.cli.test_evaluate import READERS, every_format
from tests.cli.test_pipes import at_terminal

KEYS = [key for key, _ in REPORTS["bench"].fields()]
AT_ONCE = ("--seconds", "0", "--threads", "1", "--backend", "numpy")
TINY = (*AT_ONCE, "--shape", "1x8x2x4")


@pytest.fixture(autouse=True)
def _small_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the product that counts as the machine's peak be a small one, texts short, repetitions two."""
    monkeypatch.setattr("charseq.bench.PEAK_SIZE", 32)
    monkeypatch.setattr("charseq.bench.LINE_CHARS", 4000)
    monkeypatch.setattr("charseq.bench.LEAST_REPETITIONS", 2)


def shown(call: Call, *arguments: str) -> str:
    """Return what a benchmark that goes well writes to stdout, with nothing on stderr."""
    code, out, err = call("bench", *arguments)
    assert (code, err) == (0, "")
    return out


def rows_of(call: Call, *arguments: str) -> list[dict[str, Any]]:
    """Return the rows of a benchmark in JSON, which is all that stdout has."""
    rows: list[dict[str, Any]] = json.loads(shown(call, *arguments, "--format", "json"))
    return rows


# ---- rows


def test_training(call: Call) -> None:
    """There is a row for each cell, with the sizes that were asked for and figures that agree."""
    rows = rows_of(call, "train", *TINY)
    assert [row["cell"] for row in rows] == [*CELLS]
    for row in rows:
        assert list(row) == KEYS
        assert row["what"] == "train"
        sizes = [row[key] for key in ("num_layers", "hidden_size", "batch_size", "seq_length")]
        assert sizes == [1, 8, 2, 4]
        assert row["chars_per_second"] == pytest.approx(8 / (row["ms_per_step"] / 1e3), rel=1e-9)
        assert row["gflops"] > 0
        assert row["peak_share"] > 0
        assert (row["num_shards"], row["backend"]) == (1, "numpy")
        assert row["us_per_char"] is None


def test_sampling(call: Call) -> None:
    """There is a row for each cell with the time of a character."""
    rows = rows_of(call, "sample", *TINY)
    assert [(row["what"], row["cell"]) for row in rows] == [("sample", cell) for cell in CELLS]
    for row in rows:
        assert list(row) == KEYS
        assert row["chars_per_second"] == pytest.approx(1e6 / row["us_per_char"], rel=1e-9)
        assert (row["num_layers"], row["hidden_size"], row["ms_per_step"]) == (1, 8, None)


def test_evaluating(call: Call) -> None:
    """There are two rows for each cell, one for each unit."""
    rows = rows_of(call, "evaluate", *TINY)
    pairs = [(cell, unit) for cell in CELLS for unit in ("stream", "line")]
    assert [(row["cell"], row["unit"]) for row in rows] == pairs
    for row in rows:
        assert (list(row), row["what"]) == (KEYS, "evaluate")
        assert row["chars_per_second"] == pytest.approx(1e6 / row["us_per_char"], rel=1e-9)


@every_format
def test_formats(call: Call, name: str) -> None:
    """In every format for programs the rows have the same names, whatever was measured."""
    rows = READERS[name](shown(call, *TINY, "--cell", "rnn", "--format", name))
    assert [row["what"] for row in rows] == ["train", "sample", "evaluate", "evaluate"]
    assert [list(row) for row in rows] == [KEYS] * 4
    for row in rows:
        assert isinstance(row["chars_per_second"], float)
    assert rows[0]["us_per_char"] is None


def test_everything(call: Call) -> None:
    """Without a word all three are measured, in this order, of one cell if only one is asked for."""
    rows = rows_of(call, *TINY, "--cell", "rnn")
    assert [row["what"] for row in rows] == ["train", "sample", "evaluate", "evaluate"]
    assert {row["cell"] for row in rows} == {"rnn"}


def test_several_of_one_kind(call: Call) -> None:
    """What is measured, and of which sizes, is as asked for, in that order."""
    shapes = ("--shape", "2x8", "--shape", "1x4x2x3")
    rows = rows_of(call, "sample", "train", *AT_ONCE, "--cell", "gru", *shapes)
    assert [[row[key] for key in KEYS[:6]] for row in rows] == [
        ["sample", "gru", 2, 8, None, None],
        ["sample", "gru", 1, 4, None, None],
        ["train", "gru", 2, 8, 16, 64],
        ["train", "gru", 1, 4, 2, 3],
    ]


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_the_backend_shows_in_the_rows(call: Call, backend: str) -> None:
    """Rows of all kinds of work say what computed the cells."""
    if backend == "numba":
        pytest.importorskip("numba")
        call("bench", *TINY, *AT_ONCE, "--cell", "lstm", "--backend", backend)  # a note says if it compiles
    rows = rows_of(call, *TINY, "--cell", "lstm", "--backend", backend)
    assert [row["backend"] for row in rows] == [backend] * 4
    assert [row["kernels"] for row in rows] == [kernels(backend)] * 4


def test_the_machine_shows_in_rows_and_tables(call: Call) -> None:
    """Its processor, the vector instructions, and what did the products: figures without them mean little."""
    rows = rows_of(call, *TINY, "--cell", "rnn")
    for row in rows:
        assert (row["processor"], row["vector_extension"]) == (processor(), vector_extension())
        assert row["kernels"] == kernels("numpy")
    machine = ", ".join(filter(None, [processor(), vector_extension(), kernels("numpy")]))
    lines = shown(call, *TINY, "--cell", "rnn").splitlines()
    assert lines.count(machine) == 3


def test_threads_show_in_the_rows(call: Call) -> None:
    """A row of training says how many cores shared a batch."""
    (row,) = rows_of(call, "train", *TINY, "--cell", "rnn", "--threads", "2")
    assert row["num_shards"] == 2


def test_a_default_grid(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a shape each kind of work has shapes of its own."""
    monkeypatch.setattr("charseq.bench.TRAIN_SHAPES", ("1x3x2x4", "2x3x2x4"))
    monkeypatch.setattr("charseq.bench.SHAPES", ("1x5",))
    rows = rows_of(call, "train", "sample", *AT_ONCE, "--cell", "rnn")
    sizes = [(row["what"], row["num_layers"], row["hidden_size"]) for row in rows]
    assert sizes == [("train", 1, 3), ("train", 2, 3), ("sample", 1, 5)]


# ---- tables


def test_each_kind_of_work_has_a_table_of_its_own(call: Call) -> None:
    """Its name heads the first column, and there is a line for each row, and one for the machine."""
    tables = shown(call, *TINY, "--cell", "lstm").removesuffix("\n\n").split("\n\n")
    assert [len(table.splitlines()) for table in tables] == [4, 4, 5]
    assert [table.split()[0] for table in tables] == ["train", "sample", "evaluate"]
    assert [line.split()[2] for line in tables[2].splitlines()[2:-1]] == ["stream", "line"]


def test_at_a_terminal(tmp_path: Path) -> None:
    """At a terminal it is said what is being measured, and that is gone where a table begins."""
    common = ("--shape", "1x8", "--cell", "rnn", "--seconds", "0.1", "--threads", "1", "--backend", "numpy")
    shown = at_terminal("bench", "sample", "evaluate", *common, path=tmp_path)
    assert "sample rnn 1x8" in shown
    assert "evaluate rnn 1x8" in shown
    left = [re.split(r"\r|\x1b\[2K", line.rstrip("\r"))[-1] for line in shown.split("\n")]
    plain = [re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", line) for line in left]
    headers = [line.split() for line in plain if "us/char" in line]
    figures = ["us/char", "chars/s", "spread"]
    expected = [["sample", "size", *figures, "backend"], ["evaluate", "size", "unit", *figures, "backend"]]
    assert headers == expected


# ---- what is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("trian",), "what is measured must be one of train, sample, evaluate; got 'trian'"),
        (("train", "smaple"), "what is measured must be one of train, sample, evaluate; got 'smaple'"),
        (("--cell", "gur"), "--cell must be one of gru, lstm, rnn; got 'gur'"),
        (("--shape", "2x"), "shape must be layers x hidden x batch x steps, such as 2x128x50x50; got '2x'"),
        (("--shape", "1x8", "--shape", "8"), "shape must be layers x hidden x batch x steps, such as "),
        (("--backend", "numab"), "--backend: train.backend must be one of auto, numba, numpy; got 'numab'"),
        (("--threads", "-1"), "--threads: train.threads must be at least 0; got -1"),
        (("--threads", "many"), "--threads: train.threads must be a whole number; got 'many'"),
        (("--threads", "1.5"), "--threads: train.threads must be a whole number; got '1.5'"),
        (("--format", "jsno"), "--format must be one of table, json, jsonl, yaml, tsv, csv; got 'jsno'"),
        (("--format", "html"), "--format must be one of table, json, jsonl, yaml, tsv, csv; got 'html'"),
        (("--seconds", "-1"), "Invalid value for '--seconds': "),
        (("--seconds", "soon"), "Invalid value for '--seconds': "),
        (("--shpae", "1x8"), "No such option"),
    ],
)
@pytest.mark.parametrize("format_name", ["table", "json"])
def test_what_is_wrong_is_refused(
    call: Call, format_name: str, arguments: tuple[str, ...], message: str
) -> None:
    """A word that is not known is refused in one line, before anything is measured."""
    formats = () if "--format" in arguments else ("--format", format_name)
    code, out, err = call("bench", *arguments, *formats)
    assert (code, out) == (2, "")
    assert err.startswith(f"charseq: error: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize("what", ["train", "sample", "evaluate"])
@pytest.mark.parametrize("shape", ["65x8", "1x65537", "65x8x2x4"])
def test_a_model_beyond_all_settings(call: Call, what: str, shape: str) -> None:
    """A shape that no model may have is refused in one line that shows it."""
    code, out, err = call("bench", what, "--shape", shape, *AT_ONCE)
    assert (code, out) == (2, "")
    assert err.startswith("charseq: error: ")
    assert err.count("\n") == 1
    assert any(number in err for number in (shape, "65", "65537"))


def test_numba_that_is_not_there(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled cells without a compiler are refused, and what to install is said."""
    monkeypatch.setattr("charseq.backend.find_spec", lambda name: None)
    code, out, err = call("bench", "train", "--shape", "1x8x2x4", "--threads", "1", "--backend", "numba")
    assert (code, out) == (2, "")
    assert "pip install 'charseq[fast]'" in err
    assert err.count("\n") == 1


# ---- help


def test_help(call: Call) -> None:
    """The help names all that can be measured, every option with its choices, and the steps of training."""
    words = shown(call, "--help")
    for word in ("train", "sample", "evaluate", "--cell", "--shape", "--threads", "--backend", "--seconds"):
        assert word in words
    for word in ("--format", "gru|lstm|rnn", "auto|numba|numpy", "LxHxNxT", "N|auto"):
        assert word in words
    for word in ("table", "json", "jsonl", "yaml", "tsv"):
        assert word in words
    assert "forward, loss, backward, clip, Adam" in " ".join(words.replace("│", " ").split())


def test_nothing_is_written(call: Call, tmp_path: Path) -> None:
    """A benchmark leaves no file behind."""
    shown(call, *TINY, "--cell", "rnn")
    assert list(tmp_path.iterdir()) == []


def test_time_can_be_given(call: Call) -> None:
    """Each figure takes about the time it is given, a fraction of a second if need be."""
    (row,) = rows_of(call, "sample", *AT_ONCE, "--cell", "rnn", "--shape", "1x8", "--seconds", "0.05")
    assert math.isfinite(row["us_per_char"])
