"""Bars whose lengths are numbers: as characters for the terminal, and as an SVG chart for a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.text import Text

from charseq.reports.display.axes import cut

EIGHTHS = " ▏▎▍▌▋▊▉"
"""Bars of 0 to 7 eighths of a cell."""
FEWEST = 6
"""The cells of the longest bar in a narrow terminal."""
WIDTH, ROW_HEIGHT, BAR_HEIGHT = 460.0, 24.0, 14.0
"""The sizes of a chart in units of its view box; letters are 12 units high."""
CHAR_WIDTH, GAP = 7.0, 8.0
MAX_NAME = 24
"""The most characters of a name."""


def bar(value: float, most: float, width: int) -> str:
    """Return a bar of `value` / `most` times `width` cells, in eighths of a cell; "" for nothing."""
    share = min(max(value / most, 0.0), 1.0) if most > 0 else 0.0
    whole, eighths = divmod(round(share * width * 8), 8)
    return ("█" * whole + EIGHTHS[eighths]).rstrip()


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in a table: of `width` cells for `most`, or fewer where the terminal has no room."""

    value: float
    most: float
    width: int

    def __str__(self) -> str:
        return bar(self.value, self.most, self.width)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return the fewest and the most cells: all bars of a column get the same number."""
        return Measurement(min(FEWEST, self.width), self.width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the bar in the room that there is."""
        yield Text(bar(self.value, self.most, min(self.width, options.max_width)))


def bar_chart(bars: Sequence[tuple[str, float]], *, label: str, style: str = ".4f") -> str:
    """Return an `<svg>` element with a bar for each (name, value), and `label`, the quantity, above them.

    Colours are those of the page, as in `charts.py`.
    """
    left = 2 * GAP + CHAR_WIDTH * max((len(cut(name, MAX_NAME)) for name, _ in bars), default=0)
    right = WIDTH - 2 * GAP - CHAR_WIDTH * max((len(format(value, style)) for _, value in bars), default=0)
    height = ROW_HEIGHT * (len(bars) + 1)
    title = escape(f"{label}: {', '.join(f'{name} {value:{style}}' for name, value in bars)}")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH:g} {height:g}" '
            f'width="100%" font-size="12" role="img" aria-label="{title}">',
            f"<title>{title}</title>",
            _text(GAP, ROW_HEIGHT / 2 + 4, label, "start"),
            *_rows(bars, left, right - left, style),
            "</svg>",
        ]
    )


def _rows(bars: Sequence[tuple[str, float]], left: float, length: float, style: str) -> Iterator[str]:
    most = max((value for _, value in bars), default=0.0) or 1.0
    for number, (name, value) in enumerate(bars, start=1):
        middle, end = ROW_HEIGHT * (number + 0.5), length * max(value, 0.0) / most
        yield _text(left - GAP, middle + 4, cut(name, MAX_NAME), "end")
        yield (
            f'<rect x="{left:.1f}" y="{middle - BAR_HEIGHT / 2:.1f}" width="{end:.1f}" '
            f'height="{BAR_HEIGHT:g}" fill="var(--series-0, currentColor)"/>'
        )
        yield _text(left + end + GAP, middle + 4, format(value, style), "start")


def _text(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="var(--label, currentColor)"'
    return f"<text {place}>{escape(text)}</text>"
