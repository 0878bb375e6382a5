"""Models compared: paired errors, classes, passages, all by hand; and the same for any cutting."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis.blocks import BLOCK_CHARS
from charseq.analysis.classes import class_of
from charseq.analysis.comparison import (
    ComparedModel,
    Comparer,
    Comparison,
    Difference,
    compare,
)
from charseq.analysis.passages import PASSAGE_CHARS
from charseq.analysis.uncertainty import MIN_UNITS, BlockUnits, Estimate
from charseq.arrays import FloatArray
from charseq.errors import DataError
from charseq.scoring.score import Score
from charseq.scoring.surprisal import Surprisal
from charseq.text.tokenizers.tokenizer import bytes_per_char
from tests.analysis.builders import checkpoint_of

LONG = BLOCK_CHARS * MIN_UNITS
UNKNOWN = Estimate(0.0, math.nan, math.nan, math.nan)


def text_of(num_chars: int) -> str:
    """Return letters, digits, space, newlines, characters of two bytes; harder towards the end."""
    return "".join(np.random.default_rng(num_chars).choice(list("abc 12\né!"), num_chars).tolist())


def hardness(text: str) -> FloatArray:
    """Return nats (L,) that go up and down along the text, with noise that is the same each time."""
    places = np.arange(len(text))
    noise = np.random.default_rng(1).random(len(text))
    return 2 + np.sin(places / 100) + noise


def surprisal_of(text: str, nats: FloatArray) -> Surprisal:
    """Return the surprisal of a model to which the text cost these nats, the first guess always right."""
    ranks = np.ones(len(text), np.int32)
    return Surprisal(nats, bytes_per_char(text), ranks == 0, ranks, np.exp(-nats))


def compared(
    text: str, *all_nats: FloatArray, cuts: tuple[int, ...] = (), num_passages: int = 5
) -> Comparison:
    """Return the comparison of models that paid these nats for one file, given in pieces."""
    comparer = Comparer(len(all_nats), num_passages=num_passages)
    comparer.begin("a.txt")
    for begin, end in pairwise([0, *cuts, len(text)]):
        piece = text[begin:end]
        surprisals = [surprisal_of(piece, nats[begin:end]) for nats in all_nats]
        comparer.add(piece, surprisals, seconds=[0.5] * len(all_nats))
    return comparer.comparison([ComparedModel(name, checkpoint_of(), 0) for name in "abc"[: len(all_nats)]])


def bits_of(nats: float) -> float:
    return nats / math.log(2)


# ---- pairs


def test_the_value_of_a_difference() -> None:
    """Model a minus model b, in bits, divided by all characters and by all bytes."""
    text = text_of(LONG)
    a, b, c = hardness(text), 1.5 * hardness(text), hardness(text) ** 2
    differences = compared(text, a, b, c).differences
    assert [(found.a, found.b) for found in differences] == [("a", "b"), ("a", "c"), ("b", "c")]
    for found, nats in zip(differences, (a - b, a - c, b - c), strict=True):
        assert found.bits_per_char.value == pytest.approx(bits_of(nats.sum() / len(text)), rel=1e-12)
        assert found.bits_per_byte.value == pytest.approx(bits_of(nats.sum() / len(text.encode())), rel=1e-12)


def test_the_error_of_a_difference() -> None:
    """It is that of one figure, the difference of the two prices of each character."""
    text = text_of(LONG + 100)
    a, b = hardness(text), hardness(text)[::-1].copy()
    (found,) = compared(text, a, b).differences
    one_by_one = bytes_per_char(text)
    for estimate, sizes in ((found.bits_per_char, np.ones(len(text))), (found.bits_per_byte, one_by_one)):
        units = BlockUnits(2)
        units.add(text, np.column_stack([a - b, sizes]))
        expected = units.ratio(np.array([1.0, 0.0]), np.array([0.0, 1.0])).scaled(1 / math.log(2))
        assert estimate.error > 0
        assert (estimate.error, estimate.low, estimate.high) == pytest.approx(
            (expected.error, expected.low, expected.high)
        )


def test_a_model_and_itself() -> None:
    """Nothing is different between a model and itself, and that is exact."""
    text = text_of(LONG)
    (found,) = compared(text, hardness(text), hardness(text)).differences
    assert found.bits_per_char == found.bits_per_byte == Estimate(0, 0, 0, 0)
    assert found.verdict == "no difference shown"


def test_what_is_hard_for_both_cancels() -> None:
    """The error of the difference of similar models is a small part of either's own."""
    text = text_of(4 * LONG)
    a = hardness(text)
    b = a + 0.02 + 0.05 * np.random.default_rng(2).standard_normal(len(text))
    comparison = compared(text, a, b)
    (found,) = comparison.differences
    unpaired = [totals.bits_per_char.error for totals in comparison.totals]
    assert found.bits_per_char.error < min(unpaired) / 20
    assert abs(found.bits_per_char.value) < min(unpaired)
    assert found.verdict == "a is better"


def test_the_error_of_each_model() -> None:
    """The error of a model by itself grows with its prices."""
    text = text_of(LONG)
    totals = compared(text, hardness(text), 2 * hardness(text)).totals
    errors = [one.bits_per_char.error for one in totals]
    assert errors[1] == pytest.approx(2 * errors[0])
    assert [one.seconds for one in totals] == [0.5, 0.5]


def test_the_sign_of_a_difference() -> None:
    """The model that pays less is the better one, be it named first or second."""
    text = text_of(LONG)
    low, high = hardness(text), hardness(text) + 0.1
    (first,) = compared(text, low, high).differences
    (second,) = compared(text, high, low).differences
    assert (first.verdict, second.verdict) == ("a is better", "b is better")
    assert first.bits_per_char.high < 0 < second.bits_per_char.low
    assert second.bits_per_char.value == -first.bits_per_char.value


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.2, -0.1, "a is better"),
        (0.1, 0.2, "b is better"),
        (-0.1, 0.2, "no difference shown"),
        (-0.1, 0, "no difference shown"),
        (0, 0.1, "no difference shown"),
        (math.nan, math.nan, "too short to tell"),
    ],
)
def test_verdicts(low: float, high: float, verdict: str) -> None:
    """A model is better where the interval of the bits per character leaves zero out, whatever bytes say."""
    assert Difference("a", "b", Estimate(0.05, 0.1, low, high), UNKNOWN).verdict == verdict


def test_a_short_text() -> None:
    """Of too few blocks there is a difference but no error, and nothing can be told."""
    text = text_of(LONG - BLOCK_CHARS)
    (found,) = compared(text, hardness(text), hardness(text) + 1).differences
    for estimate in (found.bits_per_char, found.bits_per_byte):
        assert estimate.value < 0
        assert all(map(math.isnan, (estimate.error, estimate.low, estimate.high)))
    assert found.verdict == "too short to tell"
    text = text_of(LONG - BLOCK_CHARS + 1)
    (found,) = compared(text, hardness(text), hardness(text) + 1).differences
    assert found.verdict == "a is better"


# ---- classes


def test_classes() -> None:
    """Each class has each model's score, and the most frequent class is the first."""
    text = "ab1 c\n"
    a, b = np.arange(1.0, 7.0), np.full(6, 0.5)
    classes = compared(text, a, b).classes
    assert [(found.name, found.scores[0].num_chars) for found in classes] == [
        *(("letter", 3), ("digit", 1), ("newline", 1), ("space", 1))
    ]
    assert [[score.nats for score in found.scores] for found in classes] == [
        *([8, 1.5], [3, 0.5], [6, 0.5], [4, 0.5])
    ]


def test_classes_sum_up_to_the_total() -> None:
    """The scores of the classes are those of the text, cut another way."""
    text = text_of(5000)
    comparison = compared(text, hardness(text), 2 * hardness(text), cuts=(1, 77, 2000))
    assert {found.name for found in comparison.classes} == {class_of(char) for char in text}
    for number, totals in enumerate(comparison.totals):
        total = sum((found.scores[number] for found in comparison.classes), Score())
        assert total.nats == pytest.approx(totals.score.nats, rel=1e-9, abs=0)
        assert (total.num_chars, total.num_bytes) == (len(text), len(text.encode()))


# ---- passages


def passages_by_hand(text: str, *all_nats: FloatArray) -> list[tuple[int, str, list[float]]]:
    """Return offset, text and nats of each passage, those that differ most first."""
    found = []
    for k in range(0, len(text), PASSAGE_CHARS):
        sums = [math.fsum(nats[k : k + PASSAGE_CHARS]) for nats in all_nats]
        found.append((k, text[k : k + PASSAGE_CHARS], sums))
    return sorted(found, key=lambda passage: min(passage[2]) - max(passage[2]))


@pytest.mark.parametrize("num", [1, 5, 1000])
def test_passages(num: int) -> None:
    """The passages that differ most are kept, these first, the short end of the file among them."""
    text = text_of(10 * PASSAGE_CHARS + 7)
    a, b, c = hardness(text), hardness(text)[::-1].copy(), hardness(text) + 0.001
    expected = passages_by_hand(text, a, b, c)[:num]
    passages = compared(text, a, b, c, cuts=(3, 200), num_passages=num).passages
    assert len(passages) == min(num, 11)
    assert [(found.file, found.offset, found.text) for found in passages] == [
        ("a.txt", offset, part) for offset, part, _ in expected
    ]
    for found, (_, _, sums) in zip(passages, expected, strict=True):
        assert found.nats == pytest.approx(sums, rel=1e-12)
        assert found.spread == pytest.approx(max(sums) - min(sums))


def test_where_nobody_differs() -> None:
    """Where every model pays the same, there is no passage; nor is there where none is asked for."""
    text = text_of(500)
    assert compared(text, hardness(text), hardness(text)).passages == ()
    assert compared(text, hardness(text), 2 * hardness(text), num_passages=0).passages == ()


# ---- pieces


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, LONG + 90), max_size=8), st.booleans())
def test_pieces(cuts: list[int], in_chars: bool) -> None:
    """However a text is cut into pieces, be they empty or single characters, all figures are the same."""
    text = text_of(LONG + 90)
    a, b = hardness(text), hardness(text) ** 2
    cuts += range(LONG, LONG + 90) if in_chars else []
    whole, pieces = compared(text, a, b), compared(text, a, b, cuts=tuple(sorted(cuts)))
    (expected,), (found,) = whole.differences, pieces.differences
    for unit in ("bits_per_char", "bits_per_byte"):
        one, other = getattr(expected, unit), getattr(found, unit)
        for figure in ("value", "error", "low", "high"):
            assert getattr(other, figure) == pytest.approx(getattr(one, figure), rel=1e-9)
    assert [part.name for part in pieces.classes] == [part.name for part in whole.classes]
    for part, same in zip(pieces.classes, whole.classes, strict=True):
        assert [score.nats for score in part.scores] == pytest.approx([score.nats for score in same.scores])
    assert pieces.passages == whole.passages


# ---- the whole


def test_models_are_compared_on_every_piece_of_every_text() -> None:
    """Each model has the totals of all texts; two models that are the same differ nowhere."""
    models = [ComparedModel(name, checkpoint_of(), 7) for name in ("a", "b")]
    heard: list[str] = []
    texts = [("a.txt", ["hello", " world"]), ("b.txt", ["kin"])]
    comparison = compare(models, texts, progress=heard.append)
    assert heard == ["hello", " world", "kin"]
    assert comparison.models == tuple(models)
    assert [totals.score.num_chars for totals in comparison.totals] == [14, 14]
    assert comparison.differences[0].bits_per_char.value == 0
    assert comparison.passages == ()
    assert repr(comparison) == "<Comparison: a - b: +0.0000 bits>"


def test_nothing_to_compare_on() -> None:
    """Texts without a character are an error that names them."""
    models = [ComparedModel(name, checkpoint_of(), 7) for name in ("a", "b")]
    with pytest.raises(DataError, match=r"^a\.txt: empty: there is nothing to score$"):
        compare(models, [("a.txt", [""])])
