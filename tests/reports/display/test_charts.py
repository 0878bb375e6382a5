"""Charts on a page: well-formed, safe, and every point where its values say."""

import math
import re
from itertools import pairwise
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from charseq.reports.display.axes import LARGEST, SMALLEST, Series
from charseq.reports.display.charts import DASHES, NUM_COLOURS, SHAPES, WIDTH, line_chart

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</title><script>alert(1)</script>\" onload='x' & \x00\x1b\ud800\ufffe\n"
"""What would break out of an element or an attribute, and characters that XML does not allow."""


def chart_of(*series: Series, x_label: str = "step", y_label: str = "loss", **logs: bool) -> Element:
    return ElementTree.fromstring(line_chart(series, x_label=x_label, y_label=y_label, **logs))


def points_of(chart: Element, number: int = 0) -> list[tuple[float, float]]:
    """Return the points of the line of a series."""
    points = list(chart.iter(f"{SVG}polyline"))[number].attrib["points"].split()
    return [(float(x), float(y)) for x, y in (point.split(",") for point in points)]


def texts_of(chart: Element) -> list[str]:
    return [text.text or "" for text in chart.iter(f"{SVG}text")]


def tick_places(chart: Element, anchor: str, coordinate: str) -> dict[str, float]:
    """Return where the labels of an axis are, those that have this anchor."""
    texts = [text for text in chart.iter(f"{SVG}text") if text.attrib["text-anchor"] == anchor]
    return {text.text or "": float(text.attrib[coordinate]) for text in texts}


def discs_of(chart: Element) -> dict[str, tuple[float, float]]:
    """Return where each title of a point is said."""
    discs = chart.iter(f"{SVG}circle")
    return {
        disc.findtext(f"{SVG}title") or "": (float(disc.attrib["cx"]), float(disc.attrib["cy"]))
        for disc in discs
    }


def ends_of(text: Element) -> list[tuple[float, float]]:
    """Return where a text begins and ends if each column takes 7 units."""
    length = 7 * cell_len(text.text or "")
    begin = (
        float(text.attrib["x"]) - length * {"start": 0, "middle": 0.5, "end": 1}[text.attrib["text-anchor"]]
    )
    return [(begin, float(text.attrib["y"])), (begin + length, float(text.attrib["y"]))]


# The element

values = st.one_of(
    st.floats(), st.floats(-10, 10), st.integers(-3, 3).map(float), st.sampled_from([SMALLEST, LARGEST])
)
every_series = st.builds(
    lambda name, points: Series(name, [x for x, _ in points], [y for _, y in points]),
    st.text(st.characters(), max_size=100),
    st.lists(st.tuples(values, values), max_size=25),
)


@settings(deadline=None, max_examples=40)
@given(
    series=st.lists(every_series, max_size=10),
    labels=st.tuples(st.text(st.characters(), max_size=100), st.text(max_size=9)),
    log_x=st.booleans(),
    log_y=st.booleans(),
)
def test_charts_are_well_formed(
    series: list[Series], labels: tuple[str, str], log_x: bool, log_y: bool
) -> None:
    """Whatever there is to draw, the result is one SVG element, and all of it is inside of the view box."""
    chart = chart_of(*series, x_label=labels[0], y_label=labels[1], log_x=log_x, log_y=log_y)
    assert chart.tag == f"{SVG}svg"
    left, top, right, bottom = map(float, chart.attrib["viewBox"].split())
    assert (left, top, right) == (0, 0, WIDTH)
    places = [place for number in range(2 * len(series)) for place in points_of(chart, number)]
    places += [place for text in chart.iter(f"{SVG}text") for place in ends_of(text)]
    assert all(-0.1 <= x <= right + 0.1 and 0 <= y <= bottom - 4 for x, y in places)


def test_a_chart_says_what_it_shows() -> None:
    """A chart is an image whose name has the labels and the series, and as wide as there is room."""
    chart = chart_of(Series("first", [1], [2]), Series("second", [], []), y_label="loss (bits)")
    assert chart.attrib["role"] == "img"
    assert chart.attrib["width"] == "100%"
    assert chart.attrib["aria-label"] == "loss (bits) by step: first, second"
    assert chart[0].tag == f"{SVG}title"
    assert chart[0].text == chart.attrib["aria-label"]


def test_a_chart_has_no_styles_scripts_links_or_colours_of_its_own() -> None:
    """There are no styles, scripts or links in a chart, and no colours but those of the page."""
    svg = line_chart([Series(f"{k}", [0, 1], [k, 1]) for k in range(9)], x_label="step", y_label="loss")
    tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(svg).iter()}
    assert tags == {"svg", "title", "path", "g", "text", "polyline", "circle"}
    colours = set(re.findall(r'(?:fill|stroke|color)="([^"]*)"', svg))
    plain = {"none", "transparent", "currentColor", "var(--grid)", "var(--axis, currentColor)"}
    assert colours == {
        *plain,
        "var(--label, currentColor)",
        *(f"var(--series-{k}, currentColor)" for k in range(NUM_COLOURS)),
    }


def test_texts_are_escaped() -> None:
    """Names and labels are text and nothing else, wherever they are written."""
    svg = line_chart([Series(HOSTILE, [1], [2])], x_label=HOSTILE, y_label=HOSTILE)
    assert "<script" not in svg
    chart = ElementTree.fromstring(svg)
    said = r"""</title><script>alert(1)</script>" onload='x' & \x00\x1b\ud800\ufffe\n"""
    assert sum(text.startswith("</title><script>alert(1)") for text in texts_of(chart)) == 3
    assert chart.attrib["aria-label"] == f"{said} by {said}: {said}"
    assert discs_of(chart).keys() == {f"{said}: 2 at 1"}


# Places


def test_a_point_is_as_far_between_two_ticks_as_its_values() -> None:
    """A point is as far between two ticks of either axis as its values are."""
    chart = chart_of(Series("a", [0, 3.7, 10], [0, 0.23, 0.5]))
    x, y = tick_places(chart, "middle", "x"), tick_places(chart, "end", "y")
    (first, known, last) = points_of(chart)
    assert known[0] == pytest.approx(x["2"] + (x["4"] - x["2"]) * 0.85, abs=0.1)
    assert known[1] == pytest.approx(y["0.2"] - 4 + (y["0.3"] - y["0.2"]) * 0.3, abs=0.1)
    assert first == pytest.approx((x["0"], y["0"] - 4), abs=0.1)
    assert last == pytest.approx((x["10"], y["0.5"] - 4), abs=0.1)


def test_a_plain_chart_has_its_axes_at_fixed_places() -> None:
    """The axes of a plain chart lie from 37 to 444 and from 31.5 to 251.5."""
    chart = chart_of(Series("a", [0, 3.7, 10], [0, 0.23, 0.5]))
    assert points_of(chart)[1] == pytest.approx((37 + 0.37 * 407, 251.5 - 0.46 * 220), abs=0.051)


def test_log_axes_give_each_power_of_ten_the_same_room() -> None:
    """Logarithmic axes give each power of ten the same room; what they cannot show is left out."""
    chart = chart_of(Series("a", [0, 1, 20, 1000, 5], [1, 1, 300, 1e4, -1]), log_x=True, log_y=True)
    x, y = tick_places(chart, "middle", "x"), tick_places(chart, "end", "y")
    assert x["100"] - x["10"] == pytest.approx(x["1,000"] - x["100"], abs=0.11)
    (first, known, last) = points_of(chart)
    assert known[0] == pytest.approx(x["10"] + (x["100"] - x["10"]) * math.log10(2), abs=0.1)
    assert known[1] == pytest.approx(y["100"] - 4 + (y["1,000"] - y["100"]) * math.log10(3), abs=0.1)
    assert (first[0], last[0]) == pytest.approx((x["1"], x["1,000"]), abs=0.1)


increasing = st.lists(st.floats(SMALLEST, LARGEST), min_size=1, max_size=30, unique=True).map(sorted)


@settings(deadline=None)
@given(increasing, st.booleans(), st.booleans(), st.booleans())
def test_larger_values_are_further_right_and_further_up(
    numbers: list[float], log_x: bool, log_y: bool, downwards: bool
) -> None:
    """The larger x, the further right or at the same place; the larger y, the further up or the same."""
    y = numbers[::-1] if downwards else numbers
    points = points_of(chart_of(Series("a", numbers, y), log_x=log_x, log_y=log_y))
    assert len(points) == len(numbers)
    assert all(before[0] <= after[0] for before, after in pairwise(points))
    assert all(
        (before[1] <= after[1]) if downwards else (before[1] >= after[1])
        for before, after in pairwise(points)
    )


def test_the_grid_is_at_the_ticks() -> None:
    """There is a line of the grid across the plot at every tick of the y axis, and down for the x axis."""
    chart = chart_of(Series("a", [0, 10], [0, 0.5]))
    grid, axes = (path.attrib["d"] for path in list(chart.iter(f"{SVG}path"))[:2])
    columns = [f"{x:.1f}" for x in tick_places(chart, "middle", "x").values()][:6]
    rows = [f"{y - 4:.1f}" for y in tick_places(chart, "end", "y").values()]
    assert re.findall(r"M([\d.]+) 31.5V251.5", grid) == columns
    assert re.findall(r"M37.0 ([\d.]+)H444.0", grid) == rows
    assert re.findall(r"M([\d.]+) 251.5v5", axes) == columns
    assert re.findall(r"M37.0 ([\d.]+)h-5", axes) == rows
    assert axes.startswith("M37.0 31.5V251.5H444.0")


def test_ticks_labels_and_names_are_written() -> None:
    """All that is written is there: ticks, labels with units, and the names of the series."""
    chart = chart_of(Series("train", [0, 10], [0, 0.5]), x_label="steps", y_label="loss (bits per character)")
    x, y = ["0", "2", "4", "6", "8", "10"], ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]
    assert texts_of(chart) == [*x, *y, "steps", "loss (bits per character)", "train"]


def test_labels_that_would_touch_are_left_out() -> None:
    """Where numbers on the x axis are long, only some of the ticks are labelled."""
    chart = chart_of(Series("a", [1.7e9, 1.7e9 + 7], [0, 0.5]))
    assert texts_of(chart)[:4] == [f"1,700,000,00{k}" for k in (0, 2, 4, 6)]
    assert len(re.findall("v5", list(chart.iter(f"{SVG}path"))[1].attrib["d"])) == 8


# Points


def test_points_say_their_values() -> None:
    """Each point has a title with its exact values, where the line goes through it."""
    chart = chart_of(Series("train", [1000, 2500], [0.1 + 0.2, 1e-9]))
    assert list(discs_of(chart)) == ["train: 0.30000000000000004 at 1,000", "train: 1e-9 at 2,500"]
    assert list(discs_of(chart).values()) == points_of(chart)


def test_very_many_points_are_thinned() -> None:
    """Of very many points some hundreds are drawn, the extreme ones among them."""
    y = [math.sin(k) for k in range(20_000)]
    y[12_345] = 7.0
    chart = chart_of(Series("a", range(20_000), y))
    assert 400 < len(points_of(chart)) <= 500
    assert len(discs_of(chart)) == len(points_of(chart))
    assert "a: 7 at 12,345" in discs_of(chart)


def markers_of(chart: Element, number: int) -> list[tuple[float, float]]:
    """Return where the markers of a series are."""
    (group,) = [
        parent for parent in chart.iter(f"{SVG}g") if list(chart.iter(f"{SVG}polyline"))[number] in parent
    ]
    found = re.findall(r"M([\d.]+) ([\d.]+)m", group[1].attrib["d"])
    return [(float(x), float(y)) for x, y in found]


def test_few_points_are_all_marked() -> None:
    """Each of a few points has a marker, however close they are."""
    chart = chart_of(Series("a", [k / 100 for k in range(20)] + [1], [k % 3 for k in range(20)] + [1]))
    assert len(markers_of(chart, 0)) < 20
    chart = chart_of(Series("a", [k / 100 for k in range(19)] + [1], [k % 3 for k in range(19)] + [1]))
    assert markers_of(chart, 0) == points_of(chart)


def test_markers_of_many_points_stand_apart() -> None:
    """Of many points the first is marked, and some others that are points of the line and not too close."""
    chart = chart_of(Series("a", range(300), range(300)))
    markers = markers_of(chart, 0)
    assert markers[0] == points_of(chart)[0]
    assert set(markers) <= set(points_of(chart))
    assert all(25 <= after[0] - before[0] < 28 for before, after in pairwise(markers))


# Series


def look(group: Element) -> tuple[str, str, str]:
    """Return colour, dashes and marker of a line."""
    shape = group[1].attrib["d"].partition("m")[2].partition("M")[0]
    return group.attrib["color"], group[0].attrib["stroke-dasharray"], shape


def test_series_can_be_told_apart_without_colour() -> None:
    """Each of eight series has its own colour and marker, neighbours other dashes, and more all differ."""
    chart = chart_of(*(Series(f"no. {k}", [0, 1], [0, k]) for k in range(12)))
    looks = [look(group) for group in chart.iter(f"{SVG}g") if "color" in group.attrib]
    drawn, legend = looks[:12], looks[12:]
    assert drawn == legend
    assert len({colour for colour, _, _ in drawn[:8]}) == NUM_COLOURS == 8
    assert len({shape for _, _, shape in drawn[:8]}) == len(SHAPES) == 8
    assert all(before[1] != after[1] for before, after in pairwise(drawn))
    assert len({dashes for _, dashes, _ in drawn}) == len(DASHES)
    assert len(set(drawn)) == 12


def test_the_legend_wraps() -> None:
    """Names that do not fit beside each other are below each other, and the chart is higher for it."""
    short = chart_of(*(Series("a" * 5, [], []) for _ in range(4)))
    long = chart_of(*(Series("a" * 50, [], []) for _ in range(4)))
    heights = [float(chart.attrib["viewBox"].split()[3]) for chart in (short, long)]
    assert heights[1] - heights[0] == 3 * 18
    rows = [float(text.attrib["y"]) for text in long.iter(f"{SVG}text")][-4:]
    assert [after - before for before, after in pairwise(rows)] == [18, 18, 18]
    columns = [float(text.attrib["x"]) for text in short.iter(f"{SVG}text")][-4:]
    assert all(after - before > 5 * 7 + 30 for before, after in pairwise(columns))


def test_long_names_are_cut() -> None:
    """A name that is wider than the chart is cut, but not where it is said."""
    chart = chart_of(Series("안" * 60, [0, 1], [1.7e9, 1.7e9 + 7]), x_label="x" * 99, y_label="y" * 99)
    assert texts_of(chart)[-1] == "안" * 28 + "…"
    assert texts_of(chart)[-2] == "y" * 57 + "…"
    assert texts_of(chart)[-3] == "x" * 47 + "…"
    assert "안" * 60 in chart.attrib["aria-label"]
