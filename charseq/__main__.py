"""The entry point of the command: from its first instruction on, Ctrl-C ends it silently with 130."""

import os
import signal
import sys
from types import FrameType
from typing import Any

INTERRUPTED = 128 + signal.SIGINT


def main() -> None:
    """Run the command line and exit."""
    interrupted = False

    def interrupt(signum: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:  # the first one was lost somewhere
            os._exit(INTERRUPTED)
        interrupted = True
        raise KeyboardInterrupt

    def unraisable(found: Any) -> None:
        if interrupted:  # it was raised where Python can only report it, as in a callback of an import
            os._exit(INTERRUPTED)
        sys.__unraisablehook__(found)

    heeded = signal.getsignal(signal.SIGINT) is not signal.SIG_IGN  # as it is in the background of a shell
    if heeded:
        signal.signal(signal.SIGINT, interrupt)
        sys.unraisablehook = unraisable
    try:
        from charseq.cli.app import run

        code = run(sys.argv[1:])
        if heeded:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: let Python end in peace
    except BaseException:
        if interrupted:  # an import that was cut off may have made another exception of it
            os._exit(INTERRUPTED)
        raise
    sys.exit(code)


if __name__ == "__main__":
    main()
