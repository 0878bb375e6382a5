"""Forbidden strings: the automaton against plain search."""

from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.sampling.constraints.forbid import Forbid

strings = st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=4)


@settings(max_examples=40)
@given(forbidden=strings, prompt=st.text("abc", max_size=5), text=st.text("abc", max_size=12))
def test_a_character_is_refused_where_it_completes_a_string(
    forbidden: list[str], prompt: str, text: str
) -> None:
    """Also a string that begins in the prompt; what the prompt itself holds does not matter."""
    forbid = Forbid(forbidden)
    state, read = forbid.begin(prompt), prompt
    for char in text:
        completes = any((read + char).endswith(string) for string in forbidden)
        assert (char in forbid.chars(state, 9)) == (not completes)
        state, read = forbid.after(state, char), read + char
