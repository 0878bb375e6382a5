"""The speed of this machine: training steps, sampled characters, scored characters.

The model is untrained, and the text is random, with 65 different characters; this takes as long as real text.
Each figure is the median of repetitions after a warm-up.
"""

import itertools
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from charseq.backend import use_numba
from charseq.backend.processor import kernels, processor, vector_extension
from charseq.config import BackendName, CellName, OptimConfig, SampleConfig, Settings, Unit
from charseq.errors import ConfigError
from charseq.gradients import Job, Plan
from charseq.gradients.plan import num_cores
from charseq.gradients.sources import backpropagation
from charseq.network import CharModel, num_product_weights
from charseq.optim import clip_, make_optimizer
from charseq.sampling import sample
from charseq.scoring import Scorer
from charseq.text import CharTokenizer
from charseq.text.batches import Window
from charseq.text.codec import Codec

ALPHABET = "\n" + "".join(map(chr, range(33, 97)))
"""The 65 characters of random texts, as many as tiny-shakespeare has."""
TRAIN_SHAPES = ("2x128x50x50", "2x128x64x64", "1x256x32x64", "2x256x64x64", "1x512x64x128", "2x512x64x64")
SHAPES = ("2x128", "1x256", "2x512")
PEAK_SIZE = 2048
"""The number of rows of the square matrices whose product gives the peak speed of this machine."""
LEAST_REPETITIONS = 5
KINDS = ("train", "sample", "evaluate")
"""The kinds of work that are measured."""
LINE_LENGTH, LINE_CHARS = 40, 1 << 15
"""The length of a line, and that of a piece of lines: enough of them for two cores."""
UNITS: tuple[Unit, ...] = ("stream", "line")
"""The kinds of sequence that evaluating is measured with; documents are read as lines are."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model and, for training, of its windows."""

    num_layers: int
    hidden_size: int
    batch_size: int = 16
    seq_length: int = 64

    @classmethod
    def parse(cls, text: str) -> "Shape":
        """Return the shape of "2x128x50x50" or "2x128". Raises ConfigError for any other form."""
        if not re.fullmatch(r"([1-9]\d{0,4}x){1,3}[1-9]\d{0,4}", text) or text.count("x") == 2:
            raise ConfigError(
                f"shape must be layers x hidden x batch x steps, such as 2x128x50x50; got {text!r}"
            )
        return cls(*map(int, text.split("x")))

    def __str__(self) -> str:
        return f"{self.num_layers}x{self.hidden_size}x{self.batch_size}x{self.seq_length}"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of the benchmark; a value that does not apply is None.

    `spread` is the distance between the quartiles, as a share of the median. `gflops` counts six operations
    for each weight in a product and each character; `peak_share` is its share of the machine's peak speed.
    `kernels` are the libraries that did the products and the cells.
    """

    what: str
    cell: CellName
    num_layers: int
    hidden_size: int
    batch_size: int | None = None
    seq_length: int | None = None
    unit: Unit | None = None
    ms_per_step: float | None = None
    us_per_char: float | None = None
    chars_per_second: float = 0.0
    spread: float = 0.0
    gflops: float | None = None
    peak_share: float | None = None
    num_shards: int | None = None
    backend: BackendName | None = None
    processor: str = ""
    vector_extension: str | None = None
    kernels: str = ""


class Bench:
    """Measures each figure for about `seconds`, with training on `threads` cores (0: the fastest number)."""

    def __init__(self, *, seconds: float, threads: int = 0, backend: BackendName = "auto") -> None:
        self._seconds, self._threads, self._backend = seconds, threads, backend
        self._peak = 0.0

    @property
    def peak(self) -> float:
        """The GFLOP/s of a large single-precision product on all cores, measured once."""
        if not self._peak:
            a, b = np.random.default_rng(0).random((2, PEAK_SIZE, PEAK_SIZE), np.float32)
            out = np.empty_like(a)
            with threadpool_limits(num_cores()):
                seconds = _measure(lambda: np.matmul(a, b, out=out), self._seconds)
            self._peak = 2e-9 * PEAK_SIZE**3 / min(seconds)
        return self._peak

    def measure(
        self,
        kind: str,
        cells: Sequence[CellName],
        shapes: Sequence[Shape] = (),
        *,
        doing: Callable[[str], AbstractContextManager[object]],
    ) -> Iterator[Measurement]:
        """Measure a kind of work, one of KINDS, for each cell and shape; without shapes, for a grid of them.

        Each is measured within the context `doing` returns for its description.
        """
        grid = [Shape.parse(text) for text in (TRAIN_SHAPES if kind == "train" else SHAPES)]
        for cell, shape in itertools.product(cells, shapes or grid):
            with doing(f"{kind} {cell} {shape}"):
                if kind == "train":
                    rows = [self.train(cell, shape)]
                elif kind == "sample":
                    rows = [self.sample(cell, shape)]
                else:
                    rows = [self.evaluate(cell, shape, unit) for unit in UNITS]
            yield from rows

    def train(self, cell: CellName, shape: Shape) -> Measurement:
        """Measure whole training steps: forward, loss, backward, clip, Adam."""
        model, optim = _model(cell, shape), OptimConfig(optimizer="adam")
        model.use_backend_(self._backend)
        optimizer = make_optimizer(optim, model.params, self._backend)
        state = model.initial_state(shape.batch_size)
        job = Job(model, shape.seq_length, shape.batch_size, resets=False, seed=0)
        sizes = (2, shape.seq_length, shape.batch_size)
        inputs, targets = np.random.default_rng(0).integers(0, len(ALPHABET), sizes, dtype=np.int32)
        window, plan = Window(inputs, targets, None), Plan(min(self._threads, shape.batch_size))
        if not self._threads:
            plan = job.plan(num_cores())

        def step() -> None:
            _, grads = source.gradient(window, 0)
            clip_(grads.flat, optim.max_grad_norm)
            optimizer.step(model.params, grads, learning_rate=1e-3)

        with backpropagation(job, state, plan) as source:
            optimizer.num_threads = source.num_threads
            seconds = _measure(step, self._seconds)
        median, num_chars = statistics.median(seconds), shape.batch_size * shape.seq_length
        backend: BackendName = "numba" if use_numba(self._backend) else "numpy"
        gflops = 6e-9 * num_product_weights(model.config, len(ALPHABET)) * num_chars / median
        return Measurement(
            "train",
            cell,
            *(shape.num_layers, shape.hidden_size, shape.batch_size, shape.seq_length),
            ms_per_step=1e3 * median,
            chars_per_second=num_chars / median,
            spread=_spread(seconds),
            gflops=gflops,
            peak_share=gflops / self.peak,
            num_shards=plan.num_shards,
            backend=backend,
            **_machine(backend),
        )

    def sample(self, cell: CellName, shape: Shape) -> Measurement:
        """Measure sampling one character after another, as in `charseq sample` of a long text."""
        length, rng = 200, np.random.default_rng(0)
        codec = Codec(CharTokenizer(ALPHABET, num_once=0, num_chars=len(ALPHABET)), "stream")
        backend: BackendName = "numba" if use_numba(self._backend) else "numpy"
        model = _model(cell, shape)
        model.reading = backend
        characters = sample(model, codec, "", SampleConfig(length=10**9), rng=rng)
        with threadpool_limits(1):
            seconds = _measure(lambda: [next(characters) for _ in range(length)], self._seconds)
        return self._per_char("sample", cell, shape, seconds, length, backend)

    def evaluate(self, cell: CellName, shape: Shape, unit: Unit) -> Measurement:
        """Measure scoring a piece of a long text, as one stream or line by line, as in `charseq evaluate`."""
        length = LINE_CHARS if unit == "line" else 4096
        letters = np.random.default_rng(0).integers(1, len(ALPHABET), length)
        letters[LINE_LENGTH - 1 :: LINE_LENGTH] = 0
        text = "".join(ALPHABET[letter] for letter in letters)
        codec = Codec(CharTokenizer(ALPHABET, num_once=0, num_chars=length), unit)
        backend: BackendName = "numba" if use_numba(self._backend) else "numpy"
        scorer = Scorer(_model(cell, shape), codec, backend=backend)
        seconds = _measure(lambda: scorer.score(text), self._seconds)
        return self._per_char("evaluate", cell, shape, seconds, length, backend, unit)

    def _per_char(
        self,
        what: str,
        cell: CellName,
        shape: Shape,
        seconds: list[float],
        length: int,
        backend: BackendName,
        unit: Unit | None = None,
    ) -> Measurement:
        median = statistics.median(seconds)
        return Measurement(
            what,
            cell,
            *(shape.num_layers, shape.hidden_size),
            unit=unit,
            us_per_char=1e6 * median / length,
            chars_per_second=length / median,
            spread=_spread(seconds),
            backend=backend,
            **_machine(backend),
        )


def _machine(backend: BackendName) -> dict[str, Any]:
    """Return the fields of a measurement about the machine, if this backend computed."""
    return {"processor": processor(), "vector_extension": vector_extension(), "kernels": kernels(backend)}


def _model(cell: CellName, shape: Shape) -> CharModel:
    sizes = {"cell": cell, "num_layers": shape.num_layers, "hidden_size": shape.hidden_size}
    config = Settings().with_layer({"model": sizes}, f"shape {shape}").model
    model = CharModel(config, len(ALPHABET))
    model.initialise_(np.random.default_rng(0))
    return model


def _measure(action: Callable[[], object], seconds: float) -> list[float]:
    """Return the time in seconds of each of several repetitions, after a warm-up."""
    action()
    action()
    return list(_repeat(action, time.perf_counter() + seconds))


def _repeat(action: Callable[[], object], deadline: float) -> Iterator[float]:
    count, end = 0, time.perf_counter()
    while end < deadline or count < LEAST_REPETITIONS:
        begin, count = end, count + 1
        action()
        end = time.perf_counter()
        yield end - begin


def _spread(seconds: list[float]) -> float:
    low, median, high = statistics.quantiles(seconds, n=4)
    return (high - low) / median
