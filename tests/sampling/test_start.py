"""The place where new texts begin."""

import math

import pytest

from charseq.sampling.start import TAIL_CHARS, Start
from charseq.text.codec import Codec
from charseq.text.tokenizers.byte import ByteTokenizer
from tests.scoring.twins import Kind


def test_the_end_of_the_prompt_is_kept() -> None:
    """As many characters as strings to stop at may reach back."""
    kind, prompt = Kind("gru", "stream"), "hello " * 400
    assert Start(kind.make(), kind.codec, prompt).tail == prompt[-TAIL_CHARS:]


@pytest.mark.parametrize(("prompt", "token"), [("he", "e"), ("he\n", "\n"), ("", "\n")])
def test_the_last_input_is_not_read_yet(prompt: str, token: str) -> None:
    """It is the first that a text reads: the last character, or the end of a line."""
    kind = Kind("gru", "line")
    assert Start(kind.make(), kind.codec, prompt).token == kind.codec.tokenizer.spell(token)[0]


def test_a_character_has_its_tokens_and_the_price_of_being_known() -> None:
    """The tokenizer says both."""
    kind = Kind("gru", "stream", "pair")
    start = Start(kind.make(), kind.codec, "")
    assert start.num_tokens("h") == 2
    assert start.price == -math.log1p(-kind.codec.tokenizer.escape_probability)
    start.codec = Codec(ByteTokenizer(), "stream")
    assert [start.num_tokens(char) for char in ("h", "é", "한", "\udcff")] == [1, 2, 3, 1]
