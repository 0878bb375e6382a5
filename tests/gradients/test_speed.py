"""The speed of this machine: measured once, remembered, and never in the way."""

import json
from pathlib import Path
from typing import Any

import pytest

from charseq.config import TrainConfig
from charseq.gradients import speed
from charseq.gradients.speed import training_speed

ONE_CORE = TrainConfig(threads=1, backend="numpy")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file with the speeds, in a cache directory of its own, and measure in no time."""
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(speed, "seconds_of", lambda source, window: 0.001)
    return tmp_path / "cache" / "speeds.json"


def not_again(*arguments: Any) -> float:
    raise AssertionError("it was measured again")


def test_the_speed_counts_the_products_of_a_second(file: Path) -> None:
    """A GRU of 256 units has (3 * 256 + 65) * 256 weights in products, here for 16 x 16 characters."""
    assert training_speed(ONE_CORE) == float(f"{1000 * (3 * 256 + 65) * 256 * 16 * 16:.2g}")


def test_two_cores_are_faster_than_one_but_not_twice(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What more cores gain is reckoned, not measured."""
    monkeypatch.setattr(speed, "num_cores", lambda: 2)
    one, two = (training_speed(TrainConfig(threads=threads, backend="numpy")) for threads in (1, 2))
    assert 1.5 < two / one < 2


def test_the_speed_is_measured_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time it comes from the file in the cache directory."""
    first = training_speed(ONE_CORE)
    monkeypatch.setattr(speed, "seconds_of", not_again)
    assert training_speed(ONE_CORE) == first
    (name,) = json.loads(file.read_text())
    assert name.endswith(", 1 cores, numpy")


def test_other_cores_are_measured_for_themselves(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has a speed for each number of cores and each backend."""
    monkeypatch.setattr(speed, "num_cores", lambda: 4)
    for threads in (1, 2, 0):
        training_speed(TrainConfig(threads=threads, backend="numpy"))
    assert len(json.loads(file.read_text())) == 3


@pytest.mark.parametrize("content", ["", "[1]", "{", "[" * 100_000, '{"a": NaN}'])
def test_a_damaged_file_is_as_good_as_none(content: str, file: Path) -> None:
    """The speed is measured again, and the file is written anew."""
    file.parent.mkdir()
    file.write_text(content)
    assert training_speed(ONE_CORE) > 0
    assert training_speed(ONE_CORE) in json.loads(file.read_text()).values()


@pytest.mark.parametrize("value", ["fast", None, 0, -1, 1e999, True, []])
def test_a_speed_that_is_none_is_measured_again(value: object, file: Path) -> None:
    """Only a positive, finite number is a speed."""
    expected = training_speed(ONE_CORE)
    (name,) = json.loads(file.read_text())
    file.write_text(json.dumps({name: value}))
    assert training_speed(ONE_CORE) == expected


def test_without_a_cache_the_speed_is_still_known(file: Path) -> None:
    """A cache directory that cannot be made costs the time of measuring, and no more."""
    file.parent.write_text("a file in the way")
    assert training_speed(ONE_CORE) > 0


def test_the_real_speed_is_positive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real step is measured, on one core."""
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(speed, "NUM_TRIALS", 1)
    assert training_speed(ONE_CORE) > 1e6
