"""Text from a model: each token is drawn from the model's distribution, and is the model's next input."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from charseq.adaptation import AdaptiveModel
from charseq.config import SampleConfig
from charseq.models import LanguageModel, TokenReader
from charseq.sampling.filters import draw
from charseq.sampling.stops import until
from charseq.sampling.together import Together
from charseq.text.codec import Codec

TEXTS_AT_ONCE = 32
"""The number of texts that are made together; the first of them is shown when all are finished."""


def texts(
    model: LanguageModel, codec: Codec, prompt: str, config: SampleConfig, *, stops: Sequence[str] = ()
) -> Iterator[Iterable[str]]:
    """Yield `config.num_samples` texts that continue `prompt`, each as pieces of new text.

    The prompt and the stops are read in the form of the codec; the pieces are written as a file has them.
    A single text is yielded while it is made, several texts when their whole batch is finished. A text
    ends before the first of `stops`, at the end of a sequence, or after `config.length` characters.
    """
    prompt, stops = codec.form.apply(prompt, "the prompt"), [codec.form.apply(stop) for stop in stops]
    for pieces in _formed_texts(model, codec, prompt, config, stops=stops):
        yield map(codec.written, pieces)


def _formed_texts(
    model: LanguageModel, codec: Codec, prompt: str, config: SampleConfig, *, stops: Sequence[str]
) -> Iterator[Iterable[str]]:
    """Yield the texts of `texts` in the form of the codec, in which `prompt` and `stops` are."""
    stops = [*stops, codec.end] if codec.end else list(stops)
    seeds = np.random.SeedSequence(None if config.seed < 0 else config.seed)
    for begin in range(0, config.num_samples, TEXTS_AT_ONCE):
        number = min(TEXTS_AT_ONCE, config.num_samples - begin)
        rngs = [np.random.default_rng(seed) for seed in seeds.spawn(number)]
        if isinstance(model, AdaptiveModel):
            yield from _adapted(model, codec, prompt, config, rngs=rngs, stops=stops)
        elif config.num_samples == 1:
            yield until(sample(model, codec, prompt, config, rng=rngs[0]), stops)
        else:
            yield from ([text] for text in sample_many(model, codec, prompt, config, rngs=rngs, stops=stops))


def sample(
    model: LanguageModel,
    codec: Codec,
    prompt: str,
    config: SampleConfig,
    *,
    rng: np.random.Generator,
    restart: bool = False,
) -> Iterator[str]:
    """Yield `config.length` characters that continue `prompt`.

    With `restart` the state is set to zero after the end of a sequence, and another sequence follows.
    """
    reader, inputs = model.reader(), codec.prompt(prompt)
    for token in inputs[:-1]:
        reader.read(token)
    yield from _drawn(reader, inputs[-1], codec, config, rng=rng, restart=restart)


def _drawn(
    reader: TokenReader,
    token: int,
    codec: Codec,
    config: SampleConfig,
    *,
    rng: np.random.Generator,
    restart: bool = False,
) -> Iterator[str]:
    """Yield `config.length` characters after `token`, which the `reader` has not read yet."""
    num_left, decode = config.length, codec.tokenizer.decoder()
    while num_left:
        logits = codec.possible(reader.read(token), token)
        token = draw(logits, config, rng, config.length - num_left)
        chars = decode(token)[:num_left]
        num_left -= len(chars)
        if restart and codec.end and chars.endswith(codec.end):
            reader.reset_()
        yield from chars


def _adapted(
    model: AdaptiveModel,
    codec: Codec,
    prompt: str,
    config: SampleConfig,
    *,
    rngs: Sequence[np.random.Generator],
    stops: Sequence[str],
) -> Iterator[Iterable[str]]:
    """Yield a text for each of `rngs`, one by one, from a model that has adapted to the prompt."""
    reader, (inputs, starts, _) = model.reader(), codec.reading(prompt)
    for k, token in enumerate(inputs.tolist()):
        if starts is not None and starts[k]:
            reader.reset_()
        if k < len(inputs) - 1:
            reader.read(token)
    reader.freeze_()
    saved = reader.save()
    for rng in rngs:
        reader.restore_(saved)
        text = until(_drawn(reader, int(inputs[-1]), codec, config, rng=rng), stops)
        yield text if len(rngs) == 1 else ["".join(text)]


def sample_many(
    model: LanguageModel,
    codec: Codec,
    prompt: str,
    config: SampleConfig,
    *,
    rngs: Sequence[np.random.Generator],
    stops: Sequence[str] = (),
) -> list[str]:
    """Return a text for each of `rngs`; each continues `prompt` and ends before the first of `stops`."""
    longest = max(map(len, stops), default=0)
    chars: list[list[str]] = [[] for _ in rngs]
    decoders = [codec.tokenizer.decoder() for _ in rngs]
    unfinished = set(range(len(rngs) if config.length else 0))
    drawn = Together(model, [codec.prompt(prompt)] * len(rngs))
    while unfinished:
        logits = codec.possible(drawn.read(), drawn.tokens)
        for k, row in enumerate(logits):
            token = draw(row, config, rngs[k], len(chars[k]))
            drawn.tokens[k] = token
            for char in decoders[k](token) if k in unfinished else "":
                chars[k].append(char)
                ended = any("".join(chars[k][-longest:]).endswith(stop) for stop in stops)
                if ended or len(chars[k]) == config.length:
                    unfinished.discard(k)
                    break
    return ["".join(until(text, stops)) for text in chars]
