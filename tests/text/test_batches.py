"""Text to windows: every token a target once, the streams contiguous, the resets at the line starts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.config import Unit
from charseq.text import CharTokenizer, Tokenizer
from charseq.text.batches import Batches, Examples, Window
from charseq.text.codec import Codec, Sequence
from charseq.text.symbols import ASCII, EncodedText
from tests.extensions.twin_tokenizer import PairTokenizer

ALPHABET = "ab\ncdefghi"
TOKENIZERS: dict[str, Tokenizer] = {
    "char": CharTokenizer.fit(ALPHABET),
    "pair": PairTokenizer.fit(ALPHABET),  # of two rows
}
FIELDS = ("inputs", "targets", "resets", "begins")
"""The fields of a window that make those of a sequence."""
UNITS: tuple[Unit, ...] = ("stream", "line")

codecs = st.builds(
    lambda tokens, unit: Codec(TOKENIZERS[tokens], unit),
    st.sampled_from(["char", "pair"]),
    st.sampled_from(UNITS),
)
each_codec = pytest.mark.parametrize(
    "codec",
    [
        Codec(TOKENIZERS["char"], "stream"),
        Codec(TOKENIZERS["char"], "line"),
        Codec(TOKENIZERS["pair"], "line"),
    ],
    ids=str,
)
batch_sizes = st.integers(1, 9)
seq_lengths = st.integers(1, 40)


def random_text(num_chars: int) -> str:
    return "".join(np.random.default_rng(num_chars).choice(list("ab\n\nhi"), num_chars).tolist())


long_texts = st.integers(1, 500).map(random_text)


def batches_of(text: str, codec: Codec, batch_size: int, seq_length: int) -> Batches:
    return Batches(Examples(EncodedText.of(text), codec), batch_size=batch_size, seq_length=seq_length)


def num_tokens(text: str, codec: Codec) -> int:
    return len(text) * (1 if codec.tokenizer.name == "char" else 2)


@each_codec
def test_tokens_are_counted(codec: Codec, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each token is counted as often as it is a target, in pieces too; unseen ones are not."""
    monkeypatch.setattr("charseq.text.batches.COUNTED_AT_ONCE", 3)
    examples = Examples(EncodedText.of("abba\nxhi\n"), codec)
    targets = examples.window(np.arange(len(examples))[:, None]).targets
    expected = [np.count_nonzero(targets == token) for token in range(codec.vocab_size)]
    assert examples.token_counts().tolist() == expected
    assert sum(expected) < len(examples)


def streams_of(batches: Batches) -> Sequence:
    """Put the windows together again: inputs, targets, starts and begins as (N, length)."""

    def joined(arrays: list[Any]) -> Any:
        return None if arrays[0] is None else np.concatenate(arrays).T

    windows = list(batches)
    return Sequence(*(joined([getattr(window, name) for window in windows]) for name in FIELDS))


def sequence_of(window: Window) -> Sequence:
    return Sequence(*(getattr(window, name) for name in FIELDS))


def part_of(sequence: Sequence, places: Any) -> Sequence:
    return Sequence(*(None if array is None else array[places] for array in sequence))


def assert_same(found: Sequence, expected: Sequence) -> None:
    for name, array in found._asdict().items():
        other = getattr(expected, name)
        assert (array is None) == (other is None), name
        if array is not None:
            np.testing.assert_array_equal(array, other, err_msg=name)


# Batches


@settings(max_examples=40)
@given(text=long_texts, codec=codecs, batch_size=batch_sizes, seq_length=seq_lengths)
def test_every_token_is_a_target_exactly_once(
    text: str, codec: Codec, batch_size: int, seq_length: int
) -> None:
    """The targets of the streams, one after the other, are the text but for its last `num_dropped` tokens."""
    batches = batches_of(text, codec, batch_size, seq_length)
    tokens = codec.tokenizer.encode(text)
    streams = streams_of(batches)
    np.testing.assert_array_equal(streams.targets.ravel(), tokens[: len(tokens) - batches.num_dropped])


@settings(max_examples=40)
@given(text=long_texts, codec=codecs, batch_size=batch_sizes, seq_length=seq_lengths)
def test_fewer_are_dropped_than_there_are_streams(
    text: str, codec: Codec, batch_size: int, seq_length: int
) -> None:
    """Less than one token per stream is left out, and the counts say so."""
    batches = batches_of(text, codec, batch_size, seq_length)
    assert 0 <= batches.num_dropped < batches.num_streams
    assert batches.num_targets + batches.num_dropped == num_tokens(text, codec)


@settings(max_examples=40)
@given(text=long_texts, codec=codecs, batch_size=batch_sizes, seq_length=seq_lengths)
def test_streams_are_contiguous(text: str, codec: Codec, batch_size: int, seq_length: int) -> None:
    """Inputs, targets, restarts and beginnings of the streams, end to end, are those of the whole text."""
    batches = batches_of(text, codec, batch_size, seq_length)
    flat = Sequence(*(None if array is None else array.ravel() for array in streams_of(batches)))
    assert_same(flat, part_of(codec.examples(text), slice(batches.num_targets)))


@settings(max_examples=40)
@given(text=long_texts, codec=codecs, batch_size=batch_sizes, seq_length=seq_lengths)
def test_windows_are_as_equal_as_can_be(text: str, codec: Codec, batch_size: int, seq_length: int) -> None:
    """No window is longer than `seq_length`, and lengths differ by at most one."""
    batches = batches_of(text, codec, batch_size, seq_length)
    lengths = [len(window.inputs) for window in batches]
    assert max(lengths) == batches.seq_length <= seq_length
    assert max(lengths) - min(lengths) <= 1


@settings(max_examples=40)
@given(text=long_texts, codec=codecs, batch_size=batch_sizes, seq_length=seq_lengths)
def test_windows_are_time_major(text: str, codec: Codec, batch_size: int, seq_length: int) -> None:
    """Every array of a window is a contiguous (T, N)."""
    batches = batches_of(text, codec, batch_size, seq_length)
    arrays = [array for window in batches for array in window if array is not None]
    assert all(array.shape[1] == batches.num_streams and array.flags.c_contiguous for array in arrays)


@settings(max_examples=40)
@given(text=long_texts, codec=codecs, batch_size=batch_sizes, seq_length=seq_lengths)
def test_an_epoch_has_the_fewest_windows(text: str, codec: Codec, batch_size: int, seq_length: int) -> None:
    """An epoch has no more windows than the length of its streams needs."""
    batches = batches_of(text, codec, batch_size, seq_length)
    length = num_tokens(text, codec) // batches.num_streams
    assert len(batches) == batches.num_windows == -(-length // seq_length)


@settings(max_examples=40)
@given(text=long_texts, codec=codecs, batch_size=batch_sizes, seq_length=seq_lengths)
def test_windows_count_every_character_once(
    text: str, codec: Codec, batch_size: int, seq_length: int
) -> None:
    """The characters of all windows are those of the text that begin before what is dropped."""
    batches = batches_of(text, codec, batch_size, seq_length)
    size = num_tokens("a", codec)
    assert sum(window.num_chars for window in batches) == -(-batches.num_targets // size)
    assert sum(window.total_weight for window in batches) == batches.num_targets


@pytest.mark.parametrize(
    ("num_chars", "num_streams"), [(1, 1), (9, 1), (10, 1), (20, 2), (39, 3), (40, 4), (4000, 4)]
)
def test_a_small_text_has_fewer_streams(num_chars: int, num_streams: int) -> None:
    """Each stream gets at least `seq_length` tokens, unless there is only one."""
    codec = Codec(TOKENIZERS["char"], "stream")
    assert batches_of("a" * num_chars, codec, batch_size=4, seq_length=10).num_streams == num_streams


@each_codec
def test_an_epoch_can_be_repeated(codec: Codec) -> None:
    """A second epoch has the windows of the first."""
    batches = batches_of("ab\nha" * 20, codec, batch_size=3, seq_length=7)
    assert_same(streams_of(batches), streams_of(batches))


@each_codec
def test_a_window_can_be_had_by_its_number(codec: Codec) -> None:
    """The windows by number, as a resumed run needs them, are those of the epoch."""
    batches = batches_of("ab\nha" * 20, codec, batch_size=3, seq_length=7)
    for number, window in enumerate(batches):
        assert_same(sequence_of(batches[number]), sequence_of(window))


@pytest.mark.parametrize("index", [-1, 5])
def test_there_is_no_window_outside_the_epoch(index: int) -> None:
    """There is no window before the first or after the last."""
    codec = Codec(TOKENIZERS["char"], "line")
    batches = batches_of("ab\nba" * 20, codec, batch_size=3, seq_length=7)
    assert len(batches) == 5
    with pytest.raises(IndexError):
        batches[index]


def test_there_is_no_window_of_what_is_dropped() -> None:
    """There is no window after the last, even where as much of the text is left out as one would take."""
    batches = batches_of("abbab", Codec(TOKENIZERS["char"], "line"), batch_size=3, seq_length=1)
    assert (len(batches), batches.num_dropped) == (1, 2)
    with pytest.raises(IndexError):
        batches[1]


@each_codec
def test_only_lines_have_resets(codec: Codec) -> None:
    """Only the unit line restarts states."""
    batches = batches_of("ab\n" * 9, codec, batch_size=2, seq_length=4)
    assert batches.has_resets == (codec.unit == "line")
    assert {window.resets is not None for window in batches} == {batches.has_resets}


@each_codec
def test_a_window_belongs_to_its_reader(codec: Codec) -> None:
    """Whoever changes a window, as training does, changes neither the text nor the next window."""
    batches = batches_of("ab\nha" * 20, codec, batch_size=3, seq_length=7)
    before = streams_of(batches)
    for window in batches:
        for array in window:
            if array is not None:
                array[...] = 0
    assert_same(streams_of(batches), before)


@pytest.mark.parametrize(("unit", "is_in_order"), [("stream", False), ("document", False), ("line", True)])
def test_pieces_are_for_texts_that_are_no_lines(unit: Unit, is_in_order: bool) -> None:
    """Every token is a target once all the same, with its own input."""
    separator = "\n\n" if unit == "document" else None
    codec = Codec(TOKENIZERS["char"], unit, separator=separator)
    examples = Examples(EncodedText.of(random_text(4000)), codec)
    plain, pieces = (
        Batches(examples, batch_size=3, seq_length=7, piece_length=one, seed=2) for one in (0, 100)
    )
    before, after = (streams_of(batches) for batches in (plain, pieces))
    assert np.array_equal(before.targets, after.targets) == is_in_order
    pairs, pairs_too = (np.stack([one.inputs, one.targets]).reshape(2, -1) for one in (before, after))
    np.testing.assert_array_equal(
        np.sort(pairs[0] * 1000 + pairs[1]), np.sort(pairs_too[0] * 1000 + pairs_too[1])
    )


# Examples


@given(codec=codecs, text=st.text("abi\n\nxż😀", min_size=1) | st.text(min_size=1), seed=st.integers(0, 99))
def test_examples_in_any_order_are_those_of_the_codec(codec: Codec, text: str, seed: int) -> None:
    """Examples made where they are asked for are those of the whole sequence there, unseen characters too."""
    examples, sequence = Examples(EncodedText.of(text), codec), codec.examples(text)
    assert len(examples) == len(sequence.targets)
    assert examples.num_chars == len(text)
    places = np.random.default_rng(seed).integers(0, len(examples), (5, 3))
    window = examples.window(places)
    assert_same(sequence_of(window), part_of(sequence, places))
    assert window.inputs.dtype == window.targets.dtype == np.int32


@given(codec=codecs, text=st.text("abi\n\nxż😀", min_size=1), piece=st.integers(1, 9))
def test_examples_in_order_are_those_of_the_codec(codec: Codec, text: str, piece: int) -> None:
    """In pieces of one axis each, however long these are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charseq.text.symbols.PIECE", piece)
        windows = list(Examples(EncodedText.of(text), codec).in_order())
    sequence = codec.examples(text)
    for name, whole in (
        ("inputs", sequence.inputs),
        ("targets", sequence.targets),
        ("resets", sequence.starts),
    ):
        parts = [getattr(window, name) for window in windows]
        if whole is None:
            assert parts == [None] * len(parts)
        else:
            np.testing.assert_array_equal(np.concatenate(parts), whole)
            assert parts[0].dtype == whole.dtype
    assert max(len(window.targets) for window in windows) <= piece * 2  # a pair has two tokens


@given(codec=codecs, text=st.text("abi\n\nxż😀", min_size=1) | st.text(min_size=1))
def test_the_bytes_of_a_character_stand_where_it_begins(codec: Codec, text: str) -> None:
    """Each token that begins a character has the length of its UTF-8, any other 0."""
    examples, expected = Examples(EncodedText.of(text), codec), []
    for char in text:
        known = char in ALPHABET and codec.tokenizer.name == "pair"
        expected += [len(char.encode("utf-8", "surrogatepass")), *[0] * known]
    assert examples.num_bytes(np.arange(len(examples))).tolist() == expected


def test_a_character_counts_as_much_as_the_token_that_begins_it() -> None:
    """With weights, the characters of a window are the weights of those targets that begin one."""
    tokens = np.zeros((2, 2), np.int32)
    weights, begins = np.array([[1.0, 0.5], [2.0, 0.0]]), np.array([[True, False], [True, True]])
    assert Window(tokens, tokens, None).num_chars == 4
    assert Window(tokens, tokens, None, weights).num_chars == 3.5
    assert Window(tokens, tokens, None, None, begins).num_chars == 3
    assert Window(tokens, tokens, None, weights, begins).num_chars == 3
    assert Window(tokens, tokens, None, weights, begins).total_weight == 3.5


def test_a_long_text_takes_no_memory() -> None:
    """Batches of a text hold nothing that grows with it, be it as long as can be."""
    symbols = np.lib.stride_tricks.as_strided(np.full(1, ord("a"), np.uint8), (10**12,), (0,))
    examples = Examples(EncodedText(symbols, ASCII), Codec(TOKENIZERS["char"], "line"))
    batches = Batches(examples, batch_size=16, seq_length=100)
    assert len(batches) == 625_000_000
    assert batches[len(batches) - 1].targets.shape == (100, 16)


@each_codec
def test_a_share_of_the_streams_is_read_alone(codec: Codec) -> None:
    """Of a plain text the other streams are zeros, and are not even read; of another, all are read."""
    text = EncodedText.of("abc\ndef\nghi\n" * 4)
    whole = Batches(Examples(text, codec), batch_size=5, seq_length=4)
    for rank, columns in enumerate([slice(0, 2), slice(2, 3), slice(3, 5)]):
        part = Batches(Examples(text, codec), batch_size=5, seq_length=4, share=(rank, 3))
        for ours, theirs in zip(part, whole, strict=True):
            is_plain = codec.tokenizer.one_token_each
            assert (ours.total_weight, ours.num_chars) == (theirs.total_weight, theirs.num_chars)
            for name in FIELDS:
                mine, all_ = getattr(ours, name), getattr(theirs, name)
                if all_ is None:
                    assert mine is None
                    continue
                np.testing.assert_array_equal(mine[:, columns], all_[:, columns])
                others = np.delete(mine, columns, axis=1)
                assert not others.any() if is_plain else (mine == all_).all()
