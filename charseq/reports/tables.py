"""Rows for people: the same rows as in `records.py`, as rich tables that fit a terminal of 80 columns."""

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from charseq.reports.records import Row
from charseq.reports.text import printable, visible
from charseq.score import perplexity_of

FIGURES = [
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
"""The figures of one text, with the key of each in its row."""

COLUMNS = [
    ("characters", "num_chars", "{:,}"),
    ("unseen", "num_unseen", "{:,}"),
    ("nats/char", "nats_per_char", "{:.4f}"),
    ("bits/char", "bits_per_char", "{:.4f}"),
    ("bits/byte", "bits_per_byte", "{:.4f}"),
    ("perplexity", "perplexity", "{:.3f}"),
]
"""The figures of several texts that have room beside each other."""

BENCH_COLUMNS = {
    "train": [
        ("ms/step", "ms_per_step", "{:.2f}"),
        ("spread", "spread", "{:.1%}"),
        ("chars/s", "chars_per_second", "{:,.0f}"),
        ("GFLOP/s", "gflops", "{:.1f}"),
        ("peak", "peak_share", "{:.1%}"),
        ("cores", "cores", "{}"),
        ("kernels", "kernels", "{}"),
    ],
    "sample": [
        ("us/char", "us_per_char", "{:.1f}"),
        ("spread", "spread", "{:.1%}"),
        ("chars/s", "chars_per_second", "{:,.0f}"),
    ],
}
BENCH_COLUMNS["evaluate"] = BENCH_COLUMNS["sample"]
"""What `charseq bench` shows of each kind of work."""


def evaluation_table(rows: Sequence[Row]) -> Table:
    """Return all figures of one text below each other, or the main ones of several, a line for each text."""
    table = _table()
    if len(rows) == 1:
        table.add_column("")
        table.add_column(Text(printable(rows[0]["text"])), justify="right", overflow="fold")
        for label, key, style in FIGURES:
            if rows[0]["num_unseen"] or not key.startswith("seen_"):
                table.add_row(label, style.format(rows[0][key]))
        return table
    table.add_column("text", overflow="fold")
    for label, _, _ in COLUMNS:
        table.add_column(label, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(Text(printable(row["text"])), *(style.format(row[key]) for _, key, style in COLUMNS))
    return table


def predictions_table(rows: Sequence[Row]) -> Table:
    """Return a line for each prefix; what rates a target only where there are targets."""
    with_targets = any(row["target"] is not None for row in rows)
    table = _table()
    table.add_column("prefix", overflow="fold")
    if with_targets:
        table.add_column("target")
        for header in ("p", "rank", "bits", "perplexity"):
            table.add_column(header, justify="right", no_wrap=True)
    else:
        table.add_column("entropy (bits)", justify="right", no_wrap=True)
    table.add_column("likeliest next, with p", overflow="fold")
    if any("passed" in row for row in rows):
        table.add_column("case", no_wrap=True)
    for row in rows:
        table.add_row(*_prediction_cells(row, with_targets=with_targets))
    return table


def _prediction_cells(row: Row, *, with_targets: bool) -> list[Any]:
    cells: list[Any] = [Text("all" if row["prefix"] is None else visible(row["prefix"]))]
    if not with_targets:
        cells.append(f"{row['entropy']:.3f}")
    elif row["bits"] is None:
        cells += [""] * 5
    else:
        asked = [row["target"] and visible(row["target"]), _number(row["probability"], ".4f"), row["rank"]]
        cells += [Text("" if cell is None else f"{cell}") for cell in asked]
        cells += [f"{row['bits']:.3f}", _perplexity(row["bits"])]
    pairs = [(visible(guess["char"]), guess["probability"]) for guess in row["top"]]
    guesses = (f"{char}={probability:.3f}" for char, probability in pairs)
    cells.append(Text(" ".join(guesses)))
    if "passed" in row:
        cells.append({True: "pass", False: Text("MISS", style="bold red"), None: ""}[row["passed"]])
    return cells


def _perplexity(bits: float) -> str:
    perplexity = perplexity_of(bits)
    return f"{perplexity:.3f}" if perplexity < 1e5 else f"{perplexity:.3g}"


def _number(value: float | None, style: str) -> str | None:
    return None if value is None else format(value, style)


def bench_table(rows: Sequence[Row]) -> Table:
    """Return the figures of one kind of work, a line for each model."""
    what = rows[0]["what"]
    names = {"train": ["shape"], "sample": ["model"], "evaluate": ["model", "unit"]}[what]
    table = _table()
    for header in (what, *names):
        table.add_column(header, no_wrap=True)
    for header, _, _ in BENCH_COLUMNS[what]:
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        sizes = [row["num_layers"], row["hidden_size"], row["batch_size"], row["seq_length"]]
        model = "x".join(f"{size}" for size in sizes if size is not None)
        shown = {"shape": model, "model": model, "unit": row["unit"]}
        cores = {"cores": row["num_shards"] and row["num_shards"] * row["blas_threads"]}
        figures = (style.format((row | cores)[key]) for _, key, style in BENCH_COLUMNS[what])
        table.add_row(row["cell"], *(shown[name] for name in names), *figures)
    return table


def facts_table(facts: Sequence[tuple[str, str]]) -> Table:
    """Return pairs of a name and a value, one below the other."""
    table = Table(show_header=False, show_edge=False, pad_edge=False, box=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, Text(printable(value)))
    return table


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
