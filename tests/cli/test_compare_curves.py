"""charseq compare --curves: the records of runs as curves, in every format, and what is refused."""

import csv
import io
import json
import math
import sys
from pathlib import Path

import pytest

from charseq.cli.app import run
from charseq.runs.metrics import read_metrics
from tests.builders import json_rows, refusal, refused
from tests.cli.conftest import TALES, TINY, Call
from tests.reports.display.test_page import Document


@pytest.fixture(scope="module")
def _runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("curves")
    (path / "corpus.txt").write_text(TALES[:9000])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        short = ("--max-steps", "12", "--eval-every", "5")
        for name, options in (
            ("rnn", (*TINY, "--cell", "rnn", *short)),
            ("gru", (*TINY, "--cell", "gru", *short, "--max-grad-norm", "0.1")),
            ("ngram", ("--ngram", "3")),
        ):
            arguments = ["train", "corpus.txt", *options, "-o", name]
            patch.setattr(sys, "argv", ["charseq", *arguments])
            assert run(arguments) == 0
    return path


@pytest.fixture(autouse=True)
def runs(_runs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand beside two networks of 12 steps and n-grams. Nothing is to be written there."""
    monkeypatch.chdir(_runs)
    return _runs


def test_curves_begin_at_step_0_with_log_v(call: Call) -> None:
    """Each run has its points, and both lines begin with a uniform guess about the corpus."""
    rows = json_rows(call, "compare", "rnn", "gru", "--curves")
    assert {row["run"] for row in rows} == {"rnn", "gru"}
    uniform = math.log2(len(set(TALES[:8100])) + 1)
    for name in ("rnn", "gru"):
        training = [row for row in rows if row["run"] == name and row["figure"] == "train_bits_per_char"]
        validation = [row for row in rows if row["run"] == name and row["figure"] == "valid_bits_per_char"]
        for first in (training[0], validation[0]):
            assert (first["step"], first["num_chars"], first["seconds"]) == (0, 0, 0)
            assert first["value"] == pytest.approx(uniform, rel=0.03)


def test_validations_are_those_of_the_run(call: Call) -> None:
    rows = json_rows(call, "compare", "gru", "--curves")
    found = [(row["step"], row["value"]) for row in rows if row["figure"] == "valid_bits_per_char"]
    records = [one for one in read_metrics(Path("gru")) if one["valid_bits_per_char"]]
    assert [step for step, _ in found] == [0, 5, 10, 12]
    assert [bits for _, bits in found] == pytest.approx([one["valid_bits_per_char"] for one in records])


def test_clipped_steps_are_seen(call: Call) -> None:
    """A small limit clips every step of the one run, and none of the other."""
    rows = json_rows(call, "compare", "rnn", "gru", "--curves")
    clipped = [row for row in rows if row["figure"] == "clipped_fraction"]
    assert {row["value"] for row in clipped if row["run"] == "gru"} == {1.0}
    assert {row["value"] for row in clipped if row["run"] == "rnn"} == {0.0}


@pytest.mark.parametrize("width", [1, 2])
def test_one_run_or_two_in_a_terminal(call: Call, width: int) -> None:
    """There is a plot for each axis, at most 80 columns wide."""
    code, out, err = call("compare", *("rnn", "gru")[:width], "--curves")
    assert (code, err) == (0, "")
    assert [out.count(f" {axis}\n") for axis in ("steps", "characters", "seconds")] == [1, 1, 1]
    assert max(map(len, out.splitlines())) <= 80


def test_chosen_charts(call: Call) -> None:
    """--quantity and --against choose the charts, and the lines stay those of the runs."""
    out = call(
        "compare", "rnn", "gru", "--curves", "--quantity", "gradient,weights", "--against", "chars"
    ).out
    assert "norm of the gradient before clipping" in out
    assert "norm of all weights" in out
    assert "bits per character" not in out
    assert "steps\n" not in out
    assert out.count("characters\n") == 2


def test_a_page_has_every_quantity(call: Call) -> None:
    html = call("compare", "rnn", "gru", "--curves", "--format", "html").out
    page = Document(html)
    assert page.texts_of("h1") == ["Learning curves: rnn, gru"]
    assert html.count("<svg") == 6
    chosen = call("compare", "rnn", "--curves", "--quantity", "clipped", "--format", "html").out
    assert chosen.count("<svg") == 3


def test_the_page_of_a_comparison_has_the_curves_too(call: Call, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert call("compare", "rnn", "ngram", "--html", f"{page}").code == 0
    html = page.read_text()
    assert "Learning curves" in Document(html).texts_of("h2")
    assert call("compare", "ngram", "ngram", "corpus.txt", "--html", f"{page}").code == 0
    assert "Learning curves" not in page.read_text()


@pytest.mark.parametrize("name", ["tsv", "csv", "jsonl"])
def test_formats_for_programs(call: Call, name: str) -> None:
    """Every format has the same rows."""
    wanted = json_rows(call, "compare", "rnn", "--curves")
    out = call("compare", "rnn", "--curves", "--format", name).out
    if name == "jsonl":
        assert [json.loads(line) for line in out.splitlines()] == wanted
    else:
        found = list(csv.DictReader(io.StringIO(out), delimiter="\t" if name == "tsv" else ","))
        assert [float(row["value"]) for row in found] == [row["value"] for row in wanted]


def test_a_run_without_a_curve_is_left_out(call: Call) -> None:
    outcome = call("compare", "ngram", "rnn", "--curves")
    assert outcome.err == "charseq: ngram: no learning curve: only training runs have one\n"
    assert outcome.code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ngram",), "ngram: no learning curve: only training runs have one; name their directories"),
        ((), "no runs; --curves takes run directories, as arguments or each by -m"),
        (("rnn", "corpus.txt"), "corpus.txt: learning curves are about runs and read no text: leave it out"),
        (("rnn", "--adapt"), "--curves scores no text: leave out --each, --report and --adapt"),
        (
            ("rnn", "--quantity", "bit"),
            "--quantity must be one of bits, gradient, clipped, weights; got 'bit' (did you mean 'bits'?)",
        ),
        (("rnn", "--against", "time"), "--against must be one of steps, chars, seconds; got 'time'"),
    ],
)
def test_what_is_refused(call: Call, arguments: tuple[str, ...], message: str) -> None:
    assert call("compare", *arguments, "--curves") == refusal(message)


@pytest.mark.parametrize("option", ["--quantity", "--against"])
def test_options_of_curves_alone(call: Call, option: str) -> None:
    refused(call("compare", "rnn", "gru", option, "steps"), f"{option} needs --curves")


def test_damaged_records_are_named(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.safetensors").write_bytes(Path("rnn/model.safetensors").read_bytes())
    (tmp_path / "run" / "metrics.jsonl").write_text("{}\n")
    monkeypatch.chdir(tmp_path)
    refused(call("compare", "run", "--curves"), "run/metrics.jsonl: line 1: damaged", code=1)
