"""Ask the server of `tests/forks.py` for a process, and stand for it: same signals, same end.

Starting must cost next to nothing, so that only modules are imported that Python has loaded already.
"""

import _signal
import _socket
import os
import sys

SIGNALS = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP)


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def main() -> None:
    """Hand over streams, signals to ignore, directory, words and environment; end as the process ends."""
    path, *words = sys.argv[1:]
    streams = [number for number in range(3) if is_open(number)]
    ignored = [number for number in SIGNALS if _signal.getsignal(number) == _signal.SIG_IGN]
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.connect(path)
    fields = [
        " ".join(map(str, streams)).encode(),
        " ".join(map(str, ignored)).encode(),
        os.getcwdb(),  # noqa: PTH109  # pathlib takes long to load
        str(len(words)).encode(),
        *map(os.fsencode, words),
        *(name + b"=" + value for name, value in os.environb.items()),
    ]
    message = b"\0".join(fields)
    passed = b"".join(number.to_bytes(4, sys.byteorder) for number in streams)
    rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, passed)] if streams else []
    connection.sendmsg([len(message).to_bytes(4, "big")], rights)
    connection.sendall(message)
    for number in SIGNALS:
        if number not in ignored:
            _signal.signal(number, lambda number, _: connection.send(bytes([number])))
    for number in streams:
        os.close(number)
    code = int(connection.recv(8))
    if code < 0:  # by a signal, as this process must then end, too
        if -code != _signal.SIGKILL:
            _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


main()
