"""Facts about the lines of a text that are found without holding all of it."""

from itertools import pairwise

from charseq.text.symbols import EncodedText

SAMPLE_CHARS = 1 << 20
"""The characters at the beginning of a text whose lines are compared."""
FEWEST_LINES, SORTED_SHARE = 50, 0.99
"""The fewest lines that can be called sorted, and the share of neighbours that must be in order."""


def are_sorted(text: EncodedText) -> bool:
    """Return whether the lines are sorted, as far as the beginning of the text shows.

    Lines are compared as they are and in lower case; lines that are all alike are not sorted.
    """
    lines = "".join(text[:SAMPLE_CHARS].strings()).split("\n")[:-1]
    lines = [line for line in lines if line]
    return len(lines) >= FEWEST_LINES and (_in_order(lines) or _in_order([line.lower() for line in lines]))


def _in_order(lines: list[str]) -> bool:
    pairs = [(a, b) for a, b in pairwise(lines) if a != b]
    return len(pairs) >= len(lines) // 2 and sum(a < b for a, b in pairs) >= SORTED_SHARE * len(pairs)
