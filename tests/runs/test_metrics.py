"""The records of a run: read back from the file, and refused by their line if they are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from charseq.errors import CheckpointError
from charseq.runs.directory import METRICS
from charseq.runs.metrics import FIGURES, read_metrics

RUN = Path("run")
METRICS_FILE = RUN / METRICS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory beside the directory of a run."""
    monkeypatch.chdir(tmp_path)
    RUN.mkdir()


def record_of(step: int, **more: Any) -> dict[str, Any]:
    """Return the record of a validation."""
    return {"step": step, "train_nats_per_char": 2.5, "valid_nats_per_char": 2.25, **more}


def test_records_are_read_back() -> None:
    """Each line of the metrics is a record."""
    records = [record_of(1, valid_nats_per_char=None), record_of(2, text="한글")]
    METRICS_FILE.write_text(
        "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8"
    )
    assert read_metrics(RUN) == records


def test_records_of_any_version_are_read() -> None:
    """A record may lack what older versions did not know, and a figure may be unknown."""
    records = [record_of(1), record_of(2, elapsed=1.5, num_chars=20), record_of(3, grad_norm=None)]
    METRICS_FILE.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    assert read_metrics(RUN) == records


FINISHED = "".join(json.dumps(record_of(step)) + "\n" for step in (1, 2))


@pytest.mark.parametrize("rest", ["", "{", '{"step": 3', '{"step": 3}', "3", " ", "\0\0"])
def test_an_unfinished_last_line_is_ignored(rest: str) -> None:
    """A last line without its end was never finished: it is not read, whatever it holds."""
    METRICS_FILE.write_text(FINISHED + rest, "utf-8")
    assert read_metrics(RUN) == [record_of(1), record_of(2)]


@pytest.mark.parametrize("text", ["", '{"step": 1'])
def test_records_of_which_none_is_finished(text: str) -> None:
    """Metrics that hold nothing, or nothing but an unfinished line, have no records."""
    METRICS_FILE.write_text(text, "utf-8")
    assert read_metrics(RUN) == []


def test_only_a_newline_ends_a_record() -> None:
    """Other characters at which lines are sometimes broken may stand in a record."""
    record = record_of(1, text="a\u2028b\x85c")
    METRICS_FILE.write_text(json.dumps(record, ensure_ascii=False) + "\n", "utf-8")
    assert read_metrics(RUN) == [record]


@pytest.mark.parametrize(
    "record",
    [
        {"step": 1},
        *(record_of(step) for step in (-1, 1 << 53, 10**400)),
        *(record_of(1) | {"step": step} for step in (None, 1.5, "1", [1])),
        *(record_of(1) | {"train_nats_per_char": nats} for nats in ("2.5", 10**400, [2.5])),
        record_of(1, valid_nats_per_char={}),
        *(record_of(1, **{key: "2"}) for key in FIGURES),
        record_of(1, num_chars=10**400),
        [record_of(1)],
        "step",
    ],
    ids=lambda record: ascii(record)[:60],
)
def test_what_is_no_record_is_refused_by_its_line(record: object) -> None:
    """A line that lacks a figure, or has one that no validation gives, is an error that names it."""
    METRICS_FILE.write_text(FINISHED + json.dumps(record) + "\n", "utf-8")
    with pytest.raises(CheckpointError) as caught:
        read_metrics(RUN)
    assert str(caught.value) == "run/metrics.jsonl: line 3: damaged: not the record of a run"


def test_no_metrics_yet(tmp_path: Path) -> None:
    """A run that has not been validated yet has no records."""
    assert read_metrics(tmp_path) == []
