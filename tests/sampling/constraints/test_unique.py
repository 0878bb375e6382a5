"""No text twice."""

from charseq.sampling.constraints.unique import Unique


def test_a_text_that_was_written_may_not_end_again() -> None:
    """A longer or a shorter one may."""
    unique = Unique()
    unique.note("ab")
    places = [unique.begin("any prompt")]
    for char in "abc":
        places.append(unique.after(places[-1], char))
    assert [unique.may_end(place) for place in places] == [True, True, False, True]
