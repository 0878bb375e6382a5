"""The beginning of texts on a page: coloured, with the guesses at each character."""

import math
import re

import numpy as np
import pytest

from charseq.reports.shown_text import ShownText
from charseq.scoring import Expectations, Surprisal
from charseq.text.tokenizers.tokenizer import bytes_per_char
from tests.reports.display.test_page import Document, data_of

ALPHABET = ("a", "b", "c", "\n", "<")


def surprisal_of(text: str, *, first_bits: float = 1.0) -> Surprisal:
    """Return a surprisal of one bit more with each character."""
    num_chars = len(text)
    guesses = np.tile(np.arange(5, dtype=np.int32), (num_chars, 1))
    return Surprisal(
        (first_bits + np.arange(num_chars)) * math.log(2),
        bytes_per_char(text),
        np.zeros(num_chars, np.bool_),
        np.full(num_chars, 2, np.int32),
        np.full(num_chars, 0.5),
        expected=Expectations(np.ones(num_chars), guesses, np.full((num_chars, 5), 0.125)),
    )


def shown_text(*files: tuple[str, list[str]]) -> ShownText:
    """Return texts as they are shown, in pieces."""
    heard = ShownText(ALPHABET)
    for file, pieces in files:
        heard.begin(file)
        for piece in pieces:
            heard.add(piece, surprisal_of(piece))
    return heard


def joined(heard: ShownText) -> str:
    """Return the building blocks of a text as one piece of a page."""
    return "\n".join(heard.html())


def texts_in(html: str) -> list[str]:
    """Return the text inside each heat text."""
    figures = re.findall('<figure class="heat.*?</figure>', html, flags=re.DOTALL)
    return [Document(figure).text_of("div text") for figure in figures]


def test_the_text_comes_back() -> None:
    """The pieces of a text are one coloured text below its name."""
    html = joined(shown_text(("a.txt", ["ab", "", "c\n a"])))
    assert texts_in(html) == ["abc\n a"]
    assert Document(html).texts_of("p") == ["a.txt"]


def test_several_texts() -> None:
    """Each text is under its own name; one of nothing is left out."""
    html = joined(shown_text(("a.txt", ["ab"]), ("e.txt", []), ("b.txt", ["ca"])))
    assert texts_in(html) == ["ab", "ca"]
    assert Document(html).texts_of("p") == ["a.txt", "b.txt"]


def test_the_details_are_those_of_each_character() -> None:
    """A character has its own probability and rank, whatever piece it was in, and its guesses."""
    heard = ShownText(ALPHABET)
    heard.begin("a.txt")
    heard.add("ab", surprisal_of("ab"))
    heard.add("c", surprisal_of("c", first_bits=3.0))
    (_, text) = heard.html()
    data = data_of(text)
    assert data["probabilities"] == [0.5, 0.25, 0.125]
    assert data["ranks"] == [2, 2, 2]
    assert data["guesses"] == [[0, 1, 2, 3, 4]] * 3
    assert data["vocab"] == ["a", "b", "c", r"\n", "<"]


def test_only_the_beginning_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of long texts the first SHOWN_CHARS characters of all are shown, and that there are more is said."""
    monkeypatch.setattr("charseq.reports.shown_text.SHOWN_CHARS", 5)
    heard = shown_text(("a.txt", ["ab", "c"]), ("b.txt", ["aaaa", "b"]), ("c.txt", ["c"]))
    html = joined(heard)
    assert texts_in(html) == ["abc", "aa"]
    assert data_of(heard.html()[-1])["probabilities"] == [0.5, 0.25]
    assert heard.text == "abcaa"
    assert Document(html).texts_of("p") == ["The first 5 of 9 characters.", "a.txt", "b.txt"]


def test_a_text_that_just_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of SHOWN_CHARS characters is shown whole, and nothing is said."""
    monkeypatch.setattr("charseq.reports.shown_text.SHOWN_CHARS", 50)
    html = shown_text(("a.txt", ["a" * 50, ""])).html()
    assert len(html) == 2
    assert len(Document(html[1]).text_of("div text")) == 50


def test_guesses_are_needed() -> None:
    """A text that was scored without guesses cannot be shown."""
    heard = ShownText(ALPHABET)
    heard.begin("a.txt")
    heard.add("a", Surprisal(np.ones(1), np.ones(1, np.int32), np.zeros(1, np.bool_)))
    with pytest.raises(ValueError, match=r"^scored without guesses$"):
        heard.html()
