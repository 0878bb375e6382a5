"""The end of a text before the first of some strings: no character is held back without need."""

from hypothesis import given
from hypothesis import strategies as st

from charseq.sampling.stops import Ending, until

stops = st.lists(st.text("ab", min_size=1, max_size=4), max_size=3)


@given(text=st.text("abc", max_size=20), stops=stops)
def test_a_text_ends_before_the_first_stop(text: str, stops: list[str]) -> None:
    """A text ends before the string that is complete first; of those complete at once, the longest."""
    ends = [
        (end, end - len(stop)) for stop in stops for end in range(len(text) + 1) if text[:end].endswith(stop)
    ]
    assert "".join(until(text, stops)) == text[: min(ends)[1] if ends else None]


@given(text=st.text("abc", max_size=20))
def test_without_stops_every_character_passes_at_once(text: str) -> None:
    """Without stops every character is passed on at once."""
    assert list(until(text, [])) == list(text)


@given(text=st.text("abc", max_size=20), stops=stops)
def test_no_piece_is_empty(text: str, stops: list[str]) -> None:
    """Neither while characters are held back nor at the end."""
    assert "" not in list(until(text, stops))


def test_no_more_is_held_back_than_may_begin_a_stop() -> None:
    """Characters are held back while they may begin a stop, and no longer."""
    assert list(until("xaaby.", ["abc"])) == ["x", "a", "aby", "."]


def test_nothing_is_read_after_a_stop() -> None:
    """After a stop no further character is asked for."""
    characters = iter("one. two")
    assert "".join(until(characters, ["."])) == "one"
    assert "".join(characters) == " two"


# ---- endings


def ended(text: str, stops: list[str], *, before: str = "", length: int = 99) -> tuple[str, str | None, str]:
    """Return what an ending lets pass of `text`, with the reason and the stop."""
    ending, passed = Ending(stops, "$", length, before=before), ""
    for char in text:
        if ending.reason:
            break
        passed += ending.add(char)
    return passed, ending.reason, ending.stop


@given(text=st.text("ab", max_size=12), stops=stops, before=st.text("ab", max_size=5))
def test_a_stop_that_began_before_the_text_ends_it(text: str, stops: list[str], before: str) -> None:
    """The text ends where a stop is complete that the prompt and the text have together."""
    whole = before + text
    ends = [
        end for stop in stops for end in range(len(before) + 1, len(whole) + 1) if whole[:end].endswith(stop)
    ]
    passed, reason, stop = ended(text, stops, before=before)
    if not ends:
        assert reason is None
        return
    longest = max((stop for stop in stops if whole[: min(ends)].endswith(stop)), key=len)
    assert (reason, stop) == ("stop", longest)
    assert before + passed == max(whole[: min(ends)].removesuffix(longest), before, key=len)


def test_the_reasons_to_end() -> None:
    """A text ends at its length, at a stop, at the end of its sequence, or not yet."""
    assert ended("abcd", ["x"], length=3) == ("abc", "length", "")
    assert ended("abcd", ["cd"]) == ("ab", "stop", "cd")
    assert ended("ab$c", ["bc"]) == ("ab", "end", "")
    assert ended("ab", ["bc"]) == ("a", None, "")
    assert ended("ab", ["bc"], length=2) == ("ab", "length", "")
    assert ended("ab", ["b"], length=2) == ("a", "stop", "b")
    assert Ending([], None, 0).reason == "length"
