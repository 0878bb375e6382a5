"""Characters made visible: on one line, harmless, and otherwise as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.reports.display.visible import SPARKS, printable, sparkline, standing, visible

every_text = given(st.text(st.characters()))
numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=120)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("hello", "hello"),
        ("a b", "a␣b"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("\u202e\u2028\ufeff", r"\u202e\u2028\ufeff"),
        ("\xa0", r"\xa0"),
        ("\udcff", r"\udcff"),
        ("żółw 안녕 😀", "żółw␣안녕␣😀"),
        ("\\", "\\"),
        ("❤\ufe0f", r"❤\ufe0f"),
        ("\U000e0100", r"\U000e0100"),
        ("\u0301", "\u25cc\u0301"),
        (" \u0301\u0302", "␣\u25cc\u0301\u0302"),
        ("e\u0301", "e\u0301"),
        ("\n\u093f", "\\n\u25cc\u093f"),
        ("कि", "कि"),
    ],
)
def test_a_space_and_what_does_not_print_become_visible(text: str, shown: str) -> None:
    """A space is ␣, what does not print is its escape, all else is itself."""
    assert visible(text) == shown


@every_text
def test_visible_is_printable_and_one_line(text: str) -> None:
    """Nothing that a terminal obeys is left, and no blank is lost at an end."""
    shown = visible(text)
    assert shown.isprintable()
    assert " " not in shown
    assert len(shown) >= len(text)


@every_text
def test_visible_character_by_character(text: str) -> None:
    """What a character looks like does not depend on its neighbours, but for marks that stand on one."""
    assert visible(text).replace("\u25cc", "") == "".join(map(visible, text)).replace("\u25cc", "")


@every_text
def test_printable_keeps_lines(text: str) -> None:
    """Lines, tabs and spaces stay; the rest is as harmless as `visible` makes it."""
    shown = printable(text)
    assert shown.count("\n") == text.count("\n")
    assert shown.replace("\n", "").replace("\t", "").isprintable()
    assert visible(shown).replace(r"\n", "\n").replace(r"\t", "\t") == visible(text).replace(
        r"\n", "\n"
    ).replace(r"\t", "\t")


def test_a_carriage_return_and_commands_are_escaped() -> None:
    """A carriage return could overwrite a line, so it is escaped, as is what begins a command."""
    assert printable("a b\tc\n\r\x1b[2J") == "a b\tc\n" + r"\r\x1b[2J"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], ""),
        ([3], "▁"),
        ([5, 5, 5], "▁▁▁"),
        ([0, 7], "▁█"),
        (list(range(8)), SPARKS),
        ([2, 1], "█▁"),
        ([0, 5e-324], "▁█"),
    ],
)
def test_the_lowest_value_is_the_lowest_bar_and_the_highest_the_highest(
    values: list[float], shown: str
) -> None:
    """The lowest value is the lowest bar, the highest the highest; equal ones are low."""
    assert sparkline(values) == shown


@given(numbers, st.integers(1, 60))
def test_a_sparkline_fits_its_width_and_keeps_the_order_of_heights(values: list[float], width: int) -> None:
    """There are as many bars as values, but no more than fit; the order of heights is that of values."""
    bars = sparkline(values, width=width)
    assert len(bars) == min(len(values), width)
    assert set(bars) <= set(SPARKS)
    if len(values) <= width:
        heights = [SPARKS.index(bar) for bar in bars]
        pairs = sorted(zip(values, heights, strict=True))
        assert [height for _, height in pairs] == sorted(heights)


def test_sparkline_begins_with_the_first_value() -> None:
    """However many values there are, the line begins where they do."""
    assert sparkline([1000, *range(1, 500)], width=10)[0] == "█"


def test_jamo_that_only_combine_are_shown_as_letters_that_stand_alone() -> None:
    """Leads, vowels and finals; anything else stays as it is."""
    assert standing("ᄀᄒ ᅡᅵ ᆨᇂ") == "ㄱㅎ ㅏㅣ ㄱㅎ"
    assert standing("lead x 한ㄱ\u115f") == "lead x 한ㄱ\u115f"
