"""The real command, killed at any moment and continued, and what its run directory then holds.

    python -m tests.faults.harness --many 300

kills 300 times, in runs of every cell and unit in turn, and prints the result of each run.
"""

import argparse
import itertools
import json
import random
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from charseq.runs.checkpoint import Checkpoint
from tests.cli.conftest import TALES, heed_signals, surroundings
from tests.forks import python

STEPS = 80
COMMON = ("--hidden-size", "12", "--batch-size", "4", "--seq-length", "16", "--dropout", "0.2")
LIMITS = ("--max-steps", f"{STEPS}", "--eval-every", "10", "--save-every", "0.02s", "--quiet")
ENDLESS = (
    *("--size", "fixed", "--hidden-size", "12", "--threads", "1"),
    *("--backend", "numpy", "--max-time", "1h", "--quiet"),
)
PLATEAU = ("--schedule", "plateau", "--optimizer", "rmsprop", "--embedding-size", "4")
DIVERGING = (
    *("--optimizer", "adamw", "--set", "optim.weight_decay=100", "--learning-rate", "0.03"),
    *("--schedule", "constant", "--set", "optim.warmup_steps=0"),
)
VARIANTS: list[tuple[str, ...]] = [
    *((cell, unit, "1") for cell, unit in itertools.product(("gru", "lstm", "rnn"), ("stream", "line"))),
    ("gru", "stream", "2"),
    ("lstm", "stream", "1", *PLATEAU),
    ("rnn", "stream", "1", *DIVERGING),
    ("gru", "stream", "1", "--with-ngram", "3", "--valid-fraction", "0.12"),
]
"""Cell, unit and threads, and more options."""
QUICK = [("lstm", "line", "1"), *VARIANTS[-4:]]
"""Every cell, unit and number of threads, a plateau, a divergence, a mixture, in as few runs as it takes."""


def command(*arguments: str) -> list[str]:
    """Return the words that run charseq in a process of its own."""
    return [*python(), "-m", "charseq", *arguments]


def train(variant: tuple[str, ...], run: str) -> list[str]:
    """Return the command that begins a run."""
    cell, unit, threads, *more = variant
    how = ("--cell", cell, "--unit", unit, "--threads", threads, "--backend", "numpy", "--num-layers", "2")
    return command("train", "text.txt", *how, *COMMON, *LIMITS, *more, "-o", run)


def finish(words: list[str], path: Path) -> None:
    """Run a command to its end."""
    done = subprocess.run(
        words, cwd=path, env=surroundings(), capture_output=True, text=True, timeout=120, check=False
    )
    check_done(done.returncode, done.stderr)


def check_done(code: int, said: str) -> None:
    """Check that a command did its work, or that the kill before it left nothing to do."""
    assert code == 0 or (code == 2 and "counts from the start of the run" in said), said


def kill(words: list[str], path: Path, seconds: float, wish: signal.Signals = signal.SIGKILL) -> int | None:
    """Run a command for so long, then send it a signal; return how it ended, None if it was done before."""
    process = subprocess.Popen(
        words, cwd=path, env=surroundings(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        check_done(process.wait(seconds), process.stderr.read() if process.stderr else "")
        return None
    except subprocess.TimeoutExpired:
        process.send_signal(wish)
        process.communicate(timeout=30)  # to the end of stderr, which is that of the process itself
        return process.returncode
    finally:
        if process.stderr:
            process.stderr.close()


def patched(assignment: str, *arguments: str) -> list[str]:
    """Return the words that run charseq in a process of its own with another value for a name of a module."""
    module = assignment.partition(" = ")[0].rpartition(".")[0]
    code = f"import {module}; {assignment}; from charseq.__main__ import main; main()"
    return [*python(), "-c", code, *arguments]


def begun(
    path: Path, *options: str, wrapper: tuple[str, ...] = (), assignment: str = ""
) -> "subprocess.Popen[str]":
    """Start a run without end, which is at its work when this returns; `assignment` is for `patched`."""
    (path / "text.txt").write_bytes(TALES[:4000].encode())
    arguments = ("train", "text.txt", *ENDLESS, *options, "-o", "run")
    words = [*wrapper, *(patched(assignment, *arguments) if assignment else command(*arguments))]
    process = subprocess.Popen(
        words,
        cwd=path,
        env=surroundings(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "best" in line:
            return process
    raise AssertionError("it never validated")


def content(run: Path) -> dict[str, Any]:
    """Return what a run directory holds, but for the times."""
    found: dict[str, Any] = {}
    for name in ("last", "model"):
        path = run / f"{name}.safetensors"
        checkpoint = Checkpoint.load(path)
        results, found[f"{name} rates"] = checkpoint.results, checkpoint.rates
        found[name] = {key: array.tobytes() for key, array in load_file(path).items()}
        found[f"{name} results"] = (results.step, results.epoch, results.train_nats_per_char, results.valid)
    lines = (run / "metrics.jsonl").read_text().splitlines()
    found["metrics"] = [
        {key: value for key, value in json.loads(line).items() if key != "elapsed"} for line in lines
    ]
    found["files"] = sorted(path.name for path in run.iterdir())
    return found


def torture(variant: tuple[str, ...], path: Path, *, num_kills: int, seed: int) -> int:
    """Kill a run up to `num_kills` times and compare it with one in one go; return the kills that struck."""
    rng = random.Random(seed)
    (path / "text.txt").write_bytes(TALES[:4000].encode())
    begin = time.monotonic()
    finish(train(variant, "whole"), path)
    longest, kills = time.monotonic() - begin, 0
    words = train(variant, "killed")
    while kills < num_kills:
        if kill(words, path, rng.uniform(0.05, 0.7 * longest)) is None:
            if kills:
                break
            shutil.rmtree(path / "killed")  # this time the machine was faster
            longest *= 0.7
            continue
        kills += 1
        if (path / "killed" / "last.safetensors").exists():
            words = command("train", "--resume", "killed", "--quiet")
        else:  # not even begun
            shutil.rmtree(path / "killed", ignore_errors=True)
    finish(command("train", "--resume", "killed") if (path / "killed").exists() else words, path)
    whole, killed = content(path / "whole"), content(path / "killed")
    for key, value in whole.items():
        assert killed[key] == value, f"{variant}, seed {seed}, after {kills} kills: {key} differs"
    return kills


def main() -> None:
    """Kill many times, by hand."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--many", type=int, default=100)
    wanted, total = parser.parse_args().many, 0
    for seed, variant in enumerate(itertools.cycle(VARIANTS)):
        if total >= wanted:
            break
        with tempfile.TemporaryDirectory() as path:
            total += torture(variant, Path(path), num_kills=8, seed=seed)
        print(f"{total} kills, {variant}: the same bits", flush=True)


if __name__ == "__main__":
    main()
