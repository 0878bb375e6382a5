"""Coloured texts as pictures: every character in its cell, in the colour of its value."""

from xml.etree import ElementTree

import numpy as np
import pytest

from charseq.reports.display.coloured_text import CELL, MARGIN, MAX_CHARS, MAX_LINES, coloured_text
from charseq.reports.display.heat import ACTIVATION, SURPRISAL, Scale
from charseq.reports.display.image import standalone

SVG = "{http://www.w3.org/2000/svg}"


def drawn(text: str, values: list[float], scale: Scale = SURPRISAL) -> ElementTree.Element:
    svg = coloured_text("neuron", text, np.array(values), scale)
    (group, _) = ElementTree.fromstring(svg).findall(f"{SVG}g")
    return group


def cells_of(group: ElementTree.Element) -> list[tuple[float, float, str]]:
    """Return for each cell its first column, its number of columns, and its colour."""
    return [
        (
            round((float(cell.attrib["x"]) - MARGIN) / CELL),
            round(float(cell.attrib["width"]) / CELL),
            cell.attrib["fill"],
        )
        for cell in group.iter(f"{SVG}rect")
    ]


def texts_of(group: ElementTree.Element) -> list[tuple[float, str]]:
    """Return the texts with their first columns."""
    found = group.iter(f"{SVG}text")
    return [(round((float(one.attrib["x"]) - MARGIN) / CELL), one.text or "") for one in found]


def test_characters_of_one_colour_share_a_cell() -> None:
    group = drawn("abc d", [0, 0, 10, 10, 5])
    assert cells_of(group) == [(0, 2, "var(--heat-0)"), (2, 2, "var(--heat-10)"), (4, 1, "var(--heat-5)")]
    assert texts_of(group) == [(0, "ab"), (2, "c "), (4, "d")]


def test_blanks_at_the_ends_of_a_text_are_kept() -> None:
    """By each text itself: browsers collapse them otherwise, and stretch the letters over their cells."""
    space = "{http://www.w3.org/XML/1998/namespace}space"
    found = drawn(" a b", [0, 0, 10, 10]).iter(f"{SVG}text")
    assert [(one.text, one.get(space)) for one in found] == [(" a", "preserve"), (" b", "preserve")]


def test_wide_characters_and_marks_keep_their_cells() -> None:
    """A Hangul syllable has two columns, a combining mark none of its own."""
    group = drawn("a한e\u0301b", [0, 0, 0, 10, 0])
    assert cells_of(group) == [(0, 3, "var(--heat-0)"), (3, 1, "var(--heat-10)"), (4, 1, "var(--heat-0)")]
    assert texts_of(group) == [(0, "a"), (1, "한"), (3, "e\u0301"), (4, "b")]


def test_lines_are_wrapped_and_newlines_are_seen() -> None:
    group = drawn("ab\n" + "c" * 100, [0] * 103)
    assert [text for _, text in texts_of(group)] == ["ab", "⏎", "c" * 80, "c" * 20]


@pytest.mark.parametrize("scale", [SURPRISAL, ACTIVATION], ids=["sequential", "diverging"])
def test_letters_are_light_on_dark_cells(scale: Scale) -> None:
    """The ends of a diverging scale are dark, and the high end of any."""
    ends = [scale.low, (scale.low + scale.high) / 2, scale.high]
    inks = [text.attrib["fill"] for text in drawn("abc", ends, scale).iter(f"{SVG}text")]
    low = "var(--on-strong)" if scale.diverging else "var(--on-weak)"
    assert inks == [low, "var(--on-weak)", "var(--on-strong)"]


def test_a_text_without_a_value_has_no_colour() -> None:
    assert cells_of(drawn("a", [float("nan")])) == [(0, 1, "var(--heat-0)")]


def test_a_long_text_is_cut() -> None:
    group = drawn("x" * (MAX_CHARS + 1), [0] * (MAX_CHARS + 1))
    assert sum(len(text) for _, text in texts_of(group)) == MAX_CHARS
    lines = drawn("x\n" * 1000, [0] * 2000)
    assert "".join(text for _, text in texts_of(lines)) == "x⏎" * MAX_LINES


@pytest.mark.parametrize("hostile", ["</text><script>&\"'", "\x1b[31m\x00\ud800", "\u202e\ufe0f"])
def test_whatever_the_text_holds_the_file_is_well_formed(hostile: str) -> None:
    svg = coloured_text(hostile, hostile, np.zeros(len(hostile)), SURPRISAL)
    root = ElementTree.fromstring(standalone(svg))
    assert {node.tag.removeprefix(SVG) for node in root.iter()} <= {"svg", "title", "g", "rect", "text"}
