"""The benchmark: which sizes there are, what is counted, and figures that agree; how fast is not asked."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq import bench
from charseq.bench import (
    ALPHABET,
    LEAST_REPETITIONS,
    SHAPES,
    TRAIN_SHAPES,
    Bench,
    Measurement,
    Shape,
    num_product_weights,
)
from charseq.cells import CELLS
from charseq.config import CellName, ModelConfig, Unit
from charseq.errors import ConfigError
from charseq.gradients import losses
from charseq.network import CharModel
from charseq.optim.adam import Adam
from charseq.optim.optimizer import Optimizer
from charseq.scoring.scorer import Scorer, Surprisal

TINY = Shape(2, 8, 3, 4)
NUM_WARM_UPS = 2
each_cell = pytest.mark.parametrize("cell", CELLS)
each_unit = pytest.mark.parametrize("unit", ["stream", "line"])


@pytest.fixture(autouse=True)
def _small_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the product that counts as the machine's peak be a small one, and the text of lines be short."""
    monkeypatch.setattr(bench, "PEAK_SIZE", 32)
    monkeypatch.setattr(bench, "LINE_CHARS", 4000)


class Clock:
    """Instead of time: work takes the `durations`, one after the other, and nothing else takes any."""

    def __init__(self, durations: Iterable[float]) -> None:
        self.now = 0.0
        self.num_worked = 0
        self._durations = iter(durations)

    def perf_counter(self) -> float:
        return self.now

    def work(self, *_: object) -> None:
        self.now += next(self._durations)
        self.num_worked += 1


Start = Callable[[Iterable[float]], Clock]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start a clock, on which a training step, a sampled character and a scored text each take a duration."""

    def start(durations: Iterable[float]) -> Clock:
        clock = Clock(durations)

        def sample(*_: object, **__: object) -> Iterator[int]:
            while True:
                clock.work()
                yield 0

        monkeypatch.setattr(bench, "time", clock)
        monkeypatch.setattr(bench, "clip_", clock.work)
        monkeypatch.setattr(bench, "sample", sample)
        monkeypatch.setattr(bench, "Scorer", lambda *_, **__: SimpleNamespace(score=clock.work))
        monkeypatch.setattr(Bench, "peak", 100.0)
        return clock

    return start


def measured(what: str, cell: CellName = "gru", shape: Shape = TINY, unit: Unit = "stream") -> Measurement:
    """Measure in no time what can be: one core, and cells that need no compiler."""
    tiny = Bench(seconds=0, threads=1, backend="numpy")
    if what == "train":
        return tiny.train(cell, shape)
    return tiny.sample(cell, shape) if what == "sample" else tiny.evaluate(cell, shape, unit)


# ---- shapes


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("2x128x50x50", Shape(2, 128, 50, 50)),
        ("2x128", Shape(2, 128)),
        ("1x1x1x1", Shape(1, 1, 1, 1)),
        ("64x65536x10000x20000", Shape(64, 65536, 10000, 20000)),
    ],
)
def test_a_shape_is_read(text: str, shape: Shape) -> None:
    """A shape is layers x hidden x batch x steps, of which the last two may be left out together."""
    assert Shape.parse(text) == shape


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "2", "2x", "x2", "2x128x", "x2x128", "2x128x50", "2x128x50x", "1x2x3x4x5", "2xx128"),
        *("0x8", "1x0", "1x8x0x4", "1x8x2x0", "01x8", "-1x8", "+1x8", "1.5x8", "1e1x8", "100000x8"),
        *("1 x 8", " 1x8", "1x8\n", "1X8", "1*8", "axb", "2x128x50x50 ", "1x8,2x8"),
    ],
)
def test_what_is_no_shape(text: str) -> None:
    """Anything else is refused, by an error that shows what was given."""
    with pytest.raises(ConfigError) as caught:
        Shape.parse(text)
    assert f"shape must be layers x hidden x batch x steps, such as 2x128x50x50; got {text!r}" == str(
        caught.value
    )


@pytest.mark.parametrize("text", ["65x8", "1x65537", "65x8x2x4", "99999x99999"])
def test_a_shape_that_no_model_has(text: str) -> None:
    """A number of layers or units beyond what settings allow is refused before anything is measured."""
    with pytest.raises(ConfigError):
        Bench(seconds=0, threads=1, backend="numpy").sample("rnn", Shape.parse(text))


@given(st.builds(Shape, st.integers(1, 64), *[st.integers(1, 65536)] * 3))
def test_a_shape_is_written_as_it_is_read(shape: Shape) -> None:
    """What a shape is written as is read as the same shape."""
    assert Shape.parse(str(shape)) == shape


@given(st.from_regex(r"\A[1-9][0-9]?x[1-9][0-9]{0,3}(x[1-9][0-9]{0,3}x[1-9][0-9]{0,3})?\Z"))
def test_a_shape_is_read_as_it_is_written(text: str) -> None:
    """What was read in full is written as it was; what is left out is written too."""
    written = str(Shape.parse(text))
    assert written == text if text.count("x") == 3 else written.startswith(f"{text}x")


@pytest.mark.parametrize("text", [*TRAIN_SHAPES, *SHAPES])
def test_the_default_grid_is_sound(text: str) -> None:
    """Every shape of the default grid can be read."""
    assert str(Shape.parse(text)).startswith(text)


# ---- what is counted


@each_cell
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("embedding_size", [0, 5])
def test_weights_of_products(cell: CellName, num_layers: int, embedding_size: int) -> None:
    """Every weight that meets every character is counted: W, U and V, but no bias and nothing looked up."""
    G, H, V = {"rnn": 1, "gru": 3, "lstm": 4}[cell], 8, 11
    config = ModelConfig(cell=cell, num_layers=num_layers, hidden_size=H, embedding_size=embedding_size)
    from_below = embedding_size + (num_layers - 1) * H
    expected = G * H * (num_layers * H + from_below) + V * H
    assert num_product_weights(config, V) == expected


def test_the_alphabet_has_65_characters() -> None:
    """Random texts are of 65 characters, a newline and others that print."""
    assert len(set(ALPHABET)) == len(ALPHABET) == 65
    assert [char for char in ALPHABET if not char.isprintable()] == ["\n"]


# ---- figures, as they come


def finite(number: float | None) -> bool:
    return number is not None and math.isfinite(number) and number > 0


@each_cell
def test_figures_of_training(cell: CellName) -> None:
    """A row of training says what was trained on what, and how fast: all of it agrees."""
    figures = measured("train", cell)
    assert (figures.what, figures.cell) == ("train", cell)
    assert (figures.num_layers, figures.hidden_size) == (2, 8)
    assert (figures.batch_size, figures.seq_length) == (3, 4)
    assert (figures.num_shards, figures.backend) == (1, "numpy")
    assert (figures.us_per_char, figures.unit) == (None, None)
    assert finite(figures.ms_per_step)
    assert finite(figures.gflops)
    assert finite(figures.peak_share)
    ms, gflops = figures.ms_per_step or 0, figures.gflops or 0
    assert figures.chars_per_second == pytest.approx(3 * 4 / (ms / 1e3), rel=1e-9)
    config = ModelConfig(cell=cell, num_layers=2, hidden_size=8)
    assert gflops == pytest.approx(6 * num_product_weights(config, 65) * 12 / (ms / 1e3) / 1e9, rel=1e-9)
    assert figures.spread >= 0


@each_cell
def test_figures_of_sampling(cell: CellName) -> None:
    """A row of sampling has the time of a character, and nothing of what only training has."""
    figures = measured("sample", cell)
    assert (figures.what, figures.cell, figures.num_layers, figures.hidden_size) == ("sample", cell, 2, 8)
    assert finite(figures.us_per_char)
    assert figures.chars_per_second == pytest.approx(1e6 / (figures.us_per_char or 0), rel=1e-9)
    assert figures.unit is None
    assert figures.ms_per_step is figures.gflops is figures.peak_share is None
    assert figures.batch_size is figures.seq_length is None


@each_cell
@each_unit
def test_figures_of_evaluating(cell: CellName, unit: Unit) -> None:
    """A row of evaluating has the time of a character and the unit, and nothing of what only training has."""
    figures = measured("evaluate", cell, unit=unit)
    assert (figures.what, figures.cell, figures.num_layers, figures.hidden_size) == ("evaluate", cell, 2, 8)
    assert figures.unit == unit
    assert finite(figures.us_per_char)
    assert figures.chars_per_second == pytest.approx(1e6 / (figures.us_per_char or 0), rel=1e-9)
    assert figures.ms_per_step is figures.gflops is figures.peak_share is None


def test_the_peak_is_measured_once() -> None:
    """The machine's peak is a number of its own, the same for all rows of one benchmark."""
    tiny = Bench(seconds=0, threads=1, backend="numpy")
    first, second = tiny.train("rnn", TINY), tiny.train("gru", TINY)
    assert finite(tiny.peak)
    for figures in (first, second):
        assert (figures.gflops or 0) / (figures.peak_share or 1) == pytest.approx(tiny.peak, rel=1e-9)


def test_compiled_cells_are_named() -> None:
    """A row of training says that numba computed the cells, where it did."""
    pytest.importorskip("numba")
    assert Bench(seconds=0, threads=1, backend="numba").train("rnn", TINY).backend == "numba"
    assert Bench(seconds=0, threads=1, backend="auto").train("rnn", TINY).backend == "numba"


@pytest.mark.parametrize(("threads", "num_shards"), [(1, 1), (2, 2), (7, 3)])
def test_cores_share_a_batch(threads: int, num_shards: int) -> None:
    """A batch is shared by as many cores as are wanted, though by no more than it has streams."""
    figures = Bench(seconds=0, threads=threads, backend="numpy").train("rnn", TINY)
    assert figures.num_shards == num_shards


@pytest.mark.parametrize(("shape", "num_shards"), [(TINY, 1), (Shape(1, 64, 8, 256), 2)])
def test_as_many_cores_as_pay(shape: Shape, num_shards: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a number of cores the plan for these very sizes is taken."""
    monkeypatch.setattr(bench, "num_cores", lambda: 2)
    assert Bench(seconds=0, backend="numpy").train("lstm", shape).num_shards == num_shards


# ---- figures, by a clock that stands still but for work


def test_training_by_the_clock(start: Start) -> None:
    """Of steps of half a second each, all figures of training are those that follow."""
    start(itertools.repeat(0.5))
    figures = measured("train", "gru")
    assert figures.ms_per_step == 500
    assert figures.chars_per_second == 24
    assert figures.spread == 0
    weights = 3 * 8 * (8 + 8 + 8) + 65 * 8
    assert figures.gflops == pytest.approx(6 * weights * 24 / 1e9, rel=1e-12)
    assert figures.peak_share == pytest.approx(6 * weights * 24 / 1e11, rel=1e-12)


def test_sampling_by_the_clock(start: Start) -> None:
    """Of characters of a millisecond each, all figures of sampling are those that follow."""
    start(itertools.repeat(1e-3))
    figures = measured("sample")
    assert figures.us_per_char == pytest.approx(1000, rel=1e-9)
    assert figures.chars_per_second == pytest.approx(1000, rel=1e-9)
    assert figures.spread == pytest.approx(0, abs=1e-9)


def test_evaluating_by_the_clock(start: Start) -> None:
    """Of texts of a second each, all figures of evaluating follow from their length."""
    start(itertools.repeat(1.0))
    figures = measured("evaluate")
    assert figures.chars_per_second == pytest.approx(1e6 / (figures.us_per_char or 0), rel=1e-12)
    assert figures.chars_per_second == 4096


def test_a_figure_is_a_median(start: Start) -> None:
    """A figure is the median of what came after the warm-up; the spread is that of its quartiles."""
    start([100, 100, 1, 8, 2, 4, 3])
    figures = measured("evaluate")
    assert figures.us_per_char == pytest.approx(3e6 / 4096, rel=1e-12)
    assert figures.chars_per_second == pytest.approx(4096 / 3, rel=1e-12)
    assert figures.spread == pytest.approx((6 - 1.5) / 3, rel=1e-12)


@pytest.mark.parametrize("what", ["train", "evaluate"])
@pytest.mark.parametrize(
    ("seconds", "num_repetitions"), [(0, LEAST_REPETITIONS), (1, LEAST_REPETITIONS), (40, 40), (39.5, 40)]
)
def test_repetitions(start: Start, what: str, seconds: float, num_repetitions: int) -> None:
    """Work is repeated until the time is over, and often enough for a median even then."""
    clock, wanted = start(itertools.repeat(1.0)), Bench(seconds=seconds, threads=1, backend="numpy")
    _ = wanted.train("rnn", TINY) if what == "train" else wanted.evaluate("rnn", TINY, "line")
    assert clock.num_worked == NUM_WARM_UPS + num_repetitions


# ---- the work is the real one


def test_training_is_the_real_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is forward, loss, backward, clip and Adam: that is what is repeated, and all of it."""
    calls: list[str] = []

    def notice(owner: object, name: str) -> None:
        real: Any = getattr(owner, name)

        def call(*arguments: Any, **options: Any) -> Any:
            calls.append("adam" if type(arguments[0]) is Adam else name)
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, call)

    notice(CharModel, "hidden")
    notice(losses, "cross_entropy_")
    notice(CharModel, "backward")
    notice(bench, "clip_")
    notice(Optimizer, "step")
    measured("train")
    step = ["hidden", "cross_entropy_", "backward", "clip_", "adam"]
    assert calls == step * (NUM_WARM_UPS + LEAST_REPETITIONS)


@each_unit
def test_texts_are_those_of_the_alphabet(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is scored are lines of 40 characters of the alphabet, none of them unseen."""
    texts: set[str] = set()

    class Noticing(Scorer):
        def score(self, text: str) -> Surprisal:
            surprisal = super().score(text)
            assert not surprisal.unseen.any()
            texts.add(text)
            return surprisal

    monkeypatch.setattr(bench, "Scorer", Noticing)
    measured("evaluate", "rnn", unit=unit)
    (text,) = texts
    assert len(text) == (bench.LINE_CHARS if unit == "line" else 4096)
    assert {len(line) for line in text.split("\n")[:-1]} == {39}
    assert set(text) == set(ALPHABET)


@pytest.mark.parametrize(("kind", "num_rows"), [("train", 1), ("sample", 1), ("evaluate", 2)])
def test_each_cell_and_shape_is_measured_in_a_context_that_names_it(kind: str, num_rows: int) -> None:
    """The context is told what is measured, and is over when the rows are there."""
    told: list[str] = []

    @contextmanager
    def doing(what: str) -> Iterator[None]:
        told.append(what)
        yield
        told.append("done")

    rows = Bench(seconds=0, threads=1, backend="numpy").measure(kind, ["rnn", "gru"], [TINY], doing=doing)
    assert [row.cell for row in rows] == ["rnn"] * num_rows + ["gru"] * num_rows
    assert told == [f"{kind} rnn {TINY}", "done", f"{kind} gru {TINY}", "done"]
