"""charseq info: what a model is and where it comes from."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from charseq.cli.options import FormatOption, examples

if TYPE_CHECKING:
    from pathlib import Path

    from charseq.reports import Row
    from charseq.runs.checkpoint import Checkpoint

EXAMPLES = examples(
    ("charseq info", "the newest model"),
    ("charseq info runs/pydoc/model.safetensors", "a model file"),
    ("charseq info runs/pydoc --format json", "for a program"),
)


def command(
    model: Annotated[
        str | None, typer.Argument(help="Run directory or .safetensors file; default: the newest run.")
    ] = None,
    format_name: FormatOption = "table",
) -> None:
    """Show a model's cell, sizes, vocabulary, corpus, best validation and how it was made."""
    from charseq.cli.console import check_format, load_model, results
    from charseq.reports import REPORTS, write_rows
    from charseq.reports.display.tables import facts_table

    check_format(format_name, *REPORTS)
    path, checkpoint = load_model(model)
    if format_name == "table":
        results().print(facts_table(_facts(path, checkpoint)))
    else:
        write_rows([_row(path, checkpoint)], format_name, sys.stdout)


def _facts(path: "Path", checkpoint: "Checkpoint") -> list[tuple[str, str]]:
    from charseq.config import format_duration
    from charseq.reports.display.visible import visible

    config, made_of, got = checkpoint.settings.model, checkpoint.provenance, checkpoint.results
    kind = checkpoint.kind.facts(config, checkpoint.model)
    reached = f"step {got.step:,}, after {format_duration(round(got.train_seconds))}"
    return [
        ("file", str(path)),
        *kind,
        ("unit", checkpoint.settings.data.unit),
        ("tokenizer", checkpoint.codec.tokenizer.name),
        (
            "vocabulary",
            f"{checkpoint.codec.tokenizer.vocab_size}: {visible(''.join(checkpoint.codec.tokenizer.vocab))}",
        ),
        ("corpus", f"{', '.join(made_of.sources)}, {made_of.num_bytes:,} bytes"),
        ("SHA-256", made_of.sha256),
        (
            "split",
            f"train [0, {made_of.train_end:,}), valid [{made_of.train_end:,}, {made_of.valid_end:,}), "
            f"test [{made_of.valid_end:,}, {made_of.test_end:,}) characters",
        ),
        ("best validation", "none" if got.valid is None else str(got.valid)),
        *[("reached at", reached)] * checkpoint.kind.is_trained,
        ("command", made_of.command),
        ("made with", f"charseq {made_of.charseq_version}, numpy {made_of.numpy_version}"),
    ]


def _row(path: "Path", checkpoint: "Checkpoint") -> "Row":
    config, made_of, got = checkpoint.settings.model, checkpoint.provenance, checkpoint.results
    network = ("cell", "num_layers", "hidden_size", "embedding_size")
    return {
        "file": str(path),
        "kind": config.kind,
        "order": None if checkpoint.kind.is_trained else config.order,
        **{key: getattr(config, key) if checkpoint.kind.is_trained else None for key in network},
        "num_parameters": checkpoint.model.num_parameters,
        "unit": checkpoint.settings.data.unit,
        "tokenizer": checkpoint.codec.tokenizer.name,
        "vocab_size": checkpoint.codec.tokenizer.vocab_size,
        "vocab": "".join(checkpoint.codec.tokenizer.vocab),
        "sources": list(made_of.sources),
        "num_bytes": made_of.num_bytes,
        "sha256": made_of.sha256,
        "train_end": made_of.train_end,
        "valid_end": made_of.valid_end,
        "test_end": made_of.test_end,
        "valid_nats_per_char": None if got.valid is None else got.valid.nats_per_char,
        "step": got.step,
        "train_seconds": got.train_seconds,
        "command": made_of.command,
        "charseq_version": made_of.charseq_version,
        "numpy_version": made_of.numpy_version,
    }
