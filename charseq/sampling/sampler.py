"""Text from a model: each token is drawn from the model's distribution, and is the model's next input."""

from collections.abc import Generator, Iterable, Iterator

import numpy as np

from charseq.config import SampleConfig
from charseq.models import LanguageModel
from charseq.sampling.batch import written, written_one
from charseq.sampling.draft import SampledText
from charseq.sampling.draws import Drawer
from charseq.sampling.order import Order
from charseq.sampling.start import Start
from charseq.sampling.steered import constraints_on, steered
from charseq.text.codec import Codec


def texts(start: Start, order: Order) -> Iterator[Iterable[str]]:
    """Yield the texts of an order, each as pieces of new text, as a file has them.

    A single text without constraints is yielded while it is made, others when they are finished.
    """
    if constraints_on(order.config):
        yield from ([text.as_written(start.codec).text] for text in steered(start, order, priced=False))
        return
    if order.num_texts == 1:
        yield map(start.codec.written, written_one(start, order))
        return
    for text in sampled(start, order):
        yield [text.text]


def text_to_go_on(start: Start, order: Order) -> Iterator[str]:
    """Yield the pieces of the single text of an order, as `texts` does; in the end `start` has read it, too.

    What has ended with its line or document is read with that end, so that another one follows.
    """
    if constraints_on(order.config):
        (text,) = steered(start, order, priced=False)
        if text.text:
            yield start.codec.written(text.text)
    else:
        text = yield from _written(start.codec, written_one(start, order))
    start.read_(text.text + (start.codec.end or "" if text.reason == "end" else ""))


def _written(codec: Codec, pieces: Generator[str, None, SampledText]) -> Generator[str, None, SampledText]:
    """Yield each piece as a file has it; return what `pieces` returns."""
    while True:
        try:
            yield codec.written(next(pieces))
        except StopIteration as stop:
            found: SampledText = stop.value
            return found


def made(start: Start, order: Order) -> Iterator[SampledText]:
    """Yield the texts of an order with their figures, in the form of the model and the order of indices."""
    return steered(start, order) if constraints_on(order.config) else written(start, order)


def sampled(start: Start, order: Order) -> Iterator[SampledText]:
    """Yield the texts of `made` as a file has them."""
    return (text.as_written(start.codec) for text in made(start, order))


def sample(
    model: LanguageModel,
    codec: Codec,
    prompt: str,
    config: SampleConfig,
    *,
    rng: np.random.Generator,
    restart: bool = False,
) -> Iterator[str]:
    """Yield `config.length` characters that continue `prompt`, whatever they are.

    With `restart` the state is set to zero after the end of a sequence, and another sequence follows.
    """
    reader, inputs, drawer = model.reader(), codec.prompt(prompt), Drawer(config, codec.vocab_size)
    for token in inputs[:-1]:
        reader.read(token)
    token, num_left, decode = inputs[-1], config.length, codec.tokenizer.decoder()
    while num_left:
        logits = codec.possible(reader.read(token), token)
        token = drawer.draw(logits, rng, config.length - num_left)
        chars = decode(token)[:num_left]
        num_left -= len(chars)
        if restart and codec.end and chars.endswith(codec.end):
            reader.reset_()
        yield from chars
