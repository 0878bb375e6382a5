"""Measure training with two ranks of one core beside two threads, and over a slow network.

    python -m tests.speed.several_machines --rounds 3

It needs mpi4py and mpiexec. A slow network is a delay in every exchange of ranks, 25 ms unless another one is
given. Each round measures every way in turn; figures are medians of characters per second, without the last
validation and the first steps, in which rounds of local steps are still short.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from charseq.ranks import Message
from charseq.ranks.mpi import MPICommunicator
from tests.ranks.builders import MPIEXEC

WAYS = {
    "two threads": ("--threads", "2"),
    "two ranks": (),
    "two ranks, delayed": (),
    "every 50 steps": ("--sync-every", "50"),
    "every 50 steps, delayed": ("--sync-every", "50"),
}
"""The ways to train, with their options; those with ranks are started by mpiexec."""


def delayed(seconds: float) -> None:
    """Let every exchange of this process take so many seconds more."""
    exchange = MPICommunicator.exchange

    def slow(self: MPICommunicator, sent: Sequence[Message], received: Sequence[Message]) -> None:
        time.sleep(seconds)
        exchange(self, sent, received)

    MPICommunicator.exchange = slow  # type: ignore[method-assign]


def speed(way: str, words: list[str], *, delay: float, begin: int) -> float:
    """Train in one of the ways; return the characters per second after the step `begin`."""
    ours = [sys.executable, "-m", "tests.speed.several_machines", "--delay", f"{delay}"]
    with tempfile.TemporaryDirectory() as place:
        train = ["train", "builtin:prose", *words, *WAYS[way], "--quiet", "-o", f"{place}/run"]
        if "threads" in way:
            command = [sys.executable, "-m", "charseq", *train]
        else:
            slow = ["--delay", f"{delay if 'delayed' in way else 0.0}"]
            command = [str(MPIEXEC), "-n", "2", *ours[:-2], *slow, "--run", *train]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        records = [json.loads(line) for line in (Path(place) / "run/metrics.jsonl").read_text().splitlines()]
    late = [one for one in records if one["step"] > begin and one["valid_nats_per_char"] is None]
    if len(late) < 2:
        raise SystemExit(f"there are too few records after step {begin}: give twice as many --steps")
    first, last = late[0], late[-1]
    return float((last["num_chars"] - first["num_chars"]) / (last["elapsed"] - first["elapsed"]))


def main() -> None:
    """Print a line for each way, or run one command whose exchanges are delayed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2200)
    parser.add_argument("--begin", type=int, default=1000, help="the step after which steps are measured")
    parser.add_argument("--delay", type=float, default=0.025, help="seconds in every exchange")
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--ways", nargs="+", default=list(WAYS))
    parser.add_argument("--run", nargs=argparse.REMAINDER, help="a command of charseq")
    args = parser.parse_args()
    if args.run:
        from charseq.cli.app import run

        delayed(args.delay)
        sys.exit(run(args.run))
    sizes = ["--size", "fixed", "--cell", args.cell, "--hidden-size", "256", "--batch-size", "32"]
    limits = ["--max-steps", f"{args.steps}", "--eval-every", f"{10 * args.steps}", "--test-fraction", "0"]
    found: dict[str, list[float]] = {way: [] for way in args.ways}
    for _ in range(args.rounds):
        for way, speeds in found.items():
            speeds.append(speed(way, [*sizes, *limits], delay=args.delay, begin=args.begin))
            print(f"{way:>24} {speeds[-1]:12,.0f} characters/s", flush=True)
    print(f"medians, {args.cell} 1x256x32x64:")
    for way, speeds in found.items():
        print(f"{way:>24} {median(speeds):12,.0f} characters/s")


if __name__ == "__main__":
    main()
