"""A model on texts: listeners, rows that add up to the whole, and the same however texts are cut."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis.evaluation import Evaluation, Wanted, evaluate
from charseq.analysis.groups import GROUPINGS
from charseq.config import Unit
from charseq.errors import DataError
from charseq.models import NGram, fit_ngram
from charseq.registry import REPORTS
from charseq.reports import Row
from charseq.scoring import Scorer, Surprisal
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from tests.analysis.builders import TOKENIZER, UNITS, checkpoint_of, model_of, random_text

LEARNT = "hello world\nkin and expert, zażółć\n" * 3
TEXT = random_text(360)
FILES = {"a.txt": TEXT, "b.txt": "hello\r\nwörld\n\n", "c.txt": "x"}
ALL = Wanted(by=tuple(GROUPINGS), num_rows=5, num_hardest=7, calibration=True)
each_unit = pytest.mark.parametrize("unit", UNITS)


def baseline(order: int, unit: Unit = "stream") -> NGram:
    examples = Examples(EncodedText.of(LEARNT), Codec(TOKENIZER, unit))
    return fit_ngram(examples, vocab_size=TOKENIZER.vocab_size, order=order)


def cut(text: str, cuts: list[int]) -> list[str]:
    """Return `text` in pieces, some of which may be empty."""
    return [text[begin:end] for begin, end in pairwise([0, *cuts, len(text)])]


class Found:
    """The rows of an evaluation by report."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.texts, self.hardest, self.calibration = (
            list(REPORTS[name].rows(evaluation)) for name in ("text", "hardest", "calibration")
        )
        self.groups = {by: list(REPORTS[by].rows(evaluation)) for by in evaluation.groups}

    @property
    def rows(self) -> list[Row]:
        groups = [row for rows in self.groups.values() for row in rows]
        return [*self.texts, *groups, *self.hardest, *self.calibration]


def evaluated(
    files: dict[str, list[str]], wanted: Wanted | None = None, *, unit: Unit = "stream", **options: Any
) -> Found:
    """Return the rows of an evaluation of files in pieces."""
    options = {"name": "m", "baselines": {}} | options
    return Found(evaluate(checkpoint_of(unit), files.items(), wanted or Wanted(), **options))


def whole(files: dict[str, str], wanted: Wanted | None = None, **options: Any) -> Found:
    """Return the rows of an evaluation of files in one piece each."""
    return evaluated({name: [text] for name, text in files.items()}, wanted, **options)


def nats_of(rows: list[Row]) -> float:
    return math.fsum(row["nats"] for row in rows)


class Ear:
    """A listener that remembers all it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.surprisals: list[Surprisal] = []

    def begin(self, file: str) -> None:
        self.heard.append(("begin", file))

    def add(self, text: str, surprisal: Surprisal) -> None:
        self.heard.append(("add", text))
        self.surprisals.append(surprisal)


# ---- listeners


def test_listeners_hear_every_piece_once_in_order() -> None:
    """Every listener hears each text begin and then each of its pieces, whatever else is asked for."""
    ears = [Ear(), Ear()]
    files = {"a.txt": ["he", "", "llo"], "b.txt": [], "c.txt": ["x"]}
    evaluated(files, ALL, listeners=ears, baselines={"uniform": baseline(0), "unigram": baseline(1)})
    expected = [
        *(("begin", "a.txt"), ("add", "he"), ("add", ""), ("add", "llo")),
        *(("begin", "b.txt"), ("begin", "c.txt"), ("add", "x")),
    ]
    assert [ear.heard for ear in ears] == [expected, expected]


def test_listeners_hear_the_model() -> None:
    """What is heard is the surprisal of the model, not of a baseline."""
    ear = Ear()
    evaluated({"a.txt": ["hello", " world"]}, listeners=[ear], baselines={"uniform": baseline(0)})
    scorer = Scorer(model_of("gru"), Codec(TOKENIZER, "stream"))
    for surprisal, piece in zip(ear.surprisals, ("hello", " world"), strict=True):
        assert surprisal.nats.tolist() == scorer.score(piece).nats.tolist()


@pytest.mark.parametrize(("num_guesses", "num_hardest", "expected"), [(5, 0, 5), (1, 2, 3), (5, 2, 5)])
def test_listeners_have_guesses(num_guesses: int, num_hardest: int, expected: int) -> None:
    """There are as many guesses as were asked for, and more where the hardest characters need them."""
    ear = Ear()
    whole({"a.txt": "hello"}, Wanted(num_hardest=num_hardest), listeners=[ear], num_guesses=num_guesses)
    (surprisal,) = ear.surprisals
    assert surprisal.expected is not None
    assert surprisal.expected.guesses.shape == (5, expected)


def test_no_guesses_are_made_for_nobody() -> None:
    """Where nobody asks for guesses there are none."""
    ear = Ear()
    whole({"a.txt": "hello"}, Wanted(by=tuple(GROUPINGS), calibration=True), listeners=[ear])
    assert ear.surprisals[0].expected is None


def test_progress_is_told_of_each_piece() -> None:
    """Each piece is told of when it has been scored, before the next one is asked for."""
    told: list[str] = []

    def pieces() -> Iterator[str]:
        for text in ("he", "", "llo"):
            yield text
            assert told[-1] == text

    texts = [("a.txt", pieces()), ("b.txt", iter(["x"]))]
    baselines = {"uniform": baseline(0)}
    evaluate(checkpoint_of(), texts, Wanted(), name="m", baselines=baselines, progress=told.append)
    assert told == ["he", "", "llo", "x"]


def test_a_text_is_read_before_the_next_is_asked_for() -> None:
    """Texts come one by one, as files do that are opened when their turn comes."""
    order: list[str] = []

    def texts() -> Iterator[tuple[str, Iterator[str]]]:
        for name in ("a.txt", "b.txt"):
            order.append(name)
            yield name, iter(["hello"])

    evaluate(checkpoint_of(), texts(), Wanted(), name="m", baselines={}, progress=order.append)
    assert order == ["a.txt", "hello", "b.txt", "hello"]


# ---- pieces


def assert_same(row: Any, expected: Any) -> None:
    """Compare two rows, numbers up to rounding; how long it took is nobody's business."""
    if isinstance(expected, dict):
        assert list(row) == list(expected)
        for key in expected:
            if key != "chars_per_second":
                assert_same(row[key], expected[key])
    elif isinstance(expected, list):
        for item, other in zip(row, expected, strict=True):
            assert_same(item, other)
    elif isinstance(expected, float):
        assert row == pytest.approx(expected, rel=1e-9, nan_ok=True)
    else:
        assert row == expected


@each_unit
@settings(deadline=None, max_examples=8)
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=6).map(sorted))
def test_pieces_equal_the_whole(unit: Unit, cuts: list[int]) -> None:
    """All that is said of a text is the same in any pieces, empty ones among them."""
    options: dict[str, Any] = {"unit": unit, "baselines": {"ngram:3": baseline(3, unit)}}
    in_pieces = evaluated({"a.txt": cut(TEXT, cuts), "b.txt": ["x"]}, ALL, **options)
    assert_same(in_pieces.rows, whole({"a.txt": TEXT, "b.txt": "x"}, ALL, **options).rows)


def test_character_by_character() -> None:
    """All that is said of a text is the same character by character."""
    assert_same(evaluated({"a.txt": list(TEXT)}, ALL).rows, whole({"a.txt": TEXT}, ALL).rows)


# ---- rows of texts


@each_unit
def test_the_figures_are_the_evaluators(unit: Unit) -> None:
    """The figures of a text are those of its surprisal."""
    (row,) = whole({"a.txt": TEXT}, unit=unit).texts
    surprisal = Scorer(model_of("gru"), Codec(TOKENIZER, unit)).score(TEXT)
    assert (row["report"], row["model"], row["text"]) == ("text", "m", "a.txt")
    assert row["num_chars"] == len(TEXT)
    assert row["num_unseen"] == np.sum(surprisal.unseen)
    assert row["nats_per_char"] == pytest.approx(surprisal.nats.mean(), rel=1e-12)
    assert row["perplexity"] == pytest.approx(np.exp(surprisal.nats.mean()), rel=1e-12)
    assert row["accuracy"] == pytest.approx(np.mean(surprisal.ranks == 1), rel=1e-12)
    assert 0 < row["chars_per_second"] < math.inf


def test_a_row_for_each_text_and_model() -> None:
    """Rows go text by text, the model before its baselines; of several texts the totals are last."""
    rows = whole(FILES, baselines={"uniform": baseline(0), "ngram:3": baseline(3)}).texts
    assert [(row["text"], row["model"]) for row in rows] == [
        (text, model) for text in (*FILES, "total") for model in ("m", "uniform", "ngram:3")
    ]
    for model in range(3):
        *texts, total = rows[model::3]
        for key in ("num_chars", "num_bytes", "num_unseen"):
            assert total[key] == sum(row[key] for row in texts)
        nats = [row["nats_per_char"] * row["num_chars"] for row in (*texts, total)]
        assert nats[-1] == pytest.approx(sum(nats[:-1]), rel=1e-12)


def test_a_single_text_has_no_total() -> None:
    """Of one text the total would be the text again."""
    rows = whole({"a.txt": TEXT}, baselines={"uniform": baseline(0)}).texts
    assert [(row["text"], row["model"]) for row in rows] == [("a.txt", "m"), ("a.txt", "uniform")]


@each_unit
def test_models_are_comparable(unit: Unit) -> None:
    """All models score the same characters, and pay the same for those that are unseen."""
    rows = whole(FILES, unit=unit, baselines={f"ngram:{k}": baseline(k, unit) for k in (0, 1, 4)}).texts[:4]
    assert len({(row["num_chars"], row["num_bytes"], row["num_unseen"]) for row in rows}) == 1
    assert rows[0]["num_unseen"] > 0
    unseen_bits = []
    for row in rows:
        num_seen = row["num_chars"] - row["num_unseen"]
        unseen_bits.append(row["bits_per_char"] * row["num_chars"] - row["seen_bits_per_char"] * num_seen)
    eps = TOKENIZER.escape_probability
    num_bytes = sum(len(char.encode()) for char in TEXT if char not in TOKENIZER.vocab)
    expected = 8 * num_bytes - row["num_unseen"] * math.log2(eps)
    assert unseen_bits == pytest.approx([expected] * 4, rel=1e-9)


def test_a_uniform_baseline() -> None:
    """A uniform model pays log2 V for each character it has seen, and for what is set aside for others."""
    uniform = whole({"a.txt": TEXT}, baselines={"uniform": baseline(0)}).texts[1]
    exact = math.log2(TOKENIZER.vocab_size / (1 - TOKENIZER.escape_probability))
    assert uniform["seen_bits_per_char"] == pytest.approx(exact, rel=1e-12)


def test_each_text_begins_anew() -> None:
    """A text's rows do not depend on the texts before it."""
    beside = whole(FILES, baselines={"ngram:3": baseline(3)}).texts[2:4]
    alone = whole({"b.txt": FILES["b.txt"]}, baselines={"ngram:3": baseline(3)}).texts
    assert_same(beside, alone)


def test_a_model_that_is_called_like_a_baseline() -> None:
    """A run may have the name of a baseline: both have a row."""
    model, uniform = whole({"a.txt": TEXT}, name="uniform", baselines={"uniform": baseline(0)}).texts
    assert model["bits_per_char"] != uniform["bits_per_char"]


@pytest.mark.parametrize("pieces", [[], [""], ["", ""]])
def test_nothing_to_score(pieces: list[str]) -> None:
    """Texts without a character are an error that names them."""
    with pytest.raises(DataError, match=r"^a\.txt, b\.txt: empty: there is nothing to score$"):
        evaluated({"a.txt": pieces, "b.txt": pieces}, ALL)


def test_an_empty_text_among_others() -> None:
    """An empty text is a row without figures, and changes nothing else."""
    with_empty = whole({"e.txt": "", "a.txt": TEXT}, ALL)
    empty, text, total = with_empty.texts
    assert (empty["num_chars"], text["num_chars"], total["num_chars"]) == (0, len(TEXT), len(TEXT))
    assert math.isnan(empty["bits_per_char"])
    alone = whole({"a.txt": TEXT}, ALL)
    assert_same(text, alone.texts[0])
    assert_same([*with_empty.hardest, *with_empty.calibration], [*alone.hardest, *alone.calibration])


# ---- groups


@pytest.mark.parametrize("sort", [None, "total", "mean"])
@pytest.mark.parametrize(("num_rows", "unit"), [(0, "stream"), (1, "line"), (5, "stream")])
def test_groups_sum_up_to_the_total(sort: str | None, num_rows: int, unit: Unit) -> None:
    """The groups of any grouping, the rest among them, are the total: counts exactly, nats up to rounding."""
    evaluation = whole(FILES, Wanted(tuple(GROUPINGS), sort, num_rows), unit=unit)
    total = evaluation.texts[-1]
    nats = total["nats_per_char"] * total["num_chars"]
    assert list(evaluation.groups) == list(GROUPINGS)
    for by, rows in evaluation.groups.items():
        assert {row["report"] for row in rows} == {by}
        for key in ("num_chars", "num_unseen"):
            assert sum(row[key] for row in rows) == total[key]
        assert nats_of(rows) == pytest.approx(nats, rel=1e-12)
        assert sum(row["share"] for row in rows) == pytest.approx(1, rel=1e-12)
        right = sum(row["accuracy"] * row["num_chars"] for row in rows)
        assert right == pytest.approx(total["accuracy"] * total["num_chars"], rel=1e-12)


@pytest.mark.parametrize("by", ["char", "class", "word", "line"])
def test_groups_without_an_order_go_by_their_total(by: str) -> None:
    """Groups that have no order of their own go by their nats, and the rest is last."""
    rows = whole(FILES, Wanted((by,), num_rows=3)).groups[by]
    *named, rest = rows
    assert len(named) == 3
    assert rest["group"] is None
    assert rest["count"] > 0
    assert [row["nats"] for row in named] == sorted((row["nats"] for row in named), reverse=True)


@pytest.mark.parametrize("by", ["position", "column", "file", "chunk"])
def test_groups_with_an_order_keep_it(by: str) -> None:
    """Groups that have an order are all there, in that order; sorted they are few, and then the rest."""
    rows = whole(FILES, Wanted((by,), num_rows=2)).groups[by]
    assert len(rows) > 2
    assert all(row["group"] is not None for row in rows)
    if by == "file":
        assert [row["group"] for row in rows] == list(FILES)
    elif by == "chunk":
        assert [(row["file"], row["offset"]) for row in rows[:2]] == [("a.txt", 0), ("a.txt", 256)]
    else:
        assert [row["group"] for row in rows][rows[0]["group"] == "between words" :][:2] == ["1", "2"]
    named = whole(FILES, Wanted((by,), "total", 2)).groups[by]
    highest = sorted(rows, key=lambda row: -row["nats"])[:2]
    assert [row["group"] for row in named] == [*(row["group"] for row in highest), None]


def test_sorted_by_the_mean() -> None:
    """Sorted by the mean, the groups with the most bits per character come first."""
    few, everything = (whole(FILES, Wanted(tuple(GROUPINGS), "mean", num)).groups for num in (2, 0))
    for by in GROUPINGS:
        means = [row["bits_per_char"] for row in everything[by]]
        assert means == sorted(means, reverse=True)
        assert [row["bits_per_char"] for row in few[by][:2]] == means[:2]
        assert few[by][2]["group"] is None


def test_an_empty_file_is_no_surprise() -> None:
    """Sorted by the mean, a file of nothing comes last, and never takes the place of another one."""
    files = {"a.txt": TEXT, "e.txt": "", "b.txt": "hello\n", "f.txt": "", "c.txt": "안녕"}
    rows = whole(files, Wanted(("file",), "mean", 0)).groups["file"]
    assert [row["group"] for row in rows] == ["c.txt", "a.txt", "b.txt", "e.txt", "f.txt"]
    first, rest = whole(files, Wanted(("file",), "mean", 1)).groups["file"]
    assert (first["group"], rest["count"]) == ("c.txt", 4)


def test_all_groups() -> None:
    """With 0 rows each group has one, and nothing is left."""
    rows = whole({"a.txt": TEXT}, Wanted(("char",), num_rows=0)).groups["char"]
    assert sorted(row["group"] for row in rows) == sorted(set(TEXT))


def test_several_groupings_at_once() -> None:
    """Each grouping is what it would be alone, in the order asked for."""
    together = whole(FILES, Wanted(("word", "char", "chunk"))).groups
    assert list(together) == ["word", "char", "chunk"]
    for by, rows in together.items():
        assert_same(rows, whole(FILES, Wanted((by,))).groups[by])


# ---- hardest characters and calibration


def test_the_hardest_characters() -> None:
    """The hardest are the characters of the highest surprisal, an unseen one but once, with three guesses."""
    rows = whole({"a.txt": TEXT}, Wanted(num_hardest=4)).hardest
    surprisal = Scorer(model_of("gru"), Codec(TOKENIZER, "stream")).score(TEXT)
    once = [k for k, char in enumerate(TEXT) if surprisal.ranks[k] or char not in TEXT[:k]]
    places = sorted(once, key=lambda k: -surprisal.nats[k])[:4]
    assert [row["offset"] for row in rows] == places
    assert [row["char"] for row in rows] == [TEXT[place] for place in places]
    assert [row["bits"] for row in rows] == pytest.approx([surprisal.bits[k] for k in places], rel=1e-12)
    assert {len(row["top"]) for row in rows} == {3}


def test_the_hardest_characters_do_not_depend_on_listeners() -> None:
    """However many guesses a listener needs, the hardest characters have the same ones."""
    wanted = Wanted(num_hardest=4)
    alone = whole({"a.txt": TEXT}, wanted).hardest
    assert whole({"a.txt": TEXT}, wanted, listeners=[Ear()], num_guesses=5).hardest == alone


def test_calibration() -> None:
    """The classes of confidence hold every character of all texts, and give the error of the total."""
    evaluation = whole(FILES, Wanted(calibration=True))
    rows, total = evaluation.calibration, evaluation.texts[-1]
    assert sum(row["num_chars"] for row in rows) == total["num_chars"]
    filled = [row for row in rows if row["num_chars"]]
    error = sum(row["num_chars"] * abs(row["accuracy"] - row["confidence"]) for row in filled)
    assert error / total["num_chars"] == pytest.approx(total["calibration_error"], rel=1e-9)


def test_nothing_more_than_was_asked_for() -> None:
    """Without a wish there are the texts alone."""
    found = whole({"a.txt": TEXT}).evaluation
    assert len(found.texts) == 1
    assert not any((found.groups, found.hardest, found.calibration, found.cases, found.added))


def test_a_further_analysis_hears_every_piece_and_its_results_are_kept_by_its_name() -> None:
    """What is added is found in the same reading of the texts."""

    class Longest(Ear):
        def results(self) -> list[str]:
            return [max((text for what, text in self.heard if what == "add"), key=len)]

    found = evaluated({"a.txt": ["he", "llo"], "b.txt": ["x"]}, Wanted(analyses={"longest": Longest()}))
    assert found.evaluation.added == {"longest": ["llo"]}


def test_the_repr_tells_the_figures_of_each_text() -> None:
    """An evaluation in a Python prompt says what it is."""
    found = whole({"a.txt": TEXT}).evaluation
    assert repr(found) == f"<Evaluation: m on a.txt: {found.texts[0].totals.score}>"
    assert found.total == found.texts[0].totals.score
