"""Characters separated by blanks: the tokens are the code points, under a name of their own."""

from charseq.text.tokenizers.blank import BlankTokenizer
from charseq.text.tokenizers.char import CharTokenizer


def test_the_tokens_are_those_of_the_characters() -> None:
    """On a text without its blanks the tokens are those of "char"; only the name and the reading differ."""
    blank, char = BlankTokenizer.fit("ab_c\n"), CharTokenizer.fit("ab_c\n")
    assert blank.encode("cab_x").tolist() == char.encode("cab_x").tolist()
    assert blank.is_separated
    assert not char.is_separated


def test_a_spec_makes_the_same_kind_again() -> None:
    """A rebuilt tokenizer is one of separated characters, too."""
    rebuilt = BlankTokenizer.from_spec(BlankTokenizer.fit("aab").to_spec())
    assert isinstance(rebuilt, BlankTokenizer)
    assert rebuilt.to_spec() == {"name": "blank", "vocab": "ab", "num_once": 1, "num_chars": 3}
