"""The checks before a run begins or is resumed: its texts, its settings, the memory of this machine."""

import os
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from charseq.config import DataConfig, SampleConfig, Settings
from charseq.errors import ConfigError, DataError
from charseq.files import exists
from charseq.models import MODELS, ModelKind
from charseq.runs.checkpoint import Checkpoint, Provenance
from charseq.text.corpus import OnProgress, named_texts
from charseq.text.form import TextForm
from charseq.text.lines import NEWLINE, SELECTIONS, checked_lines
from charseq.text.sniffing import STANDARD_INPUT
from charseq.text.split import CorpusParts, format_of

CHANGEABLE = {
    "data": {"corpus", "valid"},  # the same text in another place: its SHA-256 is checked
    "optim": {"learning_rate"},
    "train": {
        *("num_epochs", "max_steps", "max_time", "patience"),
        *("eval_every", "save_every", "save_every_steps", "sample_every", "threads", "backend"),
        "with_ngram",  # they are counted anew
    },
    "sample": set(SampleConfig.model_fields),
}
"""The settings that --resume may change."""
BITS = {"train.threads", "train.backend"}
"""The changeable settings that change the order of sums, and so the last bits of the weights."""

NUM_COPIES = 7
"""Arrays of the size of the parameters: weights, gradient, two moments, average, best weights, saved ones."""


def check_texts(texts: CorpusParts, valid: str, made_of: Provenance, directory: Path) -> None:
    """Raise DataError, with the difference, if these are not the texts that the run was trained on."""
    size = ""
    if texts.num_bytes != made_of.num_bytes:
        size = f"{texts.num_bytes:,} bytes, not {made_of.num_bytes:,}; "
    for names, now, then, sizes in (
        (texts.sources, texts.sha256, made_of.sha256, size),
        ((valid,), texts.valid_sha256, made_of.valid_sha256, ""),
    ):
        if now != then:
            raise DataError(
                f"{', '.join(names) or 'no text'}: not the text that {directory} was trained on: {sizes}"
                f"the SHA-256 is {now[:12] or 'none'}, not {then[:12] or 'none'}; "
                "a new run with init_from trains on another text"
            )


def check_selection(data: DataConfig) -> None:
    """Raise ConfigError, with a way out, for settings of targets that do not go together."""
    if data.unit != "line":
        if data.target_after:
            raise ConfigError("data.target_after needs lines: train with data.unit=line")
        if data.loss_on in SELECTIONS:
            raise ConfigError(f"data.loss_on={data.loss_on} needs lines: train with data.unit=line")
    if data.loss_on == "target" and not data.target_after:
        raise ConfigError("data.loss_on=target needs a separator: set data.target_after, such as '\\t'")
    if NEWLINE in data.target_after:
        raise ConfigError("data.target_after cannot hold a newline, which ends a line")
    TextForm.of(data).separator("target_after", data.target_after)


def read_parts(data: DataConfig, progress: OnProgress | None) -> CorpusParts:
    """Read the parts of a corpus for a new model.

    Raises ConfigError for settings that do not go together, DataError for a corpus that cannot be used.
    """
    check_selection(data)
    texts = CorpusParts.read(data, progress=progress)
    check_targets(texts, data)
    return texts


def check_corpus_is_there(data: DataConfig) -> None:
    """Raise ConfigError, with a way on, for a text of a run to be continued that is not where it was."""
    for source in data.corpus:
        if source != "-" and not source.startswith("builtin:") and not exists(source):
            raise ConfigError(
                f"{source}: no such file or directory, and the run goes on with its text only: "
                "name the text where it is now"
            )


def check_targets(texts: CorpusParts, data: DataConfig) -> None:
    """Raise DataError, with file, line and column, for a line that has not exactly one separator."""
    if not data.target_after:
        return
    how = format_of(data)
    separator = how.form.separator("target_after", data.target_after)
    parts = (texts.train, texts.valid, texts.test)
    name = STANDARD_INPUT if texts.sources == ("-",) and data.split == "tail" else "the corpus"
    try:  # the parts of a tail follow each other, so that their lines are counted as one text
        _read_through(name, chain.from_iterable(part.strings() for part in parts), separator)
    except DataError:
        sources = [*texts.sources, *([data.valid] if data.valid else [])]
        for name, pieces in named_texts([one for one in sources if one != "-"], how=how):
            _read_through(name, pieces, separator)
        raise  # only standard input cannot be read twice


def _read_through(name: str, pieces: Iterable[str], separator: str) -> None:
    for _ in checked_lines(name, pieces, separator):
        pass


def check_memory(settings: Settings, vocab_size: int) -> None:
    """Raise ConfigError if training the model needs more memory than this machine has."""
    kind: ModelKind = MODELS[settings.model.kind]
    num_parameters = kind.num_parameters(settings.model, vocab_size)
    needed = NUM_COPIES * 4 * num_parameters
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # this system does not report its memory
        return
    if needed > memory:
        raise ConfigError(
            f"{kind.describe(settings.model)} has {num_parameters:,} parameters; training them takes "
            f"{needed / 1e9:,.0f} GB of memory, and this machine has {memory / 1e9:,.0f}"
        )


def check_shapes(settings: Settings, init_from: Checkpoint) -> None:
    """Raise ConfigError, naming the setting, if a run with these settings cannot start from that model."""
    check_can_be_continued(init_from)
    for key, there in shape_of(init_from).items():
        if there != (here := getattr(settings.model, key)):
            raise ConfigError(f"model.{key} is {there!r} in the model to start from; it cannot be {here!r}")


def continued_member(checkpoint: Checkpoint) -> Checkpoint:
    """Return the model that a run from this one starts from: of a mixture, the first member that allows it.

    Raises ConfigError if there is none.
    """
    found = next((one for one in checkpoint.members if one.kind.can_be_continued), checkpoint)
    check_can_be_continued(found)
    return found


def check_can_be_continued(checkpoint: Checkpoint) -> None:
    """Raise ConfigError if runs cannot start from this kind of model."""
    if not checkpoint.kind.can_be_continued:
        raise ConfigError(f"{checkpoint.description}: no run can start from this kind of model")


def shape_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the settings in section `model` that determine the parameters: the kind and the sizes."""
    model = checkpoint.settings.model
    return {key: getattr(model, key) for key in ("kind", *checkpoint.kind.shape_settings)}


def check_changes(old: Settings, new: Settings) -> list[str]:
    """Return the names of the settings that differ, such as "train.threads".

    Raises ConfigError for a setting that cannot change when a run is resumed.
    """
    pairs = [(section, key) for section, values in old for key, _ in values]
    changed = [(s, k) for s, k in pairs if getattr(getattr(old, s), k) != getattr(getattr(new, s), k)]
    for section, key in changed:
        if key not in CHANGEABLE.get(section, set()):
            raise ConfigError(f"{section}.{key} cannot change when a run is resumed; start a new one")
    return [f"{section}.{key}" for section, key in changed]


def check_is_trained(settings: Settings) -> None:
    """Raise ConfigError for a kind of model that is not trained."""
    if not MODELS[settings.model.kind].is_trained:
        raise ConfigError(f"a model of the kind {settings.model.kind} is counted, not trained")
