"""The model file: one .safetensors file with all that sampling, evaluating and resuming need, and no code.

The tensors are the parameters by name, in the orientation of the equations. A file for resuming also holds
the arrays of the trainer. The rest is one JSON text in the metadata of the file.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from pydantic import TypeAdapter

from charseq.adaptation import AdaptiveModel, Rates
from charseq.config import ModelConfig, Settings, brief, reason
from charseq.errors import CharseqError, CheckpointError, ConfigError
from charseq.files import write_atomically
from charseq.gradients import Plan
from charseq.limits import MAX_SEED
from charseq.models import MODELS, LanguageModel, ModelKind
from charseq.network import CharModel
from charseq.runs.upgrade import OutdatedError, upgrade_
from charseq.scoring import Score
from charseq.scoring.score import shown
from charseq.text import TOKENIZERS
from charseq.text.codec import Codec
from charseq.text.split import CorpusParts
from charseq.training.events import Validated
from charseq.training.progress import Snapshot
from charseq.version import __version__

FORMAT_VERSION = 4
"""Version 1 had no checksum; for what else the older ones had or lacked see `upgrade.py`."""
METADATA_KEY = "charseq"
TRAINING = "training."
"""The prefix of the names of those tensors that only resuming needs."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """The origin of a model: its corpus with SHA-256 and split (character offsets), and how it was made."""

    sources: tuple[str, ...]
    sha256: str
    num_bytes: int
    train_end: int
    valid_end: int
    test_end: int
    valid_sha256: str
    command: str
    charseq_version: str
    numpy_version: str

    @classmethod
    def of(cls, texts: CorpusParts, command: str) -> "Provenance":
        """Return the origin of a model that `command` makes from these texts with this program."""
        return cls(
            texts.sources,
            texts.sha256,
            texts.num_bytes,
            **asdict(texts.split),
            valid_sha256=texts.valid_sha256,
            command=command,
            charseq_version=__version__,
            numpy_version=np.__version__,
        )

    def __post_init__(self) -> None:
        if not 0 <= self.train_end <= self.valid_end <= self.test_end:
            raise ValueError("the parts of the corpus are out of order")


@dataclass(frozen=True, slots=True)
class Results:
    """The training behind a model, and its best validation, which is None without a validation text.

    `num_shards` is None for models of older versions, and for those that were counted.
    """

    step: int = 0
    epoch: int = 0
    train_seconds: float = 0.0
    train_nats_per_char: float | None = None
    valid: Score | None = None
    num_shards: int | None = None

    @classmethod
    def of(cls, event: Validated, plan: Plan | None) -> "Results":
        """Return the results at a validation of a run that follows a plan."""
        num_shards = plan.num_shards if plan else None
        return cls(event.step, event.epoch, event.elapsed, event.train_nats_per_char, event.valid, num_shards)


PROVENANCE, RESULTS = TypeAdapter(Provenance), TypeAdapter(Results)


@dataclass(slots=True)
class Checkpoint:
    """A model with its codec, settings and history; `training` is None unless a run can continue from it.

    `rates` are those at which it adapts to a text, None if none were chosen. `adaptive` is the same model,
    set up to adapt to the texts that it reads, None if it shall not.
    """

    model: LanguageModel
    codec: Codec
    settings: Settings
    provenance: Provenance
    results: Results = field(default_factory=Results)
    training: Snapshot | None = None
    rates: Rates | None = None
    adaptive: AdaptiveModel | None = None

    def __repr__(self) -> str:
        facts = [self.description, f"vocabulary of {self.codec.vocab_size}"]
        if self.results.step:
            facts.append(f"after {self.results.step:,} steps")
        if self.results.valid is not None:
            facts.append(f"{shown(self.results.valid.bits_per_char, '.4f')} bits per character on validation")
        return f"<Checkpoint: {', '.join(facts)}>"

    @property
    def members(self) -> list["Checkpoint"]:
        """The members of a mixture, without its rates; a model of any other kind is its only member."""
        return [
            replace(
                self,
                model=model,
                settings=self.settings.model_copy(update={"model": config}),
                rates=self.rates if len(self.parts) == 1 else None,
                adaptive=None,
            )
            for config, model in self.parts
        ]

    @property
    def parts(self) -> list[tuple[ModelConfig, LanguageModel]]:
        """The models of the `members`, each with its settings."""
        return self.kind.members(self.settings.model, self.model)

    @property
    def network(self) -> CharModel:
        """The model, or its first member, that is a network. Raises ConfigError if there is none."""
        return cast(CharModel, self.network_member.model)

    @property
    def network_member(self) -> "Checkpoint":
        """The member that is the `network`. Raises ConfigError if there is none."""
        if not self.has_network:
            raise ConfigError(f"{self.description}: this kind of model has no states or gates")
        return next(member for member in self.members if member.kind.has_states)

    @property
    def has_network(self) -> bool:
        """True if there are states and gates to inspect."""
        return any(member.kind.has_states for member in self.members)

    @property
    def reading_model(self) -> LanguageModel:
        """The model that reads texts: the adaptive one, if there is one."""
        return self.adaptive or self.model

    @property
    def static_model(self) -> LanguageModel | None:
        """The model as it is without adapting, None if it does not adapt."""
        return self.model if self.adaptive else None

    def by_lines(self) -> "Checkpoint":
        """Return the same model, which reads each line from the zero state, after a newline."""
        return replace(self, codec=self.codec.by_lines())

    @property
    def kind(self) -> ModelKind:
        """The kind of the model."""
        kind: ModelKind = MODELS[self.settings.model.kind]
        return kind

    @property
    def description(self) -> str:
        """A short description of the model, such as "gru 1 x 256"."""
        return self.kind.describe_model(self.settings.model, self.model)

    def another_model(self) -> LanguageModel:
        """Return a model like the one in here; its parameters are still to be written."""
        return self.kind.build(self.settings.model, self.codec.vocab_size, np.random.default_rng(0))

    def save(self, path: Path) -> None:
        """Write the file atomically: after a crash `path` is the old file or the new one, and complete."""
        from safetensors.numpy import save

        tensors = {name: np.ascontiguousarray(array) for name, array in self.model.tensors().items()}
        record = {
            "format_version": FORMAT_VERSION,
            "settings": self.settings.model_dump(mode="json"),
            "tokenizer": self.codec.tokenizer.to_spec(),
            "provenance": asdict(self.provenance),
            "results": asdict(self.results),
            "training": None if self.training is None else self.training.record,
            "rates": None if self.rates is None else self.rates.model_dump(mode="json"),
        }
        if self.training:
            tensors |= self.training.arrays
        record["checksum"] = checksum_of(record, tensors)
        write_atomically(path, save(tensors, {METADATA_KEY: json.dumps(record)}))

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read a file that `save` wrote. Raises CheckpointError, naming the file, for anything else."""
        metadata, tensors = _read(path)
        record = _record(path, metadata)
        checksum = record.pop("checksum", None)
        is_whole = record["format_version"] == 1 or checksum == checksum_of(record, tensors)
        try:
            upgrade_(record)
            tokenizer = TOKENIZERS[record["tokenizer"]["name"]].from_spec(record["tokenizer"])
            settings = Settings().with_layer(record["settings"], "settings")
            if tokenizer.name != settings.data.tokenizer:
                raise ValueError(f"its tokenizer is {tokenizer.name}, not {settings.data.tokenizer}")
            kind: ModelKind = MODELS[settings.model.kind]
            model = kind.load(settings.model, tokenizer.vocab_size, tensors)
            provenance = PROVENANCE.validate_python(record["provenance"])
            results = RESULTS.validate_python(record["results"])
            rates = None
            if record.get("rates") is not None:
                rates = Rates.model_validate_json(json.dumps(record["rates"]))
                rates.check(len(kind.members(settings.model, model)))
            rest = {name: array for name, array in tensors.items() if name.startswith(TRAINING)}
            if extra := tensors.keys() - model.tensors().keys() - rest.keys():
                raise ValueError(f"tensor {min(extra)} belongs to no part of it")
            if not is_whole:
                raise ValueError("its checksum does not match")
        except OutdatedError as error:
            raise CheckpointError(f"{path}: {error}") from None
        except (KeyError, TypeError, ValueError, AttributeError, MemoryError, CharseqError) as error:
            raise CheckpointError(f"{path}: the model file is damaged: {reason(error)}") from None
        training = Snapshot(rest, record["training"]) if record.get("training") else None
        codec = Codec.of(tokenizer, settings.data)
        return cls(model, codec, settings, provenance, results, training, rates)


def _read(path: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the metadata and the tensors of any safetensors file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            return file.metadata() or {}, tensors
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (SafetensorError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: not a charseq model: {error}") from None


def _record(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    """Return the record in the metadata. Raises CheckpointError if this program cannot read it."""
    if METADATA_KEY not in metadata:
        raise CheckpointError(f"{path}: not a charseq model: it has no charseq metadata")
    try:
        text = metadata[METADATA_KEY]
        record = json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
        json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogateescape")  # refuses lone surrogates
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: not a charseq model: {error}") from None
    if not isinstance(record, dict):
        raise CheckpointError(f"{path}: not a charseq model: its metadata is not a JSON object")
    version = record.get("format_version")
    if not isinstance(version, int) or version < 1:
        raise CheckpointError(f"{path}: not a charseq model: its format is {brief(version)}")
    if version > FORMAT_VERSION:
        newer = f"written by a newer charseq (format {brief(version)})"
        raise CheckpointError(f"{path}: {newer}; update this one")
    return record


def _whole(digits: str) -> int:
    number = int(digits)
    if abs(number) >= MAX_SEED:
        raise ValueError(f"{brief(number)} is too large")
    return number


def _finite(number: str) -> float:
    if not math.isfinite(value := float(number)):
        raise ValueError(f"{number[:20]} is not a finite number")
    return value


def checksum_of(record: dict[str, Any], tensors: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record as JSON and of all tensors with their names, types and shapes."""
    digest = hashlib.sha256(json.dumps(record).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\0{name} {tensor.dtype} {tensor.shape}\0".encode())
        digest.update(np.ascontiguousarray(tensor).data)
    return digest.hexdigest()
