"""Views inside a network: the same numbers as rows, in a terminal and on a page."""

import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from charseq.analysis.gradient_flow import GradientFlow
from charseq.reports.display.page import table
from charseq.reports.display.tables import filled_table
from charseq.reports.inspection import (
    MAX_ABREAST,
    FoundView,
    GradientView,
    ModelFlow,
    View,
    gate_view,
    norms,
    unit_view,
)

TEXT = "ab\n«"


def make_flow(*layers: tuple[float, ...], lags: tuple[int, ...] = (1, 2, 4)) -> GradientFlow:
    """Return the gradients of layers with these medians, at three places: 0, 1 and 4 times the median."""
    return GradientFlow(lags, np.arange(3), np.array(layers)[..., None] * [4, 1, 0])


RNN = ModelFlow("runs/rnn", "rnn", make_flow((8, 2, 0.01)))
LSTM = ModelFlow("runs/two", "lstm", make_flow((8, 4, 1), (3, 3, 3)))
SHORT = ModelFlow("runs/line", "gru", make_flow((5,), lags=(1,)))


def shown(view: View, *, width: int = 80) -> list[str]:
    """Return the lines that a view prints, as it does into a file, without trailing blanks."""
    console = Console(file=io.StringIO(), width=width)
    view.show(console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def words(lines: list[str]) -> list[str]:
    """Return lines with single blanks between words."""
    return [" ".join(line.split()) for line in lines]


class Texts(HTMLParser):
    """Collects the texts of a page's elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append(data.strip())


def headers_of(made: Table) -> list[str]:
    return [f"{column.header}" for column in made.columns]


def lines_of(made: Table) -> list[list[str]]:
    return [[f"{cell}" for cell in line] for line in zip(*(c.cells for c in made.columns), strict=True)]


# ---- tables


def test_a_table_in_a_terminal() -> None:
    """Texts stand at the left, numbers at the right."""
    console = Console(file=io.StringIO(), width=80)
    console.print(filled_table(["who", "n"], [["a", "100"], ["bcde", "7"]], num_text_columns=1))
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]
    assert [lines[0], *lines[2:]] == ["who     n", "a     100", "bcde    7"]


def test_a_table_on_a_page() -> None:
    """The page's table has the same cells."""
    html = table(filled_table(["who", "n"], [["<a>", "100"]], num_text_columns=1))
    assert Texts(html).found == ["who", "n", "<a>", "100"]
    assert html.count('class="number"') == 2


def test_a_table_obeys_nobody() -> None:
    """Neither a terminal's commands nor rich's markup in a name are obeyed."""
    console = Console(file=io.StringIO(), width=80)
    console.print(filled_table(["[bold]n\x1b[2J"], [["[red]\r"]], num_text_columns=0))
    out = console.file.getvalue()  # type: ignore[attr-defined]
    assert r"[bold]n\x1b[2J" in out
    assert r"[red]\r" in out


# ---- gradient flow


def test_rows_of_gradients() -> None:
    """There is a row for each model, layer and lag, with the median and the quartiles."""
    rows = list(GradientView([RNN, LSTM], "a.txt").rows())
    assert [(row["model"], row["cell"], row["layer"], row["lag"]) for row in rows] == [
        *(("runs/rnn", "rnn", 1, lag) for lag in (1, 2, 4)),
        *(("runs/two", "lstm", layer, lag) for layer in (1, 2) for lag in (1, 2, 4)),
    ]
    assert [row["gradient_norm"] for row in rows] == [8, 2, 0.01, 8, 4, 1, 3, 3, 3]
    assert list(rows[4]) == [
        *("model", "cell", "layer", "lag", "gradient_norm", "gradient_norm_q1", "gradient_norm_q3")
    ]
    assert (rows[4]["gradient_norm_q1"], rows[4]["gradient_norm_q3"]) == (2, 10)
    assert json.loads(json.dumps(rows)) == rows


def test_the_summary() -> None:
    """Each layer has its factor per step and the lag of a hundredth, or what is known instead."""
    made = GradientView([RNN, LSTM, SHORT], "a.txt").summary()
    assert headers_of(made) == ["model", "cell", "layer", "places", "factor per step", "below 1/100 at lag"]
    assert lines_of(made) == [
        ["runs/rnn", "rnn", "1", "3", "0.108", "4"],
        ["runs/two", "lstm", "1", "3", "0.500", "beyond 4"],
        ["runs/two", "lstm", "2", "3", "1.000", "beyond 4"],
        ["runs/line", "gru", "1", "3", "", "beyond 1"],
    ]


def test_norms_side_by_side() -> None:
    """Each lag is a line and each layer a column, empty where a lag was not measured."""
    made = norms([series for one in (RNN, LSTM, SHORT) for series in one.series()])
    assert headers_of(made) == ["lag", "runs/rnn", "runs/two, layer 1", "runs/two, layer 2", "runs/line"]
    assert lines_of(made) == [
        ["1", "8.00e+00", "8.00e+00", "3.00e+00", "5.00e+00"],
        ["2", "2.00e+00", "4.00e+00", "3.00e+00", ""],
        ["4", "1.00e-02", "1.00e+00", "3.00e+00", ""],
    ]


def test_gradients_in_a_terminal() -> None:
    """The terminal shows what is measured, the summary, a plot with its units, and the norms."""
    lines = shown(GradientView([RNN, LSTM], "a\r.txt"))
    said = words(lines)
    assert r"places in a\r.txt" in " ".join(said[:3])
    assert "runs/rnn rnn 1 3 0.108 4" in said
    assert "gradient norm (nats per unit of the state)" in lines
    assert "lag (steps back)" in said
    assert "● runs/rnn   ○ runs/two, layer 1   ▲ runs/two, layer 2" in lines
    assert said[-1] == "4 1.00e-02 1.00e+00 3.00e+00"


@pytest.mark.parametrize("num_models", [1, MAX_ABREAST, MAX_ABREAST + 1, 15])
def test_gradients_fit_a_terminal(num_models: int) -> None:
    """However many models there are and whatever they are called, no line is wider and no number is cut."""
    flow = make_flow((1.25, 2.5e-101, 3.75e-9))
    models = [ModelFlow(f"runs/a-long-name-of-a-model-{k}", "lstm", flow) for k in range(num_models)]
    lines = shown(GradientView(models, "a.txt"))
    assert max(map(len, lines)) <= 80
    assert " ".join(lines).count("2.50e-101") == num_models
    assert " ".join(lines).count("3.75e-09") == num_models


def test_gradients_on_a_page() -> None:
    """The page has the chart, its legend, and the cells of both tables."""
    view = GradientView([RNN, LSTM], "a<b.txt")
    (html,) = view.sections()
    assert html.count("<svg") == 1
    texts = Texts(html).found
    for made in (view.summary(), norms([*RNN.series(), *LSTM.series()])):
        assert {cell for row in [headers_of(made), *lines_of(made)] for cell in row} <= set(texts)
    assert any("a<b.txt" in text for text in texts)
    assert "gradient norm (nats per unit of the state)" in texts


def test_the_scale_is_logarithmic() -> None:
    """Both plot and chart have ticks down to the smallest norm; a norm of zero has no place in them."""
    flow = make_flow((1, 1e-4, 1e-8, 0), lags=(1, 2, 3, 4))
    view = GradientView([ModelFlow("m", "rnn", flow)], "a.txt")
    ticks = [line.split()[0] for line in shown(view) if "┤" in line]
    assert (ticks[0], ticks[-1]) == ("1", "1e-8")
    texts = Texts(view.sections()[0]).found
    assert {"1", "1e-8"} <= set(texts)
    assert "m: 1e-8 at 3" in texts
    assert not any(text.endswith(" at 4") for text in texts)


# ---- units and gates


STATES = np.arange(2 * 4 * 3).reshape(2, 4, 3) / 100 - 0.1
GATES = {
    "input gate": np.array([[0, 0.5, 1, 1], [0, 0, 0, 0]]),
    "forget gate": np.array([[1, 1, 1, 1.0], [0.25, 0.25, 0.25, 0.25]]),
}


def test_rows_of_units() -> None:
    """There is a row for each unit and character, with the state of that very unit."""
    rows = list(unit_view(TEXT, STATES, [(2, 3), (1, 1)]).rows())
    assert list(rows[0]) == ["offset", "char", "layer", "unit", "activation"]
    assert [tuple(row.values())[:4] for row in rows] == [
        *((k, char, 2, 3) for k, char in enumerate(TEXT)),
        *((k, char, 1, 1) for k, char in enumerate(TEXT)),
    ]
    assert [row["activation"] for row in rows] == [*STATES[1, :, 2], *STATES[0, :, 0]]
    assert json.loads(json.dumps(rows)) == rows


def test_rows_of_gates() -> None:
    """There is a row for each layer, gate and character, the gates of a layer together."""
    rows = list(gate_view(TEXT, GATES).rows())
    assert list(rows[0]) == ["offset", "char", "layer", "gate", "openness"]
    assert [tuple(row.values())[:4] for row in rows] == [
        (k, char, layer, gate) for layer in (1, 2) for gate in GATES for k, char in enumerate(TEXT)
    ]
    assert [row["openness"] for row in rows] == [
        *GATES["input gate"][0], *GATES["forget gate"][0], *GATES["input gate"][1], *GATES["forget gate"][1]
    ]  # fmt: skip


def test_units_in_a_terminal() -> None:
    """Each unit has its name, the text above its bars, and a legend from -1 to 1."""
    states = np.array([-1, 0, 1, 1])[None, :, None].repeat(2, axis=2)
    assert shown(unit_view(TEXT, states, [(1, 1), (1, 2)])) == [
        *("layer 1, unit 1", "ab⏎", " ▄█", "«", "█", "-1 ▁▂▃▄▅▆▇█ 1 activation", ""),
        *("layer 1, unit 2", "ab⏎", " ▄█", "«", "█", "-1 ▁▂▃▄▅▆▇█ 1 activation"),
    ]


def test_gates_in_a_terminal() -> None:
    """Each gate has its name and its mean, and a legend from 0 to 1."""
    lines = shown(gate_view(TEXT, GATES))
    assert lines[:6] == [
        *("layer 1, input gate, 0.62 open on average", "ab⏎", " ▄█", "«", "█", "0 ▁▂▃▄▅▆▇█ 1 openness")
    ]
    assert [line for line in lines if line.startswith("layer")] == [
        "layer 1, input gate, 0.62 open on average",
        "layer 1, forget gate, 1.00 open on average",
        "layer 2, input gate, 0.00 open on average",
        "layer 2, forget gate, 0.25 open on average",
    ]


def test_units_and_gates_on_a_page() -> None:
    """Each of them is a section of its own, with its name, its legend and its coloured text."""
    sections = unit_view(TEXT, STATES, [(2, 3)]).sections() + gate_view(TEXT, GATES).sections()
    headings = [re.findall("<h2>(.*?)</h2>", html) for html in sections]
    assert headings[:2] == [["layer 2, unit 3"], ["layer 1, input gate, 0.62 open on average"]]
    assert len(headings) == 5
    assert ["diverging" in html for html in sections] == [True, False, False, False, False]
    assert all("«" in html for html in sections)


# ---- found units


FOUND = FoundView("quote", "a.txt", [(1, 87, 0.75), (2, 3, -0.5)])


def test_rows_of_found_units() -> None:
    """There is a row for each unit, in the order of the ranking."""
    assert list(FOUND.rows()) == [
        {"property": "quote", "layer": 1, "unit": 87, "correlation": 0.75},
        {"property": "quote", "layer": 2, "unit": 3, "correlation": -0.5},
    ]


def test_found_units_in_a_terminal() -> None:
    """The table names what was looked for, and shows the sign of every correlation."""
    lines = words(shown(FOUND))
    assert [lines[0], *lines[2:]] == ["layer unit correlation with quote", "1 87 +0.7500", "2 3 -0.5000"]


def test_found_units_on_a_page() -> None:
    """The page has the same table, and says which text it is about."""
    texts = Texts(FOUND.sections()[0]).found
    assert texts[1] == "In a.txt."
    assert texts[-6:] == ["1", "87", "+0.7500", "2", "3", "-0.5000"]
