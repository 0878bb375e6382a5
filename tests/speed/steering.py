"""The speed of sampling with filters and constraints, as a share of that without them.

python tests/speed/steering.py: a GRU of 1 x 256 with random weights writes with each setting in turn, several
rounds of all. The share is that of process times, the median of the rounds.
"""

import statistics
import string
import time
from dataclasses import replace
from typing import Any

import numpy as np

from charseq.config import ModelConfig, SampleConfig
from charseq.network import CharModel
from charseq.sampling import Order, Start, texts
from charseq.sampling.constraints.max_copy import MaxCopy
from charseq.text import CharTokenizer
from charseq.text.builtin import builtin_bytes
from charseq.text.codec import Codec

MEGABYTE, LENGTH, ROUNDS = 1_000_000, 1500, 9
SETTINGS: dict[str, dict[str, Any]] = {
    "top_k=20": {"top_k": 20},
    "typical=0.9": {"typical": 0.9},
    "top_p=0.9": {"top_p": 0.9},
    "min_p=0.05": {"min_p": 0.05},
    "temperature_end=1": {"temperature_end": 1.0},
    "all of them": {"top_k": 40, "typical": 0.95, "top_p": 0.95, "min_p": 0.01, "temperature_end": 1.0},
    "max_copy=20, 1 MB": {"max_copy": 20},
    "max_copy=5, 1 MB": {"max_copy": 5},
    "forbid 3 strings": {"forbid": ("the", "qu", "xyz")},
    "allow": {"allow": string.printable},
}


def index_seconds(text: str, longest: int) -> float:
    """Return the time that the index of copies takes, which is made once."""
    begin = time.process_time()
    MaxCopy(longest, text)
    return time.process_time() - begin


def main() -> None:
    """Print the share of the speed that each setting leaves."""
    text = b"".join(builtin_bytes("builtin:pydoc")).decode()
    text = (text * 3)[:MEGABYTE]
    codec = Codec(CharTokenizer.fit(text), "stream")
    model = CharModel(ModelConfig(cell="gru", hidden_size=256), codec.vocab_size)
    model.initialise_(np.random.default_rng(0))

    def write(**settings: Any) -> float:
        config = SampleConfig.model_validate({"length": LENGTH, "seed": 1, "temperature": 0.8, **settings})
        seconds = index_seconds(text, config.max_copy) if config.max_copy else 0.0
        begin = time.process_time()
        start = Start(model, codec, "The ")
        start.training_text = lambda: text
        for pieces in texts(start, replace(Order.of(config, codec), is_exact=False)):
            for _ in pieces:
                pass
        return time.process_time() - begin - seconds

    rounds = [
        {name: write(**changes) for name, changes in {"": {}, **SETTINGS}.items()} for _ in range(ROUNDS)
    ]
    plain = statistics.median(times[""] for times in rounds)
    print(f"plain: {plain / LENGTH * 1e6:.1f} microseconds a character")
    for name in SETTINGS:
        share = statistics.median(times[""] / times[name] for times in rounds)
        print(f"{name:20} {share:.2f} of the speed")


if __name__ == "__main__":
    main()
