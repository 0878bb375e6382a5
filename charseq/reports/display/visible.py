"""Visible forms of characters, so that no text or model can send a control sequence to the terminal."""

import re
import unicodedata
from collections.abc import Sequence

SPARKS = "▁▂▃▄▅▆▇█"
BLANKS = " \t\n"
DOTTED_CIRCLE = "\u25cc"
SELECTORS = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Variation selectors, which are invisible."""


def visible(text: str) -> str:
    """Return `text` on one line: a space as ␣, an unprintable character or variation selector as its escape.

    A combining mark at the beginning or after a blank is put on a dotted circle.
    """
    shown = ""
    for before, char in zip(" " + text, text, strict=False):
        alone = before in BLANKS and unicodedata.category(char).startswith("M") and not SELECTORS.match(char)
        shown += DOTTED_CIRCLE + char if alone else visible_char(char)
    return shown


def printable(text: str) -> str:
    """Return `text` with escapes for unprintable characters other than newlines and tabs."""
    return "".join(char if char.isprintable() or char in "\n\t" else visible_char(char) for char in text)


def sparkline(values: Sequence[float], *, width: int = 40) -> str:
    """Return `values` as a row of at most `width` bars; the largest value is the highest bar."""
    chosen = [values[len(values) * k // width] for k in range(width)] if len(values) > width else values
    if not chosen:
        return ""
    low, high = min(chosen), max(chosen)
    span = (high - low) or 1.0
    return "".join(SPARKS[round((value - low) / span * (len(SPARKS) - 1))] for value in chosen)


def visible_char(char: str) -> str:
    """Return one character as `visible` shows it after a letter: a combining mark is unchanged."""
    if char == " ":
        return "␣"
    return (
        char
        if char.isprintable() and not SELECTORS.match(char)
        else char.encode("unicode_escape").decode("ascii")
    )


def standing(text: str) -> str:
    """Return `text` with Hangul letters that only combine as those that stand alone: U+1161 as ㅏ."""
    return "".join(map(_standing, text))


def _standing(char: str) -> str:
    if not "\u1100" <= char <= "\u11ff":
        return char
    name = unicodedata.name(char, "").replace("CHOSEONG", "LETTER").replace("JUNGSEONG", "LETTER")
    try:
        return unicodedata.lookup(name.replace("JONGSEONG", "LETTER"))
    except KeyError:
        return char
