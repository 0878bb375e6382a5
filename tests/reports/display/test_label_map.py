"""A map of labels: each stands near its place, none covers another, and nothing of it is obeyed."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from charseq.reports.display.charts import WIDTH
from charseq.reports.display.label_map import HEIGHT, LabelMap
from tests.reports.display.test_heat import CODES, console_of

SVG = "{http://www.w3.org/2000/svg}"
CORNERS = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]])


def map_of(labels: list[str], places: np.ndarray, classes: list[str] | None = None) -> LabelMap:
    return LabelMap(places, labels, classes or ["x"] * len(labels), "across", "up")


def plane(made: LabelMap, *, width: int = 42, coloured: bool = False) -> list[str]:
    """Return the lines of a printed map, with their codes."""
    file = io.StringIO()
    console_of(file, width=width, coloured=coloured).print(made)
    return file.getvalue().splitlines()


def test_labels_stand_at_their_places() -> None:
    """The corners of the frame and its middle; the axes are named."""
    lines = plane(map_of([*"abcde"], CORNERS))
    assert (lines[0], lines[-1]) == ("up: up", "to the right: across")
    inside = [line[1:-1] for line in lines[2 : 2 + HEIGHT]]
    assert (inside[-1][0], inside[-1][-1], inside[0][0], inside[0][-1]) == (*"abcd",)
    assert "e" in inside[HEIGHT // 2][18:23]


strange = st.sampled_from(["z", "한", "\n", "\x1b", "lead ᄀ", "<b>", "e\u0301"])


@given(st.lists(strange, min_size=1, max_size=80))
def test_no_label_covers_another(labels: list[str]) -> None:
    """Those that stand at one place move aside; if there is no room, it is said how many are left out."""
    lines = plane(map_of(labels, np.zeros((len(labels), 2))))
    inside = lines[2 : 2 + HEIGHT]
    assert "\x1b" not in "".join(lines)
    assert {cell_len(line) for line in inside} == {42}
    said = [line for line in lines if "left out" in line]  # a long one goes on in the next line
    num_left = int(said[0].split(" ")[0].replace(",", "")) if said else 0
    shown = " ".join(line[1:-1] for line in inside)
    made = map_of(labels, np.zeros((len(labels), 2)))
    num_shown = sum(shown.count(label) for label in set(made.shown_labels()))
    assert num_shown == len(labels) - num_left


def test_a_name_is_short_where_colours_tell_its_class() -> None:
    """Without colours it is whole."""
    made = map_of(["lead ᄀ", "final ᆨ"], CORNERS[:2], ["lead", "final"])
    assert "lead ㄱ" in "".join(plane(made))
    coloured = [CODES.sub("", line) for line in plane(made, coloured=True)]
    assert "lead ㄱ" not in "".join(coloured)
    assert "".join(coloured).count("ㄱ") == 2
    assert coloured[-1] == "lead  final"


@pytest.mark.parametrize("places", [np.zeros((3, 2)), np.array([[0.0, 5]] * 2 + [[0.0, 7]])])
def test_points_on_a_line_or_at_one_place_have_a_map(places: np.ndarray) -> None:
    """Nothing is divided by zero."""
    assert "".join(plane(map_of([*"abc"], places))).count("b") == 1


def test_the_picture_of_a_page() -> None:
    """Each label is inside it once, with its class; what a browser would obey is escaped."""
    made = map_of(["<b>", "a", "lead ᄀ", "\x1b", " "], CORNERS, ["p", "vowel", "lead", "p", "p"])
    root = ElementTree.fromstring(made.svg())
    texts = {text.text if len(text) == 0 else text[0].tail: text for text in root.iter(f"{SVG}text")}
    assert {"<b>", "a", "ㄱ", "\\x1b", "␣", "p", "vowel", "lead", "across", "up"} <= texts.keys()
    assert texts["a"][0].text == "a: vowel"
    assert texts["a"].attrib["fill"] == texts["vowel"].attrib["fill"] != texts["p"].attrib["fill"]
    assert all(0 <= float(text.attrib["x"]) <= WIDTH for text in texts.values())
    assert made.html().startswith('<div class="scroll"><svg')
