"""Places in a text: lines and columns."""

from charseq.text.place import Place


def test_a_place_goes_on_with_the_text() -> None:
    """A newline begins the next line; within a line, columns go on from piece to piece."""
    place = Place()
    seen = []
    for text in ("", "ab", "c\n", "d", "\n\nxyz"):
        place.pass_(text)
        seen.append((place.line, place.column))
    assert seen == [(1, 1), (1, 3), (2, 1), (2, 2), (4, 4)]


def test_a_later_place_leaves_this_one_where_it_is() -> None:
    """It is written with its line and its column."""
    place = Place(1_000, 5)
    assert (str(place.after("a")), str(place)) == ("line 1,000, column 6", "line 1,000, column 5")
