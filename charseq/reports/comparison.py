"""Several models compared: the rows for programs, and of them the tables for a terminal and for a page."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from charseq.analysis.comparison import PASSAGE_CHARS, Comparison, Difference, Estimate
from charseq.reports.display.page import page, section, table
from charseq.reports.display.tables import figure_lines, filled_table, styled
from charseq.reports.display.visible import visible
from charseq.reports.formats import Row, figure_fields, score_fields
from charseq.scoring import bits

ABREAST = 3
"""Models whose figures have room beside each other in a terminal."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model before it has read anything."""

    name: str
    kind: str
    num_parameters: int
    num_file_bytes: int


# ---- rows


def comparison_rows(models: Sequence[ModelFacts], comparison: Comparison) -> list[Row]:
    """Return a row for each model, for each pair, for each class and model, for each passage and model."""
    names = [model.name for model in models]
    return [
        *_model_rows(models, comparison),
        *(_pair_row(difference, names) for difference in comparison.differences),
        *_class_rows(names, comparison),
        *_passage_rows(names, comparison),
    ]


def _model_rows(models: Sequence[ModelFacts], comparison: Comparison) -> Iterator[Row]:
    for model, figures in zip(models, comparison.figures, strict=True):
        yield {
            "report": "model",
            "model": model.name,
            "kind": model.kind,
            "num_parameters": model.num_parameters,
            "num_file_bytes": model.num_file_bytes,
            **figure_fields(figures),
        }


def _pair_row(difference: Difference, names: Sequence[str]) -> Row:
    return {
        "report": "pair",
        "a": names[difference.a],
        "b": names[difference.b],
        **_estimate_fields("bits_per_char", difference.bits_per_char),
        **_estimate_fields("bits_per_byte", difference.bits_per_byte),
        "verdict": difference.verdict,
    }


def _estimate_fields(unit: str, estimate: Estimate) -> Row:
    return {
        f"{unit}_difference": estimate.value,
        f"{unit}_error": estimate.error,
        f"{unit}_low": estimate.low,
        f"{unit}_high": estimate.high,
    }


def _class_rows(names: Sequence[str], comparison: Comparison) -> Iterator[Row]:
    for found in comparison.classes:
        lowest = min(score.nats for score in found.scores)
        for name, score in zip(names, found.scores, strict=True):
            yield {
                "report": "class",
                "group": found.name,
                "model": name,
                **score_fields(score),
                "best": score.nats == lowest,
            }


def _passage_rows(names: Sequence[str], comparison: Comparison) -> Iterator[Row]:
    for passage in comparison.passages:
        for name, nats in zip(names, passage.nats, strict=True):
            yield {
                "report": "passage",
                "file": passage.file,
                "offset": passage.offset,
                "text": passage.text,
                "model": name,
                "num_chars": len(passage.text),
                "nats": nats,
                "bits": bits(nats),
                "bits_per_char": bits(nats) / len(passage.text),
            }


# ---- tables


def comparison_tables(rows: Sequence[Row]) -> Iterator[RenderableType]:
    """Yield each report under its heading; the figures of many models take several tables."""
    for heading, made in _tables(rows, abreast=ABREAST):
        yield Group(Text(heading, style="bold"), made)


def comparison_page(rows: Sequence[Row]) -> str:
    """Return all reports as a page."""
    names = _names([row for row in rows if row["report"] == "model"])
    tables = _tables(rows, abreast=len(names))
    return page(f"Compared: {', '.join(names)}", [section(heading, table(made)) for heading, made in tables])


def _tables(rows: Sequence[Row], *, abreast: int) -> Iterator[tuple[str, Table]]:
    """Yield the reports that have rows, with so many models beside each other."""
    models, pairs, classes, passages = (
        [row for row in rows if row["report"] == report] for report in ("model", "pair", "class", "passage")
    )
    parts = [slice(k, k + abreast) for k in range(0, len(models), abreast)]
    for part in parts:
        yield "Models", _models_table(models[part])
    yield "Differences in bits, a - b: less than 0 where a is better", _pairs_table(pairs)
    for part in parts:
        by_class = _classes_table(_per_model(classes, len(models)), part)
        yield "Bits per character of each class of characters", by_class
    heading = f"Passages of {PASSAGE_CHARS} characters on which the models differ most, with the bits of each"
    for part in parts if passages else []:
        yield heading, _passages_table(_per_model(passages, len(models)), part)


def _per_model(rows: list[Row], num_models: int) -> list[list[Row]]:
    """Return the rows of each class or passage, one for each model."""
    return [rows[k : k + num_models] for k in range(0, len(rows), num_models)]


def _models_table(models: list[Row]) -> Table:
    lines = [
        ["kind", *(row["kind"] for row in models)],
        ["parameters", *(f"{row['num_parameters']:,}" for row in models)],
        ["file (bytes)", *(f"{row['num_file_bytes']:,}" for row in models)],
        *figure_lines(models),
    ]
    return filled_table(["", *_names(models)], lines, num_text_columns=1)


def _pairs_table(pairs: list[Row]) -> Table:
    """Return two lines for each pair, one for each model, and for each unit."""
    lines = []
    for pair in pairs:
        for key, unit, verdict in (("a", "char", pair["verdict"]), ("b", "byte", "")):
            value, error, low, high = (
                pair[f"bits_per_{unit}_{figure}"] for figure in ("difference", "error", "low", "high")
            )
            interval = "" if math.isnan(low) else f"{low:+.4f} to {high:+.4f}"
            figures = [f"{value:+.4f}/{unit}", styled(error, "{:.4f}"), interval]
            lines.append([key, pair[key], verdict, *figures])
    headers = ["", "models", "verdict", "a - b (bits)", "± error", "95 % interval"]
    return filled_table(headers, lines, num_text_columns=3)


def _classes_table(classes: list[list[Row]], part: slice) -> Table:
    lines = []
    for rows in classes:
        best = _names([row for row in rows if row["best"]])
        figures = [styled(row["bits_per_char"], "{:.4f}") for row in rows[part]]
        winner = best[0] if len(best) == 1 else "equal"
        lines.append([rows[0]["group"], winner, f"{rows[0]['num_chars']:,}", *figures])
    headers = ["class", "best", "characters", *_names(classes[0][part])]
    return filled_table(headers, lines, num_text_columns=2)


def _passages_table(passages: list[list[Row]], part: slice) -> Table:
    lines = []
    for rows in passages:
        place = [rows[0]["file"], f"{rows[0]['offset']:,}"]
        lines.append([visible(rows[0]["text"]), *place, *(f"{row['bits']:.1f}" for row in rows[part])])
    headers = ["passage", "file", "offset (characters)", *_names(passages[0][part])]
    return filled_table(headers, lines, num_text_columns=2)


def _names(rows: list[Row]) -> list[str]:
    return [row["model"] for row in rows]
