"""What can go wrong, as one tree; the command line turns each into one line and an exit code.

    CharseqError (1)            the request was sound, the work failed
    |- DataError                a text that cannot be read or is too small
    |- CheckpointError          a model file that is damaged, foreign or newer than this program
    |- DivergedError            training blew up and did not recover
    '- ConfigError (2)          the request itself is wrong: a setting, an option, a path

Anything else that escapes is a bug and shows its traceback.
"""

from charseq.limits import MAX_MESSAGE_CHARS


class CharseqError(Exception):
    """The work failed; `str(error)` reads «what: why; what to do»."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class DataError(CharseqError):
    """A text cannot be used: unreadable, not UTF-8, too short."""


class CheckpointError(CharseqError):
    """A model file cannot be used."""


class DivergedError(CharseqError):
    """The loss became nan or infinite more often than training may recover from."""


class ConfigError(CharseqError):
    """The request is wrong: an unknown setting, a value out of range, a path that is no model."""

    exit_code = 2


def one_line(message: str) -> str:
    """Return `message` on one line; of a very long one the middle is left out."""
    line, half = " ".join(message.splitlines()), MAX_MESSAGE_CHARS // 2
    return line if len(line) <= MAX_MESSAGE_CHARS else f"{line[:half]} ... {line[-half:]}"
