"""Documents: cut at a separator or at the end of a file, however the text arrives."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from charseq.text.documents import DOCUMENT_END, documents
from charseq.text.pieces import bytes_of

E = DOCUMENT_END


def read(*pieces: str, separator: str = "") -> tuple[str, list[int]]:
    """Return the text of documents, and the bytes of its characters."""
    found = list(documents(pieces, separator))
    return "".join(found), [size for piece in found for size in bytes_of(piece).tolist()]


def test_a_file_is_one_document_without_a_separator() -> None:
    """The end of the file is a character of no bytes."""
    assert read("a\n\n", "é") == (f"a\n\né{E}", [1, 1, 1, 2, 0])


def test_a_separator_is_one_character_with_its_bytes() -> None:
    """The file's end ends the last document only if no separator does."""
    assert read("a%%b", separator="%%") == (f"a{E}b{E}", [1, 2, 1, 0])
    assert read("a%%", separator="%%") == (f"a{E}", [1, 2])


def test_an_empty_file_is_no_document() -> None:
    """Nothing begins and nothing ends."""
    assert read("", "", separator="%") == ("", [])


@given(
    text=st.text("ab%é", max_size=20),
    cuts=st.lists(st.integers(0, 20), max_size=4),
    separator=st.sampled_from(["", "%", "%%", "a%a", "aab", "é%"]),
)
def test_documents_do_not_depend_on_pieces(text: str, cuts: list[int], separator: str) -> None:
    """However a text is cut, its documents are those of `str.split`, and no byte is lost."""
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[begin:end] for begin, end in pairwise(places)]
    found, num_bytes = read(*pieces, separator=separator)
    expected = E.join(text.split(separator) if separator else [text])
    assert found == (expected if expected.endswith(E) or not expected else expected + E)
    assert sum(num_bytes) == len(text.encode())


def test_documents_are_the_same_when_cut_again() -> None:
    """What has been cut into documents stays as it is."""
    once = list(documents(["a%b"], "%"))
    assert "".join(documents(once, "%")) == "".join(once)
