"""The seam between text and model: which tokens are whose, what is read first, where a character is due."""

from collections.abc import Iterator
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.config import Unit
from charseq.text import UNSEEN, CharTokenizer, Tokenizer
from charseq.text.codec import Codec, Sequence, chars_at, restarts
from tests.extensions.twin_tokenizer import PairTokenizer

ALPHABET = "\nabcdefghij"
SPELLINGS: dict[str, dict[str, tuple[int, ...]]] = {
    "char": {char: (k,) for k, char in enumerate(ALPHABET)},
    "pair": {char: (k // 8, 2 + k % 8) for k, char in enumerate(ALPHABET)},
}
CLASSES: dict[str, type[Tokenizer]] = {"char": CharTokenizer, "pair": PairTokenizer}
UNITS: tuple[Unit, ...] = ("stream", "line")
each_unit = pytest.mark.parametrize("unit", UNITS)
each_tokens = pytest.mark.parametrize("tokens", SPELLINGS)
texts = st.text("ab\n\njxQ", max_size=60)


def codec_of(tokens: str, unit: Unit) -> Codec:
    return Codec(CLASSES[tokens].fit(ALPHABET), unit)


def plain(text: str, tokens: str, unit: Unit) -> tuple[list[int], list[int], list[bool], list[bool]]:
    """Return inputs, targets, starts and begins of a text, one character after the other."""
    spelled, previous = SPELLINGS[tokens], "\n"
    last = spelled["\n"][-1] if unit == "line" else UNSEEN
    inputs, targets, starts, begins = [], [], [], []
    for char in text:
        for place, token in enumerate(spelled.get(char, (UNSEEN,))):
            inputs.append(last)
            targets.append(token)
            starts.append(place == 0 and previous == "\n")
            begins.append(place == 0)
            last = token
        previous = char
    return inputs, targets, starts, begins


def assert_same(found: Sequence, expected: Sequence) -> None:
    for name, array in found._asdict().items():
        other = getattr(expected, name)
        assert (array is None) == (other is None), name
        if array is not None:
            np.testing.assert_array_equal(array, other, err_msg=name)


def joined(a: Sequence, b: Sequence) -> Sequence:
    parts = zip(a, b, strict=True)
    return Sequence(*(None if x is None or y is None else np.concatenate([x, y]) for x, y in parts))


# Examples


@each_tokens
@each_unit
@given(text=texts)
def test_examples_are_those_by_hand(tokens: str, unit: Unit, text: str) -> None:
    """Each token is a target, the one before it the input; starts and begins are those by hand."""
    sequence, (inputs, targets, starts, begins) = (
        codec_of(tokens, unit).examples(text),
        plain(text, tokens, unit),
    )
    assert sequence.inputs.tolist() == inputs
    assert sequence.targets.tolist() == targets
    assert sequence.inputs.dtype == sequence.targets.dtype == np.int32
    assert (None if sequence.starts is None else sequence.starts.tolist()) == (
        starts if unit == "line" else None
    )
    assert (None if sequence.begins is None else sequence.begins.tolist()) == (
        begins if tokens == "pair" else None
    )


@each_tokens
@each_unit
def test_the_start_token_is_the_last_of_a_newline_or_nothing(tokens: str, unit: Unit) -> None:
    """A line begins after the last token of a newline, a stream after the zero vector."""
    expected = SPELLINGS[tokens]["\n"][-1] if unit == "line" else UNSEEN
    assert codec_of(tokens, unit).start_token == expected
    assert codec_of(tokens, unit).examples("ab").inputs[0] == expected


@pytest.mark.parametrize("tokens", CLASSES)
def test_lines_of_an_alphabet_without_newlines_begin_with_the_zero_vector(tokens: str) -> None:
    """An alphabet without a newline has no token to begin a line with."""
    assert Codec(CLASSES[tokens].fit("ab"), "line").start_token == UNSEEN


@each_tokens
def test_a_line_restarts_at_its_first_token(tokens: str) -> None:
    """Each line restarts at the first token of its first character, an empty line at its newline's."""
    starts = codec_of(tokens, "line").examples("ab\n\nb").starts
    assert starts is not None
    size = len(SPELLINGS[tokens]["a"])
    assert np.flatnonzero(starts).tolist() == [0, 3 * size, 4 * size]


@each_tokens
def test_a_stream_never_restarts(tokens: str) -> None:
    """A stream has no restarts, newlines or not."""
    assert codec_of(tokens, "stream").examples("a\nb\n").starts is None


@each_tokens
@each_unit
def test_the_empty_text_is_the_empty_sequence(tokens: str, unit: Unit) -> None:
    """The empty text has no examples, alone or after another."""
    for after in ("", "a", "\n"):
        sequence = codec_of(tokens, unit).examples("", after=after)
        assert all(len(array) == 0 for array in sequence if array is not None)


@each_tokens
@each_unit
@given(text=texts, cut=st.integers(0, 60))
def test_pieces_join_to_the_whole(tokens: str, unit: Unit, text: str, cut: int) -> None:
    """Two pieces, the second made `after` the first, are the sequence of the whole text."""
    codec, first, second = codec_of(tokens, unit), text[:cut], text[cut:]
    pieces = joined(codec.examples(first), codec.examples(second, after=first))
    assert_same(pieces, codec.examples(text))


@each_tokens
@each_unit
@given(text=texts, after=texts.filter(bool))
def test_the_last_character_before_is_enough(tokens: str, unit: Unit, text: str, after: str) -> None:
    """Of what a piece comes after, only the last character matters."""
    codec = codec_of(tokens, unit)
    assert_same(codec.examples(text, after=after), codec.examples(text, after=after[-1]))


# Prompts and reading


@each_tokens
@each_unit
@given(prompt=texts)
def test_a_prompt_is_read_as_training_read_it(tokens: str, unit: Unit, prompt: str) -> None:
    """What makes a model ready to continue a prompt is all inputs since its state was last zero."""
    inputs, _, starts, begins = plain(prompt + "a", tokens, unit)
    end = max(k for k, begin in enumerate(begins) if begin)
    begin = max([k for k, start in enumerate(starts) if start and unit == "line"], default=0)
    assert codec_of(tokens, unit).prompt(prompt) == inputs[begin : end + 1]


@each_tokens
def test_the_prompt_of_a_line_is_its_last_line(tokens: str) -> None:
    """Of a prompt of several lines only the last one counts, and after a newline nothing of it."""
    codec = codec_of(tokens, "line")
    assert codec.prompt("ab\nxb\nja") == codec.prompt("ja")
    assert codec.prompt("ab\n") == codec.prompt("") == [codec.start_token]


@each_tokens
def test_the_prompt_of_a_stream_is_all_of_it(tokens: str) -> None:
    """A stream reads its whole prompt, newlines too."""
    spelled = SPELLINGS[tokens]
    expected = [UNSEEN, *(token for char in "a\nj" for token in spelled[char])]
    assert codec_of(tokens, "stream").prompt("a\nj") == expected


@each_tokens
@each_unit
@given(text=texts)
def test_a_reading_expects_a_character_before_each_and_after_the_last(
    tokens: str, unit: Unit, text: str
) -> None:
    """The inputs lead through the text; where a character is expected, the text before it was read."""
    reading = codec_of(tokens, unit).reading(text)
    inputs, _, starts, _ = plain(text + "\n", tokens, unit)
    lengths = [len(SPELLINGS[tokens].get(char, (UNSEEN,))) for char in text]
    expects = [0, *accumulate(lengths)]
    assert reading.expects.tolist() == expects
    assert reading.inputs.tolist() == inputs[: expects[-1] + 1]
    assert (None if reading.starts is None else reading.starts.tolist()) == (
        starts[: expects[-1] + 1] if unit == "line" else None
    )


# The rest


@each_tokens
@given(text=texts)
def test_unknown_characters_come_once_and_in_their_order(tokens: str, text: str) -> None:
    """The characters that a model does not know are told each once, as they are met first."""
    expected: list[str] = []
    for char in text:
        if char not in ALPHABET and char not in expected:
            expected.append(char)
    assert codec_of(tokens, "line").unknown(text) == expected


def test_a_lone_surrogate_is_unknown() -> None:
    """Half a character, as in a broken argument, is unknown like any other."""
    assert codec_of("pair", "stream").unknown("a\udcff") == ["\udcff"]


def test_shared_tokens_are_those_of_the_same_names() -> None:
    """The tokens of two vocabularies belong together by their names, not by their numbers."""
    one, other = (Codec(CharTokenizer.fit(text), "stream") for text in ("abde", "bcez"))
    assert one.shared_tokens(other) == ([1, 3], [0, 2])
    assert other.shared_tokens(one) == ([0, 2], [1, 3])


def test_shared_tokens_of_several_per_character() -> None:
    """The second row of a larger alphabet has no other in a smaller one; its places move by one number."""
    one, other = (Codec(PairTokenizer.fit(text), "stream") for text in ("abc", ALPHABET))
    assert one.shared_tokens(other) == ([0, 1, 2, 3], [0, 2, 3, 4])


def test_tokens_of_other_kinds_have_nothing_in_common() -> None:
    """Characters and rows share no name."""
    assert codec_of("char", "stream").shared_tokens(codec_of("pair", "stream")) == ([], [])


@pytest.mark.parametrize(("unit", "end"), [("stream", None), ("line", "\n")])
def test_only_a_line_has_an_end(unit: Unit, end: str | None) -> None:
    """A line ends with its newline, a stream never; the codec and the unit agree on restarts."""
    codec = codec_of("char", unit)
    assert codec.end == end
    assert codec.restarts == restarts(unit) == (end is not None)


@each_tokens
@given(text=st.text(ALPHABET, max_size=20))
def test_a_character_comes_with_its_last_token(tokens: str, text: str) -> None:
    """Characters are read from tokens one by one, each as soon as it is complete."""
    codec, taken = codec_of(tokens, "stream"), list[int]()

    def one_by_one() -> Iterator[int]:
        for token in [token for char in text for token in SPELLINGS[tokens][char]]:
            taken.append(token)
            yield token

    for number, char in enumerate(codec.texts(one_by_one()), start=1):
        assert char == text[number - 1]
        assert len(taken) == number * len(SPELLINGS[tokens]["a"])
    assert len(taken) == len(text) * len(SPELLINGS[tokens]["a"])


def test_bytes_stand_where_a_character_begins() -> None:
    """The length of a character belongs to its first token, and its other tokens have none."""
    begins, num_bytes = np.array([True, False, True, True, False]), np.array([1, 4, 2], np.int32)
    assert chars_at(begins, num_bytes).tolist() == [1, 0, 4, 2, 0]
    assert chars_at(None, num_bytes) is num_bytes


@each_unit
def test_a_codec_says_what_it_is(unit: Unit) -> None:
    """A codec in words has its tokenizer, its unit and the size of its vocabulary."""
    assert repr(codec_of("pair", unit)) == f"<Codec: pair tokens, {unit}s, vocabulary of 10>"


def test_documents_are_read_and_written_with_their_separator() -> None:
    """A model reads one character for each separator, and writes the separator; others change nothing."""
    tokenizer = CharTokenizer.fit("ab\x1e")
    codec = Codec(tokenizer, "document", "%%")
    assert "".join(codec.read(["a%", "%b"])) == "a\x1eb\x1e"
    assert codec.written("a\x1eb") == "a%%b"
    assert Codec(tokenizer, "document").written("a\x1eb") == "ab"
    assert list(Codec(tokenizer, "stream", "%%").read(["a%%b"])) == ["a%%b"]
    assert Codec(tokenizer, "line").written("a\x1eb") == "a\x1eb"


def test_a_document_begins_in_the_zero_state() -> None:
    """The end of a document is its first input, and a prompt continues the last document."""
    codec = Codec(CharTokenizer.fit("ab\x1e"), "document")
    inputs, targets, starts, _ = codec.examples("a\x1eb")
    assert (inputs.tolist(), targets.tolist()) == ([0, 1, 0], [1, 0, 2])
    assert starts is not None
    assert starts.tolist() == [True, False, True]
    assert codec.prompt("a\x1eb") == [0, 2]
