"""All settings, each with its default, its bounds and one line of help, in one section for each subject.

A section is the argument of the class that it configures, so each default is written only once. Settings come
in layers: default < charseq.toml < environment < option, where the later one wins. Each layer is checked when
it is added, so an error names its source.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field, ValidationError

from charseq.config.messages import explain
from charseq.config.sample import SampleConfig
from charseq.config.section import Section
from charseq.config.values import (
    AUTO,
    BackendName,
    CellName,
    Count,
    Duration,
    ErrorsName,
    Escaped,
    GradientName,
    LossName,
    ModelName,
    Name,
    Names,
    NormalForm,
    OptimizerName,
    Parts,
    Scales,
    ScheduleName,
    Seed,
    SizeName,
    SplitName,
    TargetsName,
    Threads,
    TokenizerName,
    Unit,
    parse_scale,
)
from charseq.errors import ConfigError
from charseq.limits import MAX_THREADS

DEFAULT_MAX_TIME = 120.0
"""The limit in seconds of a run for which no other limit is set."""


class DataConfig(Section):
    """The texts, and how they are divided."""

    corpus: Names = Field(
        ("builtin:pydoc",),
        min_length=1,
        description="Files, directories, *.gz, *.bz2, *.xz, - for standard input, or a text that Python "
        "brings along: builtin:pydoc, builtin:prose, builtin:stdlib; or a task: builtin:copy:LAG, "
        "builtin:brackets:DEPTH, builtin:addition, builtin:dates, with options such as ,lines=20000,seed=1.",
    )
    include: Names = Field(
        (), description="Patterns such as *.py: of a directory, read only files that fit one; none: all."
    )
    encoding: Name = Field("utf-8", description="Encoding of the texts, such as utf-16, cp1252 or cp949.")
    errors: ErrorsName = Field(
        "strict", description="Bytes that are no characters: an error, read as U+FFFD, or left out."
    )
    valid: Name = Field("", description="A separate validation text; empty: a part of the corpus.")
    valid_fraction: float = Field(
        0.05, ge=0, lt=1, description="Share of the corpus held out for validation."
    )
    test_fraction: float = Field(0.05, ge=0, lt=1, description="Share of the corpus held out for testing.")
    split: SplitName = Field(
        "tail",
        description="Held-out parts: the end of the corpus; blocks (with unit line or document, whole ones) "
        "or files chosen by split_seed; or a split of the field.",
    )
    split_seed: Seed = Field(1, ge=0, description="Seed of the choice of blocks, lines or files.")
    unit: Unit = Field("stream", description="The sequences: the whole stream, each line, or each document.")
    separator: Escaped = Field(
        "", max_length=60, description="String that ends a document; empty: each file is a document."
    )
    tokenizer: TokenizerName = Field(
        "char",
        description="Kind of tokens; char: Unicode code points; byte: bytes, for any file; jamo: three for "
        "each Hangul syllable; blank: characters that are separated by blanks.",
    )
    min_count: Count = Field(
        1, ge=1, description="Characters that occur fewer times in the training part count as unseen."
    )
    lowercase: bool = Field(False, description="Read every text in lower case.")
    normalize: NormalForm = Field(
        "none", description="Unicode normal form in which every text is read; none: as it is."
    )
    target_after: Escaped = Field(
        "",
        description="With unit line: the separator in each line between a source and its target, such as \\t "
        "for a tab; empty: none.",
    )
    loss_on: TargetsName = Field(
        "auto",
        description="The characters that are learnt and counted; target: those after the separator and the "
        "newline; last: the last one of each line and the newline; auto: target if there is a target_after, "
        "else all.",
    )


class ModelConfig(Section):
    """The model: its kind; the cell and the sizes of a network; the order of an n-gram model."""

    kind: ModelName = Field(
        "recurrent",
        description="recurrent: a recurrent network; mlp: a network on a fixed window; "
        "ngram: counts of n-grams; mixture: made by charseq mix.",
    )
    cell: CellName = Field("gru", description="Recurrent cell.")
    size: SizeName = Field(
        "auto",
        description="Size of a network; auto: this and what goes with it suits text, time and machine; "
        "fixed: all settings stay as they are.",
    )
    hidden_size: int = Field(256, ge=1, le=65536, description="Units per layer.")
    num_layers: int = Field(1, ge=1, le=64, description="Number of recurrent layers.")
    embedding_size: int = Field(0, ge=0, le=65536, description="Size of a token's vector; 0: one-hot.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of a layer's outputs dropped in training.")
    rms_norm: bool = Field(
        False, description="Divide each gate's part of W h(t-1) by its root mean square, over the units."
    )
    order: int = Field(
        6,
        ge=1,
        le=99,
        description="ngram: number of characters of the longest n-gram; mlp: characters in the window.",
    )


class OptimConfig(Section):
    """The optimizer: the steps that are made from gradients, and the learning rate."""

    optimizer: OptimizerName = Field("adamw", description="Update rule.")
    learning_rate: float = Field(8e-3, gt=0, description="Highest learning rate of the run.")
    schedule: ScheduleName = Field("cosine", description="Change of the learning rate over the run.")
    final_fraction: float = Field(
        0.03, gt=0, le=1, description="cosine, exponential: the last rate, as a share of learning_rate."
    )
    plateau_factor: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="plateau: the rate is multiplied by this after each validation without improvement.",
    )
    warmup_steps: Count = Field(50, ge=0, description="Steps at the start in which the rate rises from zero.")
    max_grad_norm: float = Field(
        1.0, ge=0, description="Gradients with a larger norm are scaled to this one; 0: never."
    )
    momentum: float = Field(
        0.9, ge=0, lt=1, description="sgd: share of the last step that is added to the next."
    )
    beta1: float = Field(0.9, ge=0, lt=1, description="adam, adamw, nadamw: decay of the mean gradient.")
    beta2: float = Field(
        0.99, ge=0, lt=1, description="adam, adamw, nadamw, rmsprop: decay of the mean square."
    )
    weight_decay: float = Field(
        0.01, ge=0, description="adamw, nadamw: at each step, matrices shrink by this share, times the rate."
    )
    average_span: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Span of the average of the weights, as a share of the steps so far; 0: no average.",
    )
    freeze: Parts = Field(
        (),
        description="Parts that do not learn, named as the parameters are: embedding, layers.0, "
        "projection.V; none: all learn.",
    )
    rate_scale: Scales = Field(
        (), description="Parts with a learning rate of their own: layers.0=0.1 for a tenth of the rate."
    )

    @property
    def scales(self) -> dict[str, float]:
        """The factor of the learning rate for each part in `rate_scale`."""
        return dict(map(parse_scale, self.rate_scale))


class TrainConfig(Section):
    """The training loop: windows, loss, limits, intervals."""

    batch_size: int = Field(16, ge=1, le=65536, description="Number of parallel streams.")
    seq_length: int = Field(
        64, ge=1, le=65536, description="Steps in a window: how far back the gradient goes (truncated BPTT)."
    )
    piece_length: Count = Field(
        1024,
        ge=0,
        description="Tokens of the pieces that streams read in random order; 0, and with unit line: in the "
        "order of the text.",
    )
    loss: LossName = Field(
        "softmax",
        description="Training loss; softmax: over the whole vocabulary; sampled, negative: on drawn tokens, "
        "much faster for thousands of characters.",
    )
    num_negatives: int = Field(
        512, ge=1, le=1 << 20, description="sampled, negative: tokens that are drawn for each step."
    )
    gradient: GradientName = Field(
        "bptt",
        description="Method for the gradient; bptt: backpropagation through time, truncated at the window; "
        "rtrl: real-time recurrent learning, exact and for small networks.",
    )
    num_epochs: Count = Field(
        0, ge=0, description="Stop after this many passes over the corpus; 0: no limit."
    )
    max_steps: Count = Field(0, ge=0, description="Stop after this many steps; 0: no limit.")
    max_time: Duration = Field(
        0.0, description="Stop after this time, e.g. 10m; 0s: no limit. If no limit is set at all: 2m."
    )
    patience: Count = Field(
        0, ge=0, description="Stop after this many validations without improvement; 0: never."
    )
    eval_every: Count = Field(
        0,
        ge=0,
        description="Steps between validations; 0: chosen so that they take about a twentieth of the time.",
    )
    save_every: Duration = Field(
        30.0, description="Time between saves, from which a run can be resumed; 0s: after every step."
    )
    save_every_steps: Count = Field(
        0, ge=0, description="Steps between saves, in addition to save_every; 0: by time only."
    )
    with_ngram: int = Field(
        0,
        ge=0,
        le=99,
        description="Characters of the longest n-grams that are counted on the same text and mixed with the "
        "trained model at the end; 0: none.",
    )
    sample_every: Duration = Field(20.0, description="Time between samples shown while training; 0s: none.")
    seed: Seed = Field(
        1, ge=0, description="Seed of the first weights, of dropout and of the order of pieces."
    )
    threads: Threads = Field(
        AUTO,
        ge=0,
        le=MAX_THREADS,
        description="Cores for each batch; auto: all cores if the model and the batch are large enough.",
    )
    sync_every: int = Field(
        1,
        ge=1,
        le=1 << 20,
        description="Steps between exchanges of the ranks that mpiexec starts; 1: all share each batch; "
        "more, for slow networks: each learns on its own, and then their weights are averaged.",
    )
    backend: BackendName = Field(
        "auto", description="Library that computes the cells; auto: numba if it is installed, else numpy."
    )


class Settings(Section):
    """All sections together, as in charseq.toml."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    optim: OptimConfig = OptimConfig()
    train: TrainConfig = TrainConfig()
    sample: SampleConfig = SampleConfig()

    def with_layer(self, layer: Mapping[str, Any], source: str) -> "Settings":
        """Return these settings with those in `layer` ({section: {key: value}}) replaced.

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
        """Return these settings with those in each of `layers` replaced, one layer after another."""
        settings = self
        for layer, source in layers:
            settings = settings.with_layer(layer, source)
        return settings


Layers = list[tuple[dict[str, dict[str, Any]], str]]
"""Layers of settings ({section: {key: value}}) with the names of their sources; later layers win."""
