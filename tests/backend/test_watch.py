"""The sentence about compiling: once it is felt, and only once."""

import pytest

from charseq.backend.watch import Watch

ONCE = "numba compiles for this machine, which takes some seconds, once: the code is kept in the cache"
ALWAYS = (
    "numba compiles for this machine, which takes some seconds, each time, for nothing can be kept in the "
    "cache: CHARSEQ_CACHE_DIR names another directory"
)


class Compiling:
    """A watch, what it has said, and functions that take a given time."""

    def __init__(self) -> None:
        self.now, self.said = 0.0, list[str]()
        self.watch = Watch(lambda: self.now)
        self.watch.say = self.said.append

    def function(self, seconds: float, *parts: float, is_kept: bool = True) -> None:
        self.watch.begin()
        self.now += seconds
        for part in parts:
            self.function(part, is_kept=is_kept)
        self.watch.end(is_kept=is_kept)


def test_what_is_not_felt_is_not_said() -> None:
    """Less than a second in all."""
    compiling = Compiling()
    for _ in range(4):
        compiling.function(0.2)
        compiling.now += 100.0  # between two functions
    assert compiling.said == []


def test_the_first_second_is_said_once() -> None:
    """Whether in one function or in several."""
    compiling = Compiling()
    compiling.function(0.6)
    assert compiling.said == []
    compiling.function(0.6)
    assert compiling.said == [ONCE]
    compiling.function(5.0)
    assert compiling.said == [ONCE]


def test_a_function_that_is_compiled_for_another_counts_with_it() -> None:
    """It is not counted twice."""
    compiling = Compiling()
    compiling.function(0.3, 0.3, 0.3)
    assert compiling.said == []
    compiling.function(0.0, 0.2)
    assert compiling.said == [ONCE]


def test_code_that_cannot_be_kept_is_said_to_be_compiled_again() -> None:
    """With the way out."""
    compiling = Compiling()
    compiling.function(2.0, is_kept=False)
    assert compiling.said == [ALWAYS]


@pytest.mark.parametrize("seconds", [0.5, 5.0])
def test_without_a_listener_nothing_is_said(seconds: float) -> None:
    """A library that is used from Python stays silent."""
    compiling = Compiling()
    compiling.watch.say = None
    compiling.function(seconds)
    assert compiling.said == []
