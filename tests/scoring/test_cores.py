"""Jobs side by side: all are done, in any number of threads, and their errors arrive in order."""

import threading
from collections.abc import Callable

import pytest

from charseq.scoring import cores
from charseq.scoring.cores import num_threads, run_jobs


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return a number of threads that are allowed now."""
    monkeypatch.setattr(cores, "num_threads", lambda: request.param)
    number: int = request.param
    return number


@pytest.mark.parametrize("num_jobs", [0, 1, 7])
def test_all_jobs_are_done(num_jobs: int, threads: int) -> None:
    """Each job is run once, before the call returns."""
    done = list[int]()
    run_jobs([lambda k=k: done.append(k) for k in range(num_jobs)])
    assert sorted(done) == list(range(num_jobs))


def test_jobs_run_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jobs that wait for each other end."""
    monkeypatch.setattr(cores, "num_threads", lambda: 2)
    both = threading.Barrier(2)
    run_jobs([lambda: [both.wait(10)][1:] and None] * 2)


def test_the_first_error_is_raised(threads: int) -> None:
    """Of several errors it is that of the first job, however long that takes."""

    def fail(why: str) -> Callable[[], None]:
        def job() -> None:
            raise ValueError(why)

        return job

    with pytest.raises(ValueError, match="one"):
        run_jobs([lambda: None, fail("one"), fail("two")])


def test_jobs_within_a_job_need_no_further_threads(threads: int) -> None:
    """They are run where the job runs."""
    seen = list[bool]()

    def outer() -> None:
        here = threading.get_ident()
        run_jobs([lambda: seen.append(threading.get_ident() == here)] * 3)

    run_jobs([outer, outer])
    assert seen == [True] * 6 or threads == 1


@pytest.mark.parametrize(
    ("variable", "expected"), [("1", 1), ("2", 2), ("64", 8), ("0", 8), ("", 8), ("x", 8)]
)
def test_the_usual_variable_limits_the_cores(
    variable: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OMP_NUM_THREADS allows fewer cores than there are, never more."""
    monkeypatch.setattr(cores, "num_cores", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert num_threads() == expected
