"""Charts as files: nothing of a page is left in them, and what they show stays where it was."""

import re
import sys
from xml.etree import ElementTree

import pytest

from charseq.errors import CharseqError
from charseq.reports.display import image
from charseq.reports.display.axes import Series
from charseq.reports.display.charts import NUM_COLOURS, line_chart
from charseq.reports.display.image import png_of, standalone
from charseq.reports.display.page import charts_in, section, wide

SVG = "{http://www.w3.org/2000/svg}"
PNG = b"\x89PNG\r\n\x1a\n"
MANY = [Series(f"안녕 <{k}>", [0, 1, 2], [k, 2 * k, k * k]) for k in range(NUM_COLOURS + 1)]


def chart(series: list[Series] = MANY) -> str:
    return line_chart(series, x_label="steps", y_label="bits (a character)")


def pixels(png: bytes) -> tuple[int, int]:
    """Return the width and the height that the header of a PNG says."""
    return int.from_bytes(png[16:20]), int.from_bytes(png[20:24])


def test_charts_are_found_in_sections() -> None:
    """Each as it stands there, and nothing else."""
    one, other = chart(MANY[:1]), chart(MANY[1:3])
    sections = [section("a", wide(one), "<p>text</p>"), section("b"), section("c", wide(other) + wide(one))]
    assert charts_in(sections) == [one, other, one]


def test_a_file_has_its_own_colours_fonts_and_size() -> None:
    """No variable of a page is left, every colour is one that any program knows, and letters have a font."""
    svg = standalone(chart())
    assert not re.search("var|currentColor(?=.*--)|transparent|class=", svg)
    root = ElementTree.fromstring(svg)
    painted = ("stroke", "fill", "color")
    colours = {value for node in root.iter() for key, value in node.attrib.items() if key in painted}
    assert all(re.fullmatch("#[0-9a-f]{6}|none|currentColor", colour) for colour in colours)
    assert "sans-serif" in root.attrib["font-family"]
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    ratio = float(root.attrib["height"]) / float(root.attrib["width"])
    assert ratio == pytest.approx(height / width, abs=2e-3)


def test_a_file_has_the_same_shapes() -> None:
    """Only the paper is new, and it is behind everything."""

    def shapes(svg: str) -> list[str]:
        return [node.tag for node in ElementTree.fromstring(svg).iter()]

    before, after = shapes(chart()), shapes(standalone(chart()))
    assert after[:3] == [f"{SVG}svg", f"{SVG}title", f"{SVG}rect"]
    assert [*after[:2], *after[3:]] == before


def test_a_png_is_twice_as_wide_as_the_svg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_has_fonts", lambda: True)
    png = png_of(standalone(chart()))
    assert png.startswith(PNG)
    assert pixels(png)[0] == 2 * 920


def test_without_the_library_there_is_no_png(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(CharseqError, match=r"^PNG needs a library: pip install 'charseq\[png\]'$"):
        png_of(standalone(chart()))


def test_without_a_font_there_is_no_png(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture without its letters would be a lie; where a letter leaves no trace, there is no font."""
    monkeypatch.setattr(image, "_has_fonts", lambda: False)
    with pytest.raises(CharseqError, match=r"^PNG needs a font, and none is installed: install one"):
        png_of(standalone(chart()))
