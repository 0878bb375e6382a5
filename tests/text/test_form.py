"""The form of texts: normalised, in lower case, without separating blanks, however they are cut."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.config import DataConfig, NormalForm
from charseq.errors import DataError
from charseq.text.form import PLAIN, TextForm

PLANES = (range(0xD800), range(0xE000, 0x40000), range(0xE0000, 0xE1000), range(0x10FFFE, 0x110000))
EVERYTHING = "".join(chr(code) for plane in PLANES for code in plane)
"""All characters of Unicode; of planes without any, and of those for private use, only some."""
MARKS = "a e\u0301\u0323Σς가각\u1100\u1161\u11a8İﬁ①é漢\n"
texts = st.lists(st.text(st.sampled_from(MARKS), max_size=6), max_size=8)
each_form = pytest.mark.parametrize("normalize", ["nfc", "nfd", "nfkc"])
each_case = pytest.mark.parametrize("lowercase", [False, True])


@each_form
@each_case
@given(pieces=texts)
def test_cuts_make_no_difference(normalize: NormalForm, lowercase: bool, pieces: list[str]) -> None:
    """The text in pieces becomes what it becomes as a whole."""
    form = TextForm(normalize, lowercase)
    assert "".join(form.pieces(pieces, "it")) == form.apply("".join(pieces))


@each_form
def test_normal_forms_are_those_of_unicode(normalize: NormalForm) -> None:
    """All characters in a row are normalised as Python does it."""
    assert TextForm(normalize).apply(EVERYTHING) == unicodedata.normalize(normalize.upper(), EVERYTHING)


@each_form
@each_case
def test_a_form_is_applied_once(normalize: NormalForm, lowercase: bool) -> None:
    """What is in the form stays as it is."""
    form = TextForm(normalize, lowercase)
    once = form.apply(EVERYTHING)
    assert form.apply(once) == once


def test_lower_case_is_that_of_each_character() -> None:
    """A final sigma is like any other; all other characters are as in Python."""
    assert TextForm(lowercase=True).apply("ΟΔΟΣ İ") == "οδοσ i\u0307"
    chars = [char for char in EVERYTHING if char != "Σ"]
    assert TextForm(lowercase=True).apply("".join(chars)) == "".join(char.lower() for char in chars)


def test_texts_as_they_are_are_not_touched() -> None:
    """Without changes the same string comes back, and its form has no name."""
    assert PLAIN.apply(MARKS) is MARKS
    assert PLAIN.name is None
    assert TextForm(any_bytes=True).changes == ()


@given(text=st.text(st.sampled_from("ab_한\n")))
def test_blanks_are_left_out_and_written_again(text: str) -> None:
    """A text with a blank after each character is read as its characters, and written as it was."""
    form = TextForm(is_separated=True)
    written = form.written(text)
    assert form.apply(written) == text
    assert "".join(form.pieces(list(written), "it")) == text
    assert form.apply(" " + written.replace(" ", "  ")) == text


@pytest.mark.parametrize(
    ("pieces", "line", "column"),
    [
        (["a b\n", "c d", "e f"], 2, 4),
        (["ab"], 1, 2),
        (["a\n\nb c", "\nde"], 4, 2),
        (["a b c d e f ", "a", "b"], 1, 14),
    ],
)
def test_what_no_blank_separates_is_refused(pieces: list[str], line: int, column: int) -> None:
    """Two characters side by side are an error; it names the text, and the place where a blank should be."""
    where = f"penn.txt: line {line}, column {column}: '(de|ab)' is not separated"
    with pytest.raises(DataError, match=where):
        list(TextForm(is_separated=True).pieces(pieces, "penn.txt"))


def test_the_form_is_that_of_the_settings() -> None:
    """Tokenizer, normal form and case decide it together."""
    form = TextForm.of(DataConfig(tokenizer="blank", normalize="nfkc", lowercase=True))
    assert form.name == "blank, nfkc, lowercase"
    assert TextForm.of(DataConfig(tokenizer="byte")).errors == "surrogateescape"
    assert TextForm.of(DataConfig()) == PLAIN
