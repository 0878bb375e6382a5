"""charseq info: what a model is and where it comes from."""

from typing import Annotated

import typer

from charseq.cli.options import examples

EXAMPLES = examples(
    ("charseq info", "the newest model"),
    ("charseq info runs/pydoc/model.safetensors", "a model file"),
)


def command(
    model: Annotated[
        str | None, typer.Argument(help="Run directory or .safetensors file; default: the newest run.")
    ] = None,
) -> None:
    """Show a model's cell, sizes, vocabulary, corpus, best validation and how it was made."""
    from charseq.cli.console import load_model, results
    from charseq.config import format_duration
    from charseq.reports.tables import facts_table
    from charseq.reports.text import visible

    path, checkpoint = load_model(model)
    config, made_of, got = checkpoint.settings.model, checkpoint.provenance, checkpoint.results
    embedding = f"embedding of {config.embedding_size}" if config.embedding_size else "one-hot"
    size = f"{checkpoint.model.num_parameters:,}"
    kind = [
        ("cell", f"{config.cell}, {config.num_layers} layer(s) of {config.hidden_size}, {embedding}"),
        ("parameters", size),
    ]
    if config.ngram:
        kind = [("n-grams", f"{size}, up to {config.ngram} characters long, Kneser-Ney smoothing")]
    facts = [
        ("file", str(path)),
        *kind,
        ("unit", checkpoint.settings.data.unit),
        ("tokenizer", checkpoint.tokenizer.name),
        ("vocabulary", f"{checkpoint.tokenizer.vocab_size}: {visible(''.join(checkpoint.tokenizer.vocab))}"),
        ("corpus", f"{', '.join(made_of.sources)}, {made_of.num_bytes:,} bytes"),
        ("SHA-256", made_of.sha256),
        (
            "split",
            f"train [0, {made_of.train_end:,}), valid [{made_of.train_end:,}, {made_of.valid_end:,}), "
            f"test [{made_of.valid_end:,}, {made_of.test_end:,}) characters",
        ),
        ("best validation", "none" if got.valid is None else str(got.valid)),
        ("reached at", f"step {got.step:,}, after {format_duration(round(got.train_seconds))}"),
        ("command", made_of.command),
        ("made with", f"charseq {made_of.charseq_version}, numpy {made_of.numpy_version}"),
    ]
    results().print(facts_table(facts))
