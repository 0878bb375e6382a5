"""Ctrl-C from the first instruction of the entry point on: 130, and not a word."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Workshop, surroundings

PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests may run where a shell ignores it
import charseq.__main__
set_handler = signal.signal
def announce(number, handler):
    before = set_handler(number, handler)
    if number == signal.SIGINT and handler is not signal.SIG_IGN:
        print("ready", file=sys.stderr, flush=True)
    return before
signal.signal = announce
sys.argv = ["charseq", *sys.argv[1:]]
charseq.__main__.main()
"""
"""The command, which says when the first instruction of its entry point is done."""
DELAYS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45)


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", "runs/tales", "-"),
        ("train", "-", "-o", "new"),
        ("next", "runs/hello"),
        ("inspect", "runs/tales", "-", "--find", "quote"),
    ],
    ids=lambda words: words[0],
)
def test_an_interrupt_at_any_moment_of_the_start_is_130_without_a_word(
    words: tuple[str, ...], models: Workshop, tmp_path: Path
) -> None:
    """While Python imports, while a model loads, while input is waited for: no traceback, no signal death."""
    words = tuple(f"{tmp_path / 'new'}" if word == "new" else word for word in words)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words],
            stdin=subprocess.PIPE,  # which stays open: the command waits
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=surroundings(),
        )
        for _ in DELAYS
    ]
    for process, delay in zip(started, DELAYS, strict=True):
        assert process.stderr is not None
        assert process.stderr.readline() == b"ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(30) == 130
            assert process.stderr.read() == b""
        finally:
            process.kill()
            process.communicate()
