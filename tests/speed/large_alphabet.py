"""The losses on a large alphabet, in speed and in what they learn: python tests/speed/large_alphabet.py.

The text is made here: thousands of different characters with Zipf's frequencies, 1 / rank. Each has two
favourite followers, which come next with a probability of 0.5 and 0.2; otherwise the next is drawn anew.
First each loss makes steps by turns with the others; then each trains for the same time, and the validation
over the whole vocabulary is compared with the entropy of the text.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from charseq.config import Settings
from charseq.gradients import LOSSES
from charseq.gradients.sources import backpropagation
from charseq.models.recurrent import RecurrentKind
from charseq.scoring import Validator
from charseq.text.batches import Batches, Examples
from charseq.text.fitting import codec_of
from charseq.text.split import CorpusParts
from charseq.training.events import Validated
from charseq.training.trainer import Trainer

NUM_CHARS = 600_000
FIRST = 0x4E00
"""The code point of the most frequent character: the beginning of the Chinese ones."""
FAVOURITES = (0.5, 0.2)


def make_text(size: int) -> tuple[str, float]:
    """Return a text in which all of `size` characters occur, and the bits per character nobody can save."""
    rng = np.random.default_rng(0)
    p = 1 / np.arange(1, size + 1)
    p /= p.sum()
    followers = rng.choice(size, (len(FAVOURITES), size), p=p)
    anew, ways = rng.choice(size, NUM_CHARS, p=p), rng.random(NUM_CHARS)
    text = np.empty(NUM_CHARS, np.int64)
    char, first, second = 0, FAVOURITES[0], sum(FAVOURITES)
    for t in range(NUM_CHARS):
        way = ways[t]
        char = followers[0, char] if way < first else followers[1, char] if way < second else anew[t]
        text[t] = char
    text[np.linspace(0, NUM_CHARS // 2, size, dtype=int)] = rng.permutation(size)
    tail, rest = text[-NUM_CHARS // 10 :], 1 - second
    probability = rest * p[tail[1:]]
    for favourite, share in enumerate(FAVOURITES):
        probability += share * (followers[favourite, tail[:-1]] == tail[1:])
    bits = -float(np.log2(probability).mean())
    return "".join(map(chr, text + FIRST)), bits


def trainer(text: Path, loss: str, options: argparse.Namespace, **limits: Any) -> Trainer:
    """Return the trainer of a GRU 1 x 256, with batches of 16 and windows of 64, on one core.

    Its clock is the time of the processor, so that what else runs on the machine counts little.
    """
    layer = {
        "data": {"corpus": str(text), "valid_fraction": 0.01, "test_fraction": 0.0},
        "model": {"hidden_size": 256, "embedding_size": options.embedding_size},
        "optim": {"learning_rate": options.rate},
        "train": {"loss": loss, "num_negatives": options.negatives, "threads": 1, "batch_size": 16, **limits},
    }
    settings = Settings().with_layer(layer, "measurement")
    parts = CorpusParts.read(settings.data)
    codec = codec_of(settings.data, parts.train)
    model = RecurrentKind().build(settings.model, codec.vocab_size, np.random.default_rng(0))
    return Trainer(
        model,
        Batches(Examples(parts.train, codec), batch_size=16, seq_length=64),
        Validator(model, codec, parts.valid),
        optim=settings.optim,
        train=settings.train,
        source=backpropagation,
        clock=time.process_time,
    )


def speeds(text: Path, options: argparse.Namespace) -> None:
    """Print the milliseconds of a step, of the processor, in the fastest of several turns."""
    steps = {loss: trainer(text, loss, options, max_steps=10**6).run() for loss in LOSSES}
    fastest = dict.fromkeys(LOSSES, np.inf)
    for turn in range(options.turns + 1):
        for loss in LOSSES:
            begin = time.process_time()
            for _ in range(10):
                next(steps[loss])
            if turn:  # the first turn warms up
                fastest[loss] = min(fastest[loss], 100 * (time.process_time() - begin))
    for loss, milliseconds in fastest.items():
        ratio = fastest["softmax"] / milliseconds
        print(f"{loss:9} {milliseconds:6.1f} ms a step, {ratio:4.2f} times as fast", flush=True)


def results(text: Path, bits: float, options: argparse.Namespace) -> None:
    """Print what each loss has learnt after the same time."""
    print(f"after {options.seconds:g} s each; nobody can do better than {bits:.3f} bits per character")
    for loss in LOSSES:
        events = trainer(text, loss, options, max_time=options.seconds).run()
        validations = [event for event in events if isinstance(event, Validated)]
        best = min(event.valid.bits_per_char for event in validations if event.valid)
        print(f"{loss:9} {validations[-1].step:6,} steps, {best:.3f} bits per character", flush=True)


def main() -> None:
    """Make the text, measure the speeds, train for the same time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="time for each training; 0: none")
    parser.add_argument("--turns", type=int, default=5, help="turns of ten steps for each speed; 0: none")
    parser.add_argument("--characters", type=int, default=6_000, help="different characters")
    parser.add_argument("--negatives", type=int, default=Settings().train.num_negatives)
    parser.add_argument("--embedding-size", type=int, default=0)
    parser.add_argument("--rate", type=float, default=Settings().optim.learning_rate)
    options = parser.parse_args()
    content, bits = make_text(options.characters)
    with tempfile.TemporaryDirectory() as name:
        text = Path(name, "text.txt")
        text.write_text(content)
        if options.turns:
            speeds(text, options)
        if options.seconds:
            results(text, bits, options)


if __name__ == "__main__":
    main()
