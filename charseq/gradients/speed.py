"""The speed of this machine in training, measured once and remembered in the cache directory."""

import json
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from charseq.backend import use_numba
from charseq.backend.processor import processor
from charseq.config import ModelConfig, TrainConfig
from charseq.errors import CharseqError
from charseq.files import cache_directory, read_small, write_atomically
from charseq.gradients.plan import Plan, num_cores
from charseq.gradients.source import GradientSource
from charseq.gradients.sources import backpropagation
from charseq.gradients.step import Job
from charseq.network import CharModel, num_product_weights
from charseq.text.batches import Window

FILE = "speeds.json"
"""The file in the cache directory; it may be deleted at any time."""
VOCAB_SIZE = 65
MODEL, STEPS, STREAMS = ModelConfig(cell="gru", hidden_size=256), 16, 16
"""The model and the window that are measured, with random text."""
NUM_TRIALS, TRIAL_SECONDS = 4, 0.25
"""The number of trials, and the time in seconds for which each goes on; its fastest step counts."""
CORES_EXPONENT = 0.75
"""The speed grows with this power of the number of cores: two are 1.7 times as fast as one."""


def training_speed(train: TrainConfig) -> float:
    """Return the products that training does in a second: weights in products, times characters.

    It is measured at the first call on a machine, which takes about a second, and again for another number
    of cores or another backend.
    """
    speeds, key = _remembered(), _key(train)
    speed = speeds.get(key)
    if not isinstance(speed, float) or not 0 < speed < np.inf:
        speeds[key] = speed = float(f"{_measured(train):.2g}")
        with suppress(CharseqError, OSError):  # without a cache it is measured each time
            cache_directory().mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(_path(), json.dumps(speeds, indent=1, sort_keys=True).encode())
    return speed


def _path() -> Path:
    return cache_directory() / FILE


def _remembered() -> dict[str, object]:
    """Return the speeds in the file; none if it is missing or damaged."""
    with suppress(CharseqError, OSError, ValueError, RecursionError):
        speeds = json.loads(read_small(_path()))
        if isinstance(speeds, dict):
            return speeds
    return {}


def _key(train: TrainConfig) -> str:
    backend = "numba" if use_numba(train.backend) else "numpy"
    return f"{processor()}, {_cores(train)} cores, {backend}"


def _cores(train: TrainConfig) -> int:
    return min(train.threads, num_cores()) or num_cores()


def _measured(train: TrainConfig) -> float:
    """Return the speed of one core, times what more cores gain.

    The shortest time counts, and one core at a time: then another process that uses the machine just now
    changes little.
    """
    model = CharModel(MODEL, VOCAB_SIZE)
    model.initialise_(np.random.default_rng(0))
    model.use_backend_(train.backend)
    job = Job(model, STEPS, STREAMS, resets=False, seed=0)
    tokens = np.random.default_rng(0).integers(1, VOCAB_SIZE, (2, STEPS, STREAMS), dtype=np.int32)
    window = Window(tokens[0], tokens[1], None)
    with backpropagation(job, model.initial_state(STREAMS), Plan()) as source:
        seconds = min(seconds_of(source, window) for _ in range(NUM_TRIALS))
    gain: float = min(_cores(train), STREAMS // 2) ** CORES_EXPONENT
    return gain * num_product_weights(MODEL, VOCAB_SIZE) * STEPS * STREAMS / seconds


def seconds_of(source: GradientSource, window: Window) -> float:
    """Return the shortest time that the window takes, in seconds, after a warm-up."""
    begin, best = time.perf_counter(), np.inf
    source.gradient(window, 0)
    while True:
        start = time.perf_counter()
        source.gradient(window, 0)
        end = time.perf_counter()
        best = min(best, end - start)
        if end - begin > TRIAL_SECONDS:
            return best
