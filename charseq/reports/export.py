"""The charts of reports as files: each as SVG and PNG, and the rows of its report as CSV."""

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from charseq.errors import CharseqError
from charseq.files import write_atomically
from charseq.reports.display.image import png_of, standalone
from charseq.reports.formats import write_csv
from charseq.reports.report import Part

TITLE = re.compile("<title>([^:<(]*)")
"""The beginning of the title of a chart: what it shows."""


def export(directory: Path, parts: Iterable[Part]) -> list[str]:
    """Write the charts of the parts into a directory; return what should be said about them.

    Reports without charts are left out. Raises CharseqError if a file cannot be written.
    """
    num_charts, why_no_png = 0, ""
    for part in parts:
        charts = part.report.pictures(part.result)
        stem = _slug(part.report.name)
        if charts:
            rows = io.StringIO()
            write_csv(part.report.rows(part.result), rows)
            write_atomically(directory / f"{stem}.csv", rows.getvalue().encode("utf-8", "surrogateescape"))
        for name, chart in zip(_names(stem, charts), charts, strict=True):
            svg = standalone(chart)
            write_atomically(directory / f"{name}.svg", svg.encode())
            num_charts += 1
            if not why_no_png:
                try:
                    png = png_of(svg)
                except CharseqError as error:
                    why_no_png = f"{error}"
                else:
                    write_atomically(directory / f"{name}.png", png)
    charts_said = {0: "no chart to export", 1: "1 chart"}.get(num_charts, f"{num_charts} charts")
    said = f"{directory}: {charts_said}"
    return [said, why_no_png] if why_no_png else [said]


def _names(stem: str, charts: list[str]) -> Iterator[str]:
    """Yield a name for each chart: the stem, and what the chart shows if there are several."""
    for number, chart in enumerate(charts, start=1):
        title = TITLE.findall(chart)[0]
        yield stem if len(charts) == 1 else f"{stem}-{number}-{_slug(title)}".rstrip("-")


def _slug(text: str) -> str:
    """Return a text as a part of a file name."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
