"""Rows for people: the same rows as in `records.py`, as rich tables that fit a terminal of 80 columns."""

import math
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from charseq.reports.display.visible import printable, visible
from charseq.reports.formats import Row
from charseq.scoring.score import perplexity_of

FIGURES = [
    ("characters", "num_chars", "{:,}"),
    ("bytes", "num_bytes", "{:,}"),
    ("unseen characters", "num_unseen", "{:,}"),
    ("nats per character", "nats_per_char", "{:.4f}"),
    ("bits per character", "bits_per_char", "{:.4f}"),
    ("standard error of that", "bits_per_char_error", "{:.4f}"),
    ("bits per byte", "bits_per_byte", "{:.4f}"),
    ("perplexity per character", "perplexity", "{:.4f}"),
    ("perplexity per word", "word_perplexity", "{:,.1f}"),
    ("top-1 accuracy (%)", "accuracy", "{:.1%}"),
    ("top-5 accuracy (%)", "top5_accuracy", "{:.1%}"),
    ("calibration error (%)", "calibration_error", "{:.1%}"),
    ("without unseen: bits per character", "seen_bits_per_char", "{:.4f}"),
    ("without unseen: perplexity", "seen_perplexity", "{:.4f}"),
    ("characters per second", "chars_per_second", "{:,.0f}"),
]
"""The figures of one text, with the key of each in its row."""

COLUMNS = [
    ("chars", "num_chars", "{:,}"),
    ("unseen", "num_unseen", "{:,}"),
    ("nats/\nchar", "nats_per_char", "{:.4f}"),
    ("bits/\nchar", "bits_per_char", "{:.4f}"),
    ("±\nbits", "bits_per_char_error", "{:.4f}"),
    ("bits/\nbyte", "bits_per_byte", "{:.4f}"),
    ("perplex-\nity", "perplexity", "{:.3f}"),
]
"""The figures of several texts that have room beside each other."""

GROUP_COLUMNS = [
    ("chars", "num_chars", "{:,}"),
    ("bits", "bits", "{:,.0f}"),
    ("share\n(%)", "share", "{:.1%}"),
    ("bits/\nchar", "bits_per_char", "{:.3f}"),
    ("perplex-\nity", "perplexity", "{:.4g}"),
    ("top-1\n(%)", "accuracy", "{:.1%}"),
]
"""What every group has."""
CONTEXT, GROUP_CHARS = 10, 30
"""Characters that are shown of a context on either side, and of the name of a group."""
HUGE = 1e5
"""Perplexities from here on are rounded to three digits."""
CALIBRATION_COLUMNS = [
    ("characters", "num_chars", "{:,}"),
    ("mean confidence (%)", "confidence", "{:.1%}"),
    ("right (%)", "accuracy", "{:.1%}"),
]

BENCH_COLUMNS = {
    "train": [
        ("ms/step", "ms_per_step", "{:.2f}"),
        ("spread", "spread", "{:.1%}"),
        ("chars/s", "chars_per_second", "{:,.0f}"),
        ("GFLOP/s", "gflops", "{:.1f}"),
        ("peak", "peak_share", "{:.1%}"),
        ("cores", "cores", "{}"),
        ("backend", "backend", "{}"),
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
    """Return all figures of one model on one text below each other, or the main ones of several in lines."""
    table = plain_table()
    if len(rows) == 1:
        table.add_column("")
        table.add_column(Text(printable(rows[0]["text"])), justify="right", overflow="fold")
        for line in figure_lines(rows):
            table.add_row(*line)
        return table
    names = [key for key in ("text", "model") if len({row[key] for row in rows}) > 1] or ["text"]
    with_unseen = any(row["num_unseen"] for row in rows)
    columns = [column for column in COLUMNS if with_unseen or column[1] != "num_unseen"]
    for name in names:
        table.add_column(name, overflow="fold")
    _add_numbers(table, columns)
    for row in rows:
        table.add_row(*(Text(printable(row[name])) for name in names), *_numbers(row, columns))
    return table


def figure_lines(rows: Sequence[Row]) -> list[list[str]]:
    """Return a line for each figure, its name and what it is in each row."""
    with_unseen = any(row["num_unseen"] for row in rows)
    figures = [figure for figure in FIGURES if with_unseen or not figure[1].startswith("seen_")]
    return [
        [figure[0], *(number for row in rows for number in _numbers(row, [figure]))] for figure in figures
    ]


def groups_table(rows: Sequence[Row]) -> Table:
    """Return the groups of one grouping, a line each; those without a name are what is left of the others."""
    grouping: str = rows[0]["report"]
    columns = GROUP_COLUMNS
    if grouping == "word":
        columns = [("times", "count", "{:,}"), *columns]
    elif grouping == "line":
        columns = [("offset\n(chars)", "offset", "{:,}"), *columns]
    elif grouping == "chunk":
        columns = [*columns, ("bits/char\nso far", "running_bits_per_char", "{:.3f}")]
    with_file = grouping in ("line", "chunk") and _several_files(rows)
    table = plain_table()
    table.add_column("characters" if grouping == "chunk" else grouping, overflow="fold")
    if with_file:
        table.add_column("file", overflow="fold")
    _add_numbers(table, columns)
    for row in rows:
        file = [Text(printable(row["file"] or ""))] * with_file
        table.add_row(_group_name(row), *file, *_numbers(row, columns))
    return table


def _several_files(rows: Sequence[Row]) -> bool:
    return len({row["file"] for row in rows if row["file"] is not None}) > 1


def hardest_table(rows: Sequence[Row]) -> Table:
    """Return the most surprising characters, each marked in its context, with what was expected instead."""
    table = plain_table()
    table.add_column("in its context", overflow="fold")
    table.add_column("likeliest, with p", overflow="fold")
    with_file = _several_files(rows)
    if with_file:
        table.add_column("file", overflow="fold")
    for header in ("bits", "rank", "offset\n(chars)"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        file = [Text(printable(row["file"]))] * with_file
        before, after = visible(row["before"][-CONTEXT:]), visible(row["after"][:CONTEXT])
        context = Text.assemble(before, (f"[{visible(row['char'])}]", "bold red"), after)
        rank = f"{row['rank']}" if row["rank"] else "unseen"
        numbers = (f"{row['bits']:.2f}", rank, f"{row['offset']:,}")
        table.add_row(context, _guesses(row["top"]), *file, *numbers)
    return table


def calibration_table(rows: Sequence[Row]) -> Table:
    """Return how often first guesses of each confidence were right."""
    table = plain_table()
    table.add_column("confidence (%)", no_wrap=True)
    _add_numbers(table, CALIBRATION_COLUMNS)
    for row in rows:
        table.add_row(f"{row['low']:.0%} to {row['high']:.0%}", *_numbers(row, CALIBRATION_COLUMNS))
    return table


def predictions_table(rows: Sequence[Row]) -> Table:
    """Return a line for each prefix; what rates a target only where there are targets."""
    with_targets = any(row["target"] is not None for row in rows)
    table = plain_table()
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
    cells.append(_guesses(row["top"]))
    if "passed" in row:
        cells.append({True: "pass", False: Text("MISS", style="bold red"), None: ""}[row["passed"]])
    return cells


def _guesses(top: Sequence[Row]) -> Text:
    return Text(" ".join(f"{visible(guess['char'])}={guess['probability']:.3f}" for guess in top))


def _group_name(row: Row) -> Text:
    if row["group"] is None:
        return Text("all others", style="dim")
    if row["report"] not in ("char", "word", "line"):
        return Text(printable(row["group"]))
    rest = "…" if len(row["group"]) > GROUP_CHARS else ""
    return Text(visible(row["group"][:GROUP_CHARS]) + rest)


def _add_numbers(table: Table, columns: Sequence[tuple[str, str, str]]) -> None:
    for label, _, _ in columns:
        table.add_column(label, justify="right", no_wrap=True)


def _numbers(row: Row, columns: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return the figures of a row; a perplexity that says nothing any more has three digits."""
    huge = {key: "{:.3g}" for key, value in row.items() if key.endswith("perplexity") and value >= HUGE}
    return [styled(row[key], huge.get(key, style)) for _, key, style in columns]


def styled(value: Any, style: str) -> str:
    """Return a number in its style; nothing for one that is not known."""
    return "" if value is None or math.isnan(value) else style.format(value)


def _perplexity(bits: float) -> str:
    perplexity = perplexity_of(bits)
    return f"{perplexity:.3f}" if perplexity < HUGE else f"{perplexity:.3g}"


def _number(value: float | None, style: str) -> str | None:
    return None if value is None else format(value, style)


def bench_table(rows: Sequence[Row]) -> Table:
    """Return the figures of one kind of work, a line for each model."""
    what = rows[0]["what"]
    names = {"train": ["shape"], "sample": ["model"], "evaluate": ["model", "unit"]}[what]
    table = plain_table()
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


def filled_table(headers: Sequence[str], lines: Sequence[Sequence[str]], *, num_text_columns: int) -> Table:
    """Return a table in which texts and headers fold where there is little room, but numbers never."""
    table = plain_table()
    for column, header in enumerate(headers):
        if column < num_text_columns:
            table.add_column(Text(printable(header)), overflow="fold")
            continue
        widest = max((cell_len(line[column]) for line in lines), default=0)
        table.add_column(
            Text(printable(header)),
            overflow="fold",
            justify="right",
            no_wrap=cell_len(header) <= widest,  # else rich may take the room from it first, and cut
        )
    for line in lines:
        table.add_row(*(Text(printable(cell)) for cell in line))
    return table


def plain_table() -> Table:
    """Return an empty table that looks like all of them."""
    return Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
