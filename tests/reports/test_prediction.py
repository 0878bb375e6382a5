"""Predictions and cases for people."""

import re

import pytest

from charseq.analysis.cases import Answer
from charseq.analysis.evaluation import Evaluation
from charseq.registry import REPORTS
from charseq.scoring import Guess
from tests.reports.builders import HOSTILE, in_terminal, prediction, shown, table_lines

REPORT = REPORTS["prediction"]


def test_rows_of_an_iterator_are_made_one_by_one() -> None:
    """A prefix from a pipe is answered before the next one is read."""
    asked = []

    def predictions() -> object:
        for prefix in ("hell", "kin"):
            asked.append(prefix)
            yield prediction(prefix)

    rows = REPORT.rows(predictions())
    assert next(rows)["prefix"] == "hell"
    assert asked == ["hell"]


def test_steps_fit_80_columns() -> None:
    """Each step of the classroom example has one line, with every figure in full."""
    steps = [
        Answer.of(prediction(word[:k], word[k], bits=2.1166), passed=None)
        for word in ("hello", "king", "expert")
        for k in range(1, len(word))
    ]
    lines = table_lines("case", Evaluation(cases=steps))
    assert lines == [
        [step.prefix, step.target, "0.2306", "1", "2.117", "4.337", "o=0.500", "␣=0.250", r"\n=0.125"]
        for step in steps
    ]


def test_a_miss_stands_out() -> None:
    """At a terminal it is bold and red; a pass is not."""
    for passed in (False, True):
        made = REPORTS["case"].table(Evaluation(cases=[Answer.of(prediction(), passed=passed)]))
        coloured = in_terminal(made, width=300, force_terminal=True, color_system="standard", _environ={})
        assert ("\x1b[1;31mMISS" in coloured) is not passed


def test_a_target_of_thousands_of_bits_has_a_line_as_others() -> None:
    """Its perplexity is infinite."""
    assert table_lines("prediction", [prediction(bits=5000.0)])[0][:6] == [
        "hell",
        "o",
        "0.0000",
        "1",
        "5000.000",
        "inf",
    ]


def test_a_long_prefix_is_folded_not_cut() -> None:
    """A prefix of hundreds of characters goes on below; the figures of its target stay in full."""
    answer = Answer.of(prediction("abcdefghij" * 30, bits=1.0), passed=True)
    first, *more = table_lines("case", Evaluation(cases=[answer]))
    assert first[1:6] == ["o", "0.5000", "1", "1.000", "2.000"]
    assert first[-1] == "pass"
    assert sum(char in "abcdefghij" for line in (first, *more) for char in line[0]) == 300


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("target", ["o", None])
def test_a_guess_keeps_its_figure(target: str | None, width: int) -> None:
    """Guesses that do not fit go on below, each of them whole: a character and its figure on one line."""
    guesses = tuple(Guess(chr(ord("a") + k), k / 1000) for k in range(26))
    text = shown(REPORT, [prediction(target=target, top=guesses)], width=width)
    assert "…" not in text
    for guess in guesses:
        pair = re.compile(rf"(?<!\S){guess.char}={guess.probability:.3f}(?!\S)")
        assert len(pair.findall(text)) == 1, guess


@pytest.mark.parametrize(
    ("item", "harmless"),
    [
        (prediction(HOSTILE), r"a\x1b[31m[red]b␣:smile:␣<b>"),
        (prediction(target="\x1b"), r"\x1b"),
        (prediction(top=(Guess("\x1b", 0.5),)), r"\x1b=0.500"),
        (prediction("", None), "2.500"),
    ],
)
def test_prefixes_targets_and_guesses_are_shown_as_they_are(item: object, harmless: str) -> None:
    """Nothing in them is obeyed by a terminal, or taken for markup."""
    text = shown(REPORT, [item], width=200)
    assert harmless in text
    assert "\x1b" not in text
