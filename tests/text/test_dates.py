"""Dates in twenty ways of writing."""

import datetime
import re

import pytest

from charseq.errors import ConfigError
from charseq.text.corpus import read_corpus
from charseq.text.dates import WAYS, date_lines


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
