"""The end of a text before the first of some strings: no character is held back without need."""

from hypothesis import given
from hypothesis import strategies as st

from charseq.sampling.stops import until

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
