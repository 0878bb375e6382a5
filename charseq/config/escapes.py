r"""The escapes \n, \t, \r and \\ in an argument of a shell, where a tab or a newline is hard to type."""

import re

from charseq.errors import ConfigError

MEANINGS = {r"\n": "\n", r"\t": "\t", r"\r": "\r", r"\\": "\\"}


def unescaped(source: str, text: str) -> str:
    r"""Return `text` with a newline for \n, a tab for \t and a backslash for \\.

    Raises ConfigError, naming the `source`, such as an option, and the column, for any other backslash.
    """

    def meaning(found: re.Match[str]) -> str:
        if found[0] not in MEANINGS:
            where = f"{source}: column {found.start() + 1}"
            raise ConfigError(rf"{where}: {found[0]} is no escape; write \n, \t, \r, or \\ for a backslash")
        return MEANINGS[found[0]]

    return re.sub(r"\\.?", meaning, text, flags=re.DOTALL)
