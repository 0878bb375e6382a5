"""A sorted list that is searched character by character."""

from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.sampling.constraints.entries import Entries

words = st.text("ab", max_size=4)


@settings(max_examples=50)
@given(entries=st.lists(words, max_size=8), added=st.lists(words, max_size=3), word=words)
def test_a_word_is_found_if_it_is_an_entry(entries: list[str], added: list[str], word: str) -> None:
    """As a whole and character by character, and also if it came later."""
    found = Entries(entries)
    for one in added:
        found.add(one)
    place = found.place("")
    for char in word:
        place = found.after(place, char)
    assert place == found.place(word)
    assert found.has(place) == (word in {*entries, *added})
