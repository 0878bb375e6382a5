"""Measure scoring with and without ranks and guesses, in characters per second of one process.

    python tests/speed/ranks.py RUN... --text data/hangul.txt

The kinds of scoring are measured by turns; the best of several turns counts.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import charseq
from charseq.scoring import Scorer

KINDS: dict[str, dict[str, Any]] = {
    "without ranks": {"ranks": False},
    "ranks that are counted": {"worst": 5},
    "all ranks": {},
    "guesses and entropies": {"num_guesses": 2},
}


def main() -> None:
    """Print a line for each run and kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    text = given.text.read_text(encoding="utf-8")[-4000:]
    for run in given.runs:
        model = charseq.load(run)
        best = dict.fromkeys(KINDS, 0.0)
        for _ in range(given.turns):
            for kind, options in KINDS.items():
                scorer = Scorer(model.checkpoint.reading_model, model.codec, **options)
                begin = time.process_time()
                scorer.score(text)
                best[kind] = max(best[kind], len(text) / (time.process_time() - begin))
        for kind, speed in best.items():
            print(f"{run}  {kind:24} {speed:8,.0f} characters/s")


if __name__ == "__main__":
    main()
