"""charseq evaluate --cases: whether a model knows what comes next."""

import json
from pathlib import Path

import numpy as np
import pytest

from charseq.registry import REPORTS
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from tests.builders import refusal
from tests.cli.conftest import Call, Workshop
from tests.cli.test_evaluate import KEYS, READERS, every_format, figures, lines_of, rows

CASE_KEYS = [key for key, _ in REPORTS["case"].fields()]
CASES = [("hell", "o"), ("kin", "g"), ("exper", "t")]


@every_format
def test_cases(call: Call, models: Workshop, name: str) -> None:
    """One trained model knows what follows prefixes of any length; each case is a row, all are the last."""
    code, out, err = call("evaluate", models.hello, "--cases", "data/hello.yaml", "--format", name)
    assert (code, err) == (0, "")
    *cases, total = READERS[name](out)
    assert all(list(row) == CASE_KEYS for row in (*cases, total))
    assert [(row["prefix"], row["target"]) for row in cases] == CASES
    assert all(row["rank"] == 1 and row["probability"] > 0.5 for row in cases)
    assert total["bits"] == pytest.approx(sum(row["bits"] for row in cases) / 3)
    assert total["perplexity"] == pytest.approx(2 ** total["bits"])
    assert [row["passed"] for row in (*cases, total)] == [True] * 4
    assert [total[key] for key in ("prefix", "target", "probability", "rank")] == [None] * 4


@every_format
def test_steps(call: Call, models: Workshop, name: str) -> None:
    """With --steps each character on the way is a row of its own, on which there is no verdict."""
    code, out, err = call("evaluate", models.hello, "--cases", "data/hello.yaml", "--steps", "--format", name)
    assert (code, err) == (0, "")
    *way, total = READERS[name](out)
    pairs = [(prefix + target)[: k + 1] for prefix, target in CASES for k in range(1, len(prefix) + 1)]
    assert [row["prefix"] + row["target"] for row in way] == pairs
    ends = [prefix + target for prefix, target in CASES]
    for row in way:
        assert list(row) == CASE_KEYS
        assert (row["passed"] is None) == (row["prefix"] + row["target"] not in ends)
    finals = [row["bits"] for row in way if row["passed"] is not None]
    assert total["bits"] == pytest.approx(sum(finals) / 3)


def test_a_step_is_what_the_text_costs(call: Call, models: Workshop, tmp_path: Path) -> None:
    """The bits of the steps are those that scoring the same word gives to its characters."""
    code, out, _ = call("evaluate", models.hello, "--cases", "data/hello.yaml", "--steps", "--format", "json")
    assert code == 0
    checkpoint = Checkpoint.load(Path(models.hello) / "model.safetensors")
    nats = Scorer(checkpoint.model, checkpoint.codec).score("hello").nats
    bits = [row["bits"] for row in json.loads(out)[:4]]
    assert bits == pytest.approx(list(nats[1:] / np.log(2)), rel=1e-5)


@pytest.mark.parametrize("name", ["table", "json", "tsv", "csv"])
def test_a_missed_case(call: Call, models: Workshop, tmp_path: Path, name: str) -> None:
    """A case that is missed is shown as the others are, and the exit code is 1."""
    (tmp_path / "cases.yaml").write_text(
        "- {prefix: hell, target: o, expect: {rank: 1}}\n- {prefix: hell, target: x, expect: {rank: 1}}\n"
    )
    code, out, err = call("evaluate", models.hello, "--cases", str(tmp_path / "cases.yaml"), "-f", name)
    assert (code, err) == (1, "")
    if name != "table":
        assert [row["passed"] for row in READERS[name](out)] == [True, False, False]
    else:
        assert [line.split()[-1] for line in lines_of(out)[2:]] == ["pass", "MISS", "MISS"]


def test_cases_that_expect_nothing(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A single case has no total, and without an expectation it cannot be missed."""
    (tmp_path / "cases.yaml").write_text("- {prefix: hell, target: x}\n")
    cases = ("--cases", str(tmp_path / "cases.yaml"))
    code, out, err = call("evaluate", models.hello, *cases, "--format", "json")
    assert (code, err) == (0, "")
    assert [row["passed"] for row in json.loads(out)] == [None]
    assert call("evaluate", models.hello, *cases).code == 0


@pytest.mark.parametrize("number", [0, 1, 7])
def test_how_many_guesses(call: Call, models: Workshop, number: int) -> None:
    """--top says how many guesses there are."""
    cases = ("--cases", "data/hello.yaml", "--top", f"{number}")
    out = call("evaluate", models.hello, *cases, "--format", "json").out
    assert [len(row["top"]) for row in json.loads(out)[:3]] == [number] * 3


@pytest.mark.parametrize(
    ("yaml_text", "message"),
    [
        ("", "case list: "),
        ("prefix: hell\n", "case list: "),
        ("- {prefix: hell}\n", "case 1.target: "),
        ("- {prefix: h, target: e}\n- {prefix: hell, target: ''}\n", "case 2.target: "),
        ("- {prefix: h, target: e, expect: {rang: 1}}\n", "case 1.expect.rang: "),
        ("- {prefix: h, target: e, expect: {rank: 0}}\n", "case 1.expect.rank: "),
        ("- {prefix: [\n", "not valid YAML: "),
    ],
)
def test_wrong_cases(call: Call, models: Workshop, tmp_path: Path, yaml_text: str, message: str) -> None:
    """A file that holds no cases is an error of one line that names the case and the field."""
    path = tmp_path / "cases.yaml"
    path.write_text(yaml_text)
    code, out, err = call("evaluate", models.hello, "--cases", str(path))
    assert (code, out) == (1, "")
    assert err.startswith(f"charseq: error: {path}: {message}")
    assert err.count("\n") == 1


def test_a_text_is_no_case_file(call: Call, models: Workshop) -> None:
    """A long text in place of cases does not fill the screen."""
    code, out, err = call("evaluate", models.hello, "--cases", "data/hello.txt")
    assert (code, out) == (1, "")
    assert err.startswith("charseq: error: data/hello.txt: case list: ")
    assert len(err) < 300


def test_no_such_cases(call: Call, models: Workshop) -> None:
    """A file of cases that is not there is a wrong request, as any missing file is."""
    message = "none.yaml: cannot be read: No such file or directory"
    assert call("evaluate", models.hello, "--cases", "none.yaml") == refusal(message)


# ---- with texts


@pytest.mark.parametrize("expect", ["1", "60"])
@every_format
def test_cases_with_a_text(call: Call, models: Workshop, tmp_path: Path, name: str, expect: str) -> None:
    """With a text there are both reports, the text's first; the exit code is that of the cases."""
    path = tmp_path / "cases.yaml"
    path.write_text(f"- {{prefix: hell, target: x, expect: {{rank: {expect}}}}}\n")
    arguments = ("evaluate", models.hello, "data/hello.txt", "--cases", str(path), "--format", name)
    found = []
    for report in ("text", "case"):
        code, out, err = call(*arguments, "--report", report)
        assert (code, err) == (1 if expect == "1" else 0, "")
        found += READERS[name](out)
    text, case = found
    assert (list(text), list(case)) == (KEYS, CASE_KEYS)
    assert figures(text) == figures(rows(call, models.hello, "data/hello.txt")[0])
    if name not in ("tsv", "csv"):
        both = READERS[name](call(*arguments).out)
        assert [row["report"] for row in both] == ["text", "case"]
    alone = READERS[name](call("evaluate", models.hello, "--cases", str(path), "--format", name).out)
    assert [case] == alone


def test_cases_alone_score_no_text(call: Call, models: Workshop) -> None:
    """Without a text there are the cases alone, not the model's test part as well."""
    code, out, _ = call("evaluate", models.hello, "--cases", "data/hello.yaml", "--format", "json")
    assert code == 0
    assert {row["report"] for row in json.loads(out)} == {"case"}


@pytest.mark.parametrize(
    "option", [("--by", "class"), ("--hardest", "1"), ("--calibration",), ("--baseline", "uniform")]
)
def test_cases_with_a_report_on_the_test_part(call: Call, models: Workshop, option: tuple[str, ...]) -> None:
    """What is said of texts is said of the model's test part where none is named, cases or not."""
    code, out, _ = call("evaluate", models.tales, *option, "--cases", "data/hello.yaml", "-f", "json")
    reports = [row["report"] for row in json.loads(out)]
    assert code in (0, 1)
    assert (reports[0], reports[-1]) == ("text", "case")
    assert json.loads(out)[0]["text"] == "test part"


def test_steps_need_cases(call: Call, models: Workshop) -> None:
    """Steps are those of cases."""
    assert call("evaluate", models.hello, "--steps") == refusal("--steps needs --cases")


def test_wrong_cases_are_refused_at_once(call: Call, models: Workshop, tmp_path: Path) -> None:
    """Cases that cannot be read are an error before a text is."""
    (tmp_path / "bad.txt").write_bytes(b"\xff")
    message = "none.yaml: cannot be read: No such file or directory"
    arguments = ("evaluate", models.hello, str(tmp_path / "bad.txt"), "--cases", "none.yaml")
    assert call(*arguments) == refusal(message)
