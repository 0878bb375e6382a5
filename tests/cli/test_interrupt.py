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
DEAF = """
import signal, sys, time, types
signal.signal(signal.SIGINT, signal.default_int_handler)
import charseq.__main__
def run(arguments):
    try:
        print("ready", file=sys.stderr, flush=True)
        time.sleep(60)
    except KeyboardInterrupt:  # as libraries written in C do now and then
        time.sleep(60)
sys.modules["charseq.cli.app"] = types.SimpleNamespace(run=run)
charseq.__main__.main()
"""
"""A command that drops the exception of an interrupt."""


@pytest.mark.parametrize(
    ("words", "delays"),
    [  # seconds before an interrupt; all commands begin alike, so that the lists cover the beginning together
        (("evaluate", "runs/tales", "-"), (0.0, 0.15)),
        (("train", "-", "-o", "new"), (0.02, 0.2, 0.45)),
        (("next", "runs/hello"), (0.05, 0.3)),
        (("inspect", "runs/tales", "-", "--find", "quote"), (0.1, 0.45)),
    ],
    ids=["evaluate", "train", "next", "inspect"],
)
def test_an_interrupt_at_any_moment_of_the_start_is_130_without_a_word(
    words: tuple[str, ...], delays: tuple[float, ...], models: Workshop, tmp_path: Path
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
        for _ in delays
    ]
    for process, delay in zip(started, delays, strict=True):
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


def test_a_command_that_drops_the_interrupt_ends_all_the_same() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DEAF], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings()
    )
    assert process.stderr is not None
    try:
        assert process.stderr.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.communicate()
