"""The door for Python: load a model, score, predict and write text with it; train another one.

    >>> import charseq
    >>> model = charseq.load("runs/pydoc")
    >>> model.score("hello").bits_per_char
    >>> model.sample("The ", length=300, temperature=0.5, seed=2)

Nothing is printed. Errors are `charseq.CharseqError`, one sentence each.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charseq.analysis.activations import States, all_states
from charseq.analysis.baselines import count_baselines
from charseq.analysis.comparison import ComparedModel, Comparison, distinct_names, shared_test_part
from charseq.analysis.comparison import compare as compare_models
from charseq.analysis.evaluation import Evaluation, Wanted
from charseq.analysis.evaluation import evaluate as evaluate_texts
from charseq.analysis.groups import GROUPINGS
from charseq.analysis.reading import held_out_text
from charseq.analysis.uncertainty import UNITS
from charseq.config import SampleConfig, Settings, suggest
from charseq.errors import ConfigError
from charseq.models import MODELS
from charseq.network import CharModel
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.counting import count
from charseq.runs.directory import MODEL, default_directory, find_model, model_name
from charseq.runs.run import Run
from charseq.sampling import texts
from charseq.scoring import Prediction, Predictor, Score, Scorer, Surprisal
from charseq.text.codec import Codec
from charseq.text.corpus import NamedTexts, iter_texts

if TYPE_CHECKING:
    from charseq.training.events import Event

StrPath = str | os.PathLike[str]

TRAINING_SECTIONS = ("data", "model", "optim", "train")
"""The sections whose settings `train` takes as keywords; no key is in two of them."""


class Model:
    """A trained or counted model with all that belongs to it; `load` and `train` return one.

    `path` is its file, and `checkpoint` holds its settings, its corpus and its validation.
    """

    def __init__(self, checkpoint: Checkpoint, path: Path) -> None:
        self.checkpoint, self.path = checkpoint, path

    def __repr__(self) -> str:
        return f"<charseq.Model {self.name}: {self.description}, vocabulary of {self.codec.vocab_size}>"

    @property
    def name(self) -> str:
        """The run directory, or the file of a model that lies elsewhere."""
        return model_name(self.path)

    @property
    def description(self) -> str:
        """The kind of the model in a few words: "gru 1 x 256"."""
        return self.checkpoint.description

    @property
    def codec(self) -> Codec:
        """Tokenizer and kind of sequence: the seam between text and numbers."""
        return self.checkpoint.codec

    @property
    def network(self) -> CharModel:
        """The network with its parameters. Raises ConfigError for a kind of model that has none."""
        return self.checkpoint.network

    def score(self, text: str) -> Score:
        """Return the price of a whole text as one sum, with its bits, perplexity and accuracy."""
        return self.surprisal(text).score()

    def surprisal(self, text: str, *, num_guesses: int = 0) -> Surprisal:
        """Return the price of each character of `text`: arrays (L,) of nats, bits, ranks and confidences.

        With `num_guesses`, `.expected` has so many guesses for each character and the entropy before it.
        """
        return Scorer(self.checkpoint.model, self.codec, num_guesses=num_guesses).score(text)

    def next(self, prefix: str, target: str | None = None, *, top: int = 5) -> Prediction:
        """Return the `top` likeliest characters after `prefix`, and the rating of the character `target`."""
        if target is not None and len(target) != 1:
            raise ConfigError(f"a target is one character; got {target!r}")
        return Predictor(self.checkpoint.model, self.codec).predict(prefix, target, num_top=top)

    def sample(self, prompt: str = "", *, stop: str | Sequence[str] = (), **settings: Any) -> str:
        """Return new text that continues `prompt`, without the prompt.

        `settings` are those of the section sample: length, temperature, top_k, top_p, seed. The text ends
        before the first of the strings `stop`; that of a model of lines ends with its line.
        """
        return "".join(self.stream(prompt, stop=stop, **settings))

    def stream(self, prompt: str = "", *, stop: str | Sequence[str] = (), **settings: Any) -> Iterator[str]:
        """Yield the text of `sample` in pieces, as it is made."""
        config = _with_keywords(Settings(), settings, ("sample",)).sample
        if config.num_samples != 1:
            raise ConfigError("num_samples: a text at a time; call sample again with another seed")
        stops = [stop] if isinstance(stop, str) else list(stop)
        return self._pieces(prompt, config, [text for text in stops if text])

    def states(self, text: str) -> States:
        """Return hidden states and gates after each character of `text`, (layers, L, H) each, by name.

        Raises ConfigError for a kind of model that has none.
        """
        return all_states(self.network, self.codec, text)

    def _pieces(self, prompt: str, config: SampleConfig, stops: Sequence[str]) -> Iterator[str]:
        for text in texts(self.checkpoint.model, self.codec, prompt, config, stops=stops):
            yield from text


def load(path: StrPath | None = None) -> Model:
    """Return the model of a run directory or a .safetensors file; without one, the newest under runs/.

    Raises ConfigError where there is none, CheckpointError for a file that is damaged or foreign.
    """
    found = find_model(None if path is None else os.fspath(path))
    return Model(Checkpoint.load(found), found)


def train(
    corpus: StrPath | Sequence[StrPath],
    *,
    output: StrPath | None = None,
    init_from: "Model | StrPath | None" = None,
    on_event: "Callable[[Event], None] | None" = None,
    **settings: Any,
) -> Model:
    """Learn a model from text and return it: the best on validation.

    `corpus` is a file, a directory or "builtin:pydoc", or several; any setting of the sections data, model,
    optim and train is a keyword, as in `cell="lstm", max_time="2m"`. `output` is the new run directory
    (default: runs/<corpus>-<kind>), `init_from` a model to start from, and `on_event` is called with each
    event of the training. Raises ConfigError for what cannot be asked for, DataError for a text that cannot
    be used.
    """
    names = [corpus] if isinstance(corpus, str | os.PathLike) else list(corpus)
    base = Settings().with_layer({"data": {"corpus": [os.fspath(name) for name in names]}}, "corpus")
    wanted = _with_keywords(base, settings, TRAINING_SECTIONS)
    directory = default_directory(wanted) if output is None else Path(output)
    made_by = f"charseq.train({', '.join([repr(os.fspath(name)) for name in names])})"
    if not MODELS[wanted.model.kind].is_trained:
        if init_from is not None:
            raise ConfigError(f"init_from: a model of the kind {wanted.model.kind} is counted, not trained")
        checkpoint, _ = count(directory, wanted, command=made_by)
        return Model(checkpoint, directory / MODEL)
    start = load(init_from) if isinstance(init_from, str | os.PathLike) else init_from
    run = Run.start(directory, wanted, command=made_by, init_from=None if start is None else start.checkpoint)
    for event in run.events():
        if on_event is not None:
            on_event(event)
    return load(directory)


def evaluate(
    model: Model | StrPath,
    texts: StrPath | Sequence[StrPath] | None = None,
    *,
    baselines: Sequence[str] = (),
    by: Sequence[str] = (),
    hardest: int = 0,
    calibration: bool = False,
    resample: str = "block",
) -> Evaluation:
    """Return what `charseq evaluate` shows: the totals of each text and model, and what else is asked for.

    `texts` are files, directories or "builtin:NAME"; without any, the model's own test part. `baselines` are
    "uniform", "unigram" and "ngram:K", `by` the groupings "char", "class", "word" and so on, and `hardest` is
    the number of most surprising characters. Standard errors come from `resample`, "block", "line" or "file".
    """
    one = model if isinstance(model, Model) else load(model)
    counted = count_baselines(one.checkpoint, ",".join(baselines)) if baselines else {}
    for name in by:
        if name not in GROUPINGS:
            raise ConfigError(f"by: no grouping {name}{suggest(name, list(GROUPINGS))}")
    return evaluate_texts(
        one.checkpoint,
        held_out_text(one.checkpoint) if texts is None else _named(texts),
        Wanted(by=tuple(by), num_hardest=hardest, calibration=calibration, units=_units(resample)),
        name=one.name,
        baselines=counted,
    )


def compare(
    models: Sequence[Model | StrPath],
    texts: StrPath | Sequence[StrPath] | None = None,
    *,
    passages: int = 5,
    resample: str = "block",
) -> Comparison:
    """Return what `charseq compare` shows: figures, paired differences with intervals, classes, passages.

    `texts` and `resample` are as in `evaluate`; without a text, the test part that the models have in common.
    """
    loaded = [model if isinstance(model, Model) else load(model) for model in models]
    if len(loaded) < 2:
        raise ConfigError(f"compare takes two models or more; got {len(loaded)}")
    names = distinct_names([model.name for model in loaded])
    compared = [
        ComparedModel(name, model.checkpoint, model.path.stat().st_size)
        for name, model in zip(names, loaded, strict=True)
    ]
    if texts is None:
        named = shared_test_part({one.name: one.checkpoint for one in compared})
    else:
        named = _named(texts)
    return compare_models(compared, named, num_passages=passages, units=_units(resample))


def _units(name: str) -> str:
    if name not in UNITS:
        raise ConfigError(f"resample: must be one of {', '.join(UNITS)}; got {name!r}")
    return name


def _named(texts: StrPath | Sequence[StrPath]) -> NamedTexts:
    """Yield the texts behind one source or several, each with its name."""
    for source in [texts] if isinstance(texts, str | os.PathLike) else texts:
        yield from iter_texts(os.fspath(source))


def _with_keywords(base: Settings, keywords: dict[str, Any], sections: Sequence[str]) -> Settings:
    """Return `base` with settings by their bare names; ConfigError, with the nearest, for an unknown one."""
    settings, owners = (
        base,
        {key: name for name in sections for key in type(getattr(base, name)).model_fields},
    )
    for key, value in keywords.items():
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if key not in owners:
            raise ConfigError(
                f"unknown setting {key}{suggest(key, list(owners))}; known: {', '.join(owners)}"
            )
        settings = settings.with_layer({owners[key]: {key: value}}, key)
    return settings
