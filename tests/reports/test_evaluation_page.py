"""An evaluation as a page: every report that there is, in words, and the beginning of the texts."""

import math
import re
from typing import Any

import numpy as np
import pytest

from charseq.reports import Row
from charseq.reports.display import tables
from charseq.reports.display.page import table
from charseq.reports.evaluation_page import SHOWN_CHARS, ShownText, evaluation_page
from charseq.scoring.scorer import Expectations, Surprisal
from charseq.text.tokenizers.tokenizer import bytes_per_char
from tests.reports.display.test_page import HOSTILE, Document, data_of, shown
from tests.reports.display.test_tables import answer, grouped, hard_row, row_of

VOCAB = ("a", "b", "c", "\n", "<")
RECORD = {"step": 10, "train_nats_per_char": 2.0, "valid_nats_per_char": 2.5}
BINS: list[Row] = [
    {
        "report": "calibration",
        "low": 0.0,
        "high": 0.1,
        "num_chars": 0,
        "confidence": math.nan,
        "accuracy": math.nan,
    },
    {"report": "calibration", "low": 0.1, "high": 0.2, "num_chars": 7, "confidence": 0.15, "accuracy": 0.25},
]


def surprise_of(text: str, *, first_bits: float = 1.0) -> Surprisal:
    """Return a surprisal of one bit more with each character."""
    num_chars = len(text)
    guesses = np.tile(np.arange(5, dtype=np.int32), (num_chars, 1))
    return Surprisal(
        nats=(first_bits + np.arange(num_chars)) * math.log(2),
        ranks=np.full(num_chars, 2, np.int32),
        confidences=np.full(num_chars, 0.5),
        num_bytes=bytes_per_char(text),
        expected=Expectations(np.ones(num_chars), guesses, np.full((num_chars, 5), 0.125)),
    )


def shown_text(*files: tuple[str, list[str]]) -> ShownText:
    """Return texts as they are shown, in pieces."""
    heard = ShownText(VOCAB)
    for file, pieces in files:
        heard.begin(file)
        for piece in pieces:
            heard.add(piece, surprise_of(piece))
    return heard


def page_of(**parts: Any) -> str:
    """Return a page of these parts, with nothing of all others."""
    nothing: dict[str, Any] = {
        "texts": [],
        "groups": {},
        "hardest": [],
        "calibration": [],
        "cases": [],
        "metrics": [],
    }
    return evaluation_page("a title", **nothing | {"shown": ShownText(VOCAB)} | parts)


def headings(html: str) -> list[str]:
    return Document(html).texts_of("h2")


def cells_of(html: str) -> list[tuple[str, str]]:
    """Return the cells of all tables, each as its element and its text."""
    found: list[tuple[str, str]] = []
    for path, text in Document(html).texts:
        element = path.split(" > ")[-1]
        if element.removesuffix(" number") in ("th", "td"):
            before = found.pop()[1] if text else ""
            found.append((element, before + text))
    return found


def texts_in(html: str) -> list[str]:
    """Return the text inside each heat text."""
    figures = re.findall('<figure class="heat.*?</figure>', html, flags=re.DOTALL)
    return [Document(figure).text_of("div text") for figure in figures]


# ---- sections


def test_nothing_but_a_title() -> None:
    """Without a report there is the title alone."""
    html = page_of()
    assert Document(html).texts_of("h1") == ["a title"]
    assert headings(html) == []


def test_all_sections() -> None:
    """Every report has a section, in this order, what else there is comes after the learning curve."""
    html = page_of(
        texts=[row_of(), row_of(model="uniform")],
        groups={"char": grouped("char"), "chunk": grouped("chunk", offset=0)},
        hardest=[hard_row()],
        calibration=BINS,
        cases=[answer(passed=True)],
        metrics=[RECORD, RECORD | {"step": 20}],
        shown=shown_text(("a.txt", ["abc"])),
        more=["<section>\n<h2>More</h2>\n</section>"],
    )
    assert headings(html) == [
        *("Figures", "Beside each other", "Cases", "Learning curve", "More"),
        *("By char", "By chunk", "Hardest characters", "Calibration", "Text"),
    ]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"texts": [row_of()]}, ["Figures"]),
        ({"texts": [row_of(), row_of(text="total")]}, ["Figures", "Beside each other"]),
        ({"groups": {"word": grouped("word")}}, ["By word"]),
        ({"hardest": [hard_row()]}, ["Hardest characters"]),
        ({"calibration": BINS}, ["Calibration"]),
        ({"cases": [answer(passed=False)]}, ["Cases"]),
        ({"metrics": [RECORD]}, ["Learning curve"]),
        ({"shown": shown_text(("a.txt", ["a"]))}, ["Text"]),
        ({"shown": shown_text(("a.txt", []))}, []),
    ],
)
def test_a_report_alone(parts: dict[str, Any], expected: list[str]) -> None:
    """A report that is not there has no section."""
    assert headings(page_of(**parts)) == expected


def test_the_main_figures_are_those_of_the_model() -> None:
    """The figures are the model's own, of all texts together where there are several."""
    rows = [row_of(text=text, model=model) for text in ("a.txt", "total") for model in ("runs/a", "uniform")]
    html = page_of(texts=[row | {"num_bytes": number} for number, row in enumerate(rows, start=1001)])
    figures = html.partition("Beside each other")[0]
    assert '<th></th><th class="number">total</th>' in figures
    assert '<td>bytes</td><td class="number">1,003</td>' in figures


@pytest.mark.parametrize(
    ("parts", "num_charts"),
    [
        ({"metrics": [RECORD, RECORD | {"step": 20}]}, 1),
        ({"metrics": [RECORD | {"valid_nats_per_char": None}]}, 1),
        ({"groups": {"chunk": grouped("chunk", offset=0)}}, 1),
        ({"groups": {"chunk": grouped("chunk", offset=0)[:1]}}, 0),
        ({"groups": {"char": grouped("char")}}, 0),
        ({"calibration": BINS}, 1),
    ],
)
def test_charts(parts: dict[str, Any], num_charts: int) -> None:
    """Learning, calibration and several chunks are drawn, too."""
    assert page_of(**parts).count("<svg") == num_charts


def test_the_learning_curve() -> None:
    """The curves are those of training and validation; one that has no values has no curve."""
    both = page_of(metrics=[RECORD, RECORD | {"step": 20}])
    assert ("training" in both, "validation" in both) == (True, True)
    one = page_of(metrics=[RECORD | {"valid_nats_per_char": None}])
    assert ("training" in one, "validation" in one) == (True, False)


# ---- tables


@pytest.mark.parametrize(
    "made",
    [
        tables.evaluation_table([row_of()]),
        tables.evaluation_table([row_of(), row_of(model="uniform")]),
        tables.groups_table(grouped("chunk", offset=0)),
        tables.groups_table(grouped("line", offset=5)),
        tables.hardest_table([hard_row(), hard_row(rank=0)]),
        tables.calibration_table(BINS),
        tables.predictions_table([answer(passed=True), answer("x", None, passed=None)]),
    ],
    ids=["text", "texts", "chunk", "line", "hardest", "calibration", "cases"],
)
def test_tables_say_what_those_of_the_terminal_say(made: Any) -> None:
    """A table has the headers and the cells of the one for the terminal; only text is at the left."""
    kinds = [" number" if column.justify == "right" else "" for column in made.columns]
    rows = zip(*(column.cells for column in made.columns), strict=True)
    body = [(f"td{kind}", f"{cell}") for row in rows for kind, cell in zip(kinds, row, strict=True)]
    found = cells_of(table(made))
    assert found[len(kinds) :] == body
    assert [element for element, _ in found[: len(kinds)]] == [f"th{kind}" for kind in kinds]
    headers = [f"{column.header}" for column in made.columns]
    assert [_unbroken(text) for _, text in found[: len(kinds)]] == [_unbroken(text) for text in headers]


def _unbroken(header: str) -> str:
    """Return a header without blanks and hyphens, where it may be broken."""
    return re.sub(r"[\s-]", "", header)


def test_headers_are_not_broken_on_a_page() -> None:
    """A page has room for whole words."""
    header = {
        text for element, text in cells_of(table(tables.groups_table(grouped("char")))) if "th" in element
    }
    assert {"share (%)", "bits/char", "perplexity", "top-1 (%)"} <= header


# ---- the text


def test_the_text_comes_back() -> None:
    """The pieces of a text are one coloured text below its name."""
    html = page_of(shown=shown_text(("a.txt", ["ab", "", "c\n a"])))
    assert texts_in(html) == ["abc\n a"]
    assert Document(html).texts_of("p") == ["a.txt"]


def test_several_texts() -> None:
    """Each text is under its own name; one of nothing is left out."""
    html = page_of(shown=shown_text(("a.txt", ["ab"]), ("e.txt", []), ("b.txt", ["ca"])))
    assert texts_in(html) == ["ab", "ca"]
    assert Document(html).texts_of("p") == ["a.txt", "b.txt"]


def test_the_details_are_those_of_each_character() -> None:
    """A character has its own probability and rank, whatever piece it was in, and its guesses."""
    heard = ShownText(VOCAB)
    heard.begin("a.txt")
    heard.add("ab", surprise_of("ab"))
    heard.add("c", surprise_of("c", first_bits=3.0))
    (_, text) = heard.html()
    data = data_of(text)
    assert data["probabilities"] == [0.5, 0.25, 0.125]
    assert data["ranks"] == [2, 2, 2]
    assert data["guesses"] == [[0, 1, 2, 3, 4]] * 3
    assert data["vocab"] == ["a", "b", "c", r"\n", "<"]


def test_only_the_beginning_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of long texts the first SHOWN_CHARS characters of all are shown, and that there are more is said."""
    monkeypatch.setattr("charseq.reports.evaluation_page.SHOWN_CHARS", 5)
    heard = shown_text(("a.txt", ["ab", "c"]), ("b.txt", ["aaaa", "b"]), ("c.txt", ["c"]))
    html = page_of(shown=heard)
    assert texts_in(html) == ["abc", "aa"]
    assert data_of(heard.html()[-1])["probabilities"] == [0.5, 0.25]
    assert heard.text == "abcaa"
    assert Document(html).texts_of("p") == ["The first 5 of 9 characters.", "a.txt", "b.txt"]


def test_a_text_that_just_fits() -> None:
    """A text of SHOWN_CHARS characters is shown whole, and nothing is said."""
    html = shown_text(("a.txt", ["a" * SHOWN_CHARS, ""])).html()
    assert len(html) == 2
    assert len(Document(html[1]).text_of("div text")) == SHOWN_CHARS


def test_guesses_are_needed() -> None:
    """A text that was scored without guesses cannot be shown."""
    heard = ShownText(VOCAB)
    heard.begin("a.txt")
    heard.add("a", Surprisal(np.ones(1), np.ones(1, np.int32), np.ones(1), np.ones(1, np.int32)))
    with pytest.raises(ValueError, match=r"^scored without guesses$"):
        heard.html()


# ---- text that is out to do harm


def test_a_hostile_evaluation() -> None:
    """Whatever names and texts contain, the page is well formed, and says what it was given."""
    html = evaluation_page(
        HOSTILE,
        texts=[row_of(text=HOSTILE), row_of(text="total", model=HOSTILE)],
        groups={by: grouped(by, HOSTILE, offset=0) for by in ("char", "word", "line", "file", "chunk")},
        hardest=[hard_row(HOSTILE, "<", HOSTILE)],
        calibration=[],
        cases=[answer(HOSTILE, "<", passed=True)],
        metrics=[],
        shown=shown_text((HOSTILE, [HOSTILE])),
    )
    document = Document(html)
    assert "b" not in {tag for tag, _ in document.elements}
    assert html.count("<script") == html.count("</script>") == 2
    assert document.text_of("div text") == shown(HOSTILE)
    assert any("alert(1)" in text for _, text in cells_of(html))
    assert "\u202e" not in html
