"""Points with labels, such as characters, on a plane in the terminal and as SVG on a page.

Each point belongs to a class, which has a colour of its own. In a terminal a label takes the nearest free
cells, so that none covers another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from charseq.arrays import FloatArray
from charseq.reports.display import page
from charseq.reports.display.axes import cut
from charseq.reports.display.charts import CHAR_WIDTH, GAP, LINE_HEIGHT, NUM_COLOURS, WIDTH
from charseq.reports.display.heat import width_of
from charseq.reports.display.plots import COLOURS
from charseq.reports.display.visible import printable, standing, visible

HEIGHT, MAX_AWAY = 24, 3
"""The lines of a map in a terminal, and the farthest that a label is moved, in lines."""
LABEL = "var(--label, currentColor)"
"""The colour of the names of the axes on a page."""
MAX_LABEL = 12
"""The most columns of a label."""
PLOT_HEIGHT = 400.0
"""The height of a map on a page in units of the view box."""


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Points (V, 2) with a label and a class each; `x_label` and `y_label` name the axes.

    Rich prints it as wide as the terminal, `html` is for a page.
    """

    places: FloatArray
    labels: Sequence[str]
    classes: Sequence[str]
    x_label: str
    y_label: str

    @property
    def names(self) -> list[str]:
        """The classes, in the order in which they first occur."""
        return list(dict.fromkeys(self.classes))

    def short_labels(self) -> list[str]:
        """Return the labels as they are shown where colours tell the classes: of a name the last word."""
        return [label.rpartition(" ")[2] or label for label in self.shown_labels()]

    def shown_labels(self) -> list[str]:
        """Return the labels as they are shown without colours."""
        shown = (visible(one) if len(one) == 1 else printable(standing(one)) for one in self.labels)
        return [cut(one, MAX_LABEL) for one in shown]

    def positions(self) -> FloatArray:
        """Return the points in a square from 0 to 1, (V, 2); the axes have their own scales."""
        low, high = self.places.min(axis=0), self.places.max(axis=0)
        positions: FloatArray = (self.places - low) / np.where(high > low, high - low, 1)
        return positions

    def __rich_console__(self, console: Console, _: object) -> Iterator[Text]:
        """Yield the map for a terminal: a frame, the labels, the axes in words, the classes."""
        width, has_colours = width_of(console) - 2, bool(console.color_system) and not console.no_color
        labels = self.short_labels() if has_colours else self.shown_labels()
        lines, num_hidden = self._placed(width, labels)
        yield Text(f"up: {self.y_label}")
        yield Text(f"┌{'─' * width}┐")
        yield from lines
        yield Text(f"└{'─' * width}┘")
        yield Text(f"to the right: {self.x_label}")
        if has_colours:
            yield Text("  ").join(Text(name, _colour(k)) for k, name in enumerate(self.names))
        if num_hidden:
            yield Text(f"{num_hidden:,} are left out, where others stand already")

    def _placed(self, width: int, labels: Sequence[str]) -> tuple[list[Text], int]:
        """Return the lines between the sides of the frame, and the number of labels without a free place."""
        canvas = [[Text(" ")] * width for _ in range(HEIGHT)]
        free = np.ones((HEIGHT, width), np.bool_)
        colours, num_hidden = {name: _colour(k) for k, name in enumerate(self.names)}, 0
        for label, name, (x, y) in zip(labels, self.classes, self.positions(), strict=True):
            length = max(1, cell_len(label))
            row, column = round((1 - y) * (HEIGHT - 1)), round(x * (width - length))
            place = _free_place(free, int(row), int(column), length)
            if place is None:
                num_hidden += 1
                continue
            row, column = place
            free[row, max(0, column - 1) : column + length + 1] = False  # a gap, so that labels do not touch
            canvas[row][column : column + length] = [Text(label, colours[name]), *[Text("")] * (length - 1)]
        return [Text.assemble("│", *cells, "│") for cells in canvas], num_hidden

    def svg(self) -> str:
        """Return the map as an `<svg>` element; pointing at a label shows its class."""
        left, right, top = GAP, WIDTH - 2 * GAP, 1.75 * LINE_HEIGHT
        bottom = top + PLOT_HEIGHT
        title = escape(f"{self.y_label} by {self.x_label}")
        legend, height = self._legend(bottom + 3 * LINE_HEIGHT)
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH:g} {height:g}" '
                f'width="100%" font-size="12" role="img" aria-label="{title}">',
                f"<title>{title}</title>",
                f'<rect x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}" '
                'fill="none" stroke="var(--grid, currentColor)"/>',
                _text(left, top - GAP, self.y_label, LABEL, "start"),
                *self._points(left + 2 * GAP, right - 2 * GAP, top + 2 * GAP, bottom - 2 * GAP),
                _text(
                    (left + right) / 2,
                    bottom + LINE_HEIGHT,
                    self.x_label,
                    "var(--label, currentColor)",
                    "middle",
                ),
                *legend,
                "</svg>",
            ]
        )

    def html(self) -> str:
        """Return the map for a page."""
        return page.wide(self.svg())

    def _points(self, left: float, right: float, top: float, bottom: float) -> Iterator[str]:
        numbers = {name: k for k, name in enumerate(self.names)}
        labels = zip(self.short_labels(), self.shown_labels(), strict=True)
        points = zip(labels, self.classes, self.positions().tolist(), strict=True)
        for (label, whole), name, (x, y) in points:
            across, down = left + x * (right - left), bottom - y * (bottom - top) + 4
            yield _text(across, down, label, _fill(numbers[name]), "middle", title=f"{whole}: {name}")

    def _legend(self, top: float) -> tuple[list[str], float]:
        parts, x, y = list[str](), GAP, top
        for number, name in enumerate(self.names):
            length = CHAR_WIDTH * cell_len(name)
            if x > GAP and x + length > WIDTH:
                x, y = GAP, y + LINE_HEIGHT
            parts.append(_text(x, y, name, _fill(number), "start"))
            x += length + 2 * GAP
        return parts, y + LINE_HEIGHT


def _free_place(free: FloatArray, row: int, column: int, length: int) -> tuple[int, int] | None:
    """Return the free place for `length` cells that is nearest to a place, None if there is none near."""
    height, width = free.shape
    candidates = [
        (4 * down * down + across * across, row + down, column + across)
        for down in range(-MAX_AWAY, MAX_AWAY + 1)
        for across in range(-2 * MAX_AWAY, 2 * MAX_AWAY + 1)
        if 0 <= row + down < height and 0 <= column + across <= width - length
    ]
    for _, down, across in sorted(candidates):
        if free[down, across : across + length].all():
            return down, across
    return None


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _fill(number: int) -> str:
    return f"var(--series-{number % NUM_COLOURS}, currentColor)"


def _text(x: float, y: float, text: str, fill: str, anchor: str, *, title: str = "") -> str:
    inside = f"<title>{escape(title)}</title>" if title else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{inside}{escape(text)}</text>'
