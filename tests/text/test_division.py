"""The ways of dividing a text: which characters each part has."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charseq.errors import ConfigError, DataError
from charseq.text.division import SPLITS, Parts, Shares
from charseq.text.symbols import ASCII, EncodedText

fractions = st.floats(0, 1, exclude_max=True)
ANY_SHARES = Shares(0.05, 0.05, 1)


def length(num_chars: int) -> EncodedText:
    """Return a text of this length that takes no memory."""
    return EncodedText(np.broadcast_to(np.uint8(97), num_chars), ASCII)


def tail_of(text: EncodedText, valid: float, test: float, end: str | None = None) -> tuple[int, int, int]:
    """Return the ends of the three parts of the split tail."""
    parts = SPLITS["tail"](text, end, Shares(valid, test, 1))
    train = sizes(parts)[0]
    return train, train + sizes(parts)[1], sum(sizes(parts))


def sizes(parts: Parts) -> list[int]:
    return [sum(end - begin for begin, end in part) for part in parts]


def begins_a_line(text: str, place: int) -> bool:
    return place in (0, len(text)) or text[place - 1] == "\n"


# ---- the tail


@given(num_chars=st.integers(2, 10**9), valid=fractions, test=fractions)
def test_the_tail_is_contiguous_and_whole(num_chars: int, valid: float, test: float) -> None:
    """The parts follow one another, the first has at least 2 characters, the last ends with the text."""
    if valid + test >= 1:
        return
    train_end, valid_end, test_end = tail_of(length(num_chars), valid, test)
    assert 2 <= train_end <= valid_end <= test_end == num_chars


@given(num_chars=st.integers(2, 10**7))
def test_default_parts_end_at_90_and_95_percent(num_chars: int) -> None:
    """With the default fractions the parts end at the whole characters below 90 % and 95 %."""
    train_end, valid_end, _ = tail_of(length(num_chars), 0.05, 0.05)
    assert train_end == max(2, num_chars * 90 // 100)
    assert valid_end == max(2, num_chars * 95 // 100)


def test_two_characters_all_go_to_training() -> None:
    """Two characters all go to training."""
    assert tail_of(length(2), 0.4, 0.4) == (2, 2, 2)


@given(
    text=st.text(st.sampled_from("ab\n\r\u2028"), min_size=2, max_size=60), valid=fractions, test=fractions
)
def test_no_cut_is_inside_a_line(text: str, valid: float, test: float) -> None:
    """Each cut moves forward to the next beginning of a line, never past it, and stays if it is at one."""
    if valid + test >= 1:
        return
    plain, moved = (tail_of(EncodedText.of(text), valid, test, end) for end in (None, "\n"))
    assert moved[2] == len(text)
    for old, new in zip(plain[:2], moved[:2], strict=True):
        assert begins_a_line(text, new)
        assert not any(begins_a_line(text, place) for place in range(old, new))
        assert new >= old


@pytest.mark.parametrize(
    ("shares", "ends"), [((0.5, 0.4), (4, 8, 12)), ((0.1, 0.3), (8, 8, 12)), ((0.1, 0.1), (12, 12, 12))]
)
def test_cuts_of_three_lines(shares: tuple[float, float], ends: tuple[int, int, int]) -> None:
    """The cuts of three lines of three letters and a newline, by hand."""
    assert tail_of(EncodedText.of("abc\ndef\nghi\n"), *shares, "\n") == ends


@pytest.mark.parametrize("text", ["abcdefgh", "abc\ndefgh"])
def test_a_text_without_a_newline_after_the_cut_is_all_for_training(text: str) -> None:
    """Where no line begins after a cut, the part before it takes the rest."""
    assert tail_of(EncodedText.of(text), 0.1, 0.1, "\n") == (len(text),) * 3


# ---- a choice by seed


@pytest.mark.parametrize("end", [None, "\n"])
@pytest.mark.parametrize("seed", [1, 2])
def test_blocks_are_whole_and_everywhere(end: str | None, seed: int) -> None:
    """Each character is in one part, the parts have their shares, and no line is cut."""
    text = "".join(f"{number:05}\n" for number in range(10_000))
    parts = SPLITS["blocks"](EncodedText.of(text), end, Shares(0.1, 0.05, seed))
    places = sorted(place for part in parts for begin, stop in part for place in range(begin, stop))
    assert places == list(range(len(text)))
    assert sizes(parts) == pytest.approx([51_000, 6_000, 3_000], abs=1100)
    assert all(begins_a_line(text, place) for part in parts for one in part for place in one)
    assert parts.test[0][0] < len(text) / 3
    assert parts.test[-1][1] > len(text) * 2 / 3


def test_another_seed_holds_out_other_blocks() -> None:
    """The seed alone decides on the blocks."""
    text = EncodedText.of("ab\n" * 1000)
    one, same, other = (SPLITS["blocks"](text, "\n", Shares(0.1, 0.1, seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_blocks_of_a_text_without_newlines_are_cut_anywhere() -> None:
    """A text without newlines has blocks of equal length."""
    parts = SPLITS["blocks"](length(20_000), None, ANY_SHARES)
    assert sizes(parts) == [18_000, 1_000, 1_000]
    assert all(place % 1000 == 0 for part in parts for one in part for place in one)


def test_a_small_part_has_one_line() -> None:
    """Of three lines each part has one, and two lines are refused."""
    assert sizes(SPLITS["blocks"](EncodedText.of("a\nb\nc\n"), "\n", ANY_SHARES)) == [2, 2, 2]
    with pytest.raises(DataError, match=r"^data.split=blocks: too few blocks, 2, for all parts$"):
        SPLITS["blocks"](EncodedText.of("a\nb\n"), "\n", ANY_SHARES)


def test_files_are_held_out_whole() -> None:
    """Each part has whole files."""
    text = EncodedText(length(1000).symbols, ASCII, file_ends=tuple(range(10, 1001, 10)))
    parts = SPLITS["files"](text, None, Shares(0.1, 0.2, 1))
    assert sizes(parts) == [700, 100, 200]
    assert all(place % 10 == 0 for part in parts for one in part for place in one)


def test_two_files_cannot_be_divided_by_files() -> None:
    """Three parts need three files."""
    text = EncodedText(length(20).symbols, ASCII, file_ends=(10, 20))
    with pytest.raises(DataError, match=r"^data.split=files needs 3 files or more, not 2: try "):
        SPLITS["files"](text, None, ANY_SHARES)


# ---- the splits of the field


def test_nanogpt_trains_on_1_003_854_characters_of_shakespeare() -> None:
    """The parts are those that nanoGPT's prepare.py prints: 1,003,854 and 111,540 tokens."""
    parts = SPLITS["nanogpt"](length(1_115_394), None, ANY_SHARES)
    assert parts == ([(0, 1_003_854)], [(1_003_854, 1_115_394)], [])


def test_torch_rnn_holds_out_two_tenths_rounded_down() -> None:
    """The parts are those of torch-rnn's preprocess.py: int(0.1 * n) characters each."""
    parts = SPLITS["torch-rnn"](length(1_115_394), None, ANY_SHARES)
    assert sizes(parts) == [1_115_394 - 2 * 111_539, 111_539, 111_539]


def test_text8_holds_out_five_million_twice() -> None:
    """Of 100,000,000 characters 90 million are for training."""
    parts = SPLITS["text8"](length(100_000_000), None, ANY_SHARES)
    assert parts == ([(0, 90_000_000)], [(90_000_000, 95_000_000)], [(95_000_000, 100_000_000)])


def test_text8_refuses_a_text_that_is_too_short() -> None:
    """A text of ten million characters leaves nothing to train on."""
    with pytest.raises(DataError, match=r"holds out 10,000,000 characters, and the text has 10,000,000: try"):
        SPLITS["text8"](length(10_000_000), None, ANY_SHARES)


def test_char_rnn_validates_on_the_end_of_each_of_50_streams() -> None:
    """Of 446 windows 423 are for training: the first 423 * 50 characters of each stream of 446 * 50."""
    parts = SPLITS["char-rnn"](length(1_115_394), None, ANY_SHARES)
    assert sizes(parts) == [50 * 423 * 50, 50 * 23 * 50, 0]
    assert parts.train[1] == (446 * 50, 446 * 50 + 423 * 50)
    assert parts.valid[1] == (446 * 50 + 423 * 50, 2 * 446 * 50)


def test_char_rnn_refuses_lines_and_short_texts() -> None:
    """Its windows cut lines, and a text needs two windows in each stream."""
    with pytest.raises(ConfigError, match=r"^data.split=char-rnn is for data.unit=stream: "):
        SPLITS["char-rnn"](length(10_000), "\n", ANY_SHARES)
    with pytest.raises(DataError, match=r"^data.split=char-rnn needs 5,000 characters or more: try "):
        SPLITS["char-rnn"](length(4_999), None, ANY_SHARES)
    assert sizes(SPLITS["char-rnn"](length(5_000), None, ANY_SHARES)) == [2_500, 2_500, 0]
