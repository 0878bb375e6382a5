"""An evaluation as a page: its sections in their order, and text that is out to do harm."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from charseq.analysis.cases import Answer
from charseq.analysis.evaluation import Evaluation
from charseq.reports.chosen import reports_of
from charseq.reports.evaluation_page import evaluation_page
from charseq.reports.shown_text import ShownText
from tests.reports.builders import (
    CALIBRATION,
    HARDEST,
    HOSTILE,
    grouped,
    hard_char,
    prediction,
    several_texts,
    text_totals,
)
from tests.reports.checkpoints import counted, trained
from tests.reports.display.test_page import HOSTILE as HOSTILE_HTML
from tests.reports.display.test_page import Document
from tests.reports.test_shown_text import shown_text

RECORD = {"step": 10, "train_nats_per_char": 2.0, "valid_nats_per_char": 2.5}
ALL = ("text", "char", "chunk", "hardest", "calibration", "case")
Render = Callable[..., str]


@pytest.fixture
def page_of(tmp_path: Path) -> Render:
    """Return a function that renders the page of a network, or of n-grams, whose run has some records."""

    def page_of(
        evaluation: Evaluation,
        *names: str,
        shown: ShownText | None = None,
        records: int = 0,
        network: bool = True,
    ) -> str:
        lines = "".join(json.dumps(RECORD | {"step": 10 * k}) + "\n" for k in range(1, records + 1))
        (tmp_path / "metrics.jsonl").write_text(lines)
        _, checkpoint = trained() if network else counted()
        reports = [reports_of("evaluate")[name] for name in names]
        heard = ShownText(("a",)) if shown is None else shown
        return evaluation_page(tmp_path / "model.safetensors", checkpoint, evaluation, reports, heard)

    return page_of


def headings(html: str) -> list[str]:
    return Document(html).texts_of("h2")


EVERYTHING = Evaluation(
    several_texts().texts,
    {**grouped("char").groups, **grouped("chunk").groups},
    HARDEST.hardest,
    CALIBRATION.calibration,
    [Answer.of(prediction(), passed=True)],
)


def test_the_title_is_the_name_and_the_kind_of_the_model(page_of: Render, tmp_path: Path) -> None:
    """Without a report there is the title alone."""
    html = page_of(Evaluation())
    assert Document(html).texts_of("h1") == [f"{tmp_path}: lstm 2 x 4"]
    assert headings(html) == []


@pytest.mark.parametrize(("network", "flow"), [(True, ["Gradient flow"]), (False, [])])
def test_every_report_has_its_section_in_this_order(page_of: Render, network: bool, flow: list[str]) -> None:
    """The course of a run comes after the figures, the text last; n-grams have no gradients."""
    shown = shown_text(("a.txt", ["abc\nhello world\n" * 20]))
    html = page_of(EVERYTHING, *ALL, shown=shown, records=2, network=network)
    assert headings(html) == [
        *("Figures", "Beside each other", "Learning curves", *flow),
        *("By char", "By chunk", "Hardest characters", "Calibration", "Cases", "Text"),
    ]


def test_a_report_without_items_has_no_section(page_of: Render) -> None:
    """Nor has a text of nothing, or one that is too short for gradients."""
    assert headings(page_of(Evaluation(calibration=CALIBRATION.calibration), *ALL)) == ["Calibration"]
    assert headings(page_of(Evaluation(), *ALL, shown=shown_text(("a.txt", [])))) == []
    assert headings(page_of(Evaluation(), *ALL, shown=shown_text(("a.txt", ["a"])))) == ["Text"]


def test_the_main_figures_are_those_of_the_model_on_all_texts(page_of: Render) -> None:
    """Those of a baseline or of a single text are beside each other below."""
    html = page_of(several_texts(), "text").partition("Beside each other")[0]
    assert '<th></th><th class="number">total</th>' in html
    assert '<td>bytes</td><td class="number">2,469,150</td>' in html


def test_headers_are_not_broken_on_a_page(page_of: Render) -> None:
    """A page has room for whole words."""
    headers = set(Document(page_of(grouped("char"), "char")).texts_of("th number"))
    assert {"share (%)", "bits/char", "perplexity", "top-1 (%)"} <= headers


@pytest.mark.parametrize("hostile", [HOSTILE, HOSTILE_HTML])
def test_whatever_names_and_texts_contain_the_page_is_well_formed(page_of: Render, hostile: str) -> None:
    """Nothing in them is obeyed by a browser."""
    groups = {
        by: found
        for by in ("char", "word", "line", "file", "chunk")
        for found in grouped(by, hostile, files=(hostile, "b")).groups.values()
    }
    evaluation = Evaluation(
        [text_totals(hostile), text_totals("total", hostile)],
        groups,
        [hard_char(hostile, "<", hostile)],
        cases=[Answer.of(prediction(hostile, "<"), passed=True)],
    )
    html = page_of(evaluation, "text", *groups, "hardest", "case", shown=shown_text((hostile, [hostile])))
    document = Document(html)
    assert "b" not in {tag for tag, _ in document.elements}
    assert html.count("<script") == html.count("</script>") == 2
    assert not {"\u202e", "\x1b"} & set(html)
