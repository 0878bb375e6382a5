"""The escapes of an argument in a shell."""

import pytest

from charseq.config.escapes import unescaped
from charseq.config.toml import layer_from_assignment
from charseq.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (r"\t", "\t"),
        (r"\r", "\r"),
        (r"a\nb", "a\nb"),
        (r"\\t", r"\t"),
        (r"\\\t", "\\\t"),
        ("plain", "plain"),
        ("\t", "\t"),
    ],
)
def test_a_tab_a_newline_and_a_backslash_have_an_escape(text: str, meaning: str) -> None:
    """Every other character is itself."""
    assert unescaped("--stop", text) == meaning


@pytest.mark.parametrize(("text", "column", "what"), [(r"ab\d", 3, r"\d"), ("\\", 1, "\\")])
def test_any_other_backslash_is_refused_with_its_column(text: str, column: int, what: str) -> None:
    """So that no text is silently taken for another one."""
    with pytest.raises(ConfigError) as caught:
        unescaped("--stop", text)
    message = rf"--stop: column {column}: {what} is no escape; write \n, \t, \r, or \\ for a backslash"
    assert str(caught.value) == message


def test_a_setting_with_escapes_reads_them_on_the_command_line() -> None:
    """Settings without them, such as paths, keep their backslashes."""
    assert layer_from_assignment(r"data.target_after=\t") == {"data": {"target_after": "\t"}}
    assert layer_from_assignment(r"data.valid=a\tb") == {"data": {"valid": r"a\tb"}}
