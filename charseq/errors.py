"""The exceptions of the program; the command line turns each into one line and an exit code.

    CharseqError (1)            the request was right, but the work failed
    |- DataError                a text that cannot be read or is too small
    |- CheckpointError          a model file that is damaged, foreign or newer than this program
    |- DivergedError            training diverged and did not recover
    '- ConfigError (2)          the request itself is wrong: a setting, an option, a path

Any other exception is a bug and shows its traceback.
"""

from charseq.limits import MAX_MESSAGE_CHARS


class CharseqError(Exception):
    """The work failed; the message is "what: why; what to do", on one line."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class DataError(CharseqError):
    """A text cannot be used: unreadable, not UTF-8, too short."""


class CheckpointError(CharseqError):
    """A model file cannot be used: damaged, foreign, or newer than this program."""


class DivergedError(CharseqError):
    """Training diverged more often than it may recover: the loss became nan or infinite again."""


class ConfigError(CharseqError):
    """The request is wrong: an unknown setting, a value out of range, a path that is not a model."""

    exit_code = 2


def one_line(message: str) -> str:
    """Return `message` on one line; the middle of a very long message is left out."""
    line, half = " ".join(message.splitlines()), MAX_MESSAGE_CHARS // 2
    return line if len(line) <= MAX_MESSAGE_CHARS else f"{line[:half]} ... {line[-half:]}"
