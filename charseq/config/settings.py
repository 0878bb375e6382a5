"""Every setting: one section per concern, with its default, its bounds and one line of help.

A section is the argument of what it configures, so a default exists once. Settings are layered: default <
charseq.toml < environment < option; each layer is checked as it is laid, so an error names its source.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from charseq.config.messages import explain
from charseq.errors import ConfigError
from charseq.limits import MAX_COUNT, MAX_SEED, MAX_THREADS
from charseq.registry import CELLS, LOSSES, MODELS, OPTIMIZERS, SOURCES, TARGETS, TOKENIZERS, Registry

Unit = Literal["stream", "line"]
BackendName = Literal["auto", "numba", "numpy"]
ScheduleName = Literal["constant", "cosine", "exponential", "plateau"]

DEFAULT_MAX_TIME = 120.0
"""Seconds a run may take when no limit is set at all."""

AUTO = 0
"""The number that stands for "auto"."""

DURATION = r"(?:(N)d)?(?:(N)h)?(?:(N)m)?(?:(N)s)?|(N)".replace("N", r"\d+(?:\.\d+)?")


def parse_duration(value: object) -> object:
    """Turn "90", "90s", "10m", "1h30m" or "2d", or a number, into seconds; they count to the millisecond."""
    if isinstance(value, float):
        return max(round(value, 3), 0.001) if value > 0 else value  # the shortest limit is still a limit
    if not isinstance(value, str):
        return value
    match = re.fullmatch(DURATION, value.strip())
    if match is None or not any(match.groups()):
        raise ValueError("must be a duration such as 90s, 10m or 1h30m")
    days, hours, minutes, seconds, bare = (float(part or 0) for part in match.groups())
    return parse_duration(((days * 24 + hours) * 60 + minutes) * 60 + seconds + bare)


def format_duration(seconds: float) -> str:
    """Return the shortest spelling that `parse_duration` reads back: 5400.0 is 1h30m."""
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    parts = [(whole // 3600, "h"), (whole // 60 % 60, "m"), (whole % 60 + thousandths / 1000, "s")]
    return "".join(f"{value:g}{unit}" for value, unit in parts if value) or "0s"


def _one_or_many(value: object) -> object:
    """Accept a single string, and a list, where a tuple of strings is meant."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _utf8(name: str) -> str:
    """Refuse what is left of a name that is not UTF-8: no settings file could hold it."""
    if any("\ud800" <= char <= "\udfff" for char in name):
        raise ValueError("must be valid UTF-8")
    return name


def parse_threads(value: object) -> object:
    """Turn "auto" into 0."""
    return AUTO if value == "auto" else value


class OneOf:
    """Accepts the names in a registry, whatever has been added to it."""

    def __init__(self, registry: Registry[Any]) -> None:
        self.registry = registry

    def __call__(self, name: object) -> object:
        """Return `name`. Raises pydantic's error where the registry lacks it."""
        if not isinstance(name, str) or name not in self.registry:
            raise PydanticCustomError("not_registered", "unknown", {"choices": list(self.registry)})
        return name


def choices_of(field: Any) -> list[str]:
    """Return the names that a setting can have; nothing for one that is no choice."""
    for extra in field.metadata:
        if isinstance(extra, BeforeValidator) and isinstance(extra.func, OneOf):
            return list(extra.func.registry)
    return [choice for choice in get_args(field.annotation) if isinstance(choice, str)]


Duration = Annotated[float, BeforeValidator(parse_duration), Field(ge=0, le=1e9)]
Threads = Annotated[int, BeforeValidator(parse_threads)]
Count = Annotated[int, Field(le=MAX_COUNT)]
Seed = Annotated[int, Field(lt=MAX_SEED)]
Name = Annotated[str, AfterValidator(_utf8)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_one_or_many)]
CellName = Annotated[str, BeforeValidator(OneOf(CELLS))]
ModelName = Annotated[str, BeforeValidator(OneOf(MODELS))]
OptimizerName = Annotated[str, BeforeValidator(OneOf(OPTIMIZERS))]
TokenizerName = Annotated[str, BeforeValidator(OneOf(TOKENIZERS))]
TargetsName = Annotated[str, BeforeValidator(OneOf(TARGETS))]
LossName = Annotated[str, BeforeValidator(OneOf(LOSSES))]
GradientName = Annotated[str, BeforeValidator(OneOf(SOURCES))]


class Section(BaseModel):
    """A frozen group of settings; unknown keys and wrong types are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataConfig(Section):
    """The texts and how they are cut."""

    corpus: Names = Field(
        ("builtin:pydoc",),
        min_length=1,
        description="Files, directories, *.gz, - for standard input, builtin:pydoc or builtin:stdlib.",
    )
    valid: Name = Field("", description="A separate validation text; empty: cut from the corpus.")
    valid_fraction: float = Field(
        0.05, ge=0, lt=1, description="Share of the corpus held out for validation."
    )
    test_fraction: float = Field(
        0.05, ge=0, lt=1, description="Share of the corpus, its end, held out for testing."
    )
    unit: Unit = Field("stream", description="What is one sequence: the whole stream, or each line.")
    tokenizer: TokenizerName = Field("char", description="What a token is: char, a Unicode code point.")
    loss_on: TargetsName = Field("all", description="Which characters are learnt and counted.")


class ModelConfig(Section):
    """The model: its kind; the cell and the sizes of a network; the order of a model that counts."""

    kind: ModelName = Field("recurrent", description="recurrent: a network; ngram: counts of n-grams.")
    cell: CellName = Field("gru", description="Recurrent cell.")
    hidden_size: int = Field(256, ge=1, le=65536, description="Units per layer.")
    num_layers: int = Field(1, ge=1, le=64, description="Recurrent layers on top of each other.")
    embedding_size: int = Field(0, ge=0, le=65536, description="Width of a character's vector; 0: one-hot.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of a layer's outputs dropped in training.")
    order: int = Field(6, ge=1, le=99, description="ngram: characters of the longest n-gram.")


class OptimConfig(Section):
    """How gradients become steps."""

    optimizer: OptimizerName = Field("adamw", description="Update rule.")
    learning_rate: float = Field(8e-3, gt=0, description="Step size at its highest.")
    schedule: ScheduleName = Field("cosine", description="Course of the learning rate over the run.")
    final_fraction: float = Field(
        0.03, gt=0, le=1, description="cosine, exponential: where the rate ends, as a share of learning_rate."
    )
    plateau_factor: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="plateau: what the rate is multiplied by when validation has not improved.",
    )
    warmup_steps: Count = Field(50, ge=0, description="Steps over which the rate rises from zero.")
    max_grad_norm: float = Field(1.0, ge=0, description="Longer gradients are scaled to this norm; 0: never.")
    momentum: float = Field(0.9, ge=0, lt=1, description="sgd: share of the last step that is kept.")
    beta1: float = Field(0.9, ge=0, lt=1, description="adam, adamw: decay of the mean gradient.")
    beta2: float = Field(0.99, ge=0, lt=1, description="adam, adamw, rmsprop: decay of the mean square.")
    weight_decay: float = Field(
        0.01, ge=0, description="adamw: pull of the matrices to zero, times the rate."
    )


class TrainConfig(Section):
    """The training loop: windows, loss, limits, intervals."""

    batch_size: int = Field(16, ge=1, le=65536, description="Parallel streams.")
    seq_length: int = Field(
        64, ge=1, le=65536, description="Steps that the gradient goes back (truncated BPTT)."
    )
    loss: LossName = Field("softmax", description="Training loss.")
    gradient: GradientName = Field(
        "bptt", description="Origin of the gradient; bptt: backpropagation through time."
    )
    num_epochs: Count = Field(
        0, ge=0, description="Stop after this many passes over the corpus; 0: no limit."
    )
    max_steps: Count = Field(0, ge=0, description="Stop after this many steps; 0: no limit.")
    max_time: Duration = Field(
        0.0, description="Stop after this time, e.g. 10m; 0s: no limit. No limit at all means 2m."
    )
    patience: Count = Field(
        0, ge=0, description="Stop after so many validations without improvement; 0: never."
    )
    eval_every: Count = Field(
        0, ge=0, description="Steps between validations; 0: so that they take a tenth of the time."
    )
    save_every: Duration = Field(30.0, description="Time between saves for --resume; 0s: after every step.")
    save_every_steps: Count = Field(0, ge=0, description="Steps between saves, besides; 0: by time alone.")
    sample_every: Duration = Field(20.0, description="Time between samples shown while training; 0s: none.")
    seed: Seed = Field(1, ge=0, description="Seed of the first weights and of dropout.")
    threads: Threads = Field(
        AUTO,
        ge=0,
        le=MAX_THREADS,
        description="Cores that share each batch; auto: as many as pay, tried at the start.",
    )
    backend: BackendName = Field(
        "auto", description="What computes the cells; auto: numba where it is installed."
    )


class SampleConfig(Section):
    """How text is drawn from a model."""

    length: Count = Field(500, ge=0, description="Number of new characters.")
    temperature: float = Field(
        0.8, ge=0, description="Below 1 safer, above 1 wilder; 0: always the likeliest."
    )
    top_k: Count = Field(0, ge=0, description="Draw from the k likeliest characters; 0: from all.")
    top_p: float = Field(
        1.0, gt=0, le=1, description="Draw from the likeliest characters that reach this share."
    )
    num_samples: Count = Field(1, ge=1, description="Number of texts.")
    seed: Seed = Field(-1, ge=-1, description="Same seed, same text; -1: a new one each time.")


class Settings(Section):
    """All sections together, as charseq.toml holds them."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    optim: OptimConfig = OptimConfig()
    train: TrainConfig = TrainConfig()
    sample: SampleConfig = SampleConfig()

    def with_layer(self, layer: Mapping[str, Any], source: str) -> "Settings":
        """Return these settings overlaid with `layer` ({section: {key: value}}).

        Raises ConfigError, naming `source`, for unknown keys, wrong types and values out of range.
        """
        merged: dict[str, Any] = {name: dict(section) for name, section in self}
        for name, section in layer.items():
            known = isinstance(section, Mapping) and name in merged
            merged[name] = {**merged[name], **section} if known else section
        try:
            return Settings.model_validate(merged)
        except ValidationError as error:
            raise ConfigError(f"{source}: {explain(error.errors()[0], Settings)}") from None

    def with_layers(self, layers: "Layers") -> "Settings":
        """Return these settings overlaid with each of `layers` in turn."""
        settings = self
        for layer, source in layers:
            settings = settings.with_layer(layer, source)
        return settings


Layers = list[tuple[dict[str, dict[str, Any]], str]]
"""Layers of settings ({section: {key: value}}) with the name of their source, in the order they are laid."""
