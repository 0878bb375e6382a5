"""The report on the origins of gradients: the text before each chosen character, coloured by the gradient."""

import math
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.text import Text

from charseq.analysis.gradient_views import ModelOrigins, TextOrigins
from charseq.analysis.origins import Origin
from charseq.arrays import FloatArray
from charseq.reports.column import field
from charseq.reports.display import page
from charseq.reports.display.axes import Series
from charseq.reports.display.chart import Chart
from charseq.reports.display.coloured_text import coloured_text
from charseq.reports.display.heat import HeatMap, Scale
from charseq.reports.display.visible import printable, visible
from charseq.reports.gradient_flow import LAG_LABEL, NORM_LABEL
from charseq.reports.report import Report

MAX_SHOWN = 8
"""The most places whose texts are shown, and the most lines of a chart; more are shown as their median."""
DECADES = 6
"""The range of the colours: norms below the largest one by more powers of ten look the same."""


class OriginPoint(NamedTuple):
    """The gradient of one character at one layer and lag."""

    model: str
    cell: str
    layer: int
    offset: int
    char: str
    lag: int
    source: int | None
    source_char: str | None
    norm: float


class Followed(NamedTuple):
    """The gradient of one character at one layer, with a name."""

    name: str
    origin: Origin
    norms: FloatArray


class OriginReport(Report):
    """For each model, layer and character the text before it, and a chart of all gradients."""

    command, name, title, has_name = "inspect", "gradient-origin", "Where gradients come from", False
    help = (
        "`charseq inspect --gradient-flow` with `--at`, `--at-char` or `--hardest`. One row for each model, "
        "layer, character and lag."
    )
    columns = (
        field("model", attrgetter("model"), "the model"),
        field("cell", attrgetter("cell"), "its cell"),
        field("layer", attrgetter("layer"), "the layer, counted from 1"),
        field("offset", attrgetter("offset"), "place of the character, from 0"),
        field("char", attrgetter("char"), "the character"),
        field("lag", attrgetter("lag"), "steps back in time"),
        field(
            "source_offset",
            attrgetter("source"),
            "place of the character after which the state was this one; null at the start and between the "
            "tokens of a character",
        ),
        field("source_char", attrgetter("source_char"), "that character"),
        field(
            "gradient_norm",
            attrgetter("norm"),
            "norm of the gradient of the character's loss at this state, in nats per unit of the state",
        ),
    )

    def items(self, result: TextOrigins) -> list[OriginPoint]:
        """Return the gradients at all layers and lags."""
        return [
            OriginPoint(
                one.model,
                one.cell,
                layer,
                origin.offset,
                origin.char,
                lag,
                source,
                None if source is None else result.text[source],
                norm,
            )
            for one in result.models
            for origin in one.found
            for layer, norms in enumerate(origin.norms.tolist(), start=1)
            for lag, (source, norm) in enumerate(zip(origin.sources, norms, strict=True), start=1)
        ]

    def show(self, console: Console, result: TextOrigins) -> None:
        """Print a sentence on what is measured, the coloured texts and the chart."""
        console.print(Text(printable(_meaning(result))))
        scale = _scale(result)
        for one in _shown(result):
            console.print()
            console.print(Text(printable(one.name), style="bold"))
            heat = HeatMap(console, scale)
            heat.write(*_coloured(result.text, one))
            heat.finish()
        console.print()
        console.print(_chart(result))

    def sections(self, result: TextOrigins) -> list[str]:
        """Return the chart, and a section for each of the coloured texts."""
        scale = _scale(result)
        texts = [
            page.section(one.name, page.heat_text(*_coloured(result.text, one), scale))
            for one in _shown(result)
        ]
        return [page.section(self.title, page.paragraph(_meaning(result)), _chart(result).html()), *texts]

    def pictures(self, result: TextOrigins) -> list[str]:
        """Return the chart and the coloured texts as pictures."""
        scale = _scale(result)
        texts = [coloured_text(one.name, *_coloured(result.text, one), scale) for one in _shown(result)]
        return [*super().pictures(result), *texts]


def _followed(result: TextOrigins) -> Iterator[Followed]:
    for one in result.models:
        for origin in one.found:
            place = f"{visible(origin.char)} at {origin.offset:,}"
            for layer, norms in enumerate(origin.norms, start=1):
                yield Followed(f"{_layer_name(one, layer)}: {place}", origin, norms)


def _layer_name(one: ModelOrigins, layer: int) -> str:
    return f"{one.model}, layer {layer}" if len(one.found[0].norms) > 1 else one.model


def _shown(result: TextOrigins) -> list[Followed]:
    """Return what is shown as text: the first MAX_SHOWN characters, in each model and layer."""
    offsets = [origin.offset for origin in result.models[0].found[:MAX_SHOWN]]
    return [one for one in _followed(result) if one.origin.offset in offsets]


def _coloured(text: str, one: Followed) -> tuple[str, FloatArray]:
    """Return the text up to the character, and the logarithm of the norm after each character of it."""
    known = [source for source in one.origin.sources if source is not None]
    begin = min(known, default=one.origin.offset)
    values = np.full(one.origin.offset + 1 - begin, np.nan)
    logs = _logs(one.norms)
    for source, value in zip(one.origin.sources, logs.tolist(), strict=True):
        if source is not None:
            values[source - begin] = value
    return text[begin : one.origin.offset + 1], values


def _scale(result: TextOrigins) -> Scale:
    logs = np.concatenate([_logs(one.norms) for one in _followed(result)])
    finite = logs[np.isfinite(logs)]
    high = math.ceil(finite.max()) if finite.size else 0
    low = max(high - DECADES, math.floor(finite.min())) if finite.size else high - DECADES
    return Scale(min(low, high - 1), high, "log10 of the gradient norm")


def _logs(norms: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        logs: FloatArray = np.log10(norms)
    return logs


def _chart(result: TextOrigins) -> Chart:
    return Chart(list(_series(result)), x_label=LAG_LABEL, y_label=NORM_LABEL, log_y=True)


def _series(result: TextOrigins) -> Iterator[Series]:
    """Yield a line for each character if they are few, else the median of each model and layer."""
    followed = list(_followed(result))
    if len(followed) <= MAX_SHOWN:
        for one in followed:
            yield Series(one.name, _lags(one.norms), one.norms.tolist())
        return
    for model in result.models:
        for layer in range(len(model.found[0].norms)):
            median = _median([origin.norms[layer] for origin in model.found])
            yield Series(f"{_layer_name(model, layer + 1)}: median", _lags(median), median.tolist())


def _median(norms: Sequence[FloatArray]) -> FloatArray:
    """Return the median for each lag over the characters that have as many steps before them."""
    longest = max(map(len, norms))
    padded = np.stack([np.pad(one, (0, longest - len(one)), constant_values=np.nan) for one in norms])
    median: FloatArray = np.nanmedian(padded, axis=0)
    return median


def _lags(norms: FloatArray) -> list[float]:
    return list(range(1, len(norms) + 1))


def _meaning(result: TextOrigins) -> str:
    num = len(result.models[0].found)
    more = f"; the first {MAX_SHOWN} of {num} characters" if num > MAX_SHOWN else ""
    return (
        "Each character is coloured by the Euclidean norm of d(-log p of the last character) / d(state of a "
        f"layer after the character), in nats per unit of the state, in {result.name}{more}. The last one "
        "and the one before it have no colour."
    )
