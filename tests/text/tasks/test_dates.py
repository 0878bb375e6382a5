"""Dates in twenty ways of writing."""

import datetime
import math
import random
import re
from pathlib import Path

import pytest

from charseq.errors import ConfigError
from charseq.text.corpus import read_corpus
from charseq.text.tasks.dates import NUM_DAYS, WAYS, Dates

ROOT = Path(__file__).parents[3]


def date_lines(number: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [Dates().line(0, rng) for _ in range(number)]


def test_there_are_twenty_ways_and_all_differ() -> None:
    """No two ways write the same day alike, nor does a way write two days alike."""
    days = [datetime.date(2024, 3, 5), datetime.date(1951, 11, 22), datetime.date(2001, 12, 3)]
    written = [way(day) for way in WAYS for day in days]
    assert len(WAYS) == 20
    assert len(set(written)) == len(written)


def test_a_line_is_a_date_and_the_same_in_iso_order() -> None:
    """The target is a day of the calendar, whose year, or its end, is in the source."""
    for line in date_lines(300, 1):
        source, target = line.removesuffix("\n").split("\t")
        day = datetime.date.fromisoformat(target)
        assert f"{day.year % 100:02}" in source
        assert re.search(rf"{day.day}", source)


def test_a_seed_gives_the_same_lines_and_another_one_others() -> None:
    """The corpus is made on the spot, and needs no file."""
    one, again, other = (read_corpus((f"builtin:dates,lines=5,seed={seed}",)).text for seed in (1, 1, 2))
    assert one == again != other
    assert one.count("\n") == 5


@pytest.mark.parametrize("option", ["line=5", "lines=x", "lines=", "lines=-1", "lines=9999999999", ""])
def test_a_wrong_option_is_answered_with_those_that_exist(option: str) -> None:
    """The defaults are named too."""
    with pytest.raises(ConfigError) as caught:
        read_corpus((f"builtin:dates,{option}",))
    assert str(caught.value).endswith(
        f"{option!r} is no option of builtin:dates; there are: lines=20000, seed=1"
    )


def test_the_file_in_data_has_the_first_lines() -> None:
    """The lines of a seed stay what they are."""
    assert "".join(date_lines(2000, 1)) == (ROOT / "data" / "dates.tsv").read_text(encoding="utf-8")


def test_the_date_behind_the_tab_is_known() -> None:
    """No source, of any day in any way, stands for two days: the optimum of the targets is 0 bits."""
    first, days = datetime.date(1950, 1, 1), dict[str, datetime.date]()
    for number in range(0, NUM_DAYS, 7):
        day = first + datetime.timedelta(number)
        assert all(days.setdefault(way(day), day) == day for way in WAYS)
    assert Dates().optimum(0, "target") == Dates().optimum(0, "last") == 0


def test_whole_lines_cost_a_day_and_a_way_but_for_may() -> None:
    """In May four of the ways are two pairs, such as "5 May 2024": each of them costs one bit less."""
    in_may = 31 * 100 / NUM_DAYS * 4 / len(WAYS)
    bits = math.log2(NUM_DAYS * len(WAYS)) - in_may
    lines = date_lines(6_000, 5)
    lengths = [len(line) for line in lines]
    mean = sum(lengths) / len(lengths)
    error = (sum((length - mean) ** 2 for length in lengths) / len(lengths) ** 2) ** 0.5
    optimum = Dates().optimum(0, "all")
    assert optimum is not None
    assert abs(bits / optimum - mean) < 5 * error
