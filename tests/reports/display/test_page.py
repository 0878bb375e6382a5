"""A page is one well-formed file that loads nothing, and what it is made of is text, whatever it contains."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charseq import __version__
from charseq.reports.display.heat import ACTIVATION, NUM_STEPS, OPENNESS, SURPRISAL
from charseq.reports.display.page import (
    LONG_CELL,
    Details,
    heat_text,
    one_line,
    page,
    paragraph,
    section,
    table,
)
from charseq.reports.display.tables import filled_table
from charseq.reports.display.visible import printable, visible

HOSTILE = (
    "<script>alert(1)</script></style></title>--><!-- &amp; &lt; \"'> \u2028\u202e]]><b onclick=alert(1)>"
)
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "script",
        "body",
        "main",
        "footer",
        "section",
        "h1",
        "h2",
        "p",
    ),
    *("div", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "span", "i"),
}
ATTRIBUTES = {
    "lang",
    "charset",
    "http-equiv",
    "name",
    "content",
    "class",
    "type",
    "tabindex",
    "role",
    "aria-label",
}
CSS = files("charseq.reports.display").joinpath("page.css").read_text(encoding="utf-8")
LIGHT, DARK = re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL)

strange = st.text(
    st.one_of(st.sampled_from("<>&\"'/ \n\t\r\x00é\u2028\u202e\udcff한😀"), st.characters()), max_size=30
)


class Document(HTMLParser):
    """What a page consists of; raises where a tag is not closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.declarations: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag != "meta":
            self._open.append(f"{tag} {attributes.get('class') or ''}".strip())
            self.texts.append((" > ".join(self._open), ""))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().split()[0] == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((" > ".join(self._open), data))

    def text_of(self, element: str) -> str:
        """Return the text inside the elements whose tag and classes are these."""
        return "".join(data for path, data in self.texts if element in path.split(" > "))

    def texts_of(self, element: str) -> list[str]:
        """Return the text directly inside each of these elements."""
        texts: list[str] = []
        for path, data in self.texts:
            if path.split(" > ")[-1] == element:
                texts += [data] if data == "" else []
                texts[-1] += data
        return texts

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of the elements of a tag."""
        return [attributes for name, attributes in self.elements if name == tag]


def details_of(
    text: str, *, num_guesses: int = 5, vocab: tuple[str, ...] = ("a", "b", "<", " ", "\n")
) -> Details:
    """Return some details of a text."""
    rng = np.random.default_rng(0)
    length = len(text)
    return Details(
        probabilities=rng.random(length),
        ranks=rng.integers(0, 5, length).astype(np.int32),
        guesses=rng.integers(0, len(vocab), (length, num_guesses)).astype(np.int32),
        guess_probabilities=rng.random((length, num_guesses)),
        vocab=vocab,
    )


def whole(text: str) -> str:
    """Return a page that has a text in every place where one can be."""
    values, scale = [1.5] * len(text), replace(SURPRISAL, label=text)
    details = details_of(text, vocab=(text, "a"))
    return page(
        text,
        [
            section(
                text, paragraph(text), table(filled_table([text, text], [[text, text]], num_text_columns=1))
            ),
            section("heat", heat_text(text, values, scale)),
            section("details", heat_text(text, values, scale, details=details)),
        ],
    )


def shown(text: str) -> str:
    """Return what a heat text says: what does not print as its escape, all else as it is."""
    return "".join(char if char == "\n" or char.isprintable() else visible(char) for char in text)


def data_of(html: str) -> dict[str, Any]:
    """Return the details that are written into a heat text."""
    (text,) = Document(html).texts_of("script")
    parsed = json.loads(text, parse_constant=pytest.fail)
    assert isinstance(parsed, dict)
    return parsed


# ---- the page


def test_a_page_has_title_headings_bodies_and_version_in_order() -> None:
    """A page has a title twice, a heading and its bodies in their order, and the version at the end."""
    document = Document(
        page("One & two", [section("First", paragraph("a < b"), paragraph("c")), section("Last")])
    )
    assert document.declarations == ["DOCTYPE html"]
    assert document.named("html") == [{"lang": "en"}]
    assert document.texts_of("title") == document.texts_of("h1") == ["One & two"]
    assert document.texts_of("h2") == ["First", "Last"]
    assert document.texts_of("p") == ["a < b", "c"]
    assert document.texts_of("footer") == [f"Made by charseq {__version__}"]
    metas = document.named("meta")
    assert metas[0] == {"charset": "utf-8"}
    assert metas[1]["http-equiv"] == "Content-Security-Policy"
    assert metas[2:] == [
        {"name": "viewport", "content": "width=device-width, initial-scale=1"},
        {"name": "generator", "content": f"charseq {__version__}"},
    ]


@settings(deadline=None, max_examples=50)
@given(strange)
@example("\u0300")
def test_any_text_brings_no_element_and_no_attribute_along(text: str) -> None:
    """A text is in the document as it was, in every place, and brings no element and no attribute along."""
    html = whole(text)
    html.encode("utf-8")
    document = Document(html)
    assert {tag for tag, _ in document.elements} <= TAGS
    assert {name for _, attributes in document.elements for name in attributes} <= ATTRIBUTES
    assert document.texts_of("title") == [printable(text)]
    assert document.texts_of("h1") == [printable(text)]
    assert document.texts_of("h2")[0] == printable(text)
    assert document.texts_of("p") == [printable(text)]
    for cell, content in (("th", one_line(printable(text))), ("td", printable(text))):
        plain = f"{cell} long" if len(content) > LONG_CELL else cell
        assert [document.texts_of(plain), document.texts_of(f"{cell} number")] == [[content]] * 2
    assert document.text_of("div text") == shown(text) * 2


def test_scripts_and_ends_of_elements_are_shown() -> None:
    """Scripts, ends of elements, comments and entities are shown."""
    document = Document(whole(HOSTILE))
    assert document.texts_of("h1") == [printable(HOSTILE)]
    assert document.text_of("div text") == shown(HOSTILE) * 2
    assert document.named("div")[-1]["aria-label"] == f"text coloured by {printable(HOSTILE)}"
    assert len(document.named("script")) == 2
    assert document.named("b") == []


def test_a_page_loads_nothing() -> None:
    """There is neither an address in a page, nor anything that would follow one."""
    html = whole("a text\n")
    assert not re.findall(
        r"https?:|//\w|url\(|@import|@font-face|src *=|href *=|fetch|XMLHttp|import\b", html
    )


def test_a_page_runs_its_own_script_only() -> None:
    """The policy allows one script, by its digest, and nothing to be loaded."""
    document = Document(page("title", []))
    (script,) = document.texts_of("script")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = document.named("meta")[1]["content"]
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


@pytest.mark.parametrize("name", ["page.css", "page.js"])
def test_resources_can_be_inlined(name: str) -> None:
    """Neither the style nor the script contains the end of its element."""
    assert "</" not in files("charseq.reports.display").joinpath(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["heat", "diverging", "series"])
def test_every_colour_is_there_in_both_schemes(kind: str) -> None:
    """Steps and series have a colour on a light page and another on a dark one."""
    names = [f"--{kind}-{k}" for k in range(8 if kind == "series" else NUM_STEPS)]
    light, dark = (dict(re.findall(r"(--[\w-]+): (.*?);", block)) for block in (LIGHT, DARK))
    assert light.keys() == dark.keys()
    assert [name for name in light if name.startswith(f"--{kind}-")] == names
    for name in names:
        assert re.fullmatch(r"transparent|#[0-9a-f]{6}", light[name])
        assert (light[name] == "transparent") == (dark[name] == "transparent")


# ---- tables


def test_a_table_has_a_column_of_text_and_others_of_numbers() -> None:
    """The first column is text, the others are numbers; rows keep their order."""
    lines = [["a & b", "1.5", "20 %"], ["c", "2.5", "80 %"]]
    document = Document(table(filled_table(["class", "bits", "share"], lines, num_text_columns=1)))
    assert (document.texts_of("th"), document.texts_of("th number")) == (["class"], ["bits", "share"])
    assert document.texts_of("td") == ["a & b", "c"]
    assert document.texts_of("td number") == ["1.5", "20 %", "2.5", "80 %"]
    assert document.elements[0] == ("div", {"class": "scroll"})


@pytest.mark.parametrize("num_text_columns", [0, 1, 2, 3])
def test_as_many_columns_are_text_as_asked_for(num_text_columns: int) -> None:
    """As many columns as asked for are text."""
    document = Document(table(filled_table(list("abc"), [list("xyz")], num_text_columns=num_text_columns)))
    assert document.texts_of("td") == list("xyz")[:num_text_columns]
    assert document.texts_of("th number") == list("abc")[num_text_columns:]


def test_a_table_without_rows_has_its_headers() -> None:
    """A table without rows has its headers."""
    assert Document(table(filled_table(["a"], [], num_text_columns=1))).texts_of("th") == ["a"]


# ---- heat texts


def test_neighbours_of_one_colour_are_one_element() -> None:
    """Neighbours of one colour are together, each under the class of its step."""
    document = Document(heat_text("ab<d", [0, 0.1, 5, 99], SURPRISAL))
    steps = [(path, data) for path, data in document.texts if "div text" in path and data]
    assert [(path.split(" > ")[-1], data) for path, data in steps] == [
        ("span h0", "ab"),
        ("span h5", "<"),
        ("span h10", "d"),
    ]
    assert document.elements[0] == ("figure", {"class": "heat sequential"})
    assert document.named("script") == []


def test_a_diverging_heat_text_has_colours_of_its_own() -> None:
    """Its colours are others, and its middle is the middle step."""
    document = Document(heat_text("abc", [-1, 0, 1], ACTIVATION))
    assert document.elements[0] == ("figure", {"class": "heat diverging"})
    assert [document.texts_of(f"span h{step}")[-1] for step in (0, 5, 10)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("scale", "legend"),
    [(SURPRISAL, "010 bits"), (ACTIVATION, "-11 activation"), (OPENNESS, "01 openness")],
    ids=lambda value: getattr(value, "label", ""),
)
def test_a_legend_shows_all_colours_between_the_ends_of_the_scale(scale: Any, legend: str) -> None:
    """Between the ends of the scale stand all of its colours, after them the unit."""
    html = heat_text("a", [0], scale)
    document = Document(html)
    assert document.text_of("figcaption") == legend
    ramp = "".join(f'<span class="h{step}"></span>' for step in range(NUM_STEPS))
    assert f'<figcaption>{scale.low}<span class="ramp">{ramp}</span>{scale.high} ' in html


def test_what_does_not_print_is_told_from_its_escape() -> None:
    """A newline stays one, and what does not print is told from a text that reads like its escape."""
    document = Document(heat_text("a \n\\n\x1b\t", [0] * 7, SURPRISAL))
    assert document.texts_of("i newline") == ["\n"]
    assert document.texts_of("i escape") == [r"\x1b", r"\t"]
    assert document.text_of("div text") == "a \n\\n\\x1b\\t"


def test_an_empty_heat_text_has_a_legend() -> None:
    """A text of nothing has a legend, with details or without."""
    for details in (None, details_of("")):
        document = Document(heat_text("", [], SURPRISAL, details=details))
        assert document.text_of("div text") == ""
        assert document.text_of("figcaption").startswith("010 bits")


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0, 3.0]])
def test_more_or_fewer_values_than_characters_are_refused(values: list[float]) -> None:
    """More or fewer values than characters are refused."""
    with pytest.raises(ValueError, match="zip"):
        heat_text("ab", values, SURPRISAL)


# ---- details


def test_with_details_each_character_can_be_pointed_at() -> None:
    """With details, each character can be pointed at, and the text can be reached by keyboard."""
    document = Document(heat_text("aab\n", [0] * 4, SURPRISAL, details=details_of("aab\n")))
    assert document.texts_of("span h0")[1:] == ["a", "a", "b", ""]
    assert document.named("div") == [
        {"class": "text", "tabindex": "0", "role": "group", "aria-label": "text coloured by bits"}
    ]
    assert "arrow keys" in document.text_of("figcaption")


def test_details_are_written_with_four_digits_and_visible_characters() -> None:
    """The details are there as they are, probabilities with four digits, characters made visible."""
    details = Details(
        probabilities=np.array([0.123456, 1e-7 / 3], np.float64),
        ranks=np.array([1, 0], np.int32),
        guesses=np.array([[0, 1], [2, 0]], np.int32),
        guess_probabilities=np.array([[0.123456, 0.5], [0.99999, 0.0]]),
        vocab=("a", " ", "\n"),
    )
    assert data_of(heat_text("ab", [0, 0], SURPRISAL, details=details)) == {
        "vocab": ["a", "␣", r"\n"],
        "probabilities": [0.1235, 3.333e-08],
        "ranks": [1, 0],
        "guesses": [[0, 1], [2, 0]],
        "guess_probabilities": [[0.1235, 0.5], [1.0, 0.0]],
    }


def test_of_more_guesses_than_five_the_first_five_are_there() -> None:
    """Of more guesses than five, the first five are there."""
    details = details_of("ab", num_guesses=7)
    data = data_of(heat_text("ab", [0, 0], SURPRISAL, details=details))
    assert data["guesses"] == details.guesses[:, :5].tolist()
    assert np.shape(data["guess_probabilities"]) == (2, 5)
    np.testing.assert_allclose(data["guess_probabilities"], details.guess_probabilities[:, :5], rtol=5e-4)


def test_probabilities_in_float32_are_rounded_as_others() -> None:
    """Probabilities in float32 are rounded as others are."""
    details = details_of("ab")
    single = replace(details, probabilities=details.probabilities.astype(np.float32))
    html = [heat_text("ab", [0, 0], SURPRISAL, details=some) for some in (details, single)]
    assert html[0] == html[1]


@settings(deadline=None)
@given(strange)
def test_no_character_of_a_vocabulary_ends_the_details(char: str) -> None:
    """No character of a vocabulary ends the block of details, or is lost in it."""
    html = heat_text("a", [0], SURPRISAL, details=details_of("a", vocab=(char, "</script>", "<!--")))
    assert data_of(html)["vocab"] == [visible(char), "</script>", "<!--"]
    assert "<!--" not in html
    assert html.count("</script") == 1


@pytest.mark.parametrize("name", ["probabilities", "ranks", "guesses", "guess_probabilities"])
def test_details_of_more_characters_than_the_text_has_are_refused(name: str) -> None:
    """Details of more characters than the text has are refused."""
    details = replace(details_of("ab"), **{name: getattr(details_of("abc"), name)})
    with pytest.raises(ValueError, match="the details are not those of 2 characters"):
        heat_text("ab", [0, 0], SURPRISAL, details=details)


def test_details_that_are_not_numbers_are_refused() -> None:
    """A probability that no JSON can hold is refused, rather than a page written that cannot be read."""
    details = replace(details_of("ab"), probabilities=np.array([0.5, np.nan]))
    with pytest.raises(ValueError, match="JSON"):
        heat_text("ab", [0, 0], SURPRISAL, details=details)
