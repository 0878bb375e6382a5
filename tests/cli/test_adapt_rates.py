"""The rates of models that adapt: --adapt-rate, and those in model files."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from charseq.runs.checkpoint import checksum_of
from tests.builders import refusal, refused
from tests.cli.conftest import Call

pytestmark = pytest.mark.usefixtures("adapting")


def test_a_rate_of_zero_leaves_the_network_and_counts_all_the_same(rows: Any) -> None:
    """The cache and the weights still learn; for n-grams the rate means nothing."""
    (zero,) = rows("evaluate", "net", "text.txt", "--adapt", "--adapt-rate", "0")
    (chosen,) = rows("evaluate", "net", "text.txt", "--adapt")
    assert zero["bits_per_char"] < zero["static_bits_per_char"]
    assert zero["bits_per_char"] != chosen["bits_per_char"]
    with_rate, without = (
        rows("evaluate", "ngram", "text.txt", "--adapt", *more)[0]["bits_per_char"]
        for more in ((), ("--adapt-rate", "3"))
    )
    assert with_rate == without


@pytest.mark.parametrize("rate", ["1e3", "1e6"])
def test_a_rate_without_measure_gives_figures(rows: Any, rate: str) -> None:
    """They are bad, and they are numbers."""
    (row,) = rows("evaluate", "net", "text.txt", "--adapt", "--adapt-rate", rate)
    assert math.isfinite(row["nats_per_char"])


@pytest.mark.parametrize("rate", ["1e7", "inf"])
def test_a_rate_beyond_all_measure_is_refused(call: Call, rate: str) -> None:
    """In one line."""
    outcome = call("evaluate", "net", "text.txt", "--adapt", "--adapt-rate", rate)
    refused(outcome, "a rate for adapting is a number from 0 to 1,000,000", code=2)


@pytest.mark.parametrize("rate", ["-1", "nan"])
def test_a_rate_below_zero_is_refused(call: Call, rate: str) -> None:
    """As every option that is out of range."""
    refused(call("evaluate", "net", "text.txt", "--adapt", "--adapt-rate", rate), "--adapt-rate", code=2)


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "net", "text.txt"),
        ("evaluate", "net", "text.txt", "--each", "char"),
        ("compare", "net", "ngram", "text.txt"),
        ("next", "net", "The "),
        ("sample", "net"),
    ],
    ids=lambda command: " ".join(command[:1] + command[3:]),
)
def test_a_rate_without_adapt_is_refused(call: Call, command: tuple[str, ...]) -> None:
    """It would mean nothing."""
    assert call(*command, "--adapt-rate", "0.1") == refusal("--adapt-rate needs --adapt")


def change_rates(path: Path, rates: Any) -> str:
    """Write the network's file anew with other rates; return its name."""
    with safe_open("net/model.safetensors", framework="numpy") as file:
        record = json.loads(file.metadata()["charseq"])
    record.pop("checksum")
    if rates is None:
        del record["rates"]
    else:
        record["rates"] = rates
    tensors = load_file("net/model.safetensors")
    record["checksum"] = checksum_of(record, tensors)
    save_file(tensors, path, {"charseq": json.dumps(record)})
    return str(path)


def test_a_file_without_rates_takes_the_usual_ones_and_says_so(call: Call, tmp_path: Path) -> None:
    """A file of an older version, or a run that was interrupted."""
    name = change_rates(tmp_path / "old.safetensors", None)
    code, out, err = call("evaluate", name, "text.txt", "--adapt", "--format", "json")
    assert code == 0
    assert (
        err
        == f"charseq: {name}: no rates for adapting were chosen for this model; the usual ones are taken\n"
    )
    assert json.loads(out)[0]["adapted"] is True
    assert call("evaluate", name, "text.txt").err == ""


GOOD = {"rates": [0.1], "scales": [{}], "weights": [1.0, 0.1]}


@pytest.mark.parametrize(
    "rates",
    [
        *({**GOOD, "rates": [0.1, 0.1]}, {**GOOD, "weights": [1.0]}, {**GOOD, "scales": []}),
        *({**GOOD, "rates": [-0.1]}, {**GOOD, "weights": [1.0, -0.1]}, {**GOOD, "rates": [1e300]}),
        *(
            {**GOOD, "scales": [{"projection.V": 1e9}]},
            {**GOOD, "rates": ["0.1"]},
            {**GOOD, "rates": [math.nan]},
        ),
        *(
            {**GOOD, "rates": [math.inf]},
            {**GOOD, "rates": "0.1"},
            {**GOOD, "scales": [[]]},
            {**GOOD, "more": 1},
        ),
        *([], "", 0, False, {}, {"rates": [0.1]}, [0.1], "rates", 0.1),
        {"rates": [0.1] * 200, "scales": [{}] * 200, "weights": [1.0] * 201},
    ],
    ids=lambda rates: f"{rates}"[:60],
)
def test_rates_that_cannot_be_are_a_damaged_file(call: Call, tmp_path: Path, rates: Any) -> None:
    """In one line, whatever the command does with them."""
    name = change_rates(tmp_path / "hostile.safetensors", rates)
    refused(call("evaluate", name, "text.txt"), name, code=1)


def test_the_largest_rates_of_a_file_do_no_harm(rows: Any, tmp_path: Path) -> None:
    """Every figure is a number."""
    scales = [dict.fromkeys(load_file("net/model.safetensors"), 1e6)]
    name = change_rates(tmp_path / "x.safetensors", {"rates": [1e6], "scales": scales, "weights": [1e6, 1e6]})
    (row,) = rows("evaluate", name, "text.txt", "--adapt")
    assert math.isfinite(row["nats_per_char"])
