"""Text to windows: every character a target once, the streams contiguous, the resets at the line starts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.config import Unit
from charseq.text import UNSEEN, CharTokenizer
from charseq.text.batches import Batches, Examples
from charseq.text.codec import Codec, Sequence
from charseq.text.symbols import ASCII, EncodedText

ALPHABET = "ab\n"
TOKENIZER = CharTokenizer.fit(ALPHABET)
NEWLINE = int(TOKENIZER.encode("\n")[0])
UNITS: tuple[Unit, ...] = ("stream", "line")

units = st.sampled_from(UNITS)
each_unit = pytest.mark.parametrize("unit", UNITS)
texts = st.text(ALPHABET, min_size=1, max_size=300)
batch_sizes = st.integers(1, 9)
seq_lengths = st.integers(1, 40)


def random_text(num_chars: int) -> str:
    return "".join(np.random.default_rng(num_chars).choice(list(ALPHABET), num_chars).tolist())


long_texts = st.integers(1, 500).map(random_text)


def batches_of(text: str, unit: Unit, batch_size: int, seq_length: int) -> Batches:
    pairs = Examples(EncodedText.of(text), Codec(TOKENIZER, unit))
    return Batches(pairs, batch_size=batch_size, seq_length=seq_length)


def streams_of(batches: Batches) -> Sequence:
    """Put the windows together again: inputs, targets and starts as (N, length)."""
    windows = list(batches)
    inputs, targets = (np.concatenate([window[k] for window in windows]).T for k in (0, 1))
    resets = [window.resets for window in windows if window.resets is not None]
    return Sequence(inputs, targets, np.concatenate(resets).T if resets else None)


def same(a: Sequence, b: Sequence) -> bool:
    starts_alike = (a.starts is None) == (b.starts is None)
    if a.starts is not None and b.starts is not None:
        starts_alike = np.array_equal(a.starts, b.starts)
    return np.array_equal(a.inputs, b.inputs) and np.array_equal(a.targets, b.targets) and starts_alike


def joined(a: Sequence, b: Sequence) -> Sequence:
    starts = None if a.starts is None or b.starts is None else np.concatenate([a.starts, b.starts])
    return Sequence(np.concatenate([a.inputs, b.inputs]), np.concatenate([a.targets, b.targets]), starts)


@each_unit
@given(text=texts)
def test_every_character_of_a_sequence_is_a_target(unit: Unit, text: str) -> None:
    """The targets of a sequence are the text."""
    assert TOKENIZER.decode(Codec(TOKENIZER, unit).examples(text).targets) == text


@each_unit
@given(text=texts)
def test_inputs_are_the_previous_characters(unit: Unit, text: str) -> None:
    """The input to each target but the first is the character before it."""
    sequence = Codec(TOKENIZER, unit).examples(text)
    assert sequence.inputs[1:].tolist() == sequence.targets[:-1].tolist()


@pytest.mark.parametrize(("unit", "token"), [("line", NEWLINE), ("stream", UNSEEN)])
def test_first_input(unit: Unit, token: int) -> None:
    """A line begins after a newline, a stream after nothing."""
    assert Codec(TOKENIZER, unit).examples("ab").inputs[0] == Codec(TOKENIZER, unit).start_token == token


def test_first_input_of_a_line_without_newlines() -> None:
    """A vocabulary without a newline begins its lines with the zero vector."""
    assert Codec(CharTokenizer.fit("ab"), "line").start_token == UNSEEN


def test_stream_never_restarts() -> None:
    """A stream has no restarts, newlines or not."""
    assert Codec(TOKENIZER, "stream").examples("a\nb\n").starts is None


def test_lines_restart() -> None:
    """Each line restarts at its first character, an empty line at its newline."""
    starts = Codec(TOKENIZER, "line").examples("ab\n\nb").starts
    assert starts is not None
    assert starts.tolist() == [True, False, False, True, True]


@given(text=texts)
def test_starts_are_exactly_after_newlines(text: str) -> None:
    """A line starts where the text begins or the previous character is a newline, and nowhere else."""
    starts = Codec(TOKENIZER, "line").examples(text).starts
    assert starts is not None
    assert starts.tolist() == [before == "\n" for before in "\n" + text[:-1]]


@each_unit
def test_empty_sequence(unit: Unit) -> None:
    """The empty text is the empty sequence."""
    inputs, targets, starts = Codec(TOKENIZER, unit).examples("")
    assert len(inputs) == len(targets) == 0
    assert starts is None or len(starts) == 0


@each_unit
@given(text=texts, cut=st.integers(0, 300))
def test_pieces_join_to_the_whole(unit: Unit, text: str, cut: int) -> None:
    """Two pieces, the second made `after` the first, are the sequence of the whole text."""
    first, second = text[:cut], text[cut:]
    pieces = Codec(TOKENIZER, unit).examples(first), Codec(TOKENIZER, unit).examples(second, after=first)
    assert same(joined(*pieces), Codec(TOKENIZER, unit).examples(text))


@each_unit
@given(text=texts, after=texts)
def test_last_character_before_is_enough(unit: Unit, text: str, after: str) -> None:
    """Of what a piece comes after, only the last character matters."""
    pieces = [Codec(TOKENIZER, unit).examples(text, after=context) for context in (after, after[-1])]
    assert same(*pieces)


@each_unit
@given(prompt=st.text(ALPHABET + "Q", max_size=20))
def test_prompt_is_read_as_training_read_it(unit: Unit, prompt: str) -> None:
    """What makes a model ready to continue a prompt is all inputs since its state was last zero."""
    sequence = Codec(TOKENIZER, unit).examples(prompt + "a")
    begin = 0 if sequence.starts is None else int(np.flatnonzero(sequence.starts)[-1])
    assert Codec(TOKENIZER, unit).prompt(prompt) == sequence.inputs[begin:].tolist()


@settings(deadline=None)
@given(text=long_texts, unit=units, batch_size=batch_sizes, seq_length=seq_lengths)
def test_every_character_is_a_target_exactly_once(
    text: str, unit: Unit, batch_size: int, seq_length: int
) -> None:
    """The streams, one after the other, are the text without its last `num_dropped` characters."""
    batches = batches_of(text, unit, batch_size, seq_length)
    streams = streams_of(batches)
    assert TOKENIZER.decode(streams.targets.ravel()) == text[: len(text) - batches.num_dropped]


@settings(deadline=None)
@given(text=long_texts, unit=units, batch_size=batch_sizes, seq_length=seq_lengths)
def test_fewer_are_dropped_than_there_are_streams(
    text: str, unit: Unit, batch_size: int, seq_length: int
) -> None:
    """Less than one character per stream is left out, and the counts say so."""
    batches = batches_of(text, unit, batch_size, seq_length)
    assert 0 <= batches.num_dropped < batches.num_streams
    assert batches.num_targets + batches.num_dropped == len(text)


@settings(deadline=None)
@given(text=long_texts, unit=units, batch_size=batch_sizes, seq_length=seq_lengths)
def test_streams_are_contiguous(text: str, unit: Unit, batch_size: int, seq_length: int) -> None:
    """Inputs, targets and restarts of the streams, end to end, are those of the whole sequence."""
    batches = batches_of(text, unit, batch_size, seq_length)
    inputs, targets, starts = streams_of(batches)
    flat = Sequence(inputs.ravel(), targets.ravel(), None if starts is None else starts.ravel())
    whole = Codec(TOKENIZER, unit).examples(text[: batches.num_targets])
    assert same(flat, whole)


@settings(deadline=None)
@given(text=long_texts, unit=units, batch_size=batch_sizes, seq_length=seq_lengths)
def test_windows_are_as_equal_as_can_be(text: str, unit: Unit, batch_size: int, seq_length: int) -> None:
    """No window is longer than `seq_length`, and lengths differ by at most one."""
    batches = batches_of(text, unit, batch_size, seq_length)
    lengths = [len(window.inputs) for window in batches]
    assert max(lengths) == batches.seq_length <= seq_length
    assert max(lengths) - min(lengths) <= 1


@settings(deadline=None)
@given(text=long_texts, unit=units, batch_size=batch_sizes, seq_length=seq_lengths)
def test_windows_are_time_major(text: str, unit: Unit, batch_size: int, seq_length: int) -> None:
    """Every array of a window is a contiguous (T, N)."""
    batches = batches_of(text, unit, batch_size, seq_length)
    arrays = [array for window in batches for array in window if array is not None]
    assert all(array.shape[1] == batches.num_streams and array.flags.c_contiguous for array in arrays)


@settings(deadline=None)
@given(text=long_texts, unit=units, batch_size=batch_sizes, seq_length=seq_lengths)
def test_fewest_windows(text: str, unit: Unit, batch_size: int, seq_length: int) -> None:
    """An epoch has no more windows than the length of its streams needs."""
    batches = batches_of(text, unit, batch_size, seq_length)
    length = len(text) // batches.num_streams
    assert len(batches) == batches.num_windows == -(-length // seq_length)


@pytest.mark.parametrize(
    ("num_chars", "num_streams"), [(1, 1), (9, 1), (10, 1), (20, 2), (39, 3), (40, 4), (4000, 4)]
)
def test_small_text_has_fewer_streams(num_chars: int, num_streams: int) -> None:
    """Each stream gets at least `seq_length` characters, unless there is only one."""
    assert batches_of("a" * num_chars, "stream", batch_size=4, seq_length=10).num_streams == num_streams


def test_an_epoch_can_be_repeated() -> None:
    """A second epoch has the windows of the first."""
    batches = batches_of("ab\nba" * 20, "line", batch_size=3, seq_length=7)
    assert same(streams_of(batches), streams_of(batches))


def test_windows_by_index() -> None:
    """A window can be had by its number, as a resumed run needs."""
    batches = batches_of("ab\nba" * 20, "line", batch_size=3, seq_length=7)
    windows = [batches[k] for k in range(len(batches))]
    assert all(same(Sequence(*a), Sequence(*b)) for a, b in zip(windows, batches, strict=True))


@pytest.mark.parametrize("index", [-1, 5])
def test_no_window_outside_the_epoch(index: int) -> None:
    """There is no window before the first or after the last."""
    batches = batches_of("ab\nba" * 20, "line", batch_size=3, seq_length=7)
    assert len(batches) == 5
    with pytest.raises(IndexError):
        batches[index]


def test_no_window_of_what_is_dropped() -> None:
    """There is no window after the last, even where as much of the text is left out as one would take."""
    batches = batches_of("abbab", "line", batch_size=3, seq_length=1)
    assert (len(batches), batches.num_dropped) == (1, 2)
    with pytest.raises(IndexError):
        batches[1]


@pytest.mark.parametrize(("unit", "has_resets"), [("line", True), ("stream", False)])
def test_has_resets(unit: Unit, has_resets: bool) -> None:
    """Only the unit line restarts states."""
    batches = batches_of("ab\n" * 9, unit, batch_size=2, seq_length=4)
    assert batches.has_resets == has_resets == all(window.resets is not None for window in batches)


@each_unit
@given(text=texts | st.text(min_size=1), seed=st.integers(0, 99))
def test_pairs_are_those_of_the_sequence(unit: Unit, text: str, seed: int) -> None:
    """Examples made where they are asked for, in any order, are those of the whole sequence there."""
    pairs, (inputs, targets, starts) = (
        Examples(EncodedText.of(text), Codec(TOKENIZER, unit)),
        Codec(TOKENIZER, unit).examples(text),
    )
    assert len(pairs) == len(text)
    places = np.random.default_rng(seed).integers(0, len(text), (5, 3))
    window = pairs.window(places)
    assert same(
        Sequence(*window),
        Sequence(inputs[places], targets[places], None if starts is None else starts[places]),
    )
    assert window.inputs.dtype == window.targets.dtype == np.int32
    assert pairs.num_bytes(places).tolist() == [
        [len(text[k].encode("utf-8", "surrogatepass")) for k in row] for row in places
    ]


@each_unit
def test_windows_are_nobody_elses(unit: Unit) -> None:
    """Whoever changes a window, as training does, changes neither the text nor the next window."""
    batches = batches_of("ab\nba" * 20, unit, batch_size=3, seq_length=7)
    before = streams_of(batches)
    for window in batches:
        window.inputs[...] = UNSEEN
        window.targets[...] = UNSEEN
    assert same(streams_of(batches), before)


def test_a_long_text_takes_no_memory() -> None:
    """Batches of a text hold nothing that grows with it, be it as long as can be."""
    symbols = np.lib.stride_tricks.as_strided(np.full(1, ord("a"), np.uint8), (10**12,), (0,))
    batches = Batches(
        Examples(EncodedText(symbols, ASCII), Codec(TOKENIZER, "line")), batch_size=16, seq_length=100
    )
    assert len(batches) == 625_000_000
    assert batches[len(batches) - 1].targets.shape == (100, 16)
