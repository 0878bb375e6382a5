"""A new model made from settings, by counting or by a training run."""

from pathlib import Path
from typing import NamedTuple

from charseq.config import Layers, Settings
from charseq.errors import ConfigError
from charseq.gradients.speed import training_speed
from charseq.models import MODELS, ModelKind
from charseq.ranks import World
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.checks import continued_member, shape_of
from charseq.runs.counting import count
from charseq.runs.directory import default_directory, find_model
from charseq.runs.run import Run
from charseq.text.corpus import OnProgress
from charseq.text.split import CorpusParts
from charseq.text.tasks import data_settings
from charseq.training.recipe import Chosen, Recipe, choose


class Origin(NamedTuple):
    """A model to start from, or its name; `word` names the option in messages, such as "--init-from"."""

    model: Checkpoint | str
    word: str


class Counted(NamedTuple):
    """A model that was made by counting and saved in `directory`, with its texts."""

    directory: Path
    checkpoint: Checkpoint
    texts: CorpusParts


def make(
    base: Settings,
    given: Layers,
    *,
    command: str,
    directory: Path | None = None,
    init_from: Origin | None = None,
    progress: OnProgress | None = None,
    world: World | None = None,
) -> Run | Counted:
    """Make a model by counting, or begin the run that trains it, depending on the kind of model.

    The settings in `given` are for this model and replace those of `base`, which may be for several kinds of
    models. The kind and the sizes of `init_from` also replace those of `base`. `directory` is new; by default
    it is named after the corpus. `progress` is called while a large corpus is read. Rank 0 of a `world` calls
    it for a run on several ranks. A network with fresh
    weights may get other settings than those of `base`, but not of `given`: see `charseq.training.recipe`.
    A task, such as builtin:addition, is read as it is meant, unless `base` or `given` say otherwise.
    Raises ConfigError if the kind does not use a setting in `given`, if it cannot start from another model,
    if `given` has other sizes than `init_from`, or if the directory is not empty; DataError for an unusable
    corpus.
    """
    base, other = for_task(base, given), None
    settings = base.with_layers(given)
    if init_from is not None:
        if Settings().with_layers(given).model.size not in ("auto", "fixed"):
            raise ConfigError(
                f"{init_from.word}: the model to start from has its sizes; leave model.size out"
            )
        other = _loaded(init_from, settings)
        settings = base.with_layer({"model": shape_of(other)}, init_from.word).with_layers(given)
    kind: ModelKind = MODELS[settings.model.kind]
    check_uses(kind, given)
    directory = directory or default_directory(settings)
    if kind.is_trained:
        recipe = None
        if kind.has_states and other is None:
            recipe = _recipe(settings, _given(base, given))
        return Run.start(
            directory,
            settings,
            command=command,
            init_from=other,
            recipe=recipe,
            progress=progress,
            world=world,
        )
    return Counted(directory, *count(directory, settings, command=command, progress=progress))


def for_task(base: Settings, given: Layers) -> Settings:
    """Return `base` with the settings that fit a corpus of tasks; where someone chose others, these stay."""
    data, chosen = base.with_layers(given).data, _given(base, given)
    layer = data_settings(data.corpus)
    if ("data", "unit") in chosen and data.unit != layer.get("unit"):
        return base
    free = {key: value for key, value in layer.items() if ("data", key) not in chosen}
    return base.with_layer({"data": free}, ", ".join(data.corpus))


def _given(base: Settings, given: Layers) -> set[tuple[str, str]]:
    """Return the settings that were chosen by someone, pairs of section and key.

    Those in `base` are given if they are not the default, since a settings file may list every default.
    """
    default = Settings()
    pairs = {(name, key) for name, section in default for key, _ in section}
    changed = {(s, k) for s, k in pairs if getattr(getattr(base, s), k) != getattr(getattr(default, s), k)}
    return changed | {(section, key) for layer, _ in given for section in layer for key in layer[section]}


def _recipe(settings: Settings, given: set[tuple[str, str]]) -> Recipe:
    def recipe(num_chars: int, num_valid: int, vocab_size: int) -> Chosen | None:
        sizes = {"num_chars": num_chars, "num_valid": num_valid, "vocab_size": vocab_size}
        return choose(settings, given, **sizes, speed=training_speed)

    return recipe


def check_uses(kind: ModelKind, given: Layers) -> None:
    """Raise ConfigError, naming its source, for a setting that this kind of model does not use."""
    for layer, source in given:
        for section in layer.keys() & {"model", "optim", "train"}:
            if layer[section].keys() - kind.settings.get(section, frozenset()) - {"kind"}:
                raise ConfigError(_means_nothing(source, kind))


def _loaded(init_from: Origin, settings: Settings) -> Checkpoint:
    """Return the model to start from. Raises ConfigError if these settings do not allow this."""
    kind: ModelKind = MODELS[settings.model.kind]
    if not (kind.is_trained and kind.can_be_continued):
        raise ConfigError(_means_nothing(init_from.word, kind))
    model = init_from.model
    return continued_member(Checkpoint.load(find_model(model)) if isinstance(model, str) else model)


def _means_nothing(source: str, kind: ModelKind) -> str:
    return f"{source} means nothing to a model of the kind {kind.name}; leave it out"
