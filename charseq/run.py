"""A training run and the directory that holds it: how it begins, is saved, resumed, and found again.

RUN/model.safetensors   the best model on validation; all that sample, evaluate and next need
RUN/last.safetensors    the latest model and everything that resuming needs
RUN/metrics.jsonl       one record for each validation
RUN/charseq.toml        the settings that were in force
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from charseq import __version__
from charseq.checkpoint import Checkpoint, Provenance, Results, write_atomically
from charseq.config import DataConfig, Layers, SampleConfig, Settings, to_toml
from charseq.errors import CharseqError, CheckpointError, ConfigError, DataError
from charseq.evaluator import Validator
from charseq.network import CharModel
from charseq.text import TOKENIZERS, Tokenizer
from charseq.text.batches import Batches, make_sequence
from charseq.text.corpus import Split, read_corpus
from charseq.trainer import Event, Trainer, Validated

RUNS = Path("runs")
MODEL, LAST, METRICS, SETTINGS = "model.safetensors", "last.safetensors", "metrics.jsonl", "charseq.toml"

CHANGEABLE = {
    "optim": {"learning_rate"},
    "train": {
        *("num_epochs", "max_steps", "max_time", "patience"),
        *("eval_every", "save_every", "sample_every", "threads"),
    },
    "sample": set(SampleConfig.model_fields),
}
"""What --resume may change."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A corpus cut into its parts, with the record of where it comes from."""

    train: str
    valid: str
    test: str
    sources: tuple[str, ...]
    sha256: str
    valid_sha256: str
    num_bytes: int
    split: Split

    @classmethod
    def read(cls, config: DataConfig) -> "Texts":
        """Read the corpus and cut it. With a separate validation text nothing is held out for validation."""
        corpus = read_corpus(config.corpus)
        separate = read_corpus((config.valid,)) if config.valid else None
        fraction = 0.0 if separate else config.valid_fraction
        split = Split.of(len(corpus.text), valid_fraction=fraction, test_fraction=config.test_fraction)
        return cls(
            train=corpus.text[: split.train_end],
            valid=separate.text if separate else corpus.text[split.train_end : split.valid_end],
            test=corpus.text[split.valid_end :],
            sources=corpus.sources,
            sha256=corpus.sha256,
            valid_sha256=separate.sha256 if separate else "",
            num_bytes=corpus.num_bytes,
            split=split,
        )

    def provenance(self, command: str) -> Provenance:
        """Return what a model file remembers of these texts and of the `command` that used them."""
        return Provenance(
            self.sources,
            self.sha256,
            self.num_bytes,
            **asdict(self.split),
            valid_sha256=self.valid_sha256,
            command=command,
            charseq_version=__version__,
            numpy_version=np.__version__,
        )


class Run:
    """A run in progress: iterate over `events()`, which trains and saves as it goes."""

    def __init__(self, directory: Path, settings: Settings, texts: Texts, checkpoint: Checkpoint) -> None:
        self.directory, self.settings, self.texts = directory, settings, texts
        self.checkpoint = checkpoint
        unit = settings.data.unit
        model, tokenizer = checkpoint.model, checkpoint.tokenizer
        sequence = make_sequence(texts.train, tokenizer, unit)
        self.batches = Batches(
            sequence, batch_size=settings.train.batch_size, seq_length=settings.train.seq_length
        )
        validator = Validator(model, tokenizer, texts.valid, unit) if texts.valid else None
        self.trainer = Trainer(model, self.batches, validator, optim=settings.optim, train=settings.train)

    @classmethod
    def start(
        cls, directory: Path, settings: Settings, *, command: str, init_from: Checkpoint | None = None
    ) -> "Run":
        """Begin a run in a new directory, with fresh weights or with those of `init_from`.

        Raises ConfigError when the directory already holds something, DataError for an unusable corpus.
        """
        texts = Texts.read(settings.data)
        tokenizer = TOKENIZERS[settings.data.tokenizer].fit(texts.train)
        model = CharModel(settings.model, tokenizer.vocab_size)
        model.initialise_(np.random.default_rng([settings.train.seed, 0]))
        if init_from:
            model.adopt_(init_from.model, *shared_tokens(tokenizer, init_from.tokenizer))
        checkpoint = Checkpoint(model, tokenizer, settings, texts.provenance(command))
        run = cls(directory, settings, texts, checkpoint)
        make_directory(directory)
        write_atomically(directory / SETTINGS, to_toml(settings).encode())
        return run

    @classmethod
    def resume(cls, directory: Path, changes: Layers) -> "Run":
        """Continue the run in `directory` where it was last saved, with some settings changed.

        Raises ConfigError for changes that would make it another run, DataError when the corpus is not the
        one it was trained on.
        """
        if not (directory / LAST).is_file():
            raise ConfigError(f"{directory}: no run to resume: there is no {LAST}")
        checkpoint = Checkpoint.load(directory / LAST)
        settings = checkpoint.settings.with_layers(changes)
        for section, key in _differences(checkpoint.settings, settings):
            if key not in CHANGEABLE.get(section, set()):
                raise ConfigError(f"{section}.{key} cannot change when a run is resumed; use --init-from")
        checkpoint.settings = settings
        texts, made_of = Texts.read(settings.data), checkpoint.provenance
        if (texts.sha256, texts.valid_sha256) != (made_of.sha256, made_of.valid_sha256):
            raise DataError(
                f"{', '.join(texts.sources)}: not the text that {directory} was trained on: its SHA-256 is "
                f"{texts.sha256[:12]}, not {made_of.sha256[:12]}; use --init-from to train on another text"
            )
        run = cls(directory, settings, texts, checkpoint)
        if checkpoint.training is None:
            raise CheckpointError(f"{directory / LAST}: holds no training state")
        try:
            run.trainer.restore(checkpoint.training)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{directory / LAST}: the training state is damaged: {error}") from None
        write_atomically(directory / SETTINGS, to_toml(settings).encode())
        return run

    def events(self) -> Iterator[Event]:
        """Train, yielding what happens; save the best model as it is found and the last one now and then."""
        saved = time.monotonic()
        for event in self.trainer.run():
            if isinstance(event, Validated):
                self._log(event)
                if event.improved:
                    self.checkpoint.results = self._results(event)
                    self._save(MODEL)
            if time.monotonic() - saved >= self.settings.train.save_every:
                self.save()
                saved = time.monotonic()
            yield event
        self.save()

    def save(self) -> None:
        """Save what resuming needs, and the model if none was saved yet.

        Only between two events: within a step nothing is consistent.
        """
        self._save(LAST, training=True)
        if not (self.directory / MODEL).exists():
            self._save(MODEL)

    def _save(self, name: str, *, training: bool = False) -> None:
        snapshot = self.trainer.snapshot() if training else None
        replace(self.checkpoint, training=snapshot).save(self.directory / name)

    def _results(self, event: Validated) -> Results:
        return Results(
            step=event.step,
            epoch=event.epoch,
            train_seconds=event.elapsed,
            train_nats_per_char=event.train_nats_per_char,
            valid_nats_per_char=event.nats_per_char if self.trainer.validator else None,
        )

    def _log(self, event: Validated) -> None:
        nats = event.nats_per_char if self.trainer.validator else None
        record = {
            "step": event.step,
            "epoch": event.epoch,
            "elapsed": event.elapsed,
            "learning_rate": event.learning_rate,
            "train_nats_per_char": event.train_nats_per_char,
            "valid_nats_per_char": nats,
            "valid_bits_per_char": nats and nats / math.log(2),
            "improved": event.improved,
        }
        try:
            with (self.directory / METRICS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise CharseqError(f"{self.directory / METRICS}: cannot be written: {error.strerror}") from None


def _differences(old: Settings, new: Settings) -> list[tuple[str, str]]:
    pairs = [(section, key) for section, values in old for key, _ in values]
    return [(s, k) for s, k in pairs if getattr(getattr(old, s), k) != getattr(getattr(new, s), k)]


def read_metrics(directory: Path) -> list[dict[str, Any]]:
    """Return the records of a run's validations."""
    return [json.loads(line) for line in (directory / METRICS).read_text(encoding="utf-8").splitlines()]


def shared_tokens(mine: Tokenizer, theirs: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the token numbers, in both vocabularies, of what both know."""
    places = {text: token for token, text in enumerate(theirs.vocab)}
    pairs = [(token, places[text]) for token, text in enumerate(mine.vocab) if text in places]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def default_directory(settings: Settings) -> Path:
    """Return the first free of runs/<corpus>-<cell>, runs/<corpus>-<cell>-2, and so on."""
    first = settings.data.corpus[0]
    stem = (
        "stdin" if first == "-" else first.rpartition(":")[2].rstrip("/").rpartition("/")[2].partition(".")[0]
    )
    name, path, number = f"{stem or 'text'}-{settings.model.cell}", RUNS, 1
    while (path := RUNS / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return path


def make_directory(path: Path) -> None:
    """Create the directory of a new run; ConfigError when something is there already."""
    try:
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise ConfigError(
                f"{path}: exists already; choose another --output, or continue it with --resume {path}"
            )
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CharseqError(f"{path}: cannot be created: {error.strerror}") from None


def is_model(argument: str) -> bool:
    """Say whether `argument` names a model: a directory that holds one, or a .safetensors file."""
    path = Path(argument)
    return (path / MODEL).is_file() or (path.suffix == ".safetensors" and path.is_file())


def find_model(argument: str | None) -> Path:
    """Return the model file of a run directory, a model file itself, or without one the newest under runs/.

    Raises ConfigError when there is none.
    """
    if argument is None:
        models = sorted(RUNS.glob(f"*/{MODEL}"), key=lambda path: path.stat().st_mtime)
        if not models:
            raise ConfigError(f"no model given, and none under {RUNS}/: train one with charseq train")
        return models[-1]
    path = Path(argument)
    if not is_model(argument):
        what = "no model in it yet" if path.is_dir() else "not a model" if path.exists() else "no such model"
        raise ConfigError(f"{argument}: {what}; give a run directory or a .safetensors file")
    return path / MODEL if path.is_dir() else path
