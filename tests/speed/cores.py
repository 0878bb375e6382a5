"""Measure what a second core gains in scoring lines: how long threads wait for each other.

    python tests/speed/cores.py --cell gru --shape 1x256 --backend numba

Other work on the machine does not change the result: the time in which a thread waits for a free core, which
Linux counts, is left out. On two free cores scoring would be as many times as fast as on one.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from charseq.bench import ALPHABET, LINE_LENGTH, Shape, _model
from charseq.scoring import Scorer, cores
from charseq.scoring.cores import Job, run_jobs
from charseq.text import CharTokenizer
from charseq.text.codec import Codec

NUM_CHARS = 1 << 17


def seconds_here() -> tuple[float, float]:
    """Return the seconds that this thread has run, and those that it has waited for a core."""
    ran, waited = Path("/proc/thread-self/schedstat").read_text().split()[:2]
    return int(ran) / 1e9, int(waited) / 1e9


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cell", default="gru")
    parser.add_argument("--shape", type=Shape.parse, default=Shape(1, 256))
    parser.add_argument("--backend", choices=["numpy", "numba"], default="numba")
    given = parser.parse_args()
    letters = np.random.default_rng(0).integers(1, len(ALPHABET), NUM_CHARS)
    letters[LINE_LENGTH - 1 :: LINE_LENGTH] = 0
    text = "".join(ALPHABET[letter] for letter in letters)
    codec = Codec(CharTokenizer(ALPHABET, num_once=0, num_chars=NUM_CHARS), "line")
    scorer = Scorer(_model(given.cell, given.shape), codec, backend=given.backend)
    scorer.score(text[: NUM_CHARS // 4])
    ran, slept = list[float](), list[float]()

    def timed(job: Job) -> Job:
        def run() -> None:
            begin, before = time.perf_counter(), seconds_here()
            job()
            used, waited = (b - a for a, b in zip(before, seconds_here(), strict=True))
            ran.append(used)
            slept.append(time.perf_counter() - begin - used - waited)

        return run

    cores.num_threads = lambda: 2
    for _ in range(3):
        run_jobs([timed(job) for job in scorer.begin(text).jobs])
    gain, per_char = 2 * sum(ran) / (sum(ran) + sum(slept)), 1e6 * sum(ran) / (3 * NUM_CHARS)
    print(f"{per_char:.2f} us of a core for each character; two cores: {gain:.2f} times as fast as one")


if __name__ == "__main__":
    main()
