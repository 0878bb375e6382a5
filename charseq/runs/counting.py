"""Models that are counted, not trained: they are made in one pass, and there is nothing to resume."""

from pathlib import Path

import numpy as np

from charseq.config import Settings
from charseq.config.toml import to_toml
from charseq.files import write_atomically
from charseq.models import MODELS, Counting, ModelKind
from charseq.runs.checkpoint import Checkpoint, Provenance, Results
from charseq.runs.checks import read_parts
from charseq.runs.directory import MODEL, SETTINGS, make_directory
from charseq.scoring import Validator
from charseq.scoring.rates import choose_rates
from charseq.text.batches import Examples
from charseq.text.corpus import OnProgress
from charseq.text.fitting import codec_of
from charseq.text.split import CorpusParts


def count(
    directory: Path, settings: Settings, *, command: str, progress: OnProgress | None = None
) -> tuple[Checkpoint, CorpusParts]:
    """Make a model of a kind that is not trained, in a new directory, and return it with its texts.

    Raises ConfigError when the directory already holds something, DataError for an unusable corpus.
    """
    parts = read_parts(settings.data, progress)
    kind: ModelKind = MODELS[settings.model.kind]
    codec = codec_of(settings.data, parts.train)
    model = kind.build(settings.model, codec.vocab_size, np.random.default_rng([settings.train.seed, 0]))
    make_directory(directory)
    examples = Examples(parts.train, codec)
    for event in kind.learn(model, examples, None):
        if progress and parts.train.is_mapped and isinstance(event, Counting):  # it takes long
            size = parts.num_bytes * parts.split.train_end // parts.split.test_end
            progress(event.what, size * event.num_done // max(1, event.total), size)
    valid = Validator(model, codec, parts.valid).score() if parts.valid else None
    results = Results(epoch=1, valid=valid)
    rates = choose_rates([(settings.model, model)], codec, None, parts.valid) if parts.valid else None
    provenance = Provenance.of(parts, command)
    checkpoint = Checkpoint(model, codec, settings, provenance, results, rates=rates)
    write_atomically(directory / SETTINGS, to_toml(settings).encode())
    checkpoint.save(directory / MODEL)
    return checkpoint, parts
