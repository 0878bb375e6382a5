"""Times charseq and PyTorch by turns on the same work and prints the README's table.

Run it by hand, on a quiet machine, where both are installed: `pip install torch==2.13.0 '.[fast]'`, then
`python tests/speed/against_pytorch.py`. The step is that of `charseq bench train`: one-hot input, the
recurrent layers, the projection, cross-entropy, backward, clipping by the global norm, Adam; the state is
carried. PyTorch uses its own kernels, all cores and its fastest Adam.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

from charseq.bench import TRAIN_SHAPES

CELLS = ("lstm", "gru", "rnn")
SAMPLED = (("lstm", "2x128"), ("gru", "1x256"), ("lstm", "2x512"))
VOCAB_SIZE = 65


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="the medians of so many are printed")
    parser.add_argument("--peer", nargs=3, metavar=("WHAT", "CELL", "SHAPE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        what, cell, shape = arguments.peer
        sizes = [int(size) for size in shape.split("x")]
        print(torch_step(cell, *sizes) if what == "train" else torch_character(cell, *sizes))
        return
    print("| training step | PyTorch, ms | charseq, ms | with numba, ms | of the peak |")
    print("|---|---|---|---|---|")
    for cell in CELLS:
        ratios = [train(cell, shape, arguments.rounds) for shape in TRAIN_SHAPES]
        plain, fast = map(statistics.geometric_mean, zip(*ratios, strict=True))
        print(f"| **{cell}**, geometric mean | | **{plain:.2f}** | **{fast:.2f}** | |", flush=True)
    for cell, shape in SAMPLED:
        peer, ours = [], []
        for _ in range(arguments.rounds):
            peer.append(measure_peer("sample", cell, shape))
            ours.append(measure("sample", cell, shape, "numpy")["us_per_char"])
        theirs, us = statistics.median(peer), statistics.median(ours)
        print(f"| {cell} {shape}, sampling, µs | {theirs:.1f} | {us:.1f} ({theirs / us:.1f}) | | |")


def train(cell: str, shape: str, rounds: int) -> tuple[float, float]:
    """Print one row; return by how much charseq is faster, without and with numba."""
    peer, plain, fast, shares = [], [], [], []
    for _ in range(rounds):
        peer.append(measure_peer("train", cell, shape))
        plain.append(measure("train", cell, shape, "numpy")["ms_per_step"])
        row = measure("train", cell, shape, "numba")
        fast.append(row["ms_per_step"])
        shares.append(row["peak_share"])
    theirs, ours, ours_fast = map(statistics.median, (peer, plain, fast))
    print(
        f"| {cell} {shape} | {theirs:.1f} | {ours:.1f} ({theirs / ours:.2f}) "
        f"| {ours_fast:.1f} ({theirs / ours_fast:.2f}) | {statistics.median(shares):.0%} |",
        flush=True,
    )
    return theirs / ours, theirs / ours_fast


def measure(what: str, cell: str, shape: str, backend: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "charseq", "bench", what, "--cell", cell, "--shape", shape]
    command += ["--backend", backend, "--format", "json"]
    rows: list[dict[str, Any]] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return rows[0]


def measure_peer(what: str, cell: str, shape: str) -> float:
    command = [sys.executable, __file__, "--peer", what, cell, shape]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def torch_step(cell: str, num_layers: int, hidden_size: int, batch_size: int, seq_length: int) -> float:
    """Return milliseconds per training step."""
    import torch
    from torch import nn

    layers = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](VOCAB_SIZE, hidden_size, num_layers)
    projection = nn.Linear(hidden_size, VOCAB_SIZE)
    params = [*layers.parameters(), *projection.parameters()]
    adam = torch.optim.Adam(params, 2e-3, foreach=True)
    inputs, targets = torch.randint(0, VOCAB_SIZE, (2, seq_length, batch_size))
    state, seconds = None, []
    for _ in range(12 if hidden_size >= 512 else 24):
        begin = time.perf_counter()
        hiddens, state = layers(nn.functional.one_hot(inputs, VOCAB_SIZE).float(), state)
        state = tuple(part.detach() for part in state) if cell == "lstm" else state.detach()
        logits = projection(hiddens).reshape(-1, VOCAB_SIZE)
        loss = nn.functional.cross_entropy(logits, targets.reshape(-1))
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        adam.step()
        seconds.append(time.perf_counter() - begin)
    return 1e3 * statistics.median(seconds[4:])


def torch_character(cell: str, num_layers: int, hidden_size: int) -> float:
    """Return microseconds per sampled character."""
    import torch
    from torch import nn

    layers = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](VOCAB_SIZE, hidden_size, num_layers)
    projection, one_hot, state, token = nn.Linear(hidden_size, VOCAB_SIZE), torch.eye(VOCAB_SIZE), None, 1
    seconds = []
    with torch.inference_mode():
        for _ in range(320):
            begin = time.perf_counter()
            hiddens, state = layers(one_hot[token].view(1, 1, VOCAB_SIZE), state)
            token = int(torch.multinomial(torch.softmax(projection(hiddens[0, 0]) / 0.8, -1), 1))
            seconds.append(time.perf_counter() - begin)
    return 1e6 * statistics.mean(seconds[20:])


if __name__ == "__main__":
    main()
