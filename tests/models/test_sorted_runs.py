"""Counting the different numbers of a long sequence on disk."""

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.errors import CharseqError
from charseq.models.sorted_runs import SortedRuns

numbers = st.integers(0, 9) | st.integers(0, 2**64 - 1)


def counted(parts: list[list[int]], **sizes: int) -> list[tuple[list[int], list[int]]]:
    """Return the pieces of what is merged."""
    with SortedRuns(**sizes) as runs:
        for part in parts:
            runs.add_(np.array(part, np.uint64))
        return [(codes.tolist(), counts.tolist()) for codes, counts in runs.merged()]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(numbers, max_size=30), max_size=5), st.integers(1, 9), st.integers(1, 20))
def test_each_number_is_counted_once_in_order(parts: list[list[int]], run: int, merge: int) -> None:
    """Whatever the sizes are: one run in memory, or many in a file that are merged in small pieces."""
    merged = counted(parts, run_size=run, merge_size=merge)
    pairs = [pair for piece in merged for pair in zip(*piece, strict=True)]
    assert pairs == sorted(Counter(number for part in parts for number in part).items())


def test_pieces_are_not_larger_than_is_said() -> None:
    """Of five runs with a hundred numbers each, at most twenty are merged at once, however they lie."""
    merged = counted([list(range(k, 500, 5)) for k in range(5)], run_size=100, merge_size=20)
    assert max(len(codes) for codes, _ in merged) <= 20
    assert sum(len(codes) for codes, _ in merged) == 500


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the file has a name until it is closed")
def test_the_temporary_file_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So nothing is left in the directory for temporary files, even if the process is killed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with SortedRuns(run_size=2) as runs:
        runs.add_(np.arange(9, dtype=np.uint64))
        assert not list(tmp_path.iterdir())
        next(runs.merged())
        assert not list(tmp_path.iterdir())


def test_the_file_is_closed_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the work is given up in the middle."""
    opened: list[IO[bytes]] = []
    make = tempfile.TemporaryFile

    def remember(**options: Any) -> IO[bytes]:
        opened.append(make(**options))
        return opened[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", remember)

    def interrupted() -> None:
        with SortedRuns(run_size=2) as runs:
            runs.add_(np.arange(9, dtype=np.uint64))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [file.closed for file in opened] == [True]


def full_device(prefix: str) -> IO[bytes]:
    return Path("/dev/full").open("w+b")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_an_error_that_names_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line: where, why, and that another directory can be chosen."""
    monkeypatch.setattr(tempfile, "TemporaryFile", full_device)
    monkeypatch.setattr(tempfile, "tempdir", "/somewhere")
    with pytest.raises(CharseqError) as caught, SortedRuns(run_size=2) as runs:
        runs.add_(np.arange(9, dtype=np.uint64))
    assert str(caught.value) == (
        "/somewhere: cannot hold the counts of a long text: No space left on device; "
        "the environment variable TMPDIR names another directory"
    )
