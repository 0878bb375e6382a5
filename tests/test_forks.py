"""A fork of the server of processes is to its starter what a process of its own is."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forks import python

PROGRAM = """
import os, signal, sys
streams = [stream and (stream.isatty(), stream.errors, stream.line_buffering, stream.write_through)
           for stream in (sys.stdin, sys.stdout, sys.stderr)]
ignored = [signal.getsignal(number) == signal.SIG_IGN for number in (signal.SIGINT, signal.SIGHUP)]
print(sys.argv, os.getcwd(), sorted(os.environ.items()), streams, ignored, __name__)
print("said", file=sys.stderr)
sys.exit(7)
"""
WAITING = "import sys, time; print('ready', flush=True); time.sleep(60)"


def outcome(start: list[str], program: str, path: Path, **options: object) -> tuple[int, bytes, bytes]:
    """Return the exit code and what is written by a program that `start` starts."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "ŻÓŁW": "a=b\nc"}
    done = subprocess.run(
        [*start, "-c", program, "one", "two words", "안"],
        cwd=path,
        env={**environment, **options.pop("env", {})},  # type: ignore[dict-item]
        capture_output=True,
        timeout=60,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "options",
    [
        {"input": b""},
        {"preexec_fn": lambda: os.close(0)},
        {"env": {"PYTHONUNBUFFERED": "1"}, "input": b""},
        {"preexec_fn": lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN), "input": b""},
    ],
    ids=["pipes", "no standard input", "unbuffered", "nohup"],
)
def test_a_fork_finds_what_a_process_finds(options: dict[str, object], tmp_path: Path) -> None:
    """Words, directory, environment, streams and ignored signals are those of the starter, as is the end."""
    expected = outcome([sys.executable], PROGRAM, tmp_path, **options)
    assert expected[0] == 7
    assert outcome(python(), PROGRAM, tmp_path, **options) == expected


@pytest.mark.parametrize("wish", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_a_signal_to_a_fork_ends_it_as_it_ends_a_process(wish: signal.Signals) -> None:
    """What is sent to the client reaches the fork, and the client ends as the fork does."""
    with subprocess.Popen(
        [*python(), "-c", WAITING], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(wish)
        assert process.stdout.read() == b""  # the fork itself has gone
        assert process.wait(30) == -wish
