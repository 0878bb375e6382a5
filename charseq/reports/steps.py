"""The report of `charseq next --steps`: a model unrolled in time, step by step."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from charseq.analysis.unrolling import MemberStep, Step, Unrolling
from charseq.reports.column import Column, Row, any_given, field, row_of
from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.chart import Chart
from charseq.reports.display.grid import Grid, grid_chart
from charseq.reports.display.heat import Scale
from charseq.reports.display.strips import input_labels
from charseq.reports.display.tables import columns_table, filled_table
from charseq.reports.display.visible import visible
from charseq.reports.guesses import guess_rows, guesses_text
from charseq.reports.neuron_gates import quantity_word
from charseq.reports.report import Report
from charseq.reports.state_column import StateColumn
from charseq.reports.states import each_state, state_name, state_picture


class StepItem(NamedTuple):
    """A step of an unrolling, with its number in it."""

    unrolling: Unrolling
    step: Step

    @property
    def prediction(self) -> Any:
        """The prediction that comes out."""
        return self.step.prediction


def _of(name: str) -> Any:
    return attrgetter(f"step.prediction.{name}")


def _first_guess(item: StepItem, what: str) -> Any:
    top = item.prediction.top
    return getattr(top[0], what) if top else None


NUMBERS = (
    field("prefix", _of("prefix"), "the characters that were read so far"),
    field("step", attrgetter("step.step"), "number of the step; 0 reads the start"),
    field("token", attrgetter("step.token"), "number of the token that was read, null for the zero vector"),
    Column(
        "input",
        "input",
        lambda name: input_labels([name])[0],
        attrgetter("step.input"),
        "the name of this token, null for the start of a stream",
        left=True,
    ),
    Column(
        "order",
        "order",
        "",
        attrgetter("step.order"),
        "length of the n-grams that were used, null for other models",
        shown=any_given(attrgetter("step.order")),
    ),
    Column(
        "target",
        "next",
        lambda target: visible(target or ""),
        _of("target"),
        "the character that follows, null if none is known",
        left=True,
        shown=any_given(_of("target")),
    ),
    Column(
        "probability", "p", ".4f", _of("probability"), "its probability", shown=any_given(_of("probability"))
    ),
    Column("rank", "rank", "", _of("rank"), "its rank, 1 for the likeliest", shown=any_given(_of("rank"))),
    field("bits", _of("bits"), "its surprisal in bits"),
    Column("entropy", "entropy", ".3f", _of("entropy"), "the entropy of the distribution in bits"),
    field("guess", lambda item: _first_guess(item, "char"), "the likeliest character"),
    field("guess_probability", lambda item: _first_guess(item, "probability"), "its probability"),
)
"""The columns that every format has."""
TOP = Column(
    "top",
    "likeliest next, with p",
    guesses_text,
    lambda item: guess_rows(item.prediction.top),
    "the likeliest characters: a list of `{char, probability}`",
    left=True,
)
ARRAYS = (
    TOP,
    field("states", lambda item: _arrays(item, "states"), "the states by name, a list for each layer"),
    field("gates", lambda item: _arrays(item, "gates"), "the gates by name, a list for each layer"),
    field("candidate", lambda item: _candidate(item), "the candidate, a list for each layer"),
    field("neurons", lambda item: _neurons(item), "the chosen neurons: gates, candidate, C and h by name"),
    field("members", lambda item: [_member(one) for one in item.step.members], "the members of a mixture"),
)
"""The columns that json, jsonl and yaml have, but not tsv and csv."""


class StepReport(Report):
    """For each prefix a line for each step; below, the chosen neurons and the members of a mixture."""

    command, name, title, has_name = "next", "steps", "Steps", False
    help = (
        "`charseq next --steps`. One row for each token that is read; the fields from `top` on are left out "
        "in tsv and csv. States and gates are null without a network."
    )
    columns = (*NUMBERS, *ARRAYS)

    def items(self, result: Sequence[Unrolling]) -> list[StepItem]:
        """Return the steps of all unrollings."""
        return [StepItem(one, step) for one in result for step in one.steps]

    def numbers(self, result: Sequence[Unrolling]) -> Iterator[Row]:
        """Yield the rows without arrays."""
        return (row_of(NUMBERS, item) for item in self.items(result))

    def show(self, console: Console, result: Sequence[Unrolling]) -> None:
        """Print each unrolling: its steps, its neurons, its members."""
        for number, one in enumerate(result):
            if number:
                console.print()
            console.print(Text(title_of(one), style="bold"))
            if strips := StateColumn.of(console, one):
                console.print(strips.within(columns_table(BESIDE_STATES, self.items([one]))))
                for legend in strips.legends():
                    console.print(legend)
            else:
                console.print(columns_table(SHOWN, self.items([one])))
            for heading, table in _further(one):
                console.print()
                console.print(Text(heading, style="bold"))
                console.print(table)

    def sections(self, result: Sequence[Unrolling]) -> list[str]:
        """Return a section for each unrolling, with a picture of each state."""
        return [part for one in result for part in self._sections(one)]

    def _sections(self, one: Unrolling) -> Iterator[str]:
        table = page.table(columns_table(SHOWN, self.items([one])))
        yield page.section(title_of(one), table, *distributions(one))
        labels = input_labels(one.inputs)
        for layer, state, values in each_state(one.states) if one.states else ():
            yield page.section(state_name(layer, state), *state_picture(labels, layer, state, values))
        for inside in one.insides():
            places = range(len(one.steps))
            series = [Series(quantity_word(name), places, v.tolist()) for name, v in inside.values.items()]
            chart = Chart(series, x_label="step", y_label="value").html()
            yield page.section(inside.name, page.table(neuron_table(one, inside.values)), chart)
        if one.steps[0].members:
            yield page.section("Members", page.table(member_table(one)))


MAX_CHARS = 24
"""The most characters in a picture of distributions: those that are likeliest somewhere."""
PROBABILITY = Scale(0, 1, "probability, of the likeliest at each step")
SHOWN = (*NUMBERS, TOP)
BESIDE_STATES = tuple(column for column in SHOWN if column.key not in ("rank", "entropy"))
"""The columns for which there is room beside the states."""


def title_of(one: Unrolling) -> str:
    """Return the prefix and the model in words."""
    return f"{visible(one.prefix) or 'the beginning'}: {one.model}"


def _further(one: Unrolling) -> Iterator[tuple[str, Table]]:
    """Yield the tables below the steps, each with its heading."""
    for inside in one.insides():
        yield inside.name, neuron_table(one, inside.values)
    if one.steps[0].members:
        yield "members", member_table(one)


def distributions(one: Unrolling) -> list[str]:
    """Return a picture of the distributions for a page: for each step its likeliest characters."""
    shares: dict[str, float] = {}
    for step in one.steps:
        for guess in step.prediction.top:
            shares[guess.char] = max(guess.probability, shares.get(guess.char, 0.0))
    chars = sorted(sorted(shares, key=lambda char: -shares[char])[:MAX_CHARS])
    if not chars:
        return []
    places = {char: k for k, char in enumerate(chars)}
    values = np.zeros((len(one.steps), len(chars)))
    for row, step in zip(values, one.steps, strict=True):
        for guess in step.prediction.top:
            if guess.char in places:
                row[places[guess.char]] = guess.probability
    columns = input_labels(chars)
    grid = Grid("what comes out", input_labels(one.inputs), values, PROBABILITY, "next", columns)
    return [page.wide(grid_chart(grid))]


def neuron_table(one: Unrolling, values: dict[str, Any]) -> Table:
    """Return a line for each step with the gates, the candidate and the states of a neuron."""
    lines = [
        [label, *(f"{array[k]:.3f}" for array in values.values())]
        for k, label in enumerate(input_labels(one.inputs))
    ]
    return filled_table(["input", *map(quantity_word, values)], lines, num_text_columns=1)


def member_table(one: Unrolling) -> Table:
    """Return a line for each step and member of a mixture."""
    lines = []
    for label, step in zip(input_labels(one.inputs), one.steps, strict=True):
        for k, member in enumerate(step.members):
            p = member.prediction.probability
            lines.append(
                [
                    label if k == 0 else "",
                    member.member,
                    guesses_text(guess_rows(member.prediction.top)),
                    f"{member.weight:.3f}",
                    "" if member.order is None else f"{member.order}",
                    "" if p is None else f"{p:.4f}",
                ]
            )
    headers = ["input", "member", "likeliest next, with p", "weight", "order", "p"]
    return filled_table(headers, lines, num_text_columns=3)


def _arrays(item: StepItem, what: str) -> Any:
    states = item.unrolling.states
    if states is None:
        return None
    return {name: array[:, item.step.step].tolist() for name, array in getattr(states, what).items()}


def _candidate(item: StepItem) -> Any:
    states = item.unrolling.states
    if states is None or states.candidate is None:
        return None
    return states.candidate[:, item.step.step].tolist()


def _neurons(item: StepItem) -> list[Row]:
    return [
        {"layer": one.place[0], "neuron": one.place[1]}
        | {name: float(values[item.step.step]) for name, values in one.values.items()}
        for one in item.unrolling.insides()
    ]


def _member(one: MemberStep) -> Row:
    prediction = one.prediction
    return {
        "member": one.member,
        "weight": one.weight,
        "order": one.order,
        "probability": prediction.probability,
        "rank": prediction.rank,
        "bits": prediction.bits,
        "entropy": prediction.entropy,
        "top": guess_rows(prediction.top),
    }
