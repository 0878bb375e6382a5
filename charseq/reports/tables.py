"""Rows for people: the same rows as in `records.py`, as rich tables with units in their headers."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from charseq.reports.records import Row
from charseq.reports.text import printable, visible


def evaluation_table(rows: Sequence[Row]) -> Table:
    """Return one column per text, one line per figure: figures stay on the screen however many there are."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("")
    for row in rows:
        table.add_column(Text(printable(row["text"])), justify="right")
    figures = [
        ("characters", "num_chars", "{:,}"),
        ("bytes", "num_bytes", "{:,}"),
        ("unseen characters", "num_unseen", "{:,}"),
        ("nats per character", "nats_per_char", "{:.4f}"),
        ("bits per character", "bits_per_char", "{:.4f}"),
        ("bits per byte", "bits_per_byte", "{:.4f}"),
        ("perplexity per character", "perplexity", "{:.4f}"),
        ("perplexity per word", "word_perplexity", "{:,.1f}"),
        ("top-1 accuracy (%)", "accuracy", "{:.1%}"),
        ("top-5 accuracy (%)", "top5_accuracy", "{:.1%}"),
        ("without unseen: bits per character", "seen_bits_per_char", "{:.4f}"),
        ("without unseen: perplexity", "seen_perplexity", "{:.4f}"),
        ("characters per second", "chars_per_second", "{:,.0f}"),
    ]
    some_unseen = any(row["num_unseen"] for row in rows)
    for label, key, style in figures:
        if some_unseen or not key.startswith("seen_"):
            table.add_row(label, *(style.format(row[key]) for row in rows))
    return table


def predictions_table(rows: Sequence[Row]) -> Table:
    """Return a line for each prefix; columns about targets only where there are targets."""
    with_targets = any(row["target"] is not None for row in rows)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("prefix")
    if with_targets:
        table.add_column("target")
        for header in ("probability", "rank", "bits", "perplexity"):
            table.add_column(header, justify="right")
    table.add_column("entropy (bits)", justify="right")
    table.add_column("likeliest next characters")
    if any("passed" in row for row in rows):
        table.add_column("case")
    for row in rows:
        table.add_row(*_prediction_cells(row, with_targets=with_targets))
    return table


def _prediction_cells(row: Row, *, with_targets: bool) -> list[Any]:
    cells: list[Any] = [Text("all cases" if row["prefix"] is None else visible(row["prefix"]))]
    if row["prefix"] is None:
        cells += ["", "", "", f"{row['bits']:.3f}", f"{row['perplexity']:.4g}"]
    elif with_targets and row["target"] is None:
        cells += [""] * 5
    elif with_targets:
        cells += [Text(visible(row["target"])), f"{row['probability']:.4f}", f"{row['rank']}"]
        cells += [f"{row['bits']:.3f}", f"{2 ** min(row['bits'], 1023):.4g}"]
    cells.append(f"{row['entropy']:.3f}")
    guesses = (f"{visible(guess['char'])} {guess['probability']:.3f}" for guess in row["top"])
    cells.append(Text("  ".join(guesses)))
    if "passed" in row:
        cells.append({True: "pass", False: Text("MISS", style="bold red"), None: ""}[row["passed"]])
    return cells


def facts_table(facts: Sequence[tuple[str, str]]) -> Table:
    """Return pairs of a name and a value, one below the other."""
    table = Table(show_header=False, show_edge=False, pad_edge=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, Text(printable(value)))
    return table
