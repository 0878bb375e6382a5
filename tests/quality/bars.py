"""Train with the commands that a user would give, score what was held out, and print a table of the figures.

    python -m tests.quality.bars TINY_SHAKESPEARE --time 2m --seeds 1 2 3

A run takes all cores for the time given; nothing else may run meanwhile. Figures are nats per character of
every character of the part named, scored in one go by `charseq evaluate`: mean of the seeds, and worst.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TALES = Path(__file__).parents[2] / "data" / "tales.txt"
LAST_TENTH = ("--valid-fraction", "0.1", "--test-fraction", "0")
LAST_TWENTIETH = ("--valid-fraction", "0.05", "--test-fraction", "0.05")


class Figure(NamedTuple):
    """One figure of one run."""

    name: str
    nats: float


def show(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def charseq(*words: str) -> str:
    """Run a command, and return what it writes to stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "charseq", *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def figures_of(run: str, *words: str) -> tuple[float, float]:
    """Return the nats per character of a run on a text or on its test part: without adapting, and with."""
    row = json.loads(charseq("evaluate", run, *words, "--adapt", "--format", "json"))[0]
    return row["static_nats_per_char"], row["nats_per_char"]


def valid_of(run: str) -> float:
    """Return the nats per character of the best validation."""
    nats: float = json.loads(charseq("info", run, "--format", "json"))[0]["valid_nats_per_char"]
    return nats


def shakespeare(text: str, limits: list[str], run: str) -> Iterator[Figure]:
    """One network on the last tenth; then a mixture on the last twentieth, which nothing was fitted to."""
    charseq("train", text, *LAST_TENTH, "--with-ngram", "0", *limits, "-o", f"{run}a")
    yield Figure("tiny-shakespeare, one network, validation on the last tenth", valid_of(f"{run}a"))
    charseq("train", text, *LAST_TWENTIETH, *limits, "-o", f"{run}b")
    static, adapted = figures_of(f"{run}b")
    yield Figure("tiny-shakespeare, the default, test on the last twentieth", static)
    yield Figure("the same with --adapt", adapted)


def pydoc(limits: list[str], run: str) -> Iterator[Figure]:
    """The default corpus, and tales.txt scored by the model of it."""
    charseq("train", "builtin:pydoc", *limits, "-o", run)
    yield Figure("builtin:pydoc, the default, validation", valid_of(run))
    yield Figure("builtin:pydoc, the default, test", figures_of(run)[0])
    static, adapted = figures_of(run, str(TALES))
    yield Figure("data/tales.txt by that model", static)
    yield Figure("the same with --adapt", adapted)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("--time", default="2m")
    parser.add_argument("--seeds", nargs="+", default=["1", "2", "3"])
    arguments = parser.parse_args()
    directory = tempfile.mkdtemp()
    found: list[list[Figure]] = []
    for seed in arguments.seeds:
        limits = ["--max-time", arguments.time, "--seed", seed, "--quiet"]
        runs = [
            shakespeare(arguments.text, limits, f"{directory}/ts{seed}"),
            pydoc(limits, f"{directory}/pd{seed}"),
        ]
        found.append([figure for run in runs for figure in run])
        for figure in found[-1]:
            show(f"seed {seed}: {figure.name}: {figure.nats:.4f}")
    shutil.rmtree(directory)
    for figures in zip(*found, strict=True):
        nats = [figure.nats for figure in figures]
        show(f"| {figures[0].name} | {sum(nats) / len(nats):.4f} | {max(nats):.4f} |")


if __name__ == "__main__":
    main()
