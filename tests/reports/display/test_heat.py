"""Coloured text at a terminal: every character and its value arrive, in any pieces, and nothing is obeyed."""

import io
import math
import os
import re
import subprocess
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color
from rich.console import Console

from charseq.reports.display.heat import (
    ACTIVATION,
    BACKGROUNDS,
    DIVERGING_BACKGROUNDS,
    FEW_BACKGROUNDS,
    FEW_DIVERGING_BACKGROUNDS,
    MAX_MARKS,
    NUM_STEPS,
    OPENNESS,
    SURPRISAL,
    HeatMap,
    Scale,
    style_on,
)
from charseq.reports.display.visible import visible
from tests.forks import python

LEGEND = "0 ▁▂▃▄▅▆▇█ 10 bits\n"
CODES = re.compile(r"\x1b\[[0-9;]*m")

ramps = pytest.mark.parametrize(
    "ramp",
    [BACKGROUNDS, DIVERGING_BACKGROUNDS, FEW_BACKGROUNDS, FEW_DIVERGING_BACKGROUNDS],
    ids=["sequential", "diverging", "sequential of 256", "diverging of 256"],
)
strange = st.text(
    st.one_of(st.sampled_from(" ab\n\t\x1b\r안日e\u0301\u1161\ufe0f😀[]\u202e"), st.characters()), max_size=60
)
coloured = pytest.mark.parametrize("coloured", [False, True], ids=["bars", "colours"])


def console_of(file: io.StringIO, *, coloured: bool = False, width: int = 20, **options: Any) -> Console:
    """Return a terminal with or without colours, whatever the environment says."""
    colours: dict[str, Any] = {"color_system": "truecolor"} if coloured else {"no_color": True}
    options = {"force_terminal": True, "width": width, "_environ": {}} | colours | options
    return Console(file=file, **options)


def printed(*pieces: tuple[str, list[float]], scale: Scale = SURPRISAL, **options: Any) -> str:
    """Return what a text in pieces looks like."""
    file = io.StringIO()
    heat = HeatMap(console_of(file, **options), scale)
    for text, values in pieces:
        heat.write(text, values)
    heat.finish()
    return file.getvalue()


def values_of(text: str) -> list[float]:
    """Return a value for each character, the same wherever the text is cut."""
    return [float(ord(char) * 37 % 101) / 9 for char in text]


# ---- scales


@pytest.mark.parametrize(
    ("scale", "values", "places"),
    [
        (SURPRISAL, [0, 2.5, 10], [0, 0.25, 1]),
        (SURPRISAL, [-1, 11, math.inf, -math.inf], [0, 1, 1, 0]),
        (SURPRISAL, [math.nan], [0]),
        (ACTIVATION, [-1, 0, 1, math.nan], [0, 0.5, 1, 0]),
        (OPENNESS, [0, 0.5, 1], [0, 0.5, 1]),
        (OPENNESS, [], []),
    ],
)
def test_a_value_lies_between_the_ends_of_the_scale(
    scale: Scale, values: list[float], places: list[float]
) -> None:
    """A value lies between the ends of the scale, or at one; what is not a number is lowest."""
    assert scale.places(values).tolist() == places


def test_each_value_has_the_nearest_step() -> None:
    """Each value has the nearest step, the middle of a diverging scale the middle one."""
    assert SURPRISAL.steps([0, 0.4, 0.6, 4.4, 9.6, 99]).tolist() == [0, 0, 1, 4, 10, 10]
    assert ACTIVATION.steps(np.array([-1, -0.09, 0, 0.09, 0.11, 1], np.float32)).tolist() == [
        0,
        5,
        5,
        5,
        6,
        10,
    ]


# ---- without colours


def test_each_line_has_a_bar_for_each_character_below_it() -> None:
    """Below each line stands another, with a bar of as many eighths as the character's value has."""
    assert printed(("hello\nwo", [0, 1.2, 1.3, 5, 10, 9.9, 99, math.nan])) == (
        "hello⏎\n"  #
        "  ▁▄█▇\n"
        "wo\n"
        "█\n" + LEGEND
    )


def test_the_middle_of_a_diverging_scale_is_half_a_bar() -> None:
    """Its middle is half a bar, and its lowest end none."""
    shown = printed(("abcde", [-1, -0.5, 0, 0.5, 1]), scale=ACTIVATION)
    assert shown == "abcde\n ▂▄▆█\n-1 ▁▂▃▄▅▆▇█ 1 activation\n"


def test_bars_are_as_wide_as_characters() -> None:
    """A bar stands below all columns of its character: two for Hangul, as many as an escape has letters."""
    assert printed(("a안\x1b😀.", [10, 5, 10, 5, 10]), width=40) == "a안\\x1b😀.\n█▄▄████▄▄█\n" + LEGEND


def test_without_colours_spaces_and_what_does_not_print_can_be_seen() -> None:
    """Without colours a space is recognisable, and nothing is invisible."""
    shown = printed((" a\t\r\xa0\u2028\u202e\x00\udcff ", [0] * 10), width=60).splitlines()[0]
    assert shown == r"␣a\t\r\xa0\u2028\u202e\x00\udcff␣"


def test_an_empty_text_has_a_legend() -> None:
    """An empty text has a legend."""
    assert printed(("", [])) == LEGEND


@pytest.mark.parametrize(
    "options",
    [
        {"color_system": "truecolor", "no_color": True},
        {"color_system": "auto", "no_color": None, "_environ": {"TERM": "xterm-256color", "NO_COLOR": "1"}},
        {"color_system": "auto", "no_color": None, "_environ": {"TERM": "dumb"}},
        {
            "color_system": "auto",
            "no_color": None,
            "_environ": {"TERM": "xterm-256color"},
            "force_terminal": False,
        },
    ],
    ids=["asked", "NO_COLOR", "dumb", "pipe"],
)
def test_where_there_are_no_colours_there_are_bars_and_no_escapes(options: dict[str, Any]) -> None:
    """A reader who wants or knows no colours sees bars, and not one escape sequence."""
    assert printed(("ab", [10, 5]), **options) == "ab\n█▄\n" + LEGEND


# ---- with colours


def on(background: str, text: str, *, ink: str) -> str:
    """Return what a terminal is sent for text on a background, given as r;g;b."""
    return f"\x1b[38;2;{ink}m\x1b[48;2;{background}m{text}\x1b[0m"


def test_neighbours_of_one_colour_share_it() -> None:
    """Neighbours of one colour share it; the lowest values have the terminal's own."""
    shown = printed(("ab c\nd", [0, 10, 12, 2, math.nan, 1]), coloured=True).replace(";48;", "m\x1b[48;")
    legend = shown.splitlines()[-1]
    assert shown.splitlines()[:-1] == [
        "a" + on("255;116;32", "b ", ink="0;0;0") + on("103;84;68", "c", ink="255;255;255") + "⏎",
        "d",
    ]
    assert CODES.sub("", legend) == "0 " + "  " * NUM_STEPS + " 10 bits"
    assert legend.count("\x1b[48;2;") == sum(map(bool, BACKGROUNDS))


def test_a_diverging_scale_has_two_colours_and_none_in_the_middle() -> None:
    """Its ends have two colours, its middle none."""
    shown = printed(("abc", [-1, 0, 1]), scale=ACTIVATION, coloured=True).replace(";48;", "m\x1b[48;")
    assert shown.splitlines()[0] == (
        on("43;151;238", "a", ink="0;0;0") + "b" + on("244;81;79", "c", ink="0;0;0")
    )


@pytest.mark.parametrize(
    ("term", "begins"),
    [("xterm-256color", "\x1b[38;5;16;48;5;214ma\x1b[0m\n0 "), ("xterm-16color", "a\n█\n0 ▁")],
)
def test_a_terminal_of_fewer_colours_has_a_ramp_of_its_own_or_bars(term: str, begins: str) -> None:
    """With 256 colours there are backgrounds that are among them; 16 have no order, so bars stand instead."""
    program = (
        "from rich.console import Console; from charseq.reports.display.heat import *;"
        "heat = HeatMap(Console(force_terminal=True), SURPRISAL); heat.write('a', [10]); heat.finish()"
    )  # a process for each: rich remembers the codes of a style from the first console that used it
    environment = {"TERM": term, "PYTHONUTF8": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run([*python(), "-c", program], env=environment, capture_output=True, check=True)
    assert done.stdout.decode().startswith(begins)


def test_markup_is_shown_as_text() -> None:
    """What a text has in brackets, between colons, or as numbers is not coloured by any other rule."""
    text = "[red]x[/] :smile: 12 'a' http://x"
    assert printed((text, [0] * len(text)), coloured=True, width=50).splitlines()[0] == text


def channels(colour: Color) -> list[float]:
    """Return red, green and blue in proportion to their light."""
    parts = colour.get_truecolor().normalized
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour: Color) -> float:
    """Return the relative luminance of the web's contrast rules."""
    return float(np.dot(channels(colour), [0.2126, 0.7152, 0.0722]))


@ramps
def test_letters_stand_out_from_every_background(ramp: tuple[str, ...]) -> None:
    """Letters stand out as much as the web's rules ask for, in black or in white."""
    for background in filter(None, ramp):
        ink, _, _ = style_on(background).partition(" on ")
        pair = [luminance(Color.parse(colour)) for colour in (ink, background)]
        assert (max(pair) + 0.05) / (min(pair) + 0.05) >= 4.5, background


def test_no_background_has_no_style() -> None:
    """Where there is no background, letters keep the terminal's colour too."""
    assert style_on("") == ""


def halves(ramp: tuple[str, ...]) -> list[list[Color]]:
    """Return the colours that lead away from each terminal's own background, the faintest first."""
    own = [k for k, background in enumerate(ramp) if not background]
    below, above = ramp[: own[0]][::-1], ramp[own[-1] + 1 :]
    return [list(map(Color.parse, half)) for half in (below, above) if half]


@ramps
def test_a_ramp_can_be_read_without_hues(ramp: tuple[str, ...]) -> None:
    """The backgrounds grow lighter with the value: who sees no hues, or prints in grey, sees the order."""
    for half in halves(ramp):
        assert all(luminance(below) < luminance(above) for below, above in pairwise(half))


@pytest.mark.parametrize("ramp", [DIVERGING_BACKGROUNDS, FEW_DIVERGING_BACKGROUNDS])
def test_the_ends_of_a_diverging_ramp_differ_by_blue(ramp: tuple[str, ...]) -> None:
    """One side is blue, the other is not: those who confuse red and green tell them apart."""
    for below, above in zip(*halves(ramp), strict=True):
        (red, _, blue), (other_red, _, other_blue) = channels(below), channels(above)
        assert blue > red
        assert other_blue <= other_red


@pytest.mark.parametrize("ramp", [FEW_BACKGROUNDS, FEW_DIVERGING_BACKGROUNDS])
def test_the_colours_of_a_ramp_of_256_are_those_colours(ramp: tuple[str, ...]) -> None:
    """They are not the nearest ones to something else."""
    assert all(colour.type.name == "EIGHT_BIT" for half in halves(ramp) for colour in half)


def test_lines_break_at_the_width() -> None:
    """A line holds as many characters as fit; one of two columns is not split."""
    assert printed(("abcdefgh", [0] * 8), width=5) == "abcde\n\nfgh\n\n" + LEGEND
    assert printed(("abcd안efg", [0] * 8), width=5).split("\n\n")[:2] == ["abcd", "안efg"]


def test_a_newline_takes_a_column() -> None:
    """Where the sign of a newline does not fit, it stands on the next line."""
    assert printed(("abcde\nf", [0] * 7), width=5).split("\n\n")[:3] == ["abcde", "⏎", "f"]


def test_what_is_wider_than_the_terminal_has_a_line_of_its_own() -> None:
    """It has a line of its own, and leaves none empty."""
    shown = printed(("\x1b\x1bb", [10] * 3), width=3)
    assert shown == "\\x1b\n████\n\\x1b\n████\nb\n█\n" + LEGEND


@pytest.mark.parametrize("width", [10, 10_000_000])
def test_a_pipe_has_eighty_columns(width: int) -> None:
    """Where there is no terminal, lines are as long as on most, whatever the console is said to have."""
    lines = printed(("a" * 100, [0] * 100), width=width, force_terminal=False).splitlines()
    assert [len(line) for line in lines[:4]] == [80, 0, 20, 0]


@coloured
@settings(deadline=None, max_examples=60)
@given(text=strange, cuts=st.lists(st.integers(0, 60), max_size=5).map(sorted), width=st.integers(2, 30))
def test_a_text_looks_the_same_in_any_pieces(coloured: bool, text: str, cuts: list[int], width: int) -> None:
    """A text in any pieces, empty ones among them, looks as it does in one."""
    parts = [text[begin:end] for begin, end in pairwise([0, *cuts, max([len(text), *cuts])])]
    pieces = [(part, values_of(part)) for part in parts]
    options: dict[str, Any] = {"coloured": coloured, "width": width}
    assert printed(*pieces, **options) == printed((text, values_of(text)), **options)


@coloured
@settings(deadline=None, max_examples=60)
@given(text=strange, width=st.integers(10, 30))
def test_all_of_any_text_is_shown_on_lines_that_fit(coloured: bool, text: str, width: int) -> None:
    """All of a text is shown, on lines that fit, without a character that a terminal obeys."""
    shown = CODES.sub("", printed((text, values_of(text)), coloured=coloured, width=width))
    *lines, legend = shown.removesuffix("\n").split("\n")
    assert legend.endswith(" 10 bits")
    if not coloured:
        assert all(set(bars) <= set(" ▁▂▃▄▅▆▇█") for bars in lines[1::2])
        assert all(len(bars) <= cell_len(line) for line, bars in zip(lines[::2], lines[1::2], strict=True))
        lines = lines[::2]
    assert "".join(lines).isprintable()
    assert all(sum(map(cell_len, line)) <= width for line in lines)
    expected = "".join("⏎" if char == "\n" else visible(char) for char in text)
    assert "".join(lines).replace("◌", "").replace(" ", "␣") == expected.replace("◌", "")


def test_lines_are_printed_as_they_fill() -> None:
    """A line is out as soon as a character begins the next one, or a newline ends it."""
    file = io.StringIO()
    heat = HeatMap(console_of(file, width=4), SURPRISAL)
    heat.write("abcd", [0] * 4)
    assert file.getvalue() == ""
    heat.write("e", [0])
    assert file.getvalue() == "abcd\n\n"
    heat.write("\n", [0])
    assert file.getvalue() == "abcd\n\ne⏎\n\n"


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0, 3.0]])
def test_more_or_fewer_values_than_characters_are_refused(values: list[float]) -> None:
    """More or fewer values than characters are refused."""
    with pytest.raises(ValueError, match="zip"):
        printed(("ab", values))


# ---- marks


def test_a_mark_shares_the_cell_of_its_character() -> None:
    """A combining mark stands on its character, and the higher of the two values is shown."""
    shown = printed(("e\u0301e\u0301e", [0, 10, 5, 0, 0]))
    assert shown == "e\u0301e\u0301e\n█▄\n" + LEGEND


def test_a_mark_does_not_begin_a_line() -> None:
    """A mark does not begin a line, even in another piece than its character."""
    assert printed(("abc", [0] * 3), ("\u0301d", [0] * 2), width=3) == "abc\u0301\n\nd\n\n" + LEGEND


@pytest.mark.parametrize("before", ["", "a\n"])
def test_a_mark_that_begins_a_line_stands_on_a_dotted_circle(before: str) -> None:
    """Where there is nothing to stand on, a mark stands on a dotted circle."""
    text = f"{before}\u0301"
    assert printed((text, [10] * len(text))).splitlines()[-3:-1] == ["◌\u0301", "█"]


def test_more_marks_than_fit_begin_a_cell_of_their_own() -> None:
    """So many marks fit on a character; the next one begins a cell of its own."""
    text = "a" + "\u0301" * 100
    lines = printed((text, [0] * len(text)), width=3).splitlines()
    assert lines[0].startswith("a" + "\u0301" * MAX_MARKS + "◌\u0301")
    assert len(lines) > 4
    assert all(cell_len(line) <= 3 for line in lines[:-1])
