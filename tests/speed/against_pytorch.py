"""Times charseq and PyTorch by turns on the same work and prints tables of the manual's page `performance`.

Run it by hand, on a quiet machine: `python tests/speed/against_pytorch.py`, where both are installed
(`pip install torch==2.13.0 '.[fast]'`), or with `--torch PYTHON`, the interpreter that has PyTorch. Single
rows: `--only train --cells gru --shapes 2x128x50x50`.

Training: the step is that of `charseq bench train`: one-hot input, the recurrent layers, the projection,
cross-entropy, backward, clipping by the global norm, Adam; the state is carried. PyTorch uses its own
kernels, all cores and its fastest Adam. Sampling: one character after the other. Scoring: the price of each
character and its rank, of lines side by side (PyTorch: 32 streams of 64 steps) and of one stream (256 steps).
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

KINDS = ("train", "sample", "score")
CELLS = ("lstm", "gru", "rnn")
WIDE = {"lstm": ("1x1024x16x64",), "gru": ("1x1024x16x64",)}
"""Shapes with weights beyond the caches; they do not count in the means."""
NETWORKS = (("lstm", "2x128"), ("gru", "1x256"), ("lstm", "2x512"))
"""The networks that sample and score."""
UNITS = {"line": (32, 64), "stream": (1, 256)}
"""The streams and steps of PyTorch's windows, by the unit of what is scored."""
VOCAB_SIZE = 65


class Timed(NamedTuple):
    """Medians of the time of PyTorch, of charseq with numpy alone, and with numba; NaN if not measured."""

    torch: float
    plain: float
    fast: float
    share: float

    @property
    def ratios(self) -> tuple[float, float]:
        """How many times as fast as PyTorch charseq is, without and with numba."""
        return self.torch / self.plain, self.torch / self.fast


class Contest:
    """Measures PyTorch, run by the interpreter `torch`, and charseq by turns, `rounds` times."""

    def __init__(self, torch: str, rounds: int) -> None:
        self._torch, self._rounds = torch, rounds

    def timed(self, kind: str, cell: str, shape: str, unit: str = "") -> Timed:
        """Return the times of one kind of work, in ms per step or us per character."""
        turns = list[tuple[float, ...]]()
        for _ in range(self._rounds):
            peer = float(self._peer(kind, cell, shape, *filter(None, [unit])))
            plain = _ours(kind, cell, shape, unit, "numpy")
            fast = _ours(kind, cell, shape, unit, "numba")
            turns.append((peer, plain[0], fast[0], fast[1]))
        return Timed(*(statistics.median(column) for column in zip(*turns, strict=True)))

    def version(self) -> str:
        """Return the version of PyTorch and the number of its threads."""
        return self._peer("version")

    def _peer(self, *arguments: str) -> str:
        command = [self._torch, __file__, "--peer", *arguments]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _ours(kind: str, cell: str, shape: str, unit: str, backend: str) -> tuple[float, float]:
    """Return the time of charseq, and its share of the peak where there is one."""
    what = "evaluate" if kind == "score" else kind
    command = [sys.executable, "-m", "charseq", "bench", what, "--cell", cell, "--shape", shape]
    command += ["--backend", backend, "--format", "json"]
    rows = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    row: dict[str, Any] = next(row for row in rows if not unit or row["unit"] == unit)
    time_key = "ms_per_step" if kind == "train" else "us_per_char"
    return row[time_key], row["peak_share"] or float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="the medians of so many are printed")
    parser.add_argument("--torch", default=sys.executable, metavar="PYTHON", help="the one that has PyTorch")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS, help="the work to be measured")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=CELLS)
    parser.add_argument(
        "--shapes",
        nargs="+",
        help="layers x hidden x batch x steps for training, layers x hidden for sampling and scoring",
    )
    parser.add_argument("--peer", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        print(torch_figure(*arguments.peer))
        return
    contest = Contest(arguments.torch, arguments.rounds)
    print(f"{machine()}; PyTorch {contest.version()}; medians of {arguments.rounds}\n")
    for kind in arguments.only:
        if kind == "train":
            show_training(contest, arguments.cells, arguments.shapes)
        else:
            show_reading(contest, kind, networks(arguments.cells, arguments.shapes))


def machine() -> str:
    """Return the processor with its vector instructions, the cores, and the libraries of charseq."""
    from charseq.backend.processor import kernels, processor, vector_extension
    from charseq.gradients.plan import num_cores

    return f"{processor()}, {vector_extension()}, {num_cores()} cores; {kernels('numba')}"


def show_training(contest: Contest, cells: Sequence[str], shapes: Sequence[str] | None) -> None:
    """Print a row for each shape, and for each cell the geometric mean of the default ones and the worst."""
    from charseq.bench import TRAIN_SHAPES

    chosen = None if shapes is None else [shape for shape in shapes if shape.count("x") == 3]
    if chosen == []:
        return
    print(
        "| training step | PyTorch, ms | charseq, ms | with numba, ms | of the peak |\n|---|---|---|---|---|"
    )
    for cell in cells:
        wide, timed = WIDE.get(cell, ()), dict[str, Timed]()
        for shape in chosen or (*TRAIN_SHAPES, *wide):
            timed[shape] = one = contest.timed("train", cell, shape)
            _print_row(f"{cell} {shape}", one, f"{one.share:.0%}")
        ratios = [one.ratios for shape, one in timed.items() if shape not in wide]
        if len(ratios) > 1:
            for what, summary in (("geometric mean", statistics.geometric_mean), ("worst", min)):
                plain, fast = map(summary, zip(*ratios, strict=True))
                print(f"| **{cell}**, {what} | | **{plain:.2f}** | **{fast:.2f}** | |", flush=True)
    print()


def show_reading(contest: Contest, kind: str, some: Sequence[tuple[str, str]]) -> None:
    """Print a row for each network that samples or scores, of a scoring one for each unit."""
    if not some:
        return
    print(f"| {kind}, µs per character | PyTorch | charseq | with numba |\n|---|---|---|---|")
    for cell, shape in some:
        for unit in UNITS if kind == "score" else ("",):
            timed = contest.timed(kind, cell, shape, unit)
            _print_row(f"{cell} {shape} {unit}".strip(), timed)
    print()


def _print_row(name: str, timed: Timed, *more: str) -> None:
    ours = [f"{time:.1f} ({ratio:.2f})" for time, ratio in zip(timed[1:3], timed.ratios, strict=True)]
    print(f"| {' | '.join([name, f'{timed.torch:.1f}', *ours, *more])} |", flush=True)


def networks(cells: Sequence[str], shapes: Sequence[str] | None) -> list[tuple[str, str]]:
    """Return the networks that sample and score: some by default, or all of the given cells and shapes."""
    if shapes is None:
        return [(cell, shape) for cell, shape in NETWORKS if cell in cells]
    return [(cell, shape) for cell in cells for shape in shapes if shape.count("x") == 1]


# ---- PyTorch, in a process of its own


def torch_figure(what: str, cell: str = "", shape: str = "", unit: str = "") -> float | str:
    """Return a figure of PyTorch: ms per step, or us per character; or its version."""
    import torch

    if what == "version":
        return f"{torch.__version__} with {torch.get_num_threads()} threads"
    torch.manual_seed(0)
    sizes = [int(size) for size in shape.split("x")]
    if what == "train":
        return torch_step(cell, *sizes)
    return torch_character(cell, *sizes) if what == "sample" else torch_score(cell, *sizes, *UNITS[unit])


def network(cell: str, num_layers: int, hidden_size: int) -> tuple[Any, Any]:
    """Return PyTorch's layers and projection."""
    from torch import nn

    layers = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](VOCAB_SIZE, hidden_size, num_layers)
    return layers, nn.Linear(hidden_size, VOCAB_SIZE)


def torch_step(cell: str, num_layers: int, hidden_size: int, batch_size: int, seq_length: int) -> float:
    """Return milliseconds per training step."""
    import torch
    from torch import nn

    layers, projection = network(cell, num_layers, hidden_size)
    params = [*layers.parameters(), *projection.parameters()]
    adam = torch.optim.Adam(params, 2e-3, foreach=True)
    inputs, targets = torch.randint(0, VOCAB_SIZE, (2, seq_length, batch_size))
    state: Any = None

    def step() -> None:
        nonlocal state
        hiddens, state = layers(nn.functional.one_hot(inputs, VOCAB_SIZE).float(), state)
        state = tuple(part.detach() for part in state) if cell == "lstm" else state.detach()
        logits = projection(hiddens).reshape(-1, VOCAB_SIZE)
        loss = nn.functional.cross_entropy(logits, targets.reshape(-1))
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        adam.step()

    return 1e3 * _median(step, 12 if hidden_size >= 512 else 24)


def torch_character(cell: str, num_layers: int, hidden_size: int) -> float:
    """Return microseconds per sampled character."""
    import torch

    layers, projection = network(cell, num_layers, hidden_size)
    one_hot, state, token = torch.eye(VOCAB_SIZE), None, 1
    seconds = []
    with torch.inference_mode():
        for _ in range(320):
            begin = time.perf_counter()
            hiddens, state = layers(one_hot[token].view(1, 1, VOCAB_SIZE), state)
            token = int(torch.multinomial(torch.softmax(projection(hiddens[0, 0]) / 0.8, -1), 1))
            seconds.append(time.perf_counter() - begin)
    return 1e6 * statistics.mean(seconds[20:])


def torch_score(cell: str, num_layers: int, hidden_size: int, num_streams: int, num_steps: int) -> float:
    """Return microseconds per scored character: its price and its rank."""
    import torch
    from torch import nn

    layers, projection = network(cell, num_layers, hidden_size)
    inputs, targets = torch.randint(0, VOCAB_SIZE, (2, num_steps, num_streams))
    state: Any = None

    def window() -> None:
        nonlocal state
        hiddens, state = layers(nn.functional.one_hot(inputs, VOCAB_SIZE).float(), state)
        log_p = torch.log_softmax(projection(hiddens), -1)
        nats = -log_p.gather(-1, targets[..., None])
        ((log_p > -nats).sum(-1) + 1).numpy(), nats.numpy()

    with torch.inference_mode():
        return 1e6 * _median(window, 24) / (num_streams * num_steps)


def _median(action: Callable[[], None], count: int) -> float:
    """Return the median of the seconds of `count` repetitions, without the first four."""
    seconds = []
    for _ in range(count):
        begin = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[4:])


if __name__ == "__main__":
    main()
