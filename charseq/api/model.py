"""A model in Python: it scores, predicts and samples text; and how it is loaded."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from charseq import checks
from charseq.analysis.activations import States, all_states
from charseq.analysis.embedding import NUM_NEAREST, Embedding, embedding_of
from charseq.analysis.unrolling import Unroller, Unrolling
from charseq.api.keywords import layers_of
from charseq.config import Settings
from charseq.config.messages import brief
from charseq.errors import ConfigError
from charseq.network import CharModel
from charseq.runs.adapting import adapting
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import find_model, model_name
from charseq.runs.provenance import training_text
from charseq.sampling import Order, SampledText, Start, sampled, texts
from charseq.scoring import Prediction, Predictor, Score, Scorer, Surprisal
from charseq.scoring.surprisal import LAST_COUNTED
from charseq.text.codec import Codec

StrPath = str | os.PathLike[str]


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
        return self._scored(text, worst=LAST_COUNTED).score()

    def surprisal(self, text: str, *, num_guesses: int = 0) -> Surprisal:
        """Return the surprisal of each character of `text`: arrays (L,) of nats, bits, ranks and confidences.

        If the model reads texts in another form, such as lower case, these are the characters of that form.

        With `num_guesses`, `.expected` has that many guesses for each character, and the entropy before it.
        """
        return self._scored(text, num_guesses=checks.count("num_guesses", num_guesses))

    def _scored(self, text: str, *, num_guesses: int = 0, worst: int | None = None) -> Surprisal:
        """Return the surprisal of a text in the form of the codec; ranks beyond `worst` may be too low."""
        text = self.codec.form.apply(checks.string("text", text))
        deque(self.codec.checked("text", [text]), maxlen=0)
        scorer = Scorer(self.checkpoint.reading_model, self.codec, num_guesses=num_guesses, worst=worst)
        return scorer.score(text)

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
        start, order = self._ordered(prompt, stop, settings)
        if order.num_texts != 1:
            raise ConfigError("num_samples: must be 1; for more texts, call samples")
        return (piece for pieces in texts(start, order) for piece in pieces)

    def samples(
        self,
        prompt: str = "",
        *,
        stop: str | Sequence[str] = (),
        keep_stop: bool = False,
        first: int = 0,
        **settings: Any,
    ) -> Iterator[SampledText]:
        """Yield `num_samples` texts that continue `prompt`, each with its nats, seed and reason for stopping.

        They are made together, and many times faster than one after the other. `first` is the index of the
        first one among the texts of the seed. The other arguments are those of `sample`.
        """
        keep_stop, first = checks.truth("keep_stop", keep_stop), checks.count("first", first)
        return sampled(*self._ordered(prompt, stop, settings, keep_stop=keep_stop, first=first))

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

    def _ordered(
        self,
        prompt: str,
        stop: str | Sequence[str],
        settings: dict[str, Any],
        *,
        keep_stop: bool = False,
        first: int = 0,
    ) -> tuple[Start, Order]:
        """Return where texts begin, and which ones are wanted, from the arguments of `samples`."""
        config = Settings().with_layers(layers_of(Settings(), settings, ("sample",))).sample
        stops = [text for text in checks.strings("stop", stop) if text]
        formed = self.codec.form.apply(checks.string("prompt", prompt), "the prompt")
        order = Order.of(config, self.codec, stops=stops, keep_stop=keep_stop, first=first)
        start = Start(self.checkpoint.reading_model, self.codec, self.codec.completed(formed))
        start.training_text = partial(training_text, self.checkpoint)
        return start, order


def load(path: StrPath | None = None) -> Model:
    """Return the model in a run directory or a .safetensors file; without `path`, the newest under runs/.

    Raises ConfigError if there is none, CheckpointError if the file is damaged or foreign.
    """
    found = find_model(None if path is None else checks.path("path", path))
    return Model(Checkpoint.load(found), found)


def several_models(function: str, models: Sequence[Model | StrPath]) -> list[Model]:
    """Return the `models` that `function` takes, loaded. Raises ConfigError for fewer than two."""
    wanted = "a list of models and of paths to models"
    several = checks.several("models", models, (Model, str, os.PathLike), wanted)
    if len(several) < 2:
        raise ConfigError(f"{function} takes two models or more, in one list; got {len(several)}")
    return [one_model("models", model) for model in several]


def one_model(name: str, model: Model | StrPath) -> Model:
    """Return a model that is loaded already, or load it; `name` is that of the argument."""
    return model if isinstance(model, Model) else load(checks.path(name, model))


def _question(prefix: str, target: str | None) -> tuple[str, str | None]:
    if target is not None and not checks.string("target", target):
        raise ConfigError(f"a target is one character or more; got {brief(target)}")
    return checks.string("prefix", prefix), target
