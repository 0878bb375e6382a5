"""Training and mixing in Python."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charseq import checks
from charseq.api.keywords import layers_of
from charseq.api.model import Model, StrPath, load, several_models
from charseq.config import Settings
from charseq.models.mixture import RULES
from charseq.runs.directory import MODEL
from charseq.runs.making import Counted, Origin, make
from charseq.runs.mixing import NamedMember, mix_and_save

if TYPE_CHECKING:
    from charseq.training.events import Event

TRAINING_SECTIONS = ("data", "model", "optim", "train")
"""The sections whose settings are keywords of `train`; no key is in two of them."""


def train(
    corpus: StrPath | Sequence[StrPath],
    *,
    output: StrPath | None = None,
    init_from: "Model | StrPath | None" = None,
    on_event: "Callable[[Event], None] | None" = None,
    **settings: Any,
) -> Model:
    """Train a model on text, and return the model that was best on validation.

    `corpus` is a file, a directory or "builtin:pydoc", or several; any setting of the sections data, model,
    optim and train is a keyword, as in `cell="lstm", max_time="2m"`. `output` is the new run directory
    (default: runs/<corpus>-<kind>), `init_from` a model to start from, whose sizes the new one has, and
    `on_event` is called with each event of the training. Raises ConfigError if an argument is wrong,
    DataError if a text cannot be used.
    """
    names = checks.paths("corpus", corpus)
    if on_event is not None:
        checks.function("on_event", on_event)
    base = Settings().with_layer({"data": {"corpus": names}}, "corpus")
    made = make(
        base,
        layers_of(base, settings, TRAINING_SECTIONS),
        command=f"charseq.train({', '.join(map(repr, names))})",
        directory=None if output is None else Path(checks.path("output", output)),
        init_from=_origin(init_from),
    )
    if isinstance(made, Counted):
        return Model(made.checkpoint, made.directory / MODEL)
    for event in made.events():
        if on_event is not None:
            on_event(event)
    return load(made.directory)


def _origin(model: "Model | StrPath | None") -> Origin | None:
    if model is None:
        return None
    origin = model.checkpoint if isinstance(model, Model) else checks.path("init_from", model)
    return Origin(origin, "init_from")


def mix(
    models: Sequence[Model | StrPath], *, output: StrPath | None = None, rule: str = "log-linear"
) -> Model:
    """Return the mixture of `models`, with weights fitted on the validation text of the first of them.

    `rule` is "log-linear" or "linear"; `output` is as in `train`. The errors raised are those of the command.
    """
    rule, loaded = checks.one_of("rule", rule, list(RULES)), several_models("mix", models)
    command = f"charseq.mix({[model.name for model in loaded]}, rule={rule!r})"
    where = None if output is None else Path(checks.path("output", output))
    named = [NamedMember(model.path, model.checkpoint) for model in loaded]
    directory, mixed = mix_and_save(named, rule, command=command, directory=where)
    return Model(mixed.checkpoint, directory / MODEL)
