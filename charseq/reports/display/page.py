"""The parts of a page: one HTML file that needs no other file and is safe with any text in it.

All texts are escaped here, and unprintable characters are made visible. `page.css` and `page.js` are part of
every page; it runs no other script and loads nothing. `charts.py` makes the charts of a page.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from itertools import groupby
from operator import itemgetter

from rich.table import Table

from charseq.arrays import FloatArray, TokenArray
from charseq.reports.display.heat import NUM_STEPS, Scale
from charseq.reports.display.visible import printable, visible
from charseq.version import __version__

CHART = re.compile('<svg [^>]*class="chart".*?</svg>', re.DOTALL)
"""A chart in a section of a page."""
LONG_CELL = 24
"""The length above which a text in a table may break anywhere, since it may have no blanks."""
SHOWN_GUESSES = 5
"""The most guesses that are shown for a character."""


@dataclass(frozen=True, slots=True)
class Details:
    """The predictions of a model at each character of a text.

    `probabilities` (L,) and `ranks` (L,) are those of the character itself, with rank 0 if it is not in
    the vocabulary; `guesses` (L, K) are the likeliest tokens, the likeliest first, and
    `guess_probabilities` (L, K) their probabilities; `vocab` has the character of each token.
    """

    probabilities: FloatArray
    ranks: TokenArray
    guesses: TokenArray
    guess_probabilities: FloatArray
    vocab: Sequence[str]


def page(title: str, sections: Sequence[str]) -> str:
    """Return a complete HTML document: a title, and the `sections` below it."""
    style, script = resource("page.css"), resource("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta name="generator" content="charseq {__version__}">',
            f"<title>{_escaped(title)}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            f"<main>\n<h1>{_escaped(title)}</h1>",
            *sections,
            "</main>",
            f"<footer>Made by charseq {__version__}</footer>",
            f"<script>{script}</script>",
            "</body>",
            "</html>\n",
        ]
    )


def charts_in(sections: Iterable[str]) -> list[str]:
    """Return the charts in sections of a page."""
    return [chart for section in sections for chart in CHART.findall(section)]


def section(heading: str, *bodies: str) -> str:
    """Return a section of a page: a heading, and the `bodies` below it."""
    return "\n".join(["<section>", f"<h2>{_escaped(heading)}</h2>", *bodies, "</section>"])


def paragraph(text: str) -> str:
    """Return a paragraph of plain text."""
    return f"<p>{_escaped(text)}</p>"


def wide(block: str) -> str:
    """Return a block that scrolls sideways in its own box if the window is narrow."""
    return f'<div class="scroll">{block}</div>'


def folded(label: str, block: str) -> str:
    """Return a block that is shown when its label is clicked."""
    return f"<details><summary>{_escaped(label)}</summary>{block}</details>"


def table(made: Table) -> str:
    """Return a rich table as an HTML table; long texts in it may break anywhere."""
    numbers = [column.justify == "right" for column in made.columns]

    def cell_of(tag: str, shown: str, is_number: bool) -> str:
        kind = "number" if is_number else "long" if len(shown) > LONG_CELL else None
        attribute = f' class="{kind}"' if kind else ""
        return f"<{tag}{attribute}>{_escaped(shown)}</{tag}>"

    def row_of(tag: str, cells: Iterable[object]) -> str:
        pairs = zip(cells, numbers, strict=True)
        return f"<tr>{''.join(cell_of(tag, f'{cell}', is_number) for cell, is_number in pairs)}</tr>"

    headers = row_of("th", (one_line(f"{column.header}") for column in made.columns))
    rows = zip(*(column.cells for column in made.columns), strict=True)
    body = "\n".join(row_of("td", row) for row in rows)
    return wide(f"<table>\n<thead>{headers}</thead>\n<tbody>\n{body}\n</tbody>\n</table>")


def one_line(header: str) -> str:
    """Return a header of several lines as one line."""
    return header.replace("-\n", "").replace("/\n", "/").replace("\n", " ")


def heat_text(
    text: str, values: Sequence[float] | FloatArray, scale: Scale, *, details: Details | None = None
) -> str:
    """Return a text whose characters are coloured by their values, below the legend of the scale.

    With `details`, the page shows the details of a character when the user points at it, taps it, or reaches
    it with the arrow keys.
    """
    steps = scale.steps(values).tolist()
    parts: Iterable[tuple[int, str]] = zip(steps, map(_shown_char, text), strict=True)
    focus = data = ""
    if details is None:
        runs = groupby(parts, key=itemgetter(0))
        parts = ((step, "".join(shown for _, shown in run)) for step, run in runs)
    else:
        focus = f' tabindex="0" role="group" aria-label="text coloured by {_escaped(scale.label)}"'
        data = f'<script type="application/json">{_json(details, length=len(text))}</script>'
    spans = "".join(f'<span class="h{step}">{shown}</span>' for step, shown in parts)
    return "\n".join(
        [
            f'<figure class="heat {"diverging" if scale.diverging else "sequential"}">',
            _legend(scale, hint=details is not None),
            f'<div class="text"{focus}>{spans}</div>{data}',
            "</figure>",
        ]
    )


def _legend(scale: Scale, *, hint: bool) -> str:
    ramp = "".join(f'<span class="h{step}"></span>' for step in range(NUM_STEPS))
    more = "; point at a character, tap it or use the arrow keys for more" if hint else ""
    return (
        f'<figcaption>{scale.low:g}<span class="ramp">{ramp}</span>{scale.high:g} '
        f"{_escaped(scale.label)}{more}</figcaption>"
    )


def _shown_char(char: str) -> str:
    """Return a character as HTML; an unprintable one as its escape, which is marked by its style."""
    if char == "\n":
        return '<i class="newline">\n</i>'
    if char == " " or char.isprintable():
        return escape(char)
    return f'<i class="escape">{visible(char)}</i>'


def _json(details: Details, *, length: int) -> str:
    """Return `details` of `length` characters as JSON that is safe within HTML for any text."""
    guesses, probabilities = (
        details.guesses[:, :SHOWN_GUESSES],
        details.guess_probabilities[:, :SHOWN_GUESSES],
    )
    if {len(details.probabilities), len(details.ranks), len(guesses), len(probabilities)} != {length}:
        raise ValueError(f"the details are not those of {length} characters")
    data = {
        "vocab": [visible(char) for char in details.vocab],
        "probabilities": _rounded(details.probabilities),
        "ranks": details.ranks.tolist(),
        "guesses": guesses.tolist(),
        "guess_probabilities": [_rounded(row) for row in probabilities],
    }
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", r"\u003c")


def _rounded(probabilities: FloatArray) -> list[float]:
    return [float(f"{probability:.4g}") for probability in probabilities.tolist()]


def _escaped(text: str) -> str:
    return escape(printable(text))


def resource(name: str) -> str:
    """Return the text of a file that is a part of every page."""
    return files("charseq.reports.display").joinpath(name).read_text(encoding="utf-8")
