"""The page for teachers: its claims on small tasks, in every run of the tests; its own figures by hand.

`python -m pytest -m slow tests/test_teachers.py` runs every command of the page, and compares each figure.
"""

import math
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import charseq
from charseq.manual import read_page
from tests.cli.conftest import surroundings

ROOT = Path(__file__).parents[1]
SMALL = {"threads": 1, "backend": "numpy"}
LAG = 3
CORPUS = f"builtin:copy:{LAG},lines=2000"
BEST, FORGETFUL = 3 / (LAG + 3), 6 / (LAG + 3)
"""Bits per character of a perfect model, and of one that knows the place in the line, but not the marker."""


def price_of_window(window: int, lag: int) -> float:
    """Return the fewest bits per character of a model that sees the last `window` characters of a line.

    All eight lines are written down, and the characters that follow each context are counted.
    """
    following = defaultdict[str, Counter[str]](Counter)
    for marker in "abcdefgh":
        line = f"\n{marker}{'.' * lag}{marker}\n"
        for place in range(1, len(line)):
            following[line[max(0, place - window) : place]][line[place]] += 1
    total = sum(counts.total() for counts in following.values())
    nats = sum(
        count * math.log(counts.total() / count) for counts in following.values() for count in counts.values()
    )
    return nats / math.log(2) / total


@pytest.fixture(scope="module")
def bits(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a function that trains a model, once for the same settings, and returns its bits."""
    path = tmp_path_factory.mktemp("lesson")

    @cache
    def bits(corpus: str = CORPUS, **settings: Any) -> float:
        output = path / f"{len(list(path.iterdir()))}"
        own = {} if settings.get("kind") == "ngram" else SMALL
        with pytest.MonkeyPatch.context() as patch:  # rates for adapting take longer than such a training
            patch.setattr("charseq.runs.finish.choose_rates", lambda *arguments, **options: None)
            model = charseq.train(corpus, output=output, **own, **settings)
        return charseq.evaluate(model).total.bits_per_char

    return bits


# ---- the claims, on small tasks


@pytest.mark.parametrize(("window", "lag"), [(2, 3), (5, 10), (5, 20), (9, 10)])
def test_the_formula_of_the_page_is_the_price_of_a_window(window: int, lag: int) -> None:
    """One of n places where only dots are seen is followed by the marker: n h(1/n) bits more than 6."""
    n = lag - window + 1
    entropy = math.log2(n) - (n - 1) / n * math.log2(n - 1)
    assert (6 + n * entropy) / (lag + 3) == pytest.approx(price_of_window(window, lag))


def test_the_page_names_the_prices_of_its_task() -> None:
    """The lag is 10, the window 5."""
    page = read_page("teachers")
    for price in (3 / 13, 6 / 13, price_of_window(5, 10)):
        assert f"{price:.4f}" in page


def test_a_window_that_sees_the_marker_pays_for_one_only() -> None:
    """LAG + 1 characters are enough."""
    assert price_of_window(LAG + 1, LAG) == pytest.approx(BEST)


def test_a_markov_model_fails_where_its_order_is_too_small(bits: Any) -> None:
    """It reaches the price of its window, and one that sees the marker is perfect."""
    assert bits(kind="ngram", order=3) == pytest.approx(price_of_window(2, LAG), rel=0.02)
    assert bits(kind="ngram", order=LAG + 2) == pytest.approx(BEST, rel=0.02)


def test_a_network_on_a_window_fails_likewise(bits: Any) -> None:
    """No training helps it to see farther."""
    short = bits(kind="mlp", order=2, hidden_size=16, max_steps=200)
    assert 0.98 * price_of_window(2, LAG) < short < 1.1 * price_of_window(2, LAG)
    assert bits(kind="mlp", order=LAG + 1, hidden_size=16, max_steps=300) < 1.1 * BEST


def test_a_recurrent_network_remembers(bits: Any) -> None:
    """It learns a short lag."""
    assert bits(cell="rnn", hidden_size=16, max_steps=400, learning_rate=0.02) < 1.1 * BEST


def test_a_longer_lag_is_harder(bits: Any) -> None:
    """After the same steps, more is missing at a lag of 12 than at 3."""
    longer = bits("builtin:copy:12,lines=2000", cell="rnn", hidden_size=16, max_steps=400, learning_rate=0.02)
    assert longer > 1.5 * 3 / 15


def test_real_time_learning_bridges_windows_of_one_and_truncated_backpropagation_does_not(bits: Any) -> None:
    """A window of one character has no past; sensitivities carry it."""
    one = {"cell": "rnn", "hidden_size": 8, "seq_length": 1, "max_steps": 1500, "learning_rate": 0.03}
    assert bits(**one) > 0.95 * FORGETFUL
    assert bits(**one, gradient="rtrl") < 0.75 * FORGETFUL


def test_clipping_keeps_a_large_rate_from_harm(bits: Any) -> None:
    """Plain gradient descent with a rate of 10."""
    plain = {"cell": "rnn", "hidden_size": 16, "optimizer": "sgd", "learning_rate": 10.0, "max_steps": 200}
    assert bits(**plain, max_grad_norm=0.0) > 2 * bits(**plain)


def test_the_sizes_of_the_page_have_equal_parameters() -> None:
    """The networks of the ladder differ by at most three in a hundred."""
    sizes = re.findall(r"^\| `(--(?:mlp|cell) [^`]+)` \| ([\d,]+) \|", read_page("teachers"), re.M)
    numbers = [int(number.replace(",", "")) for _, number in sizes]
    assert len(numbers) == 4
    assert max(numbers) < 1.03 * min(numbers)


# ---- the figures of the page

FIGURE = r"\d\.\d"
ELSEWHERE = [
    ("builtin:copy:10 --ngram 12", "0.2308"),
    ("builtin:copy:10 --cell gru --hidden-size 32 --seq-length 5 --max-steps 9000", "0.2309"),
    ("builtin:copy:20 --cell lstm --hidden-size 32 --max-steps 6000", "0.1306"),
    ("builtin:copy:20 --cell rnn --hidden-size 32 --max-steps 6000", "0.1518"),
    ("builtin:brackets:4 --ngram 6", "2.1354"),
    ("builtin:brackets:4 --cell gru --hidden-size 64 --max-steps 2000", "1.7763"),
]
"""Options of trainings whose figures stand in sentences of the page."""


def shown(block: str) -> list[tuple[str, list[str]]]:
    """Return each command of a console block with the lines that the page shows below it."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        elif found and line.strip() not in ("", "..."):
            found[-1][1].append(line)
    return found


def figure(line: str) -> tuple[str, float]:
    """Return the name at the beginning of a line, and its bits per character, or else its first number."""
    name = re.split(r"  +", line.strip())[0]
    for pattern in (r"(\d+\.\d+) bits per character", r"(\d+\.\d{4})", r"(\d+\.\d+)"):
        if found := re.search(pattern, line):
            return name, float(found[1])
    raise ValueError(f"no figure in {line!r}")


def test_the_reader_of_figures() -> None:
    """Bits per character are found before any other number."""
    block = "$ charseq a\n...\ntest      0.5 nats = 0.75 bits per character, 1\n$ charseq b\n"
    assert [len(lines) for _, lines in shown(block)] == [1, 0]
    assert figure("test      0.5 nats = 0.75 bits per character, 1") == ("test", 0.75)
    assert figure("runs/gru  gru 1 x 3   1,234    2.5000  ███") == ("runs/gru", 2.5)
    assert figure("runs/gru  gru   1   64   0.634   12") == ("runs/gru", 0.634)


def run(command: str, path: Path) -> str:
    """Run a command line of the page in `path`; return what it prints."""
    script = f'charseq() {{ {sys.executable} -m charseq "$@"; }}; {command}'
    environment = surroundings(CHARSEQ_TRAIN_THREADS="1")
    return subprocess.run(
        ["sh", "-c", script], cwd=path, env=environment, capture_output=True, text=True, check=True
    ).stdout


def is_near(value: float, expected: float) -> bool:
    """Return whether a figure is that of the page, but for digits that differ between machines."""
    return abs(value - expected) <= max(0.02, 0.1 * expected)


def trained_figure(options: str, path: Path) -> float:
    """Return the bits per character of the test part after a training."""
    shutil.rmtree(path / "runs" / "one", ignore_errors=True)
    lines = run(f"charseq train {options} -o runs/one", path).splitlines()
    return next(figure(line)[1] for line in lines if line.startswith("test "))


@pytest.mark.slow
def test_every_command_of_the_page_prints_its_figures(tmp_path: Path) -> None:
    """The commands of the console blocks run one after the other, as a reader runs them."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    blocks = re.findall(r"^```console\n(.*?)^```$", read_page("teachers"), flags=re.M | re.S)
    wrong = list[str]()
    for command, lines in shown("\n".join(blocks)):
        found = [figure(line) for line in run(command, tmp_path).splitlines() if re.search(FIGURE, line)]
        for name, expected in (figure(line) for line in lines if re.search(FIGURE, line)):
            values = [value for other, value in found if other == name]
            if not any(is_near(value, expected) for value in values):
                wrong.append(f"{command}: {name}: {values}, not {expected}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("lag", [10, 20, 40])
def test_the_table_of_lags(lag: int, tmp_path: Path) -> None:
    """Its columns are three cells, a model without a memory, and the best possible."""
    row = re.search(rf"^\| {lag} \| (.*) \|$", read_page("teachers"), re.M)
    assert row is not None
    *cells, forgetful, best = map(float, row[1].split(" | "))
    for cell, expected in zip(("rnn", "gru", "lstm"), cells, strict=True):
        options = f"builtin:copy:{lag} --cell {cell} --hidden-size 32 --max-steps 2000"
        assert is_near(trained_figure(options, tmp_path), expected)
    assert (forgetful, best) == (round(6 / (lag + 3), 4), round(3 / (lag + 3), 4))


@pytest.mark.slow
@pytest.mark.parametrize(("options", "expected"), ELSEWHERE)
def test_figures_in_sentences(options: str, expected: str, tmp_path: Path) -> None:
    """A figure that stands in a sentence is that of its command, too."""
    assert expected in read_page("teachers")
    assert is_near(trained_figure(options, tmp_path), float(expected))
