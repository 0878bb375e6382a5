"""A matrix as an SVG picture: every cell once in the colour of its number, with safe labels."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from charseq.reports.display.charts import WIDTH
from charseq.reports.display.grid import Grid, grid_chart
from charseq.reports.display.heat import ACTIVATION, OPENNESS, Scale

SVG = "{http://www.w3.org/2000/svg}"


def cells_of(svg: str, shape: tuple[int, int]) -> np.ndarray:
    """Return the step of the colour of each cell; every cell must be drawn exactly once."""
    steps = np.full(shape, -1)
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
        step = int(re.search(r"-(\d+)\)", path.attrib["stroke"])[1])  # type: ignore[index]
        for x, y, length in re.findall(r"M(\d+) (\d+)\.5h(\d+)", path.attrib["d"]):
            part = steps[int(y), int(x) : int(x) + int(length)]
            assert len(part) == int(length)
            assert (part == -1).all()
            part[...] = step
    return steps


@pytest.mark.parametrize("scale", [OPENNESS, ACTIVATION, Scale(-5, 5, "C", diverging=True)])
@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (20, 256)])
def test_every_cell_has_the_colour_of_its_number(scale: Scale, shape: tuple[int, int]) -> None:
    """Its place on the scale decides."""
    values = np.random.default_rng(0).uniform(scale.low, scale.high, shape)
    svg = grid_chart(Grid("state", ["a"] * shape[0], values, scale))
    np.testing.assert_array_equal(cells_of(svg, shape), [scale.steps(row) for row in values])
    assert ("diverging" in svg) == scale.diverging


def test_columns_can_have_labels() -> None:
    """Then they are not counted; one that is wider than a cell is cut."""
    svg = grid_chart(Grid("what", ["a"], np.zeros((1, 3)), OPENNESS, "next", ["x", "y", "\udcff"]))
    texts = [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert texts[:5] == ["next", "x", "y", "\\…", "a"]


def test_labels_are_safe_and_inside_the_picture() -> None:
    """What a page would obey is escaped; a long label is cut; the numbers of columns do not touch."""
    labels = ["<script>", "\x1b[31m", "a very long label indeed", "한국어 글자"]
    svg = grid_chart(Grid("<b>", labels, np.zeros((4, 300)), ACTIVATION))
    root = ElementTree.fromstring(svg)
    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert "<script>" in texts
    assert "\\x1b[31m" in texts
    assert "\x1b" not in svg
    assert all(0 <= float(text.attrib["x"]) <= WIDTH for text in root.iter(f"{SVG}text"))
    numbers = [float(text.attrib["x"]) for text in root.iter(f"{SVG}text") if (text.text or "").isdigit()]
    assert min(np.diff(numbers[:-2])) >= 30
    assert root.attrib["aria-label"] == "<b>: activation"
