"""Facts about lines."""

import pytest

from charseq.text.sortedness import are_sorted
from charseq.text.symbols import EncodedText

NAMES = [f"{first}{last}" for first in "ABCDEFGHIJ" for last in ("den", "Kay", "lor", "mut", "nes", "von")]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (sorted(NAMES), True),
        (sorted(NAMES, key=str.lower), True),
        (["", *sorted(NAMES)], True),
        (NAMES[::-1], False),
        (sorted(NAMES)[:40], False),
        (["same"] * 100, False),
        (NAMES[30:] + NAMES[:30], False),
    ],
    ids=["sorted", "in lower case", "empty line", "backwards", "few", "alike", "two halves"],
)
def test_sorted_lines_are_found(lines: list[str], expected: bool) -> None:
    """Fifty lines in order are sorted, and others are not."""
    assert are_sorted(EncodedText.of("\n".join(lines) + "\n")) == expected
