"""Characters made visible: nothing that a text or a model contains reaches the terminal as a command."""

from collections.abc import Sequence

SPARKS = "▁▂▃▄▅▆▇█"


def visible(text: str) -> str:
    """Return `text` on one line: a space as ␣, an unprintable character as its escape."""
    return "".join(_visible_char(char) for char in text)


def printable(text: str) -> str:
    """Return `text` with its newlines and tabs, and escapes for other unprintable characters."""
    return "".join(char if char.isprintable() or char in "\n\t" else _visible_char(char) for char in text)


def sparkline(values: Sequence[float], *, width: int = 40) -> str:
    """Return `values` as a row of at most `width` bars, the highest as the highest bar."""
    chosen = [values[len(values) * k // width] for k in range(width)] if len(values) > width else values
    if not chosen:
        return ""
    low, high = min(chosen), max(chosen)
    scale = (len(SPARKS) - 1) / (high - low) if high > low else 0
    return "".join(SPARKS[round((value - low) * scale)] for value in chosen)


def _visible_char(char: str) -> str:
    if char == " ":
        return "␣"
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
