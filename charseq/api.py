"""The Python interface: load a model, score, predict and sample text with it, or train a new model.

    >>> import charseq
    >>> model = charseq.load("runs/pydoc")
    >>> model.score("hello").bits_per_char
    >>> model.sample("The ", length=300, temperature=0.5, seed=2)

Nothing is printed. Errors are `charseq.CharseqError`, with a message of one sentence.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charseq import checks
from charseq.analysis.activations import States, all_states
from charseq.analysis.baselines import count_baselines
from charseq.analysis.comparison import (
    ComparedModel,
    Comparison,
    distinct_names,
    shared_form,
    shared_test_part,
)
from charseq.analysis.comparison import compare as compare_models
from charseq.analysis.embedding import NUM_NEAREST, Embedding, embedding_of
from charseq.analysis.evaluation import Evaluation, Wanted
from charseq.analysis.evaluation import evaluate as evaluate_texts
from charseq.analysis.groups import GROUPINGS
from charseq.analysis.reading import held_out_text
from charseq.analysis.uncertainty import UNITS
from charseq.analysis.unrolling import Unroller, Unrolling
from charseq.config import Layers, SampleConfig, Settings, suggest
from charseq.config.messages import brief
from charseq.errors import ConfigError
from charseq.models.mixture import RULES
from charseq.network import CharModel
from charseq.runs.adapting import adapting
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import MODEL, find_model, model_name
from charseq.runs.making import Counted, Origin, make
from charseq.runs.mixing import NamedMember, mix_and_save
from charseq.sampling import texts
from charseq.scoring import Prediction, Predictor, Score, Scorer, Surprisal
from charseq.text.codec import Codec
from charseq.text.corpus import named_texts
from charseq.text.encodings import SourceFormat

if TYPE_CHECKING:
    from charseq.training.events import Event

StrPath = str | os.PathLike[str]

TRAINING_SECTIONS = ("data", "model", "optim", "train")
"""The sections whose settings are keywords of `train`; no key is in two of them."""


class Model:
    """A trained or counted model with its settings and its codec, as `load` and `train` return it.

    `path` is its file. `checkpoint` holds its settings, and facts about its corpus and its validation.
    """

    def __init__(self, checkpoint: Checkpoint, path: Path) -> None:
        self.checkpoint, self.path = checkpoint, path

    def __repr__(self) -> str:
        return f"<charseq.Model {self.name}: {self.description}, vocabulary of {self.codec.vocab_size}>"

    @property
    def name(self) -> str:
        """The name of the run directory, or of the file if it is in no run directory."""
        return model_name(self.path)

    @property
    def description(self) -> str:
        """The kind of the model in a few words: "gru 1 x 256"."""
        return self.checkpoint.description

    @property
    def codec(self) -> Codec:
        """The codec, which turns text into tokens: the tokenizer with the kind of sequences."""
        return self.checkpoint.codec

    @property
    def network(self) -> CharModel:
        """The network with its parameters. Raises ConfigError for a model without one, such as n-grams."""
        return self.checkpoint.network

    def score(self, text: str) -> Score:
        """Return the score of a text: the sum over its characters, with bits, perplexity and accuracy."""
        return self.surprisal(text).score()

    def surprisal(self, text: str, *, num_guesses: int = 0) -> Surprisal:
        """Return the surprisal of each character of `text`: arrays (L,) of nats, bits, ranks and confidences.

        If the model reads texts in another form, such as lower case, these are the characters of that form.

        With `num_guesses`, `.expected` has that many guesses for each character, and the entropy before it.
        """
        text = self.codec.form.apply(checks.string("text", text))
        num_guesses = checks.count("num_guesses", num_guesses)
        deque(self.codec.checked("text", [text]), maxlen=0)
        return Scorer(self.checkpoint.reading_model, self.codec, num_guesses=num_guesses).score(text)

    def adaptive(self, rate: float | None = None) -> "Model":
        """Return the same model, set up to learn from each text that it reads, after it was scored.

        Every call begins with the trained model. `rate` is the rate of the networks; by default it is the one
        that was chosen on the validation text.
        """
        if rate is not None:
            rate = checks.size("rate", rate)
        return Model(adapting(self.checkpoint, rate), self.path)

    def next(self, prefix: str, target: str | None = None, *, top: int = 5) -> Prediction:
        """Return the `top` likeliest characters after `prefix`, and the bits of `target`, one or more.

        The rank is that of a single character. Raises ConfigError if `target` is empty.
        """
        (prediction,) = self.predictions([(prefix, target)], top=top)
        return prediction

    def predictions(
        self, questions: Iterable[tuple[str, str | None]], *, top: int = 5
    ) -> Iterator[Prediction]:
        """Yield the prediction of `next` for each (prefix, target), one by one; None stands for no target.

        For many prefixes this is faster than `next`: the parameters are copied once.
        """
        predictor, num_top = Predictor(self.checkpoint.reading_model, self.codec), checks.count("top", top)
        asked = checks.pairs("questions", questions, "pairs of a prefix and a target")
        return (predictor.predict(*_question(*pair), num_top=num_top) for pair in asked)

    def sample(self, prompt: str = "", *, stop: str | Sequence[str] = (), **settings: Any) -> str:
        """Return new text that continues `prompt`, without the prompt.

        `settings` are those of the section sample: length, temperature, top_k, top_p, seed. The text ends
        before the first of the strings `stop`, and at the end of the line if the model was trained on lines.
        """
        return "".join(self.stream(prompt, stop=stop, **settings))

    def stream(self, prompt: str = "", *, stop: str | Sequence[str] = (), **settings: Any) -> Iterator[str]:
        """Yield the text of `sample` in pieces while it is made."""
        config = Settings().with_layers(_layers_of(Settings(), settings, ("sample",))).sample
        if config.num_samples != 1:
            raise ConfigError("num_samples: must be 1; for more texts, call sample again with another seed")
        stops = [text for text in checks.strings("stop", stop) if text]
        return self._pieces(checks.string("prompt", prompt), config, stops)

    def states(self, text: str) -> States:
        """Return the hidden states and gates after each character of `text`, (layers, L, H) each, by name.

        Raises ConfigError for a model that has none, such as n-grams.
        """
        return all_states(self.network, self.codec, self.codec.form.apply(checks.string("text", text)))

    def unroll(self, prefix: str, target: str | None = None, *, top: int = 5) -> Unrolling:
        """Return the steps through `prefix`: each input, the states after it, and the prediction.

        A step is a token; the first one reads the start. `target` and `top` are as in `next`.
        """
        unroller = Unroller(self.checkpoint, num_top=checks.count("top", top))
        return unroller.unroll(*_question(prefix, target))

    def embedding(self, *, neighbours: int = NUM_NEAREST) -> Embedding:
        """Return the vectors of the tokens with their nearest neighbours, their classes, and a map.

        Raises ConfigError for a model that has none, such as n-grams.
        """
        return embedding_of(self.checkpoint, num_neighbours=checks.count("neighbours", neighbours))

    def _pieces(self, prompt: str, config: SampleConfig, stops: Sequence[str]) -> Iterator[str]:
        for text in texts(self.checkpoint.reading_model, self.codec, prompt, config, stops=stops):
            yield from text


def load(path: StrPath | None = None) -> Model:
    """Return the model in a run directory or a .safetensors file; without `path`, the newest under runs/.

    Raises ConfigError if there is none, CheckpointError if the file is damaged or foreign.
    """
    found = find_model(None if path is None else checks.path("path", path))
    return Model(Checkpoint.load(found), found)


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
        _layers_of(base, settings, TRAINING_SECTIONS),
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


def evaluate(
    model: Model | StrPath,
    texts: StrPath | Sequence[StrPath] | None = None,
    *,
    baselines: str | Sequence[str] = (),
    by: str | Sequence[str] = (),
    hardest: int = 0,
    calibration: bool = False,
    resample: str = "block",
) -> Evaluation:
    """Return the evaluation that `charseq evaluate` shows: totals by text and model, and parts on request.

    `texts` are files, directories or "builtin:NAME"; by default the model's own test part. `baselines` are
    "uniform", "unigram" and "ngram:K", `by` the groupings "char", "class", "word" and so on, each one name or
    a list; `hardest` is the number of most surprising characters to list. Standard errors come from
    `resample`: "block", "line" or "file". The errors raised are those of the command.
    """
    wanted = Wanted(
        by=tuple(checks.one_of("by", name, list(GROUPINGS)) for name in checks.strings("by", by)),
        num_hardest=checks.count("hardest", hardest),
        calibration=checks.truth("calibration", calibration),
        units=checks.one_of("resample", resample, list(UNITS)),
    )
    one = _model("model", model)
    return evaluate_texts(
        one.checkpoint,
        held_out_text(one.checkpoint)
        if texts is None
        else named_texts(checks.paths("texts", texts), how=SourceFormat(form=one.codec.form)),
        wanted,
        name=one.name,
        baselines=count_baselines(one.checkpoint, checks.strings("baselines", baselines)),
    )


def compare(
    models: Sequence[Model | StrPath],
    texts: StrPath | Sequence[StrPath] | None = None,
    *,
    passages: int = 5,
    resample: str = "block",
) -> Comparison:
    """Return the comparison that `charseq compare` shows: figures, paired differences, classes, passages.

    The differences have intervals. `texts` and `resample` are as in `evaluate`; by default the text is the
    test part that all models have in common.
    """
    units, num_passages = checks.one_of("resample", resample, list(UNITS)), checks.count("passages", passages)
    loaded = _models("compare", models)
    names = distinct_names([model.name for model in loaded])
    form = shared_form({name: model.checkpoint for name, model in zip(names, loaded, strict=True)})
    compared = [
        ComparedModel(name, model.checkpoint, model.path.stat().st_size)
        for name, model in zip(names, loaded, strict=True)
    ]
    if texts is None:
        named = shared_test_part({one.name: one.checkpoint for one in compared})
    else:
        named = named_texts(checks.paths("texts", texts), how=SourceFormat(form=form))
    return compare_models(compared, named, num_passages=num_passages, units=units)


def mix(
    models: Sequence[Model | StrPath], *, output: StrPath | None = None, rule: str = "log-linear"
) -> Model:
    """Return the mixture of `models`, with weights fitted on the validation text of the first of them.

    `rule` is "log-linear" or "linear"; `output` is as in `train`. The errors raised are those of the command.
    """
    rule, loaded = checks.one_of("rule", rule, list(RULES)), _models("mix", models)
    command = f"charseq.mix({[model.name for model in loaded]}, rule={rule!r})"
    where = None if output is None else Path(checks.path("output", output))
    named = [NamedMember(model.path, model.checkpoint) for model in loaded]
    directory, mixed = mix_and_save(named, rule, command=command, directory=where)
    return Model(mixed.checkpoint, directory / MODEL)


def _models(function: str, models: Sequence[Model | StrPath]) -> list[Model]:
    """Return the `models` that `function` takes, loaded. Raises ConfigError for fewer than two."""
    wanted = "a list of models and of paths to models"
    several = checks.several("models", models, (Model, str, os.PathLike), wanted)
    if len(several) < 2:
        raise ConfigError(f"{function} takes two models or more, in one list; got {len(several)}")
    return [_model("models", model) for model in several]


def _model(name: str, model: Model | StrPath) -> Model:
    """Return a model that is loaded already, or load it; `name` is that of the argument."""
    return model if isinstance(model, Model) else load(checks.path(name, model))


def _question(prefix: str, target: str | None) -> tuple[str, str | None]:
    if target is not None and not checks.string("target", target):
        raise ConfigError(f"a target is one character or more; got {brief(target)}")
    return checks.string("prefix", prefix), target


def _layers_of(base: Settings, keywords: dict[str, Any], sections: Sequence[str]) -> Layers:
    """Return the settings in `keywords`, which are names without a section, as a layer for each.

    Raises ConfigError for an unknown name, with the most similar known one.
    """
    owners = {key: name for name in sections for key in type(getattr(base, name)).model_fields}
    for key in keywords:
        if key not in owners:
            raise ConfigError(
                f"unknown setting {key}{suggest(key, list(owners))}; known: {', '.join(owners)}"
            )
    return [
        ({owners[key]: {key: os.fspath(value) if isinstance(value, os.PathLike) else value}}, key)
        for key, value in keywords.items()
    ]
