"""Bars for the terminal and for a page."""

import re
import xml.etree.ElementTree as ET

import pytest

from charseq.reports.display.bars import bar, bar_chart


@pytest.mark.parametrize(
    ("value", "most", "expected"),
    [
        (4, 4, "████"),
        (2, 4, "██"),
        (1.5, 4, "█▌"),
        (0.125, 4, "▏"),
        (0.01, 4, ""),
        (0, 4, ""),
        (9, 4, "████"),
    ],
)
def test_a_bar_is_as_long_as_its_share(value: float, most: float, expected: str) -> None:
    """Its length is exact to an eighth of a cell; nothing is longer than the longest one."""
    assert bar(value, most, 4) == expected


def test_a_bar_of_nothing() -> None:
    """Where all values are zero, there are no bars."""
    assert bar(0, 0, 4) == ""


def test_a_chart_has_a_bar_for_each_name() -> None:
    """Lengths are proportional, names and values stand beside, and any name is safe."""
    svg = bar_chart([("<b>", 4.0), ("two", 1.0)], label="bits")
    ET.fromstring(svg)
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', svg)]
    assert widths[0] == pytest.approx(4 * widths[1], abs=0.2)
    assert "&lt;b&gt;" in svg
    assert ">4.0000<" in svg
    assert ">1.0000<" in svg


def test_a_chart_of_nothing_and_of_zeros() -> None:
    """Both can be drawn."""
    ET.fromstring(bar_chart([], label="bits"))
    assert 'width="0.0"' in bar_chart([("a", 0.0)], label="bits")
