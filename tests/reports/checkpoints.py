"""Two models in memory, a network and n-grams, with a history."""

from pathlib import Path

import numpy as np

from charseq.config import Settings
from charseq.models import MODELS
from charseq.runs.checkpoint import Checkpoint, Provenance, Results
from charseq.scoring import Score
from charseq.text import CharTokenizer
from charseq.text.codec import Codec

VALID = Score(num_chars=1000, num_bytes=1010, num_words=None, num_top1=None, num_top5=None, nats=1234.5)


def trained() -> tuple[Path, Checkpoint]:
    """Return a network that has been validated, and its file."""
    return _checkpoint({"cell": "lstm", "hidden_size": 4, "num_layers": 2, "embedding_size": 3}, "lstm")


def counted() -> tuple[Path, Checkpoint]:
    """Return a model of n-grams that nothing was held out for, and its file."""
    return _checkpoint({"kind": "ngram", "order": 3}, "ngram", valid=None)


def _checkpoint(
    model: dict[str, object], name: str, *, valid: Score | None = VALID
) -> tuple[Path, Checkpoint]:
    settings = Settings().with_layer({"model": model, "data": {"unit": "line"}}, "test")
    codec = Codec(CharTokenizer.fit("hello world\n"), "line")
    made = MODELS[settings.model.kind].build(settings.model, codec.vocab_size, np.random.default_rng(0))
    provenance = Provenance(
        ("data/a.txt", "b.txt"),
        "0123456789abcdef" * 4,
        *(12345, 9000, 10000, 11000),
        valid_sha256="",
        command=f"charseq train data/a.txt b.txt -o runs/{name}",
        charseq_version="1.2.3",
        numpy_version="2.0.0",
    )
    results = Results(step=1500, epoch=2, train_seconds=125.4, valid=valid)
    return Path(f"runs/{name}/model.safetensors"), Checkpoint(made, codec, settings, provenance, results)
