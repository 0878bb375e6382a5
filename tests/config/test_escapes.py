"""Escapes in the values of options."""

import pytest

from charseq.config.escapes import unescaped
from charseq.errors import ConfigError


def test_escapes_are_what_they_stand_for() -> None:
    """Newline, tab, carriage return and backslash can be written; all else stays."""
    assert unescaped(r"%%\n\t\r\\n", "--separator") == "%%\n\t\r\\n"
    assert unescaped("plain\n", "--separator") == "plain\n"


@pytest.mark.parametrize("text", [r"\x", "\\"])
def test_any_other_escape_is_refused(text: str) -> None:
    """An escape that is none is a wrong request."""
    with pytest.raises(ConfigError, match=r"^--separator: \\x?: no such escape; there are "):
        unescaped(text, "--separator")
