"""N-gram models from texts: as runs of their own, and as the baselines that another model is held against.

Counting takes one pass and needs no steps, no validation on the way and nothing to resume.
"""

import re
from pathlib import Path

from charseq.config import Settings, Unit, suggest
from charseq.config.toml import to_toml
from charseq.errors import ConfigError
from charseq.files import write_atomically
from charseq.models import NGram, ngram
from charseq.runs.checkpoint import Checkpoint, Provenance, Results
from charseq.runs.directory import MODEL, SETTINGS, make_directory
from charseq.scoring.scorer import Validator
from charseq.text import TOKENIZERS, Tokenizer
from charseq.text.batches import Examples
from charseq.text.corpus import OnProgress
from charseq.text.split import CorpusParts
from charseq.text.symbols import EncodedText

ORDERS = {"uniform": 0, "unigram": 1}


def baseline_orders(names: str) -> dict[str, int]:
    """Return the order of each of "uniform,unigram,ngram:5", by its name; ConfigError for anything else."""
    return {name: _order(name) for name in map(str.strip, names.split(","))}


def _order(name: str) -> int:
    if name in ORDERS:
        return ORDERS[name]
    if match := re.fullmatch(r"ngram:([1-9][0-9]?)", name):
        return int(match[1])
    raise ConfigError(
        f"--baseline must be uniform, unigram or ngram:K with K from 1 to 99; got {name!r}"
        f"{suggest(name, [*ORDERS, 'ngram:5'])}"
    )


def fit_ngram(text: EncodedText, tokenizer: Tokenizer, unit: Unit, order: int) -> NGram:
    """Return the n-gram model of `text`, in the vocabulary of `tokenizer`, which need not be its own."""
    return ngram.fit_ngram(Examples(text, tokenizer, unit), vocab_size=tokenizer.vocab_size, order=order)


def train_ngram(
    directory: Path, settings: Settings, *, command: str, progress: OnProgress | None = None
) -> tuple[Checkpoint, CorpusParts]:
    """Count the n-grams of a corpus, write the model into a new directory, and return it with its texts.

    Raises ConfigError when the directory already holds something, DataError for an unusable corpus.
    """
    texts, unit = CorpusParts.read(settings.data, progress=progress), settings.data.unit
    make_directory(directory)
    tokenizer = TOKENIZERS[settings.data.tokenizer].fit_counts(texts.train.counts())
    model = fit_ngram(texts.train, tokenizer, unit, settings.model.order)
    valid = Validator(model, tokenizer, texts.valid, unit).score() if texts.valid else None
    results = Results(epoch=1, valid=valid)
    checkpoint = Checkpoint(model, tokenizer, settings, Provenance.of(texts, command), results)
    write_atomically(directory / SETTINGS, to_toml(settings).encode())
    checkpoint.save(directory / MODEL)
    return checkpoint, texts
