"""Prose: whole sentences of documentation, without repetition, as short lines."""

import pytest

from charseq.text.prose import paragraphs, prose, without_repetition

SENTENCE = "The name of a file is read from left to right."


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE,
        "  The name of a file\n  is read from left\n  to right.\n",
        f"read(x, y)\n\n{SENTENCE}\n\n>>> read(1, 2)\n3",
        f"{SENTENCE}\n\n  name   the name of a file\n  side   from left to right\n",
        f"{SENTENCE}\n\nIt works for:\n   a name, a file, and so on.",
        f"{SENTENCE}\n\nIt was read by Łukasz.",
    ],
    ids=["a sentence", "indented lines", "code", "a table", "a list", "other letters"],
)
def test_only_paragraphs_of_english_are_prose(text: str) -> None:
    """Code, tables and lists are no prose; the lines of a paragraph are joined."""
    assert list(paragraphs(text)) == [SENTENCE]


def test_a_sentence_with_four_words_of_an_earlier_one_is_left_out() -> None:
    """The others of its paragraph stay; case and signs make no difference; one sentence may repeat itself."""
    found = without_repetition(
        [
            "Return the name of it. So it is, so it is.",
            "It is new. Give me the Name, of it. And that is all.",
            "It is new! Yes. Go on.",
        ]
    )
    assert list(found) == ["Return the name of it. So it is, so it is.", "It is new. And that is all."]


def test_prose_stands_in_lines_of_at_most_forty_characters() -> None:
    """One empty line is between paragraphs; a longer word has a line of its own."""
    word = "x" * 50
    lines = prose([f"{SENTENCE} It ends with the word\n{word}.", "This one is short."]).split("\n")
    assert sorted(lines) == sorted(
        [
            "The name of a file is read from left to",
            "right. It ends with the word",
            f"{word}.",
            "",
            "This one is short.",
        ]
    )


def test_the_order_of_prose_does_not_depend_on_that_of_the_texts() -> None:
    """Paragraphs are mixed, and always in the same way."""
    texts = ["A number is one.", "Two and two are four.", "Nobody saw three of them.", "Odd is what five is."]
    assert prose(texts) == prose(reversed(texts))
    assert prose(texts) != "\n\n".join(texts)


def test_no_text_has_no_prose() -> None:
    """Without a sentence there is nothing."""
    assert prose(["x = 1", ""]) == ""
