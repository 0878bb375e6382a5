r"""The escapes \n, \t, \r and \\ in the value of an option, which a shell does not translate."""

import re

from charseq.errors import ConfigError

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def unescaped(text: str, option: str) -> str:
    r"""Return `text` with a newline for \n, and so on. Raises ConfigError for any other escape."""

    def char(escape: re.Match[str]) -> str:
        if escape[1] not in ESCAPES:
            raise ConfigError(rf"{option}: {escape[0]}: no such escape; there are \n, \t, \r and \\")
        return ESCAPES[escape[1]]

    return re.sub(r"\\(.?)", char, text, flags=re.DOTALL)
