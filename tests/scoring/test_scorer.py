"""The surprisal of each character: the same in one go, in pieces, in parallel, and written out by hand."""

import math
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charseq.cells import CELLS
from charseq.config import CellName, ModelConfig, Unit
from charseq.models import fit_ngram
from charseq.models.contract import LanguageModel
from charseq.network import CharModel
from charseq.scoring.predictor import Predictor
from charseq.scoring.score import Score
from charseq.scoring.scorer import (
    LINE_STEPS,
    LINE_STREAMS,
    WINDOW_STEPS,
    Expectations,
    Scorer,
    Surprisal,
    Validator,
    count_words,
    likeliest,
    line_streams,
    predict_window,
    target_nats,
)
from charseq.text import UNSEEN, CharTokenizer
from charseq.text.batches import Examples, Window
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText

TOKENIZER = CharTokenizer.fit("hello world\nkin and expert, zażółć\n")
UNITS: tuple[Unit, ...] = ("stream", "line")
each_cell = pytest.mark.parametrize("cell", CELLS)
each_unit = pytest.mark.parametrize("unit", UNITS)


@cache
def model_of(
    cell: CellName, dtype: type = np.float64, num_layers: int = 1, embedding_size: int = 0
) -> CharModel:
    """Return a model with random parameters, none of them zero."""
    config = ModelConfig(cell=cell, hidden_size=8, num_layers=num_layers, embedding_size=embedding_size)
    model, rng = CharModel(config, TOKENIZER.vocab_size, dtype), np.random.default_rng(0)
    model.initialise_(rng)
    # Biases of zero would keep the zero state while the zero vector is read, as if nothing had been.
    model.params.flat += rng.normal(0, 0.1, model.params.flat.size).astype(dtype)
    return model


def random_text(num_chars: int, *, line_length: int = 12, unseen: str = "Q😀") -> str:
    """Return characters of the vocabulary and of `unseen`, about one in `line_length` of them a newline."""
    rng = np.random.default_rng(num_chars)
    alphabet = sorted(set("".join(TOKENIZER.vocab) + unseen) - {"\n"})
    chars = rng.choice(alphabet, num_chars)
    return "".join(np.where(rng.random(num_chars) < 1 / line_length, "\n", chars).tolist())


TEXT = random_text(700)


def plain(model: LanguageModel, text: str, unit: Unit) -> tuple[list[float], list[int]]:
    """Return the nats and ranks of `text` from the model's logits, one character at a time."""
    vocab, eps = TOKENIZER.vocab, TOKENIZER.escape_probability
    work = model.workspace(1, 1, backward=False)
    state, previous = model.initial_state(1), "\n" if unit == "line" else ""
    nats, ranks = [], []
    for char in text:
        if unit == "line" and previous == "\n":
            state = model.initial_state(1)
        token = vocab.index(previous) if previous in vocab else UNSEEN
        logits = model.forward(np.array([[token]], np.int32), state, work)[0, 0].astype(np.float64)
        p = np.exp(logits) / np.exp(logits).sum()
        if char in vocab:
            number = vocab.index(char)
            nats.append(-math.log((1 - eps) * p[number]))
            ranks.append(1 + sum((-q, k) < (-p[number], number) for k, q in enumerate(p.tolist())))
        else:
            nats.append(-math.log(eps) + len(char.encode()) * math.log(256))
            ranks.append(0)
        previous = char
    return nats, ranks


@cache
def whole(cell: CellName, unit: Unit) -> Surprisal:
    return Scorer(model_of(cell), Codec(TOKENIZER, unit)).score(TEXT)


# Scorer


@each_cell
@each_unit
def test_nats_are_those_of_the_logits(cell: CellName, unit: Unit) -> None:
    """The nats of every character, unseen ones among them, are those computed one at a time by hand."""
    assert whole(cell, unit).nats == pytest.approx(plain(model_of(cell), TEXT, unit)[0], rel=1e-9)


@each_cell
@each_unit
def test_ranks_are_those_of_the_logits(cell: CellName, unit: Unit) -> None:
    """A character's rank is its place when sorted by probability, then by number; 0 where it is unseen."""
    assert whole(cell, unit).ranks.tolist() == plain(model_of(cell), TEXT, unit)[1]


@each_cell
@each_unit
def test_total_of_a_float32_model(cell: CellName, unit: Unit) -> None:
    """The total of a model in float32 is that of its logits as far as float32 goes."""
    model = model_of(cell, np.float32)
    nats = float(Scorer(model, Codec(TOKENIZER, unit)).score(TEXT).nats.sum())
    assert nats == pytest.approx(sum(plain(model, TEXT, unit)[0]), rel=1e-6)


@each_unit
def test_deep_model(unit: Unit) -> None:
    """A model of two layers and an embedding is scored like any other."""
    model = model_of("gru", np.float64, 2, 4)
    expected = plain(model, TEXT, unit)[0]
    assert Scorer(model, Codec(TOKENIZER, unit)).score(TEXT).nats == pytest.approx(expected, rel=1e-9)


@each_cell
@each_unit
@settings(deadline=None, max_examples=12)
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=6).map(sorted))
def test_any_cutting_gives_the_same(cell: CellName, unit: Unit, cuts: list[int]) -> None:
    """A text scored in any pieces, empty ones among them, has the nats of the whole."""
    scorer = Scorer(model_of(cell), Codec(TOKENIZER, unit))
    pieces = [scorer.score(TEXT[begin:end]).nats for begin, end in pairwise([0, *cuts, len(TEXT)])]
    assert np.concatenate(pieces) == pytest.approx(whole(cell, unit).nats, abs=1e-9)


@each_cell
@each_unit
def test_character_by_character(cell: CellName, unit: Unit) -> None:
    """A text scored in pieces of one character has the nats of the whole."""
    scorer = Scorer(model_of(cell), Codec(TOKENIZER, unit))
    nats = np.concatenate([scorer.score(char).nats for char in TEXT])
    assert nats == pytest.approx(whole(cell, unit).nats, abs=1e-9)


@each_cell
@each_unit
def test_first_character_is_scored(cell: CellName, unit: Unit) -> None:
    """The first character is scored too, from the zero state."""
    nats = Scorer(model_of(cell), Codec(TOKENIZER, unit)).score("h").nats
    assert nats == pytest.approx(plain(model_of(cell), "h", unit)[0], rel=1e-12)


@each_unit
def test_empty_text(unit: Unit) -> None:
    """The empty text has no surprisal and the empty score."""
    surprisal = Scorer(model_of("gru"), Codec(TOKENIZER, unit)).score("")
    assert len(surprisal.nats) == len(surprisal.ranks) == len(surprisal.num_bytes) == 0
    assert surprisal.score() == Score()


@each_unit
def test_unseen_character_costs_the_same_anywhere(unit: Unit) -> None:
    """The price of an unseen character depends on its bytes alone."""
    surprisal = Scorer(model_of("gru"), Codec(TOKENIZER, unit)).score("Qhe\nQllQQ")
    assert len(set(surprisal.nats[surprisal.unseen].tolist())) == 1


def test_bytes_are_those_of_utf8() -> None:
    """The bytes of each character come with its surprisal."""
    assert Scorer(model_of("gru"), Codec(TOKENIZER, "stream")).score("hż😀").num_bytes.tolist() == [1, 2, 4]


@each_cell
def test_lines_are_scored_each_on_its_own(cell: CellName) -> None:
    """With unit line the nats of a text are those of its lines scored separately."""
    model = model_of(cell)
    lines = TEXT.splitlines(keepends=True)
    separate = [Scorer(model, Codec(TOKENIZER, "line")).score(line).nats for line in lines]
    assert np.concatenate(separate) == pytest.approx(whole(cell, "line").nats, abs=1e-9)


@each_cell
def test_score_of_two_lines_is_the_sum(cell: CellName) -> None:
    """With unit line two lines score the sum of what each scores."""
    both, a, b = (
        Scorer(model_of(cell), Codec(TOKENIZER, "line")).score(text).score()
        for text in ("a\nb\n", "a\n", "b\n")
    )
    assert both.nats == pytest.approx((a + b).nats, abs=1e-9)


@each_cell
def test_stream_remembers_the_line_before(cell: CellName) -> None:
    """With unit stream the same line scores differently after another one."""
    nats = Scorer(model_of(cell), Codec(TOKENIZER, "stream")).score("hell\nhell\n").nats
    assert not np.allclose(nats[:5], nats[5:])


@each_unit
def test_scorers_share_nothing(unit: Unit) -> None:
    """Two scorers of one model may take turns."""
    first, second = (Scorer(model_of("lstm"), Codec(TOKENIZER, unit)) for _ in range(2))
    pieces = []
    for begin in range(0, len(TEXT), 100):
        pieces.append(first.score(TEXT[begin : begin + 100]).nats)
        second.score("something else\n")
    assert np.concatenate(pieces) == pytest.approx(whole("lstm", unit).nats, abs=1e-9)


# Lines together


def in_turn(model: LanguageModel, *pieces: str) -> list[Surprisal]:
    """Return the surprisal of each of the pieces of a text, with no lines scored together."""
    scorer = Scorer(model, Codec(TOKENIZER, "line"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charseq.scoring.scorer.line_streams", lambda starts: np.empty(0, np.int32))
        return [scorer.score(piece) for piece in pieces]


def assert_equal(surprisal: Surprisal, expected: Surprisal) -> None:
    np.testing.assert_allclose(surprisal.nats, expected.nats, rtol=0, atol=1e-12)
    assert surprisal.ranks.tolist() == expected.ranks.tolist()
    assert surprisal.num_bytes.tolist() == expected.num_bytes.tolist()
    assert surprisal.num_words == expected.num_words


def can_be_together(text: str, *, after: str = "") -> bool:
    """Say whether `text` has lines that are scored together."""
    starts = Codec(TOKENIZER, "line").examples(text, after=after).starts
    return len(line_streams(starts)) > 0


LINES = random_text(2000)
MANY_LINES = {
    "short lines": LINES,
    "no newline at the end": LINES.rstrip("\n") + "\nhello",
    "a newline at the end": LINES.rstrip("\n") + "\n",
    "lines of several windows": random_text(5 * LINE_STREAMS * LINE_STEPS, line_length=100),
    "lines of CR LF": LINES.replace("\n", "\r\n"),
    "empty lines": LINES.replace("\n", "\n\n\n"),
    "empty lines at both ends": "\n" * 70 + LINES + "\n" * 70,
    "nothing but empty lines": "\n" * 100,
    "mostly unseen": random_text(2000, unseen="QRSTUVWXYZ😀" + "".join(map(chr, range(0x4E00, 0x4E40)))),
    "lines of one character": "h\n" * 100,
}


@each_cell
@pytest.mark.parametrize("text", MANY_LINES.values(), ids=MANY_LINES)
def test_lines_together_are_those_in_turn(cell: CellName, text: str) -> None:
    """Lines that are scored together have the nats, ranks and counts that they have one after the other."""
    model = model_of(cell)
    assert can_be_together(text)
    assert_equal(Scorer(model, Codec(TOKENIZER, "line")).score(text), *in_turn(model, text))


@each_cell
@pytest.mark.parametrize("embedding_size", [0, 4])
def test_lines_together_of_a_deep_model(cell: CellName, embedding_size: int) -> None:
    """The lines of a model of two layers, with an embedding or without, may be scored together too."""
    model = model_of(cell, np.float64, 2, embedding_size)
    assert_equal(Scorer(model, Codec(TOKENIZER, "line")).score(LINES), *in_turn(model, LINES))


@each_cell
@pytest.mark.parametrize("begin", ["hello wor", "h", "\nhel", "\n", "Q"])
def test_lines_together_after_the_middle_of_a_line(cell: CellName, begin: str) -> None:
    """A line that an earlier piece began goes on where that ended, before the lines that are together."""
    model, scorer = model_of(cell), Scorer(model_of(cell), Codec(TOKENIZER, "line"))
    pieces = [begin, "ld and kin" + LINES, "expert" + LINES]
    assert all(can_be_together(piece, after="h") for piece in pieces[1:])
    for piece, expected in zip(pieces, in_turn(model, *pieces), strict=True):
        assert_equal(scorer.score(piece), expected)


@each_cell
@settings(deadline=None, max_examples=20)
@given(cuts=st.lists(st.integers(0, len(LINES)), max_size=3).map(sorted))
def test_lines_together_in_any_pieces(cell: CellName, cuts: list[int]) -> None:
    """A text of many lines, cut anywhere, has the nats and ranks that it has in turn."""
    scorer = Scorer(model_of(cell), Codec(TOKENIZER, "line"))
    pieces = [scorer.score(LINES[begin:end]) for begin, end in pairwise([0, *cuts, len(LINES)])]
    nats, ranks = lines_in_turn(cell)
    np.testing.assert_allclose(np.concatenate([piece.nats for piece in pieces]), nats, rtol=0, atol=1e-12)
    assert np.concatenate([piece.ranks for piece in pieces]).tolist() == ranks


@cache
def lines_in_turn(cell: CellName) -> tuple[np.ndarray, list[int]]:
    (surprisal,) = in_turn(model_of(cell), LINES)
    return surprisal.nats, surprisal.ranks.tolist()


@settings(deadline=None, max_examples=40)
@given(
    lines=st.lists(st.text("he\r Q", max_size=12), min_size=LINE_STREAMS, max_size=90),
    begin=st.text("he\n", max_size=3),
    end=st.text("he\n", max_size=3),
)
def test_any_lines_together(lines: list[str], begin: str, end: str) -> None:
    """Lines of any lengths have the nats and ranks that they have in turn."""
    scorer, text = Scorer(model_of("lstm"), Codec(TOKENIZER, "line")), "\n".join(lines) + end
    for piece, expected in zip((begin, text), in_turn(model_of("lstm"), begin, text), strict=True):
        assert_equal(scorer.score(piece), expected)


@each_cell
@pytest.mark.parametrize("place", [0, 50, 100], ids=["first", "middle", "last"])
def test_a_giant_line_among_short_ones(cell: CellName, place: int) -> None:
    """With a line that is most of the text, lines are scored in turn, and each as it is on its own."""
    lines = ["hello\n"] * 100
    lines.insert(place, random_text(3000, line_length=10**9) + "\n")
    text = "".join(lines)
    assert can_be_together(text) == (place == 100)  # where the last line begins, being together ends
    surprisal = Scorer(model_of(cell), Codec(TOKENIZER, "line")).score(text)
    separate = in_turn(model_of(cell), *lines)
    nats = np.concatenate([line.nats for line in separate])
    np.testing.assert_allclose(surprisal.nats, nats, rtol=0, atol=1e-12)
    assert surprisal.ranks.tolist() == [rank for line in separate for rank in line.ranks]


def test_lines_together_in_float32() -> None:
    """In single precision, being scored together changes a line's nats by no more than rounding does."""
    model = model_of("gru", np.float32)
    (expected,) = in_turn(model, LINES)
    nats = Scorer(model, Codec(TOKENIZER, "line")).score(LINES).nats
    np.testing.assert_allclose(nats, expected.nats, rtol=0, atol=1e-5)


def test_a_stream_is_not_cut() -> None:
    """Where nothing starts anew there is nothing to score together."""
    assert len(line_streams(None)) == 0


@pytest.mark.parametrize("num_lines", [0, 1, LINE_STREAMS - 1, LINE_STREAMS])
def test_few_lines_are_not_cut(num_lines: int) -> None:
    """As many lines as there are streams, or fewer, are scored in turn."""
    assert len(line_streams(np.array([True, False, False] * num_lines, np.bool_))) == 0


@pytest.mark.parametrize("ahead", [0, 2, 1000])
def test_more_lines_than_streams_are_cut(ahead: int) -> None:
    """One line more than there are streams is dealt out, one to each, however much there is ahead of them."""
    bounds = line_streams(np.array([False] * ahead + [True, False, False] * (LINE_STREAMS + 1)))
    assert bounds.tolist() == [ahead + 3 * k for k in range(LINE_STREAMS + 1)]


@pytest.mark.parametrize("ahead", [0, 100])
@pytest.mark.parametrize(("num_short", "are_cut"), [(56, True), (55, False)])
def test_a_line_as_long_as_four_streams(num_short: int, are_cut: bool, ahead: int) -> None:
    """A line of 8 characters is as long as four streams of 64 should be, and too long for those of 63."""
    starts = np.zeros(ahead + 8 + num_short + 1, np.bool_)
    starts[ahead] = True
    starts[ahead + 8 :] = True
    assert len(line_streams(starts)) == (LINE_STREAMS + 1 if are_cut else 0)


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 30), min_size=LINE_STREAMS + 1, max_size=300), ahead=st.integers(0, 9))
def test_streams_are_whole_lines(lengths: list[int], ahead: int) -> None:
    """Streams begin and end where lines do, cover all but the last, and none is as long as four should be."""
    starts = np.zeros(ahead + sum(lengths), np.bool_)
    starts[ahead + np.cumsum([0, *lengths[:-1]])] = True
    bounds, lines = line_streams(starts), np.flatnonzero(starts)
    if len(bounds) == 0:  # one of the lines alone is longer than three streams should be
        assert max(lengths[:-1]) > 3 * sum(lengths[:-1]) / LINE_STREAMS
        return
    assert len(bounds) == LINE_STREAMS + 1
    assert (bounds[0], bounds[-1]) == (lines[0], lines[-1])
    assert starts[bounds].all()
    assert np.diff(bounds).min() >= 0
    assert np.diff(bounds).max() * LINE_STREAMS <= 4 * (bounds[-1] - bounds[0])


# Surprisal

SURPRISAL = Surprisal(
    nats=np.array([1.0, 2.0, 4.0, 8.0, 16.0]),
    ranks=np.array([1, 0, 5, 6, 2], np.int32),
    confidences=np.full(5, 0.5),
    num_bytes=np.array([1, 2, 3, 4, 1], np.int32),
    num_words=3,
)


def test_score_sums_up() -> None:
    """A score counts characters, bytes, unseen ones, first guesses and first five, and adds the nats."""
    assert SURPRISAL.score() == Score(5, 11, 3, 1, 1, 3, 31.0)


def test_score_takes_the_words() -> None:
    """The number of words comes with the surprisal, since it is no matter of single characters."""
    assert SURPRISAL.score().num_words == 3


def test_words_are_none_unless_they_were_counted() -> None:
    """Without a number of words there are none, and no word perplexity."""
    score = replace(SURPRISAL, num_words=0).score()
    assert score.num_words == 0
    assert math.isnan(score.word_perplexity)


def test_score_of_the_seen() -> None:
    """Unseen characters can be left out, price, bytes and all."""
    assert SURPRISAL.score(seen_only=True) == Score(4, 9, 3, 0, 1, 3, 29.0)


def test_bits_of_characters() -> None:
    """What each character cost is there in bits, too."""
    assert (2.0**-SURPRISAL.bits).tolist() == pytest.approx(np.exp(-SURPRISAL.nats).tolist(), rel=1e-12)


def test_unseen() -> None:
    """Unseen is what has the rank 0."""
    assert SURPRISAL.unseen.tolist() == [False, True, False, False, False]


@each_unit
def test_counts_of_a_text(unit: Unit) -> None:
    """The counts of a text's score are those of its characters and of the ranks by hand."""
    score = whole("gru", unit).score()
    ranks = plain(model_of("gru"), TEXT, unit)[1]
    assert (score.num_chars, score.num_bytes) == (len(TEXT), len(TEXT.encode()))
    assert score.num_words == len(TEXT.split())
    assert score.num_unseen == sum(char in "Q😀" for char in TEXT) == ranks.count(0)
    assert score.num_top1 == ranks.count(1)
    assert score.num_top5 == sum(1 <= rank <= 5 for rank in ranks)


# Validator


def scored(model: CharModel, text: str, unit: Unit) -> float:
    return Scorer(model, Codec(TOKENIZER, unit)).score(text).score().nats_per_char


def validated(model: CharModel, text: str, unit: Unit) -> float:
    return Validator(model, Codec(TOKENIZER, unit), EncodedText.of(text)).score().nats_per_char


LENGTHS = [1, 2, 63, 64, 65, 127, 128, 129, 300, 2047, 2048, 2049, 4500]


@each_cell
@pytest.mark.parametrize("num_chars", LENGTHS)
def test_validation_of_lines_is_exact(cell: CellName, num_chars: int) -> None:
    """With unit line the figure of the parallel parts is that of the text in one go."""
    model, text = model_of(cell), random_text(num_chars)
    assert validated(model, text, "line") == pytest.approx(scored(model, text, "line"), abs=1e-9)


@each_cell
@pytest.mark.parametrize("num_chars", [num_chars for num_chars in LENGTHS if num_chars < 128])
def test_validation_of_a_short_stream_is_exact(cell: CellName, num_chars: int) -> None:
    """The figure of a stream of a single part is that of the text in one go."""
    model, text = model_of(cell), random_text(num_chars)
    assert validated(model, text, "stream") == pytest.approx(scored(model, text, "stream"), abs=1e-9)


@each_cell
@pytest.mark.parametrize("num_chars", [num_chars for num_chars in LENGTHS if num_chars >= 128])
def test_validation_of_a_stream_is_close(cell: CellName, num_chars: int) -> None:
    """The figure of a stream's parallel parts, each warmed up, is close to that of the text in one go."""
    model, text = model_of(cell, np.float32), random_text(num_chars)
    assert validated(model, text, "stream") == pytest.approx(scored(model, text, "stream"), abs=1e-3)


@each_cell
def test_validation_of_long_lines_is_close(cell: CellName) -> None:
    """The figure of lines longer than the warm-up is close to that of the text in one go."""
    model, text = model_of(cell), random_text(4500, line_length=400)
    assert validated(model, text, "line") == pytest.approx(scored(model, text, "line"), abs=1e-3)


@each_unit
def test_validation_can_be_repeated(unit: Unit) -> None:
    """A second validation of the same model gives the same bits."""
    validator = Validator(model_of("lstm"), Codec(TOKENIZER, unit), EncodedText.of(TEXT))
    assert validator.score() == validator.score()


@each_unit
def test_validation_sees_the_model_learn(unit: Unit) -> None:
    """A validator scores the model as it is now, not as it was."""
    model = CharModel(ModelConfig(cell="gru", hidden_size=8), TOKENIZER.vocab_size)
    validator = Validator(model, Codec(TOKENIZER, unit), EncodedText.of("hell\nhell\n"))
    before = validator.score().nats
    model.params["projection.c"][TOKENIZER.encode("l")] = 3
    assert validator.score().nats < before


def test_validation_knows_its_size() -> None:
    """A validator says how many characters it scores."""
    assert Validator(model_of("gru"), Codec(TOKENIZER, "stream"), EncodedText.of(TEXT)).num_chars == len(TEXT)


@each_unit
@pytest.mark.parametrize("num_chars", LENGTHS)
def test_validation_counts_what_it_scores(unit: Unit, num_chars: int) -> None:
    """A validation counts characters, bytes and unseen characters as the scorer does."""
    model, text = model_of("gru"), random_text(num_chars)
    score, expected = (
        Validator(model, Codec(TOKENIZER, unit), EncodedText.of(text)).score(),
        Scorer(model, Codec(TOKENIZER, unit)).score(text).score(),
    )
    assert score.num_chars == expected.num_chars == num_chars
    assert score.num_bytes == expected.num_bytes == len(text.encode())
    assert score.num_unseen == expected.num_unseen == sum(char in "Q😀" for char in text)


def test_validation_counts_neither_words_nor_guesses() -> None:
    """A validation leaves out what nobody asks of it: words and first guesses."""
    score = Validator(model_of("gru"), Codec(TOKENIZER, "stream"), EncodedText.of(TEXT)).score()
    assert (score.num_words, score.num_top1, score.num_top5) == (0, 0, 0)


# Memory


def peak_of(run: Callable[[], object]) -> int:
    """Return how many bytes there were at most while `run` ran."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("num_steps", "num_streams", "score"),
    [
        (WINDOW_STEPS, 1, lambda model: Scorer(model, Codec(TOKENIZER, "stream")).score(TEXT)),
        (LINE_STEPS, LINE_STREAMS, lambda model: Scorer(model, Codec(TOKENIZER, "line")).score(LINES)),
        (
            Validator.STEPS,
            Validator.STREAMS,
            lambda model: Validator(model, Codec(TOKENIZER, "stream"), EncodedText.of(2 * LINES)).score(),
        ),
    ],
    ids=["stream", "lines", "validation"],
)
def test_nothing_is_kept_for_gradients(
    num_steps: int, num_streams: int, score: Callable[[LanguageModel], object]
) -> None:
    """Scoring takes less memory than what training would need for windows of the same size."""
    model = CharModel(ModelConfig(cell="lstm", hidden_size=128), TOKENIZER.vocab_size)
    score(model)  # what is loaded on the way does not count
    room_to_train = peak_of(lambda: model.workspace(num_steps, num_streams, resets=num_streams > 1))
    assert peak_of(lambda: score(model)) < room_to_train


# Words


@pytest.mark.parametrize(
    ("text", "num_words"),
    [("", 0), (" \n", 0), ("one", 1), ("one two", 2), (" one\n\ttwo ", 2), ("it's well-known.", 2)],
)
def test_count_words(text: str, num_words: int) -> None:
    """Words are what lies between white space."""
    assert count_words(text) == num_words


@settings(deadline=None)
@given(
    text=st.text(st.one_of(st.sampled_from("ab \n\t\r\x1c\x85\xa0\u2003\u2028\u200b"), st.characters())),
    cuts=st.lists(st.integers(0, 40), max_size=6).map(sorted),
)
@example(text="a b", cuts=[2])
def test_words_of_pieces_add_up(text: str, cuts: list[int]) -> None:
    """The words that begin in each piece add up to those of the whole."""
    pieces = pairwise([0, *cuts, max([len(text), *cuts])])
    counts = [count_words(text[begin:end], after=text[:begin]) for begin, end in pieces]
    assert sum(counts) == len(text.split())


@settings(deadline=None, max_examples=12)
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=6).map(sorted))
def test_scorer_counts_words_in_any_pieces(cuts: list[int]) -> None:
    """The words of a text's pieces, empty ones among them, add up to those of the whole."""
    scorer = Scorer(model_of("gru"), Codec(TOKENIZER, "stream"))
    pieces = [scorer.score(TEXT[begin:end]) for begin, end in pairwise([0, *cuts, len(TEXT)])]
    assert sum((piece.score() for piece in pieces), Score()).num_words == len(TEXT.split())


def test_scorer_counts_a_word_once() -> None:
    """A word that goes on from the piece before does not begin in the next, empty pieces notwithstanding."""
    scorer = Scorer(model_of("gru"), Codec(TOKENIZER, "line"))
    assert [scorer.score(piece).num_words for piece in ("hel", "", "lo wor", "ld", " ", "kin")] == [
        1,
        0,
        1,
        0,
        0,
        1,
    ]


# One window


@each_cell
def test_a_window_is_predicted(cell: CellName) -> None:
    """A window gives the logarithms of distributions in float64, and leaves the state where it ends."""
    model, state = model_of(cell, np.float32), model_of(cell, np.float32).initial_state(2)
    inputs = TOKENIZER.encode("hello wo").reshape(2, 4).T.copy()
    window = Window(inputs, inputs, None)
    log_p = predict_window(model, window, state, model.workspace(4, 2, backward=False))
    assert log_p.shape == (4, 2, TOKENIZER.vocab_size)
    assert log_p.dtype == np.float64
    assert np.exp(log_p).sum(axis=-1) == pytest.approx(np.ones((4, 2)), rel=1e-12)
    after = model.initial_state(2)
    model.forward(inputs, after, model.workspace(4, 2, backward=False))
    for name, array in after.arrays.items():
        np.testing.assert_array_equal(state.arrays[name], array)


def test_nats_of_targets() -> None:
    """The nats of a target are what its logarithm lacks of 0, at each step of each stream."""
    log_p = np.log(np.array([[[0.5, 0.25, 0.25], [0.125, 0.5, 0.375]]]))
    nats = target_nats(log_p, np.array([[1, 0]], np.int32))
    assert nats == pytest.approx(np.log([[4.0, 8.0]]), rel=1e-14)


# What was expected


MODELS = (*CELLS, "ngram")
each_model = pytest.mark.parametrize("kind", MODELS)


@cache
def any_model(kind: Any, unit: Unit) -> LanguageModel:
    """Return a network, or the 3-grams of a text that does not have all of the vocabulary."""
    if kind != "ngram":
        return model_of(kind)
    return fit_ngram(
        Examples(EncodedText.of(random_text(300, unseen="")), Codec(TOKENIZER, unit)),
        vocab_size=TOKENIZER.vocab_size,
        order=3,
    )


@cache
def whole_of(kind: str, unit: Unit, num_guesses: int = 4) -> Surprisal:
    return Scorer(any_model(kind, unit), Codec(TOKENIZER, unit), num_guesses=num_guesses).score(TEXT)


def plain_p(model: LanguageModel, text: str, unit: Unit) -> Iterator[np.ndarray]:
    """Yield softmax (V,) of the model's logits before each character, read one at a time."""
    work, state, previous = model.workspace(1, 1, backward=False), model.initial_state(1), ""
    for char in text:
        if unit == "line" and previous in ("", "\n"):
            state, previous = model.initial_state(1), "\n"
        token = TOKENIZER.vocab.index(previous) if previous in TOKENIZER.vocab else UNSEEN
        logits = model.forward(np.array([[token]], np.int32), state, work)[0, 0].astype(np.float64)
        yield np.exp(logits) / np.exp(logits).sum()
        previous = char


@cache
def plain_expectations(kind: str, unit: Unit) -> tuple[list[float], list[list[int]], list[list[float]]]:
    """Return the entropies, and all tokens from the likeliest down with their probabilities."""
    eps, entropies, guesses, probabilities = TOKENIZER.escape_probability, [], [], []
    for p in plain_p(any_model(kind, unit), TEXT, unit):
        q = ((1 - eps) * p).tolist()
        order = sorted(range(len(q)), key=lambda token: (-q[token], token))
        entropies.append(-sum(x * math.log(x) for x in [*q, eps]))
        guesses.append(order)
        probabilities.append([q[token] for token in order])
    return entropies, guesses, probabilities


def expected_of(surprisal: Surprisal) -> Expectations:
    assert surprisal.expected is not None
    return surprisal.expected


def joined(pieces: list[Surprisal]) -> Expectations:
    parts = [expected_of(piece) for piece in pieces]
    return Expectations(
        *(np.concatenate([getattr(part, f) for part in parts]) for f in Expectations.__slots__)
    )


@each_model
@each_unit
def test_guesses_are_the_likeliest(kind: str, unit: Unit) -> None:
    """The guesses at every character are the likeliest tokens by the logits, the likeliest first."""
    guesses = [order[:4] for order in plain_expectations(kind, unit)[1]]
    assert expected_of(whole_of(kind, unit)).guesses.tolist() == guesses


@each_model
@each_unit
def test_probabilities_of_guesses_leave_room_for_the_unseen(kind: str, unit: Unit) -> None:
    """The probability of a guess is that of the softmax, less what is set aside for unseen characters."""
    probabilities = np.array([p[:4] for p in plain_expectations(kind, unit)[2]])
    np.testing.assert_allclose(expected_of(whole_of(kind, unit)).probabilities, probabilities, rtol=1e-9)


@each_model
@each_unit
def test_entropies_count_the_unseen_as_one_event(kind: str, unit: Unit) -> None:
    """The entropy at every character is that of the vocabulary and of the escape together."""
    entropies = plain_expectations(kind, unit)[0]
    np.testing.assert_allclose(expected_of(whole_of(kind, unit)).entropies, entropies, rtol=1e-9)


@each_unit
@pytest.mark.parametrize("num_guesses", [TOKENIZER.vocab_size, TOKENIZER.vocab_size + 1, 1000])
def test_more_guesses_than_the_vocabulary_has(unit: Unit, num_guesses: int) -> None:
    """Who asks for more guesses gets the whole vocabulary, which has what the escape leaves."""
    expected = expected_of(whole_of("gru", unit, num_guesses))
    assert expected.guesses.tolist() == plain_expectations("gru", unit)[1]
    total = expected.probabilities.sum(axis=1)
    np.testing.assert_allclose(total, 1 - TOKENIZER.escape_probability, rtol=1e-12)


@each_model
@each_unit
@settings(deadline=None, max_examples=8)
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=6).map(sorted))
def test_expectations_of_any_pieces(kind: str, unit: Unit, cuts: list[int]) -> None:
    """A text scored in any pieces, empty ones among them, has the expectations of the whole."""
    scorer = Scorer(any_model(kind, unit), Codec(TOKENIZER, unit), num_guesses=4)
    pieces = [scorer.score(TEXT[begin:end]) for begin, end in pairwise([0, *cuts, len(TEXT)])]
    together, expected = joined(pieces), expected_of(whole_of(kind, unit))
    assert together.guesses.tolist() == expected.guesses.tolist()
    np.testing.assert_allclose(together.probabilities, expected.probabilities, rtol=0, atol=1e-9)
    np.testing.assert_allclose(together.entropies, expected.entropies, rtol=0, atol=1e-9)


@pytest.mark.parametrize("text", MANY_LINES.values(), ids=MANY_LINES)
def test_expectations_of_lines_together(text: str) -> None:
    """Lines that are scored together have the expectations that they have one after the other."""
    model = model_of("gru")
    scorers = [Scorer(model, Codec(TOKENIZER, "line"), num_guesses=3) for _ in range(2)]
    together = expected_of(scorers[0].score(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charseq.scoring.scorer.line_streams", lambda starts: np.empty(0, np.int32))
        in_turn = expected_of(scorers[1].score(text))
    assert together.guesses.tolist() == in_turn.guesses.tolist()
    np.testing.assert_allclose(together.probabilities, in_turn.probabilities, rtol=0, atol=1e-12)
    np.testing.assert_allclose(together.entropies, in_turn.entropies, rtol=0, atol=1e-12)


@each_model
@each_unit
def test_guessing_changes_no_figure(kind: str, unit: Unit) -> None:
    """The nats, ranks and confidences of a text are the same with guesses and without."""
    surprisal = Scorer(any_model(kind, unit), Codec(TOKENIZER, unit)).score(TEXT)
    np.testing.assert_array_equal(surprisal.nats, whole_of(kind, unit).nats)
    np.testing.assert_array_equal(surprisal.ranks, whole_of(kind, unit).ranks)
    np.testing.assert_array_equal(surprisal.confidences, whole_of(kind, unit).confidences)


@each_model
@each_unit
def test_confidence_is_that_of_the_first_guess(kind: str, unit: Unit) -> None:
    """How sure the model was is the probability of its first guess, be the character seen or not."""
    surprisal = whole_of(kind, unit)
    np.testing.assert_allclose(surprisal.confidences, expected_of(surprisal).probabilities[:, 0], rtol=1e-14)


@each_model
@each_unit
def test_a_character_is_found_at_its_rank(kind: str, unit: Unit) -> None:
    """The guess at a character's rank is that character, with the probability it was charged for."""
    surprisal = whole_of(kind, unit, 1000)
    expected = expected_of(surprisal)
    seen = np.flatnonzero(~surprisal.unseen)
    places = (seen, surprisal.ranks[seen] - 1)
    assert TOKENIZER.decode(expected.guesses[places].tolist()) == "".join(TEXT[k] for k in seen)
    np.testing.assert_allclose(-np.log(expected.probabilities[places]), surprisal.nats[seen], rtol=1e-9)


@each_model
@each_unit
def test_entropy_is_that_of_the_predictor(kind: str, unit: Unit) -> None:
    """The entropy at the end of a prefix is what the predictor says of it."""
    model, entropies = any_model(kind, unit), expected_of(whole_of(kind, unit)).entropies
    predictor = Predictor(model, Codec(TOKENIZER, unit))
    for end in (0, 1, 2, 30, TEXT.index("\n") + 1, TEXT.index("Q") + 1):
        assert predictor.predict(TEXT[:end]).entropy == pytest.approx(entropies[end] / math.log(2), rel=1e-9)


@each_unit
def test_nothing_is_expected_unless_asked(unit: Unit) -> None:
    """Without guesses nothing is said of what was expected."""
    assert Scorer(model_of("gru"), Codec(TOKENIZER, unit)).score("hello\n").expected is None


@each_unit
def test_expectations_of_an_empty_text(unit: Unit) -> None:
    """The empty text has expectations of no characters."""
    scorer = Scorer(model_of("gru"), Codec(TOKENIZER, unit), num_guesses=3)
    expected = expected_of(scorer.score(""))
    assert expected.entropies.shape == (0,)
    assert expected.guesses.shape == expected.probabilities.shape == (0, 3)


def test_a_part_of_expectations() -> None:
    """A slice of expectations is that of each of its arrays."""
    expected = expected_of(whole_of("gru", "stream"))
    part = expected[3:9]
    assert part.entropies.tolist() == expected.entropies[3:9].tolist()
    assert part.guesses.tolist() == expected.guesses[3:9].tolist()
    assert part.probabilities.tolist() == expected.probabilities[3:9].tolist()


@pytest.mark.parametrize(
    ("num", "expected"), [(0, []), (1, [2]), (3, [2, 0, 3]), (5, [2, 0, 3, 4, 1]), (9, [2, 0, 3, 4, 1])]
)
def test_likeliest(num: int, expected: list[int]) -> None:
    """The likeliest tokens come first, equals by their number, and never more than there are."""
    found = likeliest(np.array([[-2.0, -5.0, -1.0, -2.0, -2.0]]), num)
    assert found.tolist() == [expected]
    assert found.dtype == np.int32


# N-grams


@each_unit
def test_ngrams_are_scored_as_networks_are(unit: Unit) -> None:
    """The nats and ranks of n-grams, unseen characters among them, are those computed by hand."""
    nats, ranks = plain(any_model("ngram", unit), TEXT, unit)
    assert whole_of("ngram", unit).nats == pytest.approx(nats, rel=1e-9)
    assert whole_of("ngram", unit).ranks.tolist() == ranks


@each_unit
@settings(deadline=None, max_examples=20)
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=6).map(sorted))
def test_ngrams_in_any_pieces(unit: Unit, cuts: list[int]) -> None:
    """A text that n-grams score in any pieces has the nats of the whole."""
    scorer = Scorer(any_model("ngram", unit), Codec(TOKENIZER, unit))
    pieces = [scorer.score(TEXT[begin:end]).nats for begin, end in pairwise([0, *cuts, len(TEXT)])]
    assert np.concatenate(pieces) == pytest.approx(whole_of("ngram", unit).nats, abs=1e-9)


@pytest.mark.parametrize("text", MANY_LINES.values(), ids=MANY_LINES)
def test_lines_together_of_ngrams(text: str) -> None:
    """N-grams score lines together as they do one after the other."""
    model = any_model("ngram", "line")
    assert_equal(Scorer(model, Codec(TOKENIZER, "line")).score(text), *in_turn(model, text))


@each_unit
@pytest.mark.parametrize("num_chars", [1, 127, 300, 2048])
def test_ngrams_are_validated_as_they_are_scored(unit: Unit, num_chars: int) -> None:
    """Since n-grams remember less than a part is warmed up with, their validation is exact."""
    model, text = any_model("ngram", unit), random_text(num_chars)
    validated = Validator(model, Codec(TOKENIZER, unit), EncodedText.of(text)).score().nats
    assert validated == pytest.approx(
        Scorer(model, Codec(TOKENIZER, unit)).score(text).score().nats, rel=1e-9
    )


# The reported bits are those of a code


class Events:
    """What may come next, one character after the other: each event of the model with a share of [0, 1).

    The shares are exact: (1 - eps) p for each character of the vocabulary, eps for all others.
    """

    def __init__(self, model: LanguageModel, unit: Unit) -> None:
        self._model, self._unit = model, unit
        self._work, self._previous = model.workspace(1, 1, backward=False), ""
        self._state = model.initial_state(1)

    def shares(self) -> list[tuple[Fraction, Fraction]]:
        """Return where the share of each event begins, and how wide it is, the escape being the last."""
        if self._unit == "line" and self._previous in ("", "\n"):
            self._state, self._previous = self._model.initial_state(1), "\n"
        inputs = TOKENIZER.encode(self._previous) if self._previous else np.array([UNSEEN], np.int32)
        logits = self._model.forward(inputs[:, None], self._state, self._work)[0, 0].astype(np.float64)
        weights = [Fraction(weight) for weight in np.exp(logits - logits.max()).tolist()]
        eps, total = Fraction(TOKENIZER.escape_probability), sum(weights)
        widths = [*((1 - eps) * weight / total for weight in weights), eps]
        return list(zip(accumulate(widths, initial=Fraction(0)), widths, strict=False))

    def read(self, char: str) -> None:
        """Go on after `char`."""
        self._previous = char


BYTES = [(Fraction(k, 256), Fraction(1, 256)) for k in range(256)]


def encoded(text: str, events: Events) -> tuple[int, int]:
    """Return a number and in how many bits it is to be written: the shortest in the text's interval."""
    low, width = Fraction(0), Fraction(1)
    for char in text:
        shares = events.shares()
        taken = [shares[TOKENIZER.encode(char)[0]]]  # UNSEEN, which is -1, finds the escape
        if char not in TOKENIZER.vocab:
            taken += [BYTES[byte] for byte in char.encode()]
        for begin, share in taken:
            low, width = low + width * begin, width * share
        events.read(char)
    num_bits = 1
    while Fraction(2, 2**num_bits) > width:
        num_bits += 1
    return math.ceil(low * 2**num_bits), num_bits


def decoded(number: int, num_bits: int, num_chars: int, events: Events) -> str:
    """Return the text of `num_chars` characters that was encoded."""
    point, text = Fraction(number, 2**num_bits), ""

    def taken(shares: list[tuple[Fraction, Fraction]]) -> int:
        nonlocal point
        place = max(k for k, (begin, _) in enumerate(shares) if begin <= point)
        begin, width = shares[place]
        point = (point - begin) / width
        return place

    for _ in range(num_chars):
        event = taken(events.shares())
        if event < TOKENIZER.vocab_size:
            char = TOKENIZER.vocab[event]
        else:
            first = taken(BYTES)
            num_more = (first >= 0xC0) + (first >= 0xE0) + (first >= 0xF0)
            char = bytes([first, *(taken(BYTES) for _ in range(num_more))]).decode()
        events.read(char)
        text += char
    return text


@each_model
@each_unit
@settings(deadline=None, max_examples=4)
@given(text=st.text(st.one_of(st.sampled_from("".join(TOKENIZER.vocab) + "\n\n"), st.sampled_from("QЖ中😀"))))
@example(text="hello Q\nkin 😀, ПЖ\n\nexpert")
def test_a_text_can_be_written_in_its_bits(kind: str, unit: Unit, text: str) -> None:
    """An exact arithmetic code writes a text in at most two bits more than reported, and reads it back."""
    model = any_model(kind, unit)
    number, num_bits = encoded(text, Events(model, unit))
    reported = Scorer(model, Codec(TOKENIZER, unit)).score(text).nats.sum() / math.log(2)
    assert reported - 1e-6 <= num_bits <= reported + 2 + 1e-6
    assert 0 <= number < 2**num_bits
    assert decoded(number, num_bits, len(text), Events(model, unit)) == text
