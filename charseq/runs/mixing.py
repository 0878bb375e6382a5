"""A mixture made of models that are there already; its weights are fitted on their validation text."""

import hashlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from charseq.adaptation import Rates
from charseq.config import ModelConfig
from charseq.errors import ConfigError, DataError
from charseq.models import LanguageModel
from charseq.models.mixture import MAX_MEMBERS, MemberRecord, Mixture
from charseq.runs.adapting import usual_rates
from charseq.runs.checkpoint import Checkpoint, Results
from charseq.runs.directory import MODEL, check_is_new, default_directory, find_model, make_directory
from charseq.runs.provenance import validation_part
from charseq.scoring import Score, Validator
from charseq.scoring.predictions import predictions_of
from charseq.scoring.rates import choose_rates
from charseq.scoring.weights import fit
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.corpus import OnProgress
from charseq.text.split import split_of
from charseq.text.symbols import EncodedText
from charseq.version import __version__

LEAST_SCORED = 256
"""The characters on which a mixture is scored however short the time is."""
LEAST_SECONDS = 1e-3
"""A time that is measured as less, by a coarse clock, counts as this."""
TOO_LARGE = "its weight is too large"


@dataclass(frozen=True, slots=True)
class NamedMember:
    """A model that becomes a member, with the file that it is in."""

    path: Path
    checkpoint: Checkpoint

    @classmethod
    def load(cls, name: str) -> "NamedMember":
        """Load the model that `name` names. Raises ConfigError or CheckpointError if it cannot be loaded."""
        path = find_model(name)
        return cls(path, Checkpoint.load(path))


@dataclass(frozen=True, slots=True)
class Mixed:
    """A mixture with its score on the validation text, those of its members, and remarks for the user.

    `alone` has the nats per character of each member.
    """

    checkpoint: Checkpoint
    alone: tuple[float, ...]
    notes: tuple[str, ...] = ()

    @property
    def mixture(self) -> Mixture:
        """The mixture itself."""
        return cast(Mixture, self.checkpoint.model)


def mix_and_save(
    named: Sequence[NamedMember],
    rule: str,
    *,
    command: str,
    directory: Path | None = None,
    progress: OnProgress | None = None,
) -> tuple[Path, Mixed]:
    """Mix models and save the mixture in a new directory; return both.

    The directory is named after the corpus by default. The errors raised are those of `mix` and of saving.
    """
    if directory is not None:
        check_is_new(directory)  # before the work
    mixed = mix(named, rule, command=command, progress=progress)
    directory = directory or default_directory(mixed.checkpoint.settings)
    make_directory(directory)
    mixed.checkpoint.save(directory / MODEL)
    return directory, mixed


def mix(
    named: Sequence[NamedMember], rule: str, *, command: str, progress: OnProgress | None = None
) -> Mixed:
    """Return the mixture of several models, fitted on the validation text of the first of them.

    Of a mixture its members are taken. The settings and the provenance are those of the first model.
    `progress` is called while a large corpus is read.
    Raises ConfigError if there are fewer than two models, if they do not share a vocabulary, or if there is
    no validation text; ConfigError or DataError if it cannot be read again or has no known character.
    """
    if len(named) < 2:
        raise ConfigError(f"a mixture takes two models or more; got {len(named)}")
    for one in named[1:]:
        _check_vocabulary(named[0], one)
    first = named[0].checkpoint
    try:
        valid = validation_part(first, progress=progress)
    except (ConfigError, DataError) as error:
        why = "the weights of a mixture are fitted on the validation text of its first member"
        raise type(error)(f"{named[0].path}: {error}; {why}") from None
    members = [member for one in named for member in _members_of(one)]
    if len(members) > MAX_MEMBERS:
        raise ConfigError(f"a mixture has at most {MAX_MEMBERS} members, not {len(members)}")
    mixed = mixture_of(members, first, valid, rule)
    mixed.checkpoint.provenance = replace(
        first.provenance, command=command, charseq_version=__version__, numpy_version=np.__version__
    )
    mixed.checkpoint.rates = choose_rates(
        mixed.checkpoint.parts, first.codec, None, valid, known=_known_rates(named)
    )
    return replace(mixed, notes=tuple(_remarks(named)))


def mixture_of(
    members: Sequence[tuple[MemberRecord, LanguageModel]],
    first: Checkpoint,
    valid: EncodedText,
    rule: str,
    *,
    seconds: float = math.inf,
    scoring_seconds: float = math.inf,
) -> Mixed:
    """Return the mixture of `members`, fitted and scored on `valid`; everything else is that of `first`.

    The weights are fitted on as much of `valid` as the members predict in so many `seconds`. Scored is as
    much of its beginning as `scoring_seconds` are expected to allow, LEAST_SCORED characters at least.
    Raises DataError if no character of `valid` is in the vocabulary.
    """
    records, models = [record for record, _ in members], [model for _, model in members]
    begin = time.monotonic()
    predictions = predictions_of(models, first.codec, valid, seconds=seconds)
    per_token = max(time.monotonic() - begin, LEAST_SECONDS) / max(1, len(predictions))
    if not len(predictions):
        raise DataError("no character of the validation text is in the vocabulary: there is nothing to fit")
    mixture = Mixture(records, models, fit(predictions, rule), rule)
    if scoring_seconds < math.inf:
        valid = _beginning(valid, first.codec, num_tokens=scoring_seconds / per_token)

    def score(model: LanguageModel) -> Score:
        return Validator(model, first.codec, valid).score()

    checkpoint = Checkpoint(
        mixture,
        first.codec,
        first.settings.model_copy(update={"model": ModelConfig(kind="mixture")}),
        first.provenance,
        Results(valid=score(mixture)),
    )
    return Mixed(checkpoint, tuple(score(model).nats_per_char for model in models))


def _beginning(valid: EncodedText, codec: Codec, *, num_tokens: float) -> EncodedText:
    """Return so much of a text that scoring it reads about `num_tokens` with the warm-up of all parts."""
    warm_up = Validator.STREAMS * Validator.WARMUP
    per_part = (Validator.WARMUP + Validator.STEPS) / Validator.STEPS  # of a text with fewer parts
    num_scored = max(num_tokens - warm_up, min(num_tokens / per_part, Validator.STREAMS * Validator.STEPS))
    chars_per_token = len(valid) / max(1, len(Examples(valid, codec)))
    return valid[: int(max(LEAST_SCORED, min(num_scored * chars_per_token, len(valid))))]


def _members_of(named: NamedMember) -> list[tuple[MemberRecord, LanguageModel]]:
    """Return a model with its record; of a mixture its members, with the records that they have there."""
    model = named.checkpoint.model
    if isinstance(model, Mixture):
        return list(zip(model.members, model.models, strict=True))
    source = str(named.path).encode("utf-8", "backslashreplace").decode()  # JSON holds valid Unicode only
    digest = hashlib.sha256(named.path.read_bytes()).hexdigest()
    return [(MemberRecord(config=named.checkpoint.settings.model, source=source, sha256=digest), model)]


def _known_rates(named: Sequence[NamedMember]) -> Rates:
    """Return the rates that were chosen for each member before it was mixed; the weights mean nothing."""
    each = [one.checkpoint.rates or usual_rates(one.checkpoint.model) for one in named]
    return Rates(
        rates=tuple(rate for rates in each for rate in rates.rates),
        scales=tuple(scale for rates in each for scale in rates.scales),
        weights=(),
    )


def _check_vocabulary(first: NamedMember, other: NamedMember) -> None:
    """Raise ConfigError, with a way out, unless both models read the same tokens in the same sequences."""
    a, b = first.checkpoint.codec, other.checkpoint.codec
    if a.unit != b.unit:
        raise ConfigError(
            f"{other.path}: a model of {b.unit}s cannot be mixed with one of {a.unit}s: "
            f"train it with data.unit={a.unit}"
        )
    if a.form.changes != b.form.changes:
        raise ConfigError(
            f"{other.path}: a model that reads texts {b.form.phrase} cannot be mixed with one that reads "
            f"them {a.form.phrase}: train it with the same normalize, lowercase and tokenizer"
        )
    if a.selection != b.selection:
        raise ConfigError(
            f"{other.path}: its figures are about other characters than those of {first.path}: train it with "
            f"data.target_after={a.target_after!r} and data.loss_on={a.loss_on}"
        )
    if (a.tokenizer.name, *a.tokenizer.vocab) != (b.tokenizer.name, *b.tokenizer.vocab):
        sources = " ".join(first.checkpoint.provenance.sources)
        raise ConfigError(
            f"{other.path}: its vocabulary of {b.vocab_size} is not that of {first.path}, of {a.vocab_size}: "
            f"models share one if they are trained on the same part of the same text: {sources}"
        )


def _remarks(named: Sequence[NamedMember]) -> Iterator[str]:
    """Yield a remark for each model that was trained, or may have been, on a part of the fitting text."""
    first, split = named[0].checkpoint.provenance, split_of(named[0].checkpoint.settings.data)
    fitting = first.valid_sha256 or first.sha256
    for one in named:
        made_of = one.checkpoint.provenance
        other_parts = split_of(one.checkpoint.settings.data) != split
        is_part = bool(first.valid_sha256) or made_of.train_end > first.train_end or other_parts
        if made_of.sha256 == fitting and is_part:
            yield f"{one.path} was trained on a part of the text that the weights are fitted on: {TOO_LARGE}"
        elif made_of.sha256 not in (first.sha256, fitting):
            yield f"{one.path} was trained on another text; if the fitting text is a part of it, {TOO_LARGE}"
