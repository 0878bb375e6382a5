"""The speed of many texts made together: python tests/speed/many_texts.py [RUN].

Without a run it is a GRU 1x256 that writes lines of about seven characters. A thousand texts are made in
three ways, by turns, each in process time of one thread: together; one after the other, as by so many calls
of `charseq.Model.sample`, with and without a seed; and by one reader of one stream that is kept. The ratios
are those of each turn.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from charseq.config import ModelConfig, SampleConfig
from charseq.models import LanguageModel
from charseq.network import CharModel
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import find_model
from charseq.sampling import Order, Start, sampled, texts
from charseq.sampling.filters import draw
from charseq.text import CharTokenizer
from charseq.text.codec import Codec

NUM_TEXTS, TURNS, SEED = 1000, 5, 1
CONFIG = SampleConfig(length=100, temperature=1.0, seed=SEED)


def of_names() -> tuple[LanguageModel, Codec]:
    """Return an untrained network whose lines end after seven characters on average."""
    tokenizer = CharTokenizer.fit("\n" + "".join(map(chr, range(32, 96))))
    model = CharModel(ModelConfig(cell="gru", hidden_size=256), tokenizer.vocab_size)
    model.initialise_(np.random.default_rng(0))
    model.params["projection.c"][0] = np.log((tokenizer.vocab_size - 1) / 7)
    return model, Codec(tokenizer, "line")


def together(model: LanguageModel, codec: Codec) -> list[str]:
    """Make all texts in one batch."""
    order = Order.of(CONFIG.model_copy(update={"num_samples": NUM_TEXTS}), codec)
    return [text.text for text in sampled(Start(model, codec, ""), order)]


def call_by_call(model: LanguageModel, codec: Codec, *, seed: int = SEED) -> list[str]:
    """Make each text by a call of its own."""
    config = CONFIG.model_copy(update={"seed": seed})
    orders = (Order.of(config, codec, first=k) for k in range(NUM_TEXTS))
    return ["".join(next(texts(Start(model, codec, ""), order))) for order in orders]


def kept_reader(model: LanguageModel, codec: Codec) -> list[str]:
    """Make the texts one after the other with the fastest reader, made once."""
    reader = model.reader()
    nothing, made = reader.save(), list[str]()
    for rng in map(np.random.default_rng, np.random.SeedSequence(SEED).spawn(NUM_TEXTS)):
        reader.restore_(nothing)
        token, text, decode = codec.start_token, "", codec.tokenizer.decoder()
        while len(text) < CONFIG.length and not (codec.end and text.endswith(codec.end)):
            token = draw(codec.possible(reader.read(token), token), CONFIG, rng)
            text += decode(token)
        made.append(text.removesuffix(codec.end or "\0"))
    return made


WAYS: dict[str, Callable[[LanguageModel, Codec], list[str]]] = {
    "together": together,
    "a call for each, with a seed": call_by_call,
    "a call for each, without": lambda model, codec: call_by_call(model, codec, seed=-1),
    "a reader that is kept": kept_reader,
}


def main(arguments: list[str]) -> None:
    """Print the time of each way and how many times longer it takes."""
    if arguments:
        checkpoint = Checkpoint.load(find_model(arguments[0]))
        model, codec = checkpoint.model, checkpoint.codec
    else:
        model, codec = of_names()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    made = dict[str, list[str]]()
    with threadpool_limits(1):
        for _ in range(TURNS):
            for name, way in WAYS.items():
                begin = time.process_time()
                made[name] = way(model, codec)
                seconds[name].append(time.process_time() - begin)
    assert made["together"] == made["a call for each, with a seed"]
    mean = sum(map(len, made["together"])) / NUM_TEXTS
    print(f"{NUM_TEXTS:,} texts of {mean:.1f} characters")
    for name, times in seconds.items():
        ratios = [mine / batch for mine, batch in zip(times, seconds["together"], strict=True)]
        print(f"{name:30s} {min(times):7.3f} s, {statistics.median(ratios):5.1f} times the batch")


if __name__ == "__main__":
    main(sys.argv[1:])
