"""Train on the tasks of the manual for a time, and print what is right on held-out lines.

    python -m tests.quality.tasks --time 3m --cells gru lstm

Dates are 20,000 lines of `builtin:dates`, languages are those of data/languages.tsv; about a twentieth of the
lines, by chance, is held out. A training takes all cores for the time given; nothing else may run meanwhile.
The aims are 99 % of the dates and 95 % of the languages in three minutes on two cores.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.quality.bars import charseq, show

LANGUAGES = Path(__file__).parents[2] / "data" / "languages.tsv"
TASKS = {
    "dates": ("builtin:dates,lines=20000", 0.99),
    "languages": (str(LANGUAGES), 0.95),
}
"""The corpus of each task, and the share of targets that is to be exactly right."""
LINES = ("--unit", "line", "--target-after", r"\t", "--split", "blocks")


def main() -> int:
    """Train each cell on each task; return 1 if a share is below its aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time", default="3m")
    parser.add_argument("--cells", nargs="+", default=["gru", "lstm"])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--seed", default="0")
    given = parser.parse_args()
    is_below = False
    with tempfile.TemporaryDirectory() as directory:
        for task in given.tasks:
            corpus, aim = TASKS[task]
            for cell in given.cells:
                run = f"{directory}/{task}-{cell}"
                limits = ("--max-time", given.time, "--seed", given.seed)
                charseq("train", corpus, *LINES, "--cell", cell, *limits, "-o", run)
                row = json.loads(charseq("evaluate", run, "--report", "text", "--format", "json"))[0]
                share = row["exact_match"]
                step = json.loads(charseq("info", run, "--format", "json"))[0]["step"]
                is_below |= share < aim
                show(
                    f"{task:10} {cell:5} {share:8.2%} of {row['num_targets']:,} held-out lines exact "
                    f"(aim {aim:.0%}), best at {step} steps"
                )
    return int(is_below)


if __name__ == "__main__":
    sys.exit(main())
