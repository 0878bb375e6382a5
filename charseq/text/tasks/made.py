"""The text that the name of a task stands for, such as "builtin:copy:20,lines=20000,seed=1"."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from charseq.errors import ConfigError
from charseq.registry import TASKS
from charseq.text.codec import Codec
from charseq.text.tasks.task import Number, Task

PREFIX = "builtin:"
OPTIONS = {"lines": 20_000, "seed": 1}
"""The options of all tasks, with their defaults."""
MAX_VALUE = 10**8
"""The largest value of an option."""
PIECE_LINES = 1000


class MadeText(NamedTuple):
    """The text of a task: its `number`, such as the lag, how many lines it has, and the seed of chance."""

    task: Task
    number: int
    lines: int
    seed: int

    @classmethod
    def of(cls, source: str) -> "MadeText | None":
        """Return the text that `source` stands for, None if it is not the name of a task.

        Raises ConfigError, with a way out, for a wrong number or option.
        """
        path, *assignments = source.removeprefix(PREFIX).split(",")
        name, colon, number = path.partition(":")
        if not source.startswith(PREFIX) or name not in TASKS:
            return None
        task: Task = TASKS[name]
        options = dict(_option(source, f"{PREFIX}{name}", assignment) for assignment in assignments)
        return cls(
            task, _number(source, name, task.number, number, is_given=bool(colon)), **OPTIONS | options
        )

    def pieces(self) -> Iterator[bytes]:
        """Yield the text in pieces; the same for the same number, lines and seed."""
        rng = random.Random(self.seed)
        for begin in range(0, self.lines, PIECE_LINES):
            count = min(PIECE_LINES, self.lines - begin)
            yield "".join(self.task.line(self.number, rng) for _ in range(count)).encode()

    @property
    def about(self) -> str:
        """The content of a line in a few words, with the number in place of its name."""
        number = self.task.number
        return self.task.help if number is None else self.task.help.replace(number.name, f"{self.number}")

    @property
    def own_optimum(self) -> float | None:
        """The fewest bits per character if it is learnt with the settings of its task."""
        return self.task.optimum(self.number, "target" if "target_after" in self.task.data else "all")

    def optimum(self, codec: Codec) -> float | None:
        """Return the fewest bits per character that a model with this codec can need, None if unknown."""
        target_after, selection = codec.selection
        if codec.form.changes or (
            selection == "target" and target_after != self.task.data.get("target_after")
        ):
            return None
        return self.task.optimum(self.number, selection or "all")


def best_possible(sources: Sequence[str], codec: Codec) -> float | None:
    """Return the fewest bits per character that any model with this codec needs for the texts of `sources`.

    It is the average of many such texts; a short one may have a little more or less. Return None for
    texts that are not made by one task with one number, and where the optimum is not known.
    """
    made = [MadeText.of(source) for source in sources]
    optima = {None if one is None else one.optimum(codec) for one in made}
    return optima.pop() if len(optima) == 1 else None


def data_settings(sources: Sequence[str]) -> dict[str, str]:
    """Return the settings of the section data that fit the texts of `sources`; none unless all are tasks."""
    made = [MadeText.of(source) for source in sources]
    found = [dict(one.task.data) for one in made if one is not None]
    return found[0] if len(found) == len(made) and all(one == found[0] for one in found) else {}


def pattern_of(name: str) -> str:
    """Return the form of the names of a task's texts, such as builtin:copy:LAG."""
    number: Number | None = TASKS[name].number
    return f"{PREFIX}{name}" if number is None else f"{PREFIX}{name}:{number.name}"


def _option(source: str, name: str, assignment: str) -> tuple[str, int]:
    key, _, value = assignment.partition("=")
    if key not in OPTIONS or not (value.isdecimal() and len(value) < 10 and int(value) <= MAX_VALUE):
        ways = ", ".join(f"{option}={default}" for option, default in OPTIONS.items())
        raise ConfigError(f"{source}: {assignment!r} is no option of {name}; there are: {ways}")
    return key, int(value)


def _number(source: str, name: str, number: Number | None, text: str, *, is_given: bool) -> int:
    if number is None:
        if is_given:
            raise ConfigError(f"{source}: {name} takes no number: leave out :{text}")
        return 0
    if not is_given and number.default is not None:
        return number.default
    if not (text.isdecimal() and len(text) < 10 and number.low <= int(text) <= number.high):
        raise ConfigError(
            f"{source}: {number.name} must be a number from {number.low} to {number.high:,} "
            f"({number.meaning}), as in {PREFIX}{name}:{number.example}"
        )
    return int(text)
