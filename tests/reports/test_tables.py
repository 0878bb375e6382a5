"""Rows for people: which lines and columns there are, and that nothing in them is obeyed or interpreted."""

import io
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from charseq.predictor import Guess, Prediction
from charseq.reports import Row, evaluation_row, prediction_row
from charseq.reports.tables import evaluation_table, facts_table, predictions_table
from charseq.score import Score

SCORE = Score(
    num_chars=1234567, num_bytes=1234568, num_words=200000, num_top1=617284, num_top5=1000000, nats=1.5e6
)
FIGURES = [
    *("characters", "bytes", "unseen characters", "nats per character", "bits per character"),
    *("bits per byte", "perplexity per character", "perplexity per word"),
    *("top-1 accuracy (%)", "top-5 accuracy (%)"),
]
HOSTILE = "a\x1b[31m[red]b :smile:\n"
HARMLESS = r"a\x1b[31m[red]b␣:smile:\n"


def lines_of(table: Table, *, width: int = 500) -> list[str]:
    """Return what a table looks like, with single blanks between words."""
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=False).print(table)
    return [" ".join(line.split()) for line in file.getvalue().splitlines()]


def coloured(table: Table) -> str:
    """Return what a terminal is sent."""
    file = io.StringIO()
    Console(file=file, width=300, force_terminal=True, color_system="standard", _environ={}).print(table)
    return file.getvalue()


def row_of(score: Score = SCORE, seen: Score = SCORE, *, text: str = "a.txt") -> Row:
    """Return the row of a text."""
    return evaluation_row(text, score, seen, seconds=2)


def answer(prefix: str = "hell", target: str | None = "o", **more: Any) -> Row:
    """Return the row of a prediction."""
    probability, rank, bits = (0.5, 1, 1.0) if target else (None, None, None)
    guesses = (Guess("o", 0.5), Guess(" ", 0.25), Guess("\n", 0.125))
    return prediction_row(Prediction(prefix, target, probability, rank, bits, 2.5, guesses)) | more


# ---- texts


def test_one_text() -> None:
    """Each figure has a line with its unit and a fixed number of digits."""
    assert lines_of(evaluation_table([row_of()])) == [
        "a.txt",
        lines_of(evaluation_table([row_of()]))[1],
        "characters 1,234,567",
        "bytes 1,234,568",
        "unseen characters 0",
        "nats per character 1.2150",
        "bits per character 1.7529",
        "bits per byte 1.7529",
        "perplexity per character 3.3703",
        "perplexity per word 1,808.0",
        "top-1 accuracy (%) 50.0%",
        "top-5 accuracy (%) 81.0%",
        "characters per second 617,284",
    ]


def test_the_name_of_a_text_is_shown_as_it_is() -> None:
    """A space in the name of a text is a space."""
    assert lines_of(evaluation_table([row_of(text="test part")]))[0] == "test part"


def test_several_texts() -> None:
    """Each text has a column, headed by its name."""
    shown = lines_of(evaluation_table([row_of(), row_of(text="b.txt"), row_of(text="total")]))
    assert shown[0] == "a.txt b.txt total"
    assert shown[2] == "characters 1,234,567 1,234,567 1,234,567"


def test_unseen_characters_have_lines_where_there_are_any() -> None:
    """If one of the texts has unseen characters, all show their figures without them."""
    with_unseen = row_of(SCORE + Score(num_chars=1, num_bytes=2, num_unseen=1, nats=20))
    labels = [line.rstrip("0123456789.,% ") for line in lines_of(evaluation_table([row_of(), with_unseen]))]
    assert labels[2:] == [
        *FIGURES,
        "without unseen: bits per character",
        "without unseen: perplexity",
        "characters per second",
    ]


def test_figures_that_are_not_numbers() -> None:
    """A text without words, or of unseen characters alone, has a table all the same."""
    score = Score(num_chars=2, num_bytes=2, num_unseen=2, nats=50)
    shown = lines_of(evaluation_table([row_of(score, Score())]))
    assert "perplexity per word nan" in shown
    assert "without unseen: bits per character nan" in shown


def test_a_perplexity_beyond_floats() -> None:
    """Infinity is shown as such."""
    shown = lines_of(evaluation_table([row_of(Score(num_chars=1, num_bytes=1, num_words=1, nats=1e4))]))
    assert "perplexity per word inf" in shown


# ---- predictions


def test_predictions_without_targets() -> None:
    """There are no columns about targets, and none about cases."""
    header, _, line = lines_of(predictions_table([answer(target=None)]))
    assert header == "prefix entropy (bits) likeliest next characters"
    assert line == r"hell 2.500 o 0.500 ␣ 0.250 \n 0.125"


def test_predictions_with_targets() -> None:
    """A target has its figures; a line without one leaves them open."""
    header, _, first, second = lines_of(predictions_table([answer(), answer("kin", None)]))
    assert header == "prefix target probability rank bits perplexity entropy (bits) likeliest next characters"
    assert first == r"hell o 0.5000 1 1.000 2 2.500 o 0.500 ␣ 0.250 \n 0.125"
    assert second == r"kin 2.500 o 0.500 ␣ 0.250 \n 0.125"


def test_a_prefix_of_nothing() -> None:
    """The beginning of a text is an empty prefix, not the total."""
    assert lines_of(predictions_table([answer("")]))[2].startswith("o 0.5000 1 1.000")


def test_cases() -> None:
    """Cases have a verdict, steps on the way have none, and the total stands last."""
    total = dict.fromkeys(("prefix", "target", "probability", "rank"))
    rows = [
        answer("hel", perplexity=2.0, passed=None),
        answer(perplexity=2.0, passed=True),
        answer("kin", perplexity=2.0, passed=False),
        total | {"bits": 1.0, "entropy": 2.5, "top": [], "perplexity": 2.0, "passed": False},
    ]
    header, _, *lines = lines_of(predictions_table(rows))
    assert header.endswith(" likeliest next characters case")
    assert [line.split()[-1] for line in lines] == ["0.125", "pass", "MISS", "MISS"]
    assert lines[3] == "all cases 1.000 2 2.500 MISS"


def test_a_miss_stands_out() -> None:
    """A missed case is bold and red at a terminal; one that passes is not."""
    assert "\x1b[1;31mMISS" in coloured(predictions_table([answer(passed=False)]))
    assert "\x1b[1;31m" not in coloured(predictions_table([answer(passed=True)]))


def test_bits_beyond_floats() -> None:
    """A target of thousands of bits has a line as others have."""
    row = answer() | {"probability": 0.0, "rank": 9, "bits": 5000.0}
    assert "5000.000" in lines_of(predictions_table([row]))[2]


# ---- facts


def test_facts() -> None:
    """A name and its value stand on a line."""
    assert lines_of(facts_table([("file", "a.txt"), ("best validation", "none")])) == [
        *("file a.txt", "best validation none")
    ]


def test_a_long_fact_is_folded_not_cut() -> None:
    """In a narrow terminal a value goes on in the next line, to its last character."""
    folded = "".join(lines_of(facts_table([("SHA-256", "0123456789" * 6)]), width=30))
    assert folded.replace(" ", "") == "SHA-256" + "0123456789" * 6


# ---- text that is out to do harm


@pytest.mark.parametrize(
    ("table", "shown"),
    [
        (evaluation_table([row_of(text=HOSTILE[:-1])]), r"a\x1b[31m[red]b :smile:"),
        (predictions_table([answer(HOSTILE)]), HARMLESS),
        (predictions_table([answer(target="\x1b")]), r"hell \x1b"),
        (predictions_table([answer() | {"top": [{"char": "\x1b", "probability": 0.5}]}]), r"\x1b 0.500"),
        (facts_table([("file", HOSTILE[:-1])]), r"a\x1b[31m[red]b :smile:"),
    ],
    ids=["text", "prefix", "target", "guess", "fact"],
)
def test_nothing_reaches_the_terminal_raw(table: Table, shown: str) -> None:
    """Escape sequences, the library's own markup and its emoji are shown, not obeyed."""
    lines = lines_of(table)
    assert any(shown in line for line in lines)
    assert not any("\x1b" in line for line in lines)
    assert "\x1b[31m" not in coloured(table).replace(r"\x1b[31m", "")


def test_no_figure_is_lost_at_80_columns() -> None:
    """A terminal of 80 columns shows every figure of a case in full."""
    rows = [answer("exper", "t", perplexity=2.0, passed=True)]
    shown = "\n".join(lines_of(predictions_table(rows), width=80))
    assert all(figure in shown for figure in ("exper", "0.5000", "1.000", "2.500", "pass"))
