"""The prices of characters: the same in one go, in pieces, in parallel, and written out by hand."""

import math
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charseq.cells import CELLS
from charseq.config import CellName, ModelConfig, Unit
from charseq.models import LanguageModel, NGram
from charseq.models.mixture import MemberRecord, Mixture
from charseq.models.mlp import MLP
from charseq.network import CharModel
from charseq.network.loss import log_softmax
from charseq.scoring import Score, Scorer, Validator
from charseq.scoring.readings import Readings, likeliest
from charseq.scoring.scorer import WINDOW_STEPS, count_words
from charseq.scoring.streams import (
    GROUP_TOKENS,
    LINE_STEPS,
    LINE_STREAMS,
    NO_CUT,
    context_of,
    cut,
    deal_lines,
)
from charseq.scoring.surprisal import Expectations, Surprisal
from charseq.scoring.windows import predict_window, read_window
from charseq.text.batches import Window
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from tests.scoring.twins import (
    ALPHABET,
    CHAR_KINDS,
    EPS,
    LINES,
    NGRAM_PAIR,
    PAIR_KINDS,
    TEXT,
    TOKENIZER,
    Kind,
    each,
    each_kind,
    each_unit,
    model_of,
    plain,
    plain_of,
    random_text,
)

each_cell = pytest.mark.parametrize("cell", CELLS)
cuts_of_text = st.lists(st.integers(0, len(TEXT)), max_size=6).map(sorted)


def scorer_of(kind: Kind, num_guesses: int = 0) -> Scorer:
    return Scorer(kind.make(), kind.codec, num_guesses=num_guesses)


@cache
def whole(kind: Kind, num_guesses: int = 4) -> Surprisal:
    return scorer_of(kind, num_guesses).score(TEXT)


def ranks_of(surprisal: Surprisal) -> list[int]:
    assert surprisal.ranks is not None
    return surprisal.ranks.tolist()


def expected_of(surprisal: Surprisal) -> Expectations:
    assert surprisal.expected is not None
    return surprisal.expected


def in_pieces(kind: Kind, cuts: list[int], num_guesses: int = 0) -> list[Surprisal]:
    scorer = scorer_of(kind, num_guesses)
    return [scorer.score(TEXT[begin:end]) for begin, end in pairwise([0, *cuts, len(TEXT)])]


# Prices and ranks


@each(*CHAR_KINDS, *PAIR_KINDS, NGRAM_PAIR)
def test_nats_are_those_of_the_logits(kind: Kind) -> None:
    """The nats of every character, unseen ones among them, are those computed one token at a time by hand."""
    assert whole(kind).nats == pytest.approx(plain_of(kind).nats, rel=1e-9)


@each_kind
def test_ranks_are_those_of_the_logits(kind: Kind) -> None:
    """A character's rank is its place when sorted by probability, then by number; 0 where it is unseen."""
    assert ranks_of(whole(kind)) == plain_of(kind).ranks
    assert whole(kind).ranks.dtype == np.int32


@each(Kind("rnn", "stream"), Kind("gru", "line"), Kind("lstm", "stream", "pair"))
def test_total_of_a_float32_model_is_that_of_its_logits(kind: Kind) -> None:
    """In single precision the total is that of the logits as far as float32 goes."""
    model, text = model_of(kind.model, np.float32, vocab_size=kind.codec.vocab_size), TEXT
    nats = float(Scorer(model, kind.codec).score(text).nats.sum())
    assert nats == pytest.approx(sum(plain(model, kind, text).nats), rel=1e-6)


@each(Kind("gru", "line"), Kind("gru", "stream", "pair"))
def test_a_deep_model_is_scored_like_any_other(kind: Kind) -> None:
    """A model of two layers and an embedding has the nats of its logits."""
    model = model_of("gru", np.float64, 2, 4, vocab_size=kind.codec.vocab_size)
    nats = Scorer(model, kind.codec).score(TEXT).nats
    assert nats == pytest.approx(plain(model, kind, TEXT).nats, rel=1e-9)


@each_kind
def test_the_first_character_is_scored_from_the_zero_state(kind: Kind) -> None:
    """The first character is scored too."""
    assert scorer_of(kind).score("h").nats == pytest.approx(plain(kind.make(), kind, "h").nats, rel=1e-12)


@each(Kind("gru", "stream"), Kind("gru", "line"), Kind("gru", "stream", "pair"), Kind("gru", "line", "pair"))
def test_the_empty_text_has_no_surprisal(kind: Kind) -> None:
    """The empty text has no surprisal and the empty score."""
    surprisal = scorer_of(kind, 3).score("")
    assert len(surprisal.nats) == len(ranks_of(surprisal)) == len(surprisal.num_bytes) == 0
    expected = expected_of(surprisal)
    assert expected.entropies.shape == (0,)
    assert expected.guesses.shape == expected.probabilities.shape == (0, 3)
    assert surprisal.score() == Score()


@each(Kind("gru", "stream"), Kind("gru", "line", "pair"))
def test_an_unseen_character_costs_the_same_anywhere(kind: Kind) -> None:
    """The price of an unseen character depends on its bytes alone."""
    surprisal = scorer_of(kind).score("Qhe\nQllQQ")
    assert surprisal.unseen.tolist() == [char == "Q" for char in "Qhe\nQllQQ"]
    assert len(set(surprisal.nats[surprisal.unseen].tolist())) == 1


@each(Kind("gru", "stream"), Kind("gru", "stream", "pair"))
def test_bytes_are_those_of_utf8(kind: Kind) -> None:
    """The bytes of each character come with its surprisal."""
    assert scorer_of(kind).score("hż😀").num_bytes.tolist() == [1, 2, 4]


@each_kind
def test_the_future_does_not_matter(kind: Kind) -> None:
    """What comes after a character changes neither its price nor its rank."""
    a, b = scorer_of(kind).score("hello\nkin" + "zan"), scorer_of(kind).score("hello\nkin" + "Q\nd")
    np.testing.assert_array_equal(a.nats[:9], b.nats[:9])
    assert ranks_of(a)[:9] == ranks_of(b)[:9]


@each(Kind("gru", "line"), Kind("lstm", "stream", "pair"))
def test_ranks_can_be_left_out(kind: Kind) -> None:
    """Without ranks there are no confidences and no counts of right guesses; the prices are the same."""
    surprisal = Scorer(kind.make(), kind.codec, ranks=False).score(TEXT)
    np.testing.assert_array_equal(surprisal.nats, whole(kind).nats)
    assert surprisal.ranks is surprisal.confidences is surprisal.expected is None
    assert surprisal.score() == replace(whole(kind).score(), num_top1=None, num_top5=None)
    assert surprisal.num_bytes.tolist() == whole(kind).num_bytes.tolist()


@each_kind
def test_the_counts_of_a_text_are_those_by_hand(kind: Kind) -> None:
    """A text's score counts its characters, bytes and words, and the ranks computed by hand."""
    score, ranks = whole(kind).score(), plain_of(kind).ranks
    assert (score.num_chars, score.num_bytes) == (len(TEXT), len(TEXT.encode()))
    assert score.num_words == len(TEXT.split())
    assert score.num_unseen == sum(char in "Q😀" for char in TEXT) == ranks.count(0)
    assert score.num_top1 == ranks.count(1)
    assert score.num_top5 == sum(1 <= rank <= 5 for rank in ranks)


# Pieces


@each(*CHAR_KINDS, *PAIR_KINDS, NGRAM_PAIR)
@settings(max_examples=6)
@given(cuts=cuts_of_text)
def test_any_cutting_into_pieces_gives_the_same(kind: Kind, cuts: list[int]) -> None:
    """A text scored in any pieces, empty ones among them, has the nats, ranks and words of the whole."""
    pieces = in_pieces(kind, cuts)
    assert np.concatenate([piece.nats for piece in pieces]) == pytest.approx(whole(kind).nats, abs=1e-9)
    assert [rank for piece in pieces for rank in ranks_of(piece)] == ranks_of(whole(kind))
    assert sum((piece.score() for piece in pieces), Score()).num_words == len(TEXT.split())


@each_kind
def test_pieces_of_one_character_give_the_same(kind: Kind) -> None:
    """A text scored character by character has the nats of the whole."""
    scorer = scorer_of(kind)
    nats = np.concatenate([scorer.score(char).nats for char in TEXT])
    assert nats == pytest.approx(whole(kind).nats, abs=1e-9)


@each(Kind("rnn", "line"), Kind("gru", "line", "pair"), Kind("ngram", "line"))
def test_lines_are_scored_each_on_its_own(kind: Kind) -> None:
    """With unit line the nats of a text are those of its lines scored separately."""
    separate = [scorer_of(kind).score(line).nats for line in TEXT.splitlines(keepends=True)]
    assert np.concatenate(separate) == pytest.approx(whole(kind).nats, abs=1e-9)


@each(Kind("gru", "line"), Kind("gru", "line", "pair"))
def test_the_score_of_two_lines_is_the_sum(kind: Kind) -> None:
    """With unit line two lines score the sum of what each scores."""
    both, a, b = (scorer_of(kind).score(text).score() for text in ("a\nb\n", "a\n", "b\n"))
    assert both.nats == pytest.approx((a + b).nats, abs=1e-9)


@each(*(Kind(cell, "stream") for cell in CELLS), Kind("lstm", "stream", "pair"))
def test_a_stream_remembers_the_line_before(kind: Kind) -> None:
    """With unit stream the same line scores differently after another one."""
    nats = scorer_of(kind).score("hell\nhell\n").nats
    assert not np.allclose(nats[:5], nats[5:])


@each(Kind("lstm", "stream"), Kind("gru", "line", "pair"))
def test_scorers_of_one_model_share_nothing(kind: Kind) -> None:
    """Two scorers of one model may take turns."""
    first, second = scorer_of(kind), scorer_of(kind)
    pieces = []
    for begin in range(0, len(TEXT), 60):
        pieces.append(first.score(TEXT[begin : begin + 60]))
        second.score("something else\n")
    assert np.concatenate([piece.nats for piece in pieces]) == pytest.approx(whole(kind).nats, abs=1e-9)
    assert [rank for piece in pieces for rank in ranks_of(piece)] == ranks_of(whole(kind))


# Lines together


def in_turn(
    model: LanguageModel, codec: Codec, *pieces: str, num_guesses: int = 0, ranks: bool = True
) -> list[Surprisal]:
    """Return the surprisal of each of the pieces of a text, with no lines scored together."""
    scorer = Scorer(model, codec, num_guesses=num_guesses, ranks=ranks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charseq.scoring.scorer.cut", lambda *_: NO_CUT)
        return [scorer.score(piece) for piece in pieces]


def assert_equal(surprisal: Surprisal, expected: Surprisal) -> None:
    np.testing.assert_allclose(surprisal.nats, expected.nats, rtol=0, atol=1e-12)
    assert ranks_of(surprisal) == ranks_of(expected)
    assert surprisal.num_bytes.tolist() == expected.num_bytes.tolist()
    assert surprisal.num_words == expected.num_words
    if expected.expected is not None:
        a, b = expected_of(surprisal), expected.expected
        assert a.guesses.tolist() == b.guesses.tolist()
        np.testing.assert_allclose(a.probabilities, b.probabilities, rtol=0, atol=1e-12)
        np.testing.assert_allclose(a.entropies, b.entropies, rtol=0, atol=1e-12)


def can_be_together(text: str, codec: Codec | None = None, *, after: str = "") -> bool:
    """Say whether `text` has lines that are scored together."""
    codec = codec or Codec(TOKENIZER, "line")
    return len(cut(codec.examples(text, after=after).starts, len(text), None).groups) > 0


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
each_line_kind = each(*(Kind(model, "line") for model in (*CELLS, "ngram")), Kind("gru", "line", "pair"))


@pytest.mark.parametrize("text", MANY_LINES.values(), ids=MANY_LINES)
def test_any_text_of_lines_is_scored_together_as_in_turn(text: str) -> None:
    """Lines that are scored together have the numbers that they have one after the other."""
    kind = Kind("gru", "line")
    assert can_be_together(text)
    (expected,) = in_turn(kind.make(), kind.codec, text, num_guesses=3)
    assert_equal(scorer_of(kind, 3).score(text), expected)


@each_line_kind
def test_any_model_scores_lines_together_as_in_turn(kind: Kind) -> None:
    """Lines that are scored together have the numbers that they have one after the other."""
    assert can_be_together(LINES, kind.codec)
    (expected,) = in_turn(kind.make(), kind.codec, LINES, num_guesses=3)
    assert_equal(scorer_of(kind, 3).score(LINES), expected)


@pytest.mark.parametrize(("cell", "embedding_size"), [("rnn", 4), ("gru", 0), ("lstm", 4)])
def test_a_deep_model_scores_lines_together_as_in_turn(cell: CellName, embedding_size: int) -> None:
    """The lines of a model of two layers, with an embedding or without, may be scored together too."""
    model, codec = model_of(cell, np.float64, 2, embedding_size), Codec(TOKENIZER, "line")
    assert_equal(Scorer(model, codec).score(LINES), *in_turn(model, codec, LINES))


@pytest.mark.parametrize(
    ("kind", "begin"),
    [
        *((Kind("lstm", "line"), begin) for begin in ("hello wor", "h", "\nhel", "\n", "Q")),
        (Kind("gru", "line", "pair"), "hello wor"),
    ],
)
def test_lines_are_together_after_the_middle_of_a_line(kind: Kind, begin: str) -> None:
    """A line that an earlier piece began goes on where that ended, before the lines that are together."""
    scorer, pieces = scorer_of(kind), [begin, "ld and kin" + LINES[:1000], "expert" + LINES[1000:]]
    assert all(can_be_together(piece, kind.codec, after="h") for piece in pieces[1:])
    for piece, expected in zip(pieces, in_turn(kind.make(), kind.codec, *pieces), strict=True):
        assert_equal(scorer.score(piece), expected)


@cache
def lines_in_turn(kind: Kind) -> tuple[Any, list[int]]:
    (surprisal,) = in_turn(kind.make(), kind.codec, LINES)
    return surprisal.nats, ranks_of(surprisal)


@each(*(Kind(model, "line") for model in (*CELLS, "ngram")))
@settings(max_examples=10)
@given(cuts=st.lists(st.integers(0, len(LINES)), max_size=3).map(sorted))
def test_lines_together_may_be_cut_anywhere(kind: Kind, cuts: list[int]) -> None:
    """A text of many lines, cut anywhere, has the nats and ranks that it has in turn."""
    scorer = scorer_of(kind)
    pieces = [scorer.score(LINES[begin:end]) for begin, end in pairwise([0, *cuts, len(LINES)])]
    nats, ranks = lines_in_turn(kind)
    np.testing.assert_allclose(np.concatenate([piece.nats for piece in pieces]), nats, rtol=0, atol=1e-12)
    assert [rank for piece in pieces for rank in ranks_of(piece)] == ranks


@settings(max_examples=20)
@given(
    lines=st.lists(st.text("he\r Q", max_size=12), min_size=LINE_STREAMS, max_size=90),
    begin=st.text("he\n", max_size=3),
    end=st.text("he\n", max_size=3),
)
def test_lines_of_any_lengths_are_together_as_in_turn(lines: list[str], begin: str, end: str) -> None:
    """Lines of any lengths have the nats and ranks that they have in turn."""
    kind, text = Kind("lstm", "line"), "\n".join(lines) + end
    scorer = scorer_of(kind)
    for piece, expected in zip((begin, text), in_turn(kind.make(), kind.codec, begin, text), strict=True):
        assert_equal(scorer.score(piece), expected)


@pytest.mark.parametrize("place", [0, 50, 100], ids=["first", "middle", "last"])
def test_a_giant_line_among_short_ones_is_scored_in_turn(place: int) -> None:
    """With a line that is most of the text, lines are scored in turn, and each as it is on its own."""
    kind, lines = Kind("gru", "line"), ["hello\n"] * 100
    lines.insert(place, random_text(3000, line_length=10**9) + "\n")
    text = "".join(lines)
    assert can_be_together(text) == (place == 100)  # where the last line begins, being together ends
    surprisal, separate = scorer_of(kind).score(text), in_turn(kind.make(), kind.codec, *lines)
    nats = np.concatenate([line.nats for line in separate])
    np.testing.assert_allclose(surprisal.nats, nats, rtol=0, atol=1e-12)
    assert ranks_of(surprisal) == [rank for line in separate for rank in ranks_of(line)]


def test_lines_together_in_float32_differ_by_rounding_alone() -> None:
    """In single precision, being scored together changes a line's nats by no more than rounding does."""
    model, codec = model_of("gru", np.float32), Codec(TOKENIZER, "line")
    (expected,) = in_turn(model, codec, LINES)
    np.testing.assert_allclose(Scorer(model, codec).score(LINES).nats, expected.nats, rtol=0, atol=1e-5)


def test_every_character_is_read_once_most_of_them_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that are read in parallel are not read in turn as well."""
    num_taken, widths = [0], set[int]()
    take_ = Readings.take_

    def counting_take_(readings: Readings, places: Any, found: Any) -> None:
        num_taken[0] += len(places)
        take_(readings, places, found)

    def watched_read(model: Any, codec: Codec, window: Window, state: Any, work: Any) -> Any:
        widths.add(window.inputs.shape[1])
        return read_window(model, codec, window, state, work)

    monkeypatch.setattr(Readings, "take_", counting_take_)
    monkeypatch.setattr("charseq.scoring.scorer.read_window", watched_read)
    Scorer(model_of("gru"), Codec(TOKENIZER, "line")).score(LINES)
    assert num_taken == [len(LINES)]
    assert LINE_STREAMS in widths


MANY_GROUPS = random_text(3 * GROUP_TOKENS)


def num_groups(kind: Kind, text: str) -> int:
    starts = kind.codec.examples(text).starts
    return len(cut(starts, len(text), context_of(kind.make())).groups)


@each(Kind("gru", "line"), Kind("ngram", "line"), Kind("ngram", "stream"))
def test_the_number_of_cores_does_not_change_a_bit(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of several groups have the same nats and ranks on one core, on two and on three."""
    assert num_groups(kind, MANY_GROUPS) == 3
    found = list[Surprisal]()
    for number in (1, 2, 3):
        monkeypatch.setattr("charseq.scoring.cores.num_threads", lambda number=number: number)
        found.append(scorer_of(kind).score(MANY_GROUPS))
    for one in found[1:]:
        np.testing.assert_array_equal(one.nats, found[0].nats)
        np.testing.assert_array_equal(one.ranks, found[0].ranks)
        np.testing.assert_array_equal(one.confidences, found[0].confidences)


def test_lines_of_several_groups_are_scored_as_in_turn() -> None:
    """The groups are side by side, and no line is lost between them."""
    kind = Kind("gru", "line")
    (expected,) = in_turn(kind.make(), kind.codec, MANY_GROUPS)
    assert_equal(scorer_of(kind).score(MANY_GROUPS), expected)


@each(Kind("ngram", "stream"), Kind("ngram", "line"), Kind("ngram", "stream", "pair"))
def test_a_text_of_which_little_matters_is_cut_anywhere(kind: Kind) -> None:
    """One stream of n-grams is scored side by side, to the last bit as in turn, and goes on after it."""
    pieces = [MANY_GROUPS.replace("\n", "h"), "hello", MANY_GROUPS[:GROUP_TOKENS], "\nworld"]
    assert [num_groups(kind, piece) > 0 for piece in pieces] == [True, False, True, False]
    scorer = Scorer(kind.make(), kind.codec, ranks=False)
    for piece, expected in zip(pieces, in_turn(kind.make(), kind.codec, *pieces, ranks=False), strict=True):
        np.testing.assert_array_equal(scorer.score(piece).nats, expected.nats)


def test_the_last_characters_of_a_window_network_are_enough() -> None:
    """A network on a window of characters reads one stream in parallel, too."""
    kind = Kind("gru", "stream")
    model = MLP(ModelConfig(kind="mlp", order=4, hidden_size=8), kind.codec.vocab_size)
    model.initialise_(np.random.default_rng(0))
    assert context_of(model) == 3
    (expected,) = in_turn(model, kind.codec, MANY_GROUPS)
    np.testing.assert_allclose(
        Scorer(model, kind.codec).score(MANY_GROUPS).nats, expected.nats, rtol=0, atol=1e-5
    )


def test_the_longest_context_of_a_mixture_counts() -> None:
    """If all members have one; else all of the past matters."""
    members = [MemberRecord(config=ModelConfig(kind="ngram", order=3))] * 2
    models = [NGram([], 5), NGram([], 5)]
    models[0].levels = [None] * 4  # type: ignore[list-item]
    assert context_of(Mixture(members, models, np.ones(2), "linear")) == context_of(models[0]) == 3
    assert context_of(Kind("mixture", "stream").make()) is None


def test_a_stream_is_not_cut() -> None:
    """Where nothing starts anew, and all of the past matters, there is nothing to score together."""
    assert cut(None, 10**6, None) == NO_CUT
    assert num_groups(Kind("gru", "stream"), MANY_GROUPS) == 0
    assert num_groups(Kind("mixture", "stream"), MANY_GROUPS) == 0


@pytest.mark.parametrize("num_lines", [0, 1, LINE_STREAMS - 1, LINE_STREAMS])
def test_few_lines_are_not_dealt(num_lines: int) -> None:
    """As many lines as there are streams, or fewer, are scored in turn."""
    assert deal_lines(np.array([True, False, False] * num_lines, np.bool_), LINE_STREAMS) is None


@pytest.mark.parametrize("ahead", [0, 100])
@pytest.mark.parametrize(("num_short", "are_cut"), [(56, True), (55, False)])
def test_a_line_may_be_as_long_as_four_streams(num_short: int, are_cut: bool, ahead: int) -> None:
    """A line of 8 characters is as long as four streams of 64 should be, and too long for those of 63."""
    starts = np.zeros(ahead + 8 + num_short + 1, np.bool_)
    starts[ahead] = True
    starts[ahead + 8 :] = True
    assert (deal_lines(starts, LINE_STREAMS) is not None) == are_cut


@settings(max_examples=40)
@given(lengths=st.lists(st.integers(1, 30), min_size=LINE_STREAMS + 1, max_size=300), ahead=st.integers(0, 9))
def test_streams_are_whole_lines(lengths: list[int], ahead: int) -> None:
    """Each token of all lines but the last is in one stream, and lines are whole there, without a gap."""
    starts = np.zeros(ahead + sum(lengths), np.bool_)
    starts[ahead + np.cumsum([0, *lengths[:-1]])] = True
    places = deal_lines(starts, LINE_STREAMS)
    if places is None:  # one of the lines alone is as long as four streams should be
        assert max(lengths[:-1]) > 2 * sum(lengths[:-1]) / LINE_STREAMS
        return
    assert sorted(places[places >= 0].tolist()) == list(range(ahead, ahead + sum(lengths[:-1])))
    for stream in places.T:
        own = stream[: np.count_nonzero(stream >= 0)]
        assert (own >= 0).all()
        assert (starts[own] | (np.diff(own, prepend=-9) == 1)).all()


def test_streams_of_many_lines_end_nearly_together() -> None:
    """Of lines of a few dozen characters, streams of 500 differ by less than one line."""
    lengths = np.random.default_rng(0).integers(1, 80, 400)
    starts = np.zeros(lengths.sum() + 1, np.bool_)
    starts[np.cumsum([0, *lengths])] = True
    places = deal_lines(starts, LINE_STREAMS)
    assert places is not None
    assert np.ptp((places >= 0).sum(axis=0)) < 40


# Expectations


@each_kind
def test_guesses_are_the_likeliest(kind: Kind) -> None:
    """The guesses at every character are the likeliest by the logits, the likeliest first."""
    assert expected_of(whole(kind)).guesses.tolist() == [order[:4] for order in plain_of(kind).order]


@each(*CHAR_KINDS, *PAIR_KINDS, NGRAM_PAIR)
def test_probabilities_of_guesses_leave_room_for_the_unseen(kind: Kind) -> None:
    """The probability of a guess is that of the model, less what is set aside for unseen characters."""
    probabilities = np.array([p[:4] for p in plain_of(kind).probabilities])
    np.testing.assert_allclose(expected_of(whole(kind)).probabilities, probabilities, rtol=1e-9)


@each(*CHAR_KINDS, *PAIR_KINDS, NGRAM_PAIR)
def test_entropies_count_the_unseen_as_one_event(kind: Kind) -> None:
    """The entropy at every character is that of the whole alphabet and of the escape together."""
    np.testing.assert_allclose(expected_of(whole(kind)).entropies, plain_of(kind).entropies, rtol=1e-9)


@pytest.mark.parametrize("more", [0, 1, 1000])
@each(Kind("gru", "stream"), Kind("gru", "line", "pair"))
def test_more_guesses_than_characters_are_the_whole_alphabet(kind: Kind, more: int) -> None:
    """Who asks for more guesses gets the whole alphabet, with all of its probabilities."""
    expected = expected_of(whole(kind, len(ALPHABET) + more))
    assert expected.guesses.tolist() == plain_of(kind).order
    np.testing.assert_allclose(expected.probabilities, plain_of(kind).probabilities, rtol=1e-9)


@each_unit
def test_all_guesses_of_single_tokens_have_what_the_escape_leaves(unit: Unit) -> None:
    """Where any token may come next, the probabilities of the alphabet add up to 1 - eps."""
    total = expected_of(whole(Kind("gru", unit), 1000)).probabilities.sum(axis=1)
    np.testing.assert_allclose(total, 1 - EPS, rtol=1e-12)


@each_kind
@settings(max_examples=4)
@given(cuts=cuts_of_text)
def test_any_pieces_have_the_expectations_of_the_whole(kind: Kind, cuts: list[int]) -> None:
    """A text scored in any pieces, empty ones among them, has the expectations of the whole."""
    parts, expected = [expected_of(piece) for piece in in_pieces(kind, cuts, 4)], expected_of(whole(kind))
    assert [row for part in parts for row in part.guesses.tolist()] == expected.guesses.tolist()
    for name in ("probabilities", "entropies"):
        together = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(together, getattr(expected, name), rtol=0, atol=1e-9)


@each(Kind("gru", "line"), Kind("mixture", "line"))
def test_what_is_foreseen_of_a_token_is_the_entropy_before_it(kind: Kind) -> None:
    """If each character is one token, both are the same; no guesses are needed for it."""
    expected = Scorer(kind.make(), kind.codec, num_guesses=1).score(TEXT).entropies
    found = Scorer(kind.make(), kind.codec, ranks=False, foresees=True).score(TEXT).foreseen_nats
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@each(*PAIR_KINDS)
def test_what_is_foreseen_of_a_character_is_the_sum_of_the_entropies_before_its_tokens(kind: Kind) -> None:
    """With the escape as one more event, before the first of them."""
    text = "".join(char for char in TEXT if char in ALPHABET)[:30]
    found = Scorer(kind.make(), kind.codec, ranks=False, foresees=True).score(text).foreseen_nats
    sequence, entropies = kind.codec.examples(text), list[float]()
    reader = kind.make().reader()
    assert sequence.begins is not None
    for step, token in enumerate(sequence.inputs.tolist()):
        if sequence.starts is not None and sequence.starts[step]:
            reader.reset_()
        p = np.exp(log_softmax(kind.codec.possible(reader.read(token), token)))
        entropies.append(-sum(one * math.log(one) for one in p.tolist() if one))
    escape = -EPS * math.log(EPS) - (1 - EPS) * math.log1p(-EPS)
    expected = (1 - EPS) * np.add.reduceat(entropies, np.flatnonzero(sequence.begins)) + escape
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@each_kind
def test_guessing_changes_no_figure(kind: Kind) -> None:
    """The nats, ranks and confidences of a text are the same with guesses and without."""
    surprisal = scorer_of(kind).score(TEXT)
    np.testing.assert_array_equal(surprisal.nats, whole(kind).nats)
    assert ranks_of(surprisal) == ranks_of(whole(kind))
    np.testing.assert_array_equal(surprisal.confidences, whole(kind).confidences)
    assert surprisal.expected is None


@each_kind
def test_confidence_is_that_of_the_first_guess(kind: Kind) -> None:
    """How sure the model was is the probability of its first guess, be the character seen or not."""
    surprisal = whole(kind)
    np.testing.assert_allclose(surprisal.confidences, expected_of(surprisal).probabilities[:, 0], rtol=1e-14)


@each_kind
def test_a_character_is_found_at_its_rank(kind: Kind) -> None:
    """The guess at a character's rank is that character, with the probability it was charged for."""
    surprisal = whole(kind, 1000)
    expected, seen = expected_of(surprisal), np.flatnonzero(~surprisal.unseen)
    places = (seen, np.array(ranks_of(surprisal))[seen] - 1)
    assert [ALPHABET[place] for place in expected.guesses[places].tolist()] == [TEXT[k] for k in seen]
    np.testing.assert_allclose(-np.log(expected.probabilities[places]), surprisal.nats[seen], rtol=1e-9)


@pytest.mark.parametrize(
    ("num", "expected"), [(0, []), (1, [2]), (3, [2, 0, 3]), (5, [2, 0, 3, 4, 1]), (9, [2, 0, 3, 4, 1])]
)
def test_equally_likely_tokens_come_by_their_number(num: int, expected: list[int]) -> None:
    """The likeliest tokens come first, equals by their number, and never more than there are."""
    found = likeliest(np.array([[-2.0, -5.0, -1.0, -2.0, -2.0]]), num)
    assert found.tolist() == [expected]
    assert found.dtype == np.int32


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
def test_words_are_what_lies_between_white_space(text: str, num_words: int) -> None:
    """Words are counted where they begin."""
    assert count_words(text) == num_words


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


@each(Kind("gru", "line"), Kind("gru", "line", "pair"))
def test_a_word_in_two_pieces_is_counted_once(kind: Kind) -> None:
    """A word that goes on from the piece before does not begin in the next, empty pieces notwithstanding."""
    scorer, pieces = scorer_of(kind), ("hel", "", "lo wor", "ld", " ", "kin")
    assert [scorer.score(piece).num_words for piece in pieces] == [1, 0, 1, 0, 0, 1]


# One window


@each_cell
def test_a_window_is_predicted_in_float64(cell: CellName) -> None:
    """A window gives the logarithms of distributions in float64, and leaves the state where it ends."""
    model, state = model_of(cell, np.float32), model_of(cell, np.float32).initial_state(2)
    inputs = TOKENIZER.encode("hello wo").reshape(2, 4).T.copy()
    window = Window(inputs, inputs, None)
    log_p = predict_window(
        model, Codec(TOKENIZER, "stream"), window, state, model.workspace(4, 2, backward=False)
    )
    assert log_p.shape == (4, 2, TOKENIZER.vocab_size)
    assert log_p.dtype == np.float64
    assert np.exp(log_p).sum(axis=-1) == pytest.approx(np.ones((4, 2)), rel=1e-12)
    after = model.initial_state(2)
    model.forward(inputs, after, model.workspace(4, 2, backward=False))
    for name, array in after.arrays.items():
        np.testing.assert_array_equal(state.arrays[name], array)


# ---- n-grams: prices without distributions, and one stream on several cores


@each(Kind("ngram", "stream"), Kind("ngram", "line"))
@settings(max_examples=6, deadline=None)
@given(steps=st.sampled_from([1, 7, 1 << 14]), cores=st.integers(1, 3), at_once=st.integers(1, 40))
def test_ngrams_have_the_same_bits_however_a_stream_is_dealt_out(
    kind: Kind, steps: int, cores: int, at_once: int
) -> None:
    """With ranks or without: in windows of any length, in parts of any size, on any number of cores."""
    expected = Scorer(kind.make(), kind.codec).score(TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charseq.scoring.scorer.READOUT_STEPS", steps)
        patch.setattr("charseq.scoring.windows.PRICES_AT_ONCE", at_once)
        patch.setattr("charseq.scoring.windows.rows_at_once", lambda vocab_size: at_once)
        patch.setattr("charseq.scoring.cores.num_threads", lambda: cores)
        ranked = Scorer(kind.make(), kind.codec).score(TEXT)
        priced = Scorer(kind.make(), kind.codec, ranks=False).score(TEXT)
    for name in ("nats", "ranks", "confidences"):
        np.testing.assert_array_equal(getattr(ranked, name), getattr(expected, name), err_msg=name)
    np.testing.assert_array_equal(priced.nats, expected.nats)
