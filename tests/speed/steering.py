"""The speed of sampling with filters and constraints, as a share of that without them.

python tests/speed/steering.py: a GRU of 1 x 256 with random weights writes with each setting in turn, several
rounds of all. The share is that of process times, the median of the rounds.
"""

import statistics
import time

import numpy as np

from charseq.config import ModelConfig, SampleConfig
from charseq.network import CharModel
from charseq.sampling import texts
from charseq.text import CharTokenizer
from charseq.text.builtin import builtin_bytes
from charseq.text.codec import Codec

LENGTH, ROUNDS = 1500, 9
SETTINGS: dict[str, dict[str, float]] = {
    "top_k=20": {"top_k": 20},
    "typical=0.9": {"typical": 0.9},
    "top_p=0.9": {"top_p": 0.9},
    "min_p=0.05": {"min_p": 0.05},
    "temperature_end=1": {"temperature_end": 1.0},
    "all of them": {"top_k": 40, "typical": 0.95, "top_p": 0.95, "min_p": 0.01, "temperature_end": 1.0},
}


def main() -> None:
    """Print the share of the speed that each setting leaves."""
    text = b"".join(builtin_bytes("builtin:pydoc")).decode()
    codec = Codec(CharTokenizer.fit(text), "stream")
    model = CharModel(ModelConfig(cell="gru", hidden_size=256), codec.vocab_size)
    model.initialise_(np.random.default_rng(0))

    def write(**settings: float) -> float:
        config = SampleConfig.model_validate({"length": LENGTH, "seed": 1, "temperature": 0.8, **settings})
        begin = time.process_time()
        for pieces in texts(model, codec, "The ", config):
            for _ in pieces:
                pass
        return time.process_time() - begin

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
