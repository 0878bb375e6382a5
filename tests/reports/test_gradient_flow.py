"""Gradients for people: any number of models, and a scale that shows how they vanish."""

import pytest

from charseq.analysis.inspection import ModelFlow, TextFlow
from charseq.registry import REPORTS
from charseq.reports.gradient_flow import MAX_ABREAST
from tests.reports.builders import FLOWS, flow, shown, words_of

REPORT = REPORTS["gradient flow"]


@pytest.mark.parametrize("num_models", [1, MAX_ABREAST, MAX_ABREAST + 1, 15])
def test_gradients_fit_a_terminal(num_models: int) -> None:
    """However many models there are and whatever they are called, no line is wider and no number is cut."""
    gradients = flow((1.25, 2.5e-101, 3.75e-9))
    models = tuple(
        ModelFlow(f"runs/a-long-name-of-a-model-{k}", "lstm", gradients) for k in range(num_models)
    )
    text = shown(REPORT, TextFlow("a.txt", models))
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("2.50e-101") == num_models
    assert text.count("3.75e-09") == num_models


def test_the_scale_is_logarithmic() -> None:
    """Both plot and chart have ticks down to the smallest norm; a norm of zero has no place in them."""
    gradients = flow((1, 1e-4, 1e-8, 0), lags=(1, 2, 3, 4))
    result = TextFlow("a.txt", (ModelFlow("m", "rnn", gradients),))
    ticks = [line.split()[0] for line in shown(REPORT, result).splitlines() if "┤" in line]
    assert (ticks[0], ticks[-1]) == ("1", "1e-8")
    texts = words_of(REPORT.sections(result)[0])
    assert {"1", "1e-8", "m: 1e-8 at 3"} <= set(texts)
    assert not any(text.endswith(" at 4") for text in texts)


def test_names_are_shown_as_they_are() -> None:
    """The name of a text or of a model is neither obeyed nor taken for markup."""
    hostile = TextFlow("a\r[red]<b>.txt", (ModelFlow("m\x1b[31m", "rnn", FLOWS.flows[0].flow),))
    text = shown(REPORT, hostile)
    assert r"a\r[red]<b>.txt" in text.replace("\n", " ")
    assert r"m\x1b[31m" in text
    assert "\x1b" not in text
    assert any("a\\r[red]<b>.txt" in word for word in words_of(REPORT.sections(hostile)[0]))
