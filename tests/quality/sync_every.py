"""Compare ranks that average their weights every K steps with synchronous ones, at equal characters.

    nice -n 10 python -m tests.quality.sync_every --steps 2000 --seeds 1 2 3

It needs mpi4py and mpiexec. Figures are the best validation in nats per character, on builtin:prose.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean

from tests.ranks.builders import MPIEXEC

ALLOWED = 0.005
"""The nats per character that averaging may cost, in the mean of the seeds."""


def validation(run: Path, num_ranks: int, *words: str) -> float:
    """Train a model on ranks, and return its best validation."""
    charseq = [sys.executable, "-m", "charseq"]
    train = [*charseq, "train", "builtin:prose", "--size", "fixed", "--quiet", *words, "-o", str(run)]
    for command in ([str(MPIEXEC), "-n", f"{num_ranks}", *train], [*charseq, "info", str(run), "-f", "json"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
    return float(json.loads(done.stdout)[0]["valid_nats_per_char"])


def main() -> None:
    """Print a line for each seed, and the mean difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--sync-every", type=int, default=50)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--hidden-size", type=int, default=256)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--more", nargs=argparse.REMAINDER, default=[], help="further options of train")
    args = parser.parse_args()
    sizes = ("--hidden-size", f"{args.hidden_size}", "--batch-size", f"{args.batch_size}")
    limits = ("--max-steps", f"{args.steps}", "--eval-every", f"{max(1, args.steps // 8)}")
    differences = []
    for seed in args.seeds:
        common = (*sizes, *limits, "--seed", f"{seed}", *args.more)
        with tempfile.TemporaryDirectory() as place:
            together = validation(Path(place) / "together", args.ranks, *common)
            apart = validation(
                Path(place) / "apart", args.ranks, *common, "--sync-every", f"{args.sync_every}"
            )
        differences.append(apart - together)
        print(
            f"seed {seed}: synchronous {together:.4f}, every {args.sync_every} steps {apart:.4f}", flush=True
        )
    print(f"mean difference {mean(differences):+.4f} nats, at most {ALLOWED:+.4f} allowed")
    sys.exit(mean(differences) > ALLOWED)


if __name__ == "__main__":
    main()
