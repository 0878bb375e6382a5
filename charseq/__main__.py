"""The entry point of the command: from the start, Ctrl-C ends it with exit code 130 and no traceback."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

INTERRUPTED = 128 + signal.SIGINT
SECONDS_TO_END = 1.0
"""The time for an interrupted command to end; libraries written in C now and then drop the exception."""


def main() -> None:
    """Run the command line and exit."""
    interrupted = False

    def interrupt(signum: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:  # the exception of the first Ctrl-C got lost
            os._exit(INTERRUPTED)
        interrupted = True
        last_resort = threading.Timer(SECONDS_TO_END, os._exit, (INTERRUPTED,))
        last_resort.daemon = True
        last_resort.start()
        raise KeyboardInterrupt

    def unraisable(found: Any) -> None:
        if interrupted:  # raised where Python only reports it, as in a callback of an import
            os._exit(INTERRUPTED)
        sys.__unraisablehook__(found)

    heeded = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN  # ignored in the background of a shell
    if heeded:
        signal.signal(signal.SIGINT, interrupt)
        sys.unraisablehook = unraisable
    try:
        from charseq.cli.app import run

        code = run(sys.argv[1:])
        if heeded:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the work is done: do not interrupt the exit
    except BaseException:
        if interrupted:  # an interrupted import may have raised another exception
            os._exit(INTERRUPTED)
        raise
    sys.exit(code)


if __name__ == "__main__":
    main()
