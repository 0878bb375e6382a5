"""Whole texts for people: figures below each other, or in lines that fit a terminal."""

import math

import pytest

from charseq.analysis.evaluation import Evaluation
from charseq.registry import REPORTS
from charseq.scoring import Score
from tests.reports.builders import (
    HARMLESS,
    HOSTILE,
    SCORE,
    UNSEEN,
    shown,
    table_lines,
    text_totals,
)

REPORT = REPORTS["text"]
FIGURES = ["1,234,574", "7", "1.2151", "1.7530", "0.0123", "1.7530", "3.3707"]


def test_three_texts_fit_80_columns() -> None:
    """Each text has one line, and so has their total."""
    names = ("data/hello.txt", "data/tales.txt", "data/hangul.txt", "total")
    texts = Evaluation([text_totals(name, score=SCORE + UNSEEN) for name in names])
    assert table_lines("text", texts) == [[name, *FIGURES] for name in names]


def test_models_on_one_text_fit_80_columns() -> None:
    """Each model has one line; the text, which is the same, is left out."""
    names = ("runs/pydoc", "uniform", "unigram", "ngram:10")
    texts = Evaluation([text_totals(model=name, score=SCORE + UNSEEN) for name in names])
    assert table_lines("text", texts) == [[name, *FIGURES] for name in names]


def test_models_on_several_texts_fit_90_columns() -> None:
    """They need a little more, and no name is broken."""
    texts = Evaluation(
        [
            text_totals(text, model, score=SCORE + UNSEEN)
            for text in ("data/tales.txt", "total")
            for model in ("runs/pydoc", "unigram")
        ]
    )
    lines = table_lines("text", texts, width=90)
    assert [line[:2] for line in lines] == [
        ["runs/pydoc", "data/tales.txt"],
        ["unigram", "data/tales.txt"],
        ["runs/pydoc", "total"],
        ["unigram", "total"],
    ]


def test_texts_without_unseen_characters_have_no_column_of_zeros() -> None:
    """A column of nothing but zeros says nothing."""
    texts = Evaluation([text_totals("a"), text_totals("b")])
    assert "unseen" not in shown(REPORT, texts)
    assert "unseen" in shown(REPORT, Evaluation([*texts.texts, text_totals("c", score=UNSEEN)]))


def test_a_text_of_nothing_has_a_line_without_figures() -> None:
    """Means of nothing are not known."""
    empty = text_totals("b", score=Score(), seen=Score(), error=math.nan)
    assert table_lines("text", Evaluation([text_totals("a"), empty]))[1] == ["b", "0", "short"]


@pytest.mark.parametrize(("score", "there"), [(SCORE, False), (SCORE + UNSEEN, True)])
def test_figures_without_the_unseen_are_shown_where_there_are_any(score: Score, there: bool) -> None:
    """Where every character is known they would be the same figures again."""
    assert (
        "without unseen: bits per character" in shown(REPORT, Evaluation([text_totals(score=score)]))
    ) is there


def test_figures_that_are_not_known_are_left_open() -> None:
    """A text without words or ranks has no figures of them, nor null nor nan."""
    score = Score(2, 2, None, 2, None, None, 50.0)
    text = shown(REPORT, Evaluation([text_totals(score=score, seen=Score(), error=math.nan)]))
    assert "nan" not in text
    assert "None" not in text
    assert "perplexity per word\n" in text
    (row,) = REPORT.rows(Evaluation([text_totals(score=score, seen=Score())]))
    assert (row["word_perplexity"], row["accuracy"], row["top5_accuracy"]) == (None, None, None)


def test_a_perplexity_beyond_floats_is_infinite() -> None:
    """Infinity is shown as such."""
    score = Score(num_chars=1, num_bytes=1, num_words=1, nats=1e4)
    lines = shown(REPORT, Evaluation([text_totals(score=score)])).splitlines()
    assert ["perplexity", "per", "word", "inf"] in [line.split() for line in lines]


def test_a_long_name_is_folded_not_cut() -> None:
    """A name that does not fit goes on below, to its last character; its figures stay in full."""
    name = "/".join(f"folder{number}" for number in range(20))
    first, *more = table_lines("text", Evaluation([text_totals(name), text_totals("total")]))
    assert first[1:] == ["1,234,567", "1.2150", "1.7529", "0.0123", "1.7529", "3.3703"]
    assert first[0] + "".join(word for line in more[:-1] for word in line) == name
    alone = shown(REPORT, Evaluation([text_totals(name)]))
    assert any(line.split() == ["bits", "per", "character", "1.7529"] for line in alone.splitlines())


@pytest.mark.parametrize("names", [("text", 1), ("model", 2)])
def test_names_are_shown_as_they_are(names: tuple[str, int]) -> None:
    """Escape sequences, markup and emoji in a name are shown, not obeyed."""
    key, number = names
    texts = [text_totals(**{key: HOSTILE}), text_totals(**{key: "b"})][:number]
    text = shown(REPORT, Evaluation(texts), width=200)
    assert HARMLESS in text
    assert "\x1b" not in text
