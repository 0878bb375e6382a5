"""Charts as files of their own: SVG with its colours and fonts in it, and PNG made from that.

The charts of a page take their colours and fonts from the page. Here they get those of a light page.
"""

import functools
import re

from charseq.errors import CharseqError
from charseq.reports.display.page import resource

FONTS = "DejaVu Sans, Noto Sans, Liberation Sans, Arial, Helvetica, sans-serif"
WIDTH = 920
"""The width of an SVG file in pixels."""
ZOOM = 2
"""The pixels of a PNG for each pixel of the SVG, in each direction."""
PROBE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" font-family="{}">{}</svg>'


def standalone(svg: str) -> str:
    """Return a chart of a page as the text of an SVG file."""
    colours = _colours()
    svg = re.sub(r"var\(--([\w-]+)[^)]*\)", lambda found: colours[found[1]], svg)
    svg = svg.replace('fill="transparent"', 'fill="none" pointer-events="all"')
    width, height = re.findall(r'viewBox="0 0 (\S+) (\S+)"', svg)[0]
    size = f'width="{WIDTH}" height="{WIDTH * float(height) / float(width):.0f}" font-family="{FONTS}"'
    paper = f'<rect width="{width}" height="{height}" fill="{colours["paper"]}"/>'
    svg = svg.replace('class="chart" ', "", 1).replace('width="100%"', size, 1)
    return svg.replace("</title>", f"</title>\n{paper}", 1) + "\n"


def png_of(svg: str) -> bytes:
    """Return the PNG of an SVG file. Raises CharseqError if the library or all fonts are missing."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise CharseqError("PNG needs a library: pip install 'charseq[png]'") from None
    if not _has_fonts():
        raise CharseqError("PNG needs a font, and none is installed: install one, such as DejaVu Sans")
    return bytes(svg_to_bytes(svg_string=svg, zoom=ZOOM))


@functools.cache
def _has_fonts() -> bool:
    from resvg_py import svg_to_bytes

    blank, letter = (PROBE.format(FONTS, text) for text in ("", '<text y="9">x</text>'))
    return bytes(svg_to_bytes(svg_string=blank)) != bytes(svg_to_bytes(svg_string=letter))


@functools.cache
def _colours() -> dict[str, str]:
    """Return the colours of a light page by their names; `transparent` is none in an SVG file."""
    light = resource("page.css").partition("@media")[0]
    return {
        name: "none" if colour == "transparent" else colour
        for name, colour in re.findall(r"--([\w-]+): ([^;]+);", light)
    }
