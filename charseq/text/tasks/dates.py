"""Dates in twenty ways of writing, each with the same date in the order of ISO 8601: text to text."""

import datetime
import math
import random
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import ClassVar

from charseq.text.tasks.task import Task


def _words(words: str) -> list[str]:
    return words.split()


FIRST, NUM_DAYS = datetime.date(1950, 1, 1), 36_525
"""The dates are in the years 1950 to 2049, so that two digits of a year are enough."""
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
WEEKDAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
ROMAN = _words("I II III IV V VI VII VIII IX X XI XII")
GERMAN = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
FRENCH = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
SPANISH = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]


def _ordinal(number: int) -> str:
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


WAYS: tuple[Callable[[datetime.date], str], ...] = (
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{d.day} {MONTHS[d.month - 1][:3]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{MONTHS[d.month - 1][:3]} {d.day}, {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {_ordinal(d.day)}, {d.year}",
    lambda d: f"the {_ordinal(d.day)} of {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()]}, {d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()][:3]} {d.day} {MONTHS[d.month - 1][:3]} {d.year}",
    lambda d: f"{d.year} {MONTHS[d.month - 1]} {d.day}",
    lambda d: f"{d.day:02}-{MONTHS[d.month - 1][:3].upper()}-{d.year % 100:02}",
    lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
    lambda d: f"{d.day}.{d.month}.{d.year % 100:02}",
    lambda d: f"{d.month:02}/{d.day:02}/{d.year}",
    lambda d: f"{d.year}/{d.month}/{d.day}",
    lambda d: f"{d.year}{d.month:02}{d.day:02}",
    lambda d: f"{d.day}/{ROMAN[d.month - 1]}/{d.year}",
    lambda d: f"{d.day}. {GERMAN[d.month - 1]} {d.year}",
    lambda d: f"{d.day} {FRENCH[d.month - 1]} {d.year}",
    lambda d: f"{d.day} de {SPANISH[d.month - 1]} de {d.year}",
    lambda d: f"{d.year}年{d.month}月{d.day}日",
)
"""The ways of writing a date. With dots the day comes first, with two slashes and digits the month."""


class Dates(Task):
    """Lines of a date in one of WAYS, a tab, and the date as 2024-03-05.

    Each day and each way are equally likely. The date behind the tab is the target, and a perfect model knows
    it: 0 bits.

    If the date before it counts, too, the optimum is found by counting all lines that there are. Most cost
    log2(20 x 36,525) bits; the others are less surprising, because two ways write a day in May alike.
    """

    help = "a date in one of twenty ways of writing, a tab, and the date as 2024-03-05"
    data: ClassVar = {"unit": "line", "target_after": "\t"}

    def line(self, number: int, rng: random.Random) -> str:
        """Return a line with a day and a way of writing it."""
        day = FIRST + datetime.timedelta(rng.randrange(NUM_DAYS))
        return f"{rng.choice(WAYS)(day)}\t{day.isoformat()}\n"

    def optimum(self, number: int, counted: str) -> float | None:
        """Return 0 for the date behind the tab, as for its last digit; else the bits of a whole line."""
        return _bits_of_lines() if counted == "all" else 0.0


@cache
def _bits_of_lines() -> float:
    """Return the bits per character of whole lines, from all lines that there are."""
    days = [FIRST + datetime.timedelta(number) for number in range(NUM_DAYS)]
    counts = Counter(f"{way(day)}\t{day.isoformat()}\n" for way in WAYS for day in days)
    total = counts.total()
    bits = sum(count * math.log2(total / count) for count in counts.values())
    return bits / sum(count * len(line) for line, count in counts.items())
