"""Processes of this interpreter that need not import anything: forks of a server that has imported it all.

A test of a pipe, a terminal, a signal or an exit needs a process of its own. Nine tenths of what such a
process costs are its imports, which are the same for all. So `python` gives the words of a small client in
place of the interpreter's; the client hands its streams, words, directory and environment to the server, and
a fork of the server goes on as `python -m MODULE` or `python -c PROGRAM` would.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import io
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CLIENT = Path(__file__).with_name("fork_client.py")


def python() -> list[str]:
    """Return words to put in place of `sys.executable`, before `-m MODULE` or `-c PROGRAM`.

    What is about imports, about the locale, or about the process's number still needs `sys.executable`.
    """
    if not hasattr(os, "pidfd_open"):  # a platform other than Linux
        return [sys.executable]
    return [sys.executable, "-I", "-S", str(CLIENT), _server()]


@functools.cache
def _server() -> str:
    """Start the server, which ends when this process does; return the path of its socket."""
    directory = tempfile.TemporaryDirectory()
    path = str(Path(directory.name) / "socket")
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.forks", path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"

    def end() -> None:
        server.communicate()
        directory.cleanup()

    atexit.register(end)
    return path


# ---- the server


class Order(NamedTuple):
    """The process that a client asks for."""

    streams: dict[int, int]
    ignored: list[int]
    directory: bytes
    words: list[str]
    environment: dict[bytes, bytes]


def serve(path: str) -> None:
    """Fork for every client, until standard input ends."""
    for library in ("OPENBLAS", "OMP", "MKL"):  # no threads: they would not be there in a fork
        os.environ[f"{library}_NUM_THREADS"] = "1"
    _import_all()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    os.write(1, b"ready\n")
    keepers = list[int]()
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        keepers.append(os.fork())
        if keepers[-1] == 0:
            listener.close()
            _keep(connection)
        connection.close()
        keepers = [keeper for keeper in keepers if os.waitpid(keeper, os.WNOHANG)[0] == 0]


def _import_all() -> None:
    import charseq

    for module in pkgutil.walk_packages(charseq.__path__, "charseq."):
        if "__main__" not in module.name and "compiled" not in module.name:
            importlib.import_module(module.name)


def _keep(connection: socket.socket) -> None:
    """Fork once more, pass on the client's signals, and tell it of the end."""
    order = _receive(connection)
    number = os.fork()
    if number == 0:
        connection.close()
        _become(order)
        _run(order.words)
    for descriptor in order.streams.values():
        os.close(descriptor)
    end = os.pidfd_open(number)
    while end not in select.select([connection, end], [], [])[0]:
        wishes = connection.recv(16) or bytes([signal.SIGKILL])  # the client was killed
        for wish in wishes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, wish)
        if signal.SIGKILL in wishes:
            break
    _, status = os.waitpid(number, 0)
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _receive(connection: socket.socket) -> Order:
    head, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
    size, message = int.from_bytes(head, "big"), b""
    while len(message) < size:
        message += connection.recv(size - len(message))
    streams, ignored, directory, num_words, *rest = message.split(b"\0")
    words, variables = rest[: int(num_words)], rest[int(num_words) :]
    return Order(
        dict(zip(map(int, streams.split()), descriptors, strict=True)),
        [int(number) for number in ignored.split()],
        directory,
        [os.fsdecode(word) for word in words],
        dict(variable.split(b"=", 1) for variable in variables),  # type: ignore[misc]
    )


def _become(order: Order) -> None:
    """Take over what a process has from whoever starts it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if number in order.ignored else default)
    for number in range(3):
        if number in order.streams:
            os.dup2(order.streams[number], number)
        else:
            os.close(number)
    for descriptor in order.streams.values():
        os.close(descriptor)
    os.environb.clear()
    os.environb.update(order.environment)
    os.chdir(order.directory)
    sys.stdin, sys.stdout, sys.stderr = (
        _stream(number, like) if number in order.streams else None
        for number, like in enumerate((sys.stdin, sys.stdout, sys.stderr))
    )


def _stream(number: int, like: io.TextIOWrapper) -> io.TextIOWrapper:
    """Return a stream as Python makes it when it starts."""
    plain = bool(os.environ.get("PYTHONUNBUFFERED"))
    return io.TextIOWrapper(
        open(number, "wb" if number else "rb", 0 if plain and number else -1, closefd=False),
        like.encoding,
        like.errors,
        line_buffering=not plain and (number == 2 or os.isatty(number)),
        write_through=plain,
    )


def _run(words: list[str]) -> None:
    """Do what Python does with these words, and exit."""
    option, what, *arguments = words
    sys.argv = [option, *arguments]
    if option == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
    sys.exit()


if __name__ == "__main__":
    serve(sys.argv[1])
