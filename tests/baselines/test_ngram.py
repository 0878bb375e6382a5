from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charseq.baselines import NGram
from charseq.baselines.ngram import discount, estimate_discounts

Array = NDArray[Any]
V = 4
UNSEEN = -1


def pairs_of(targets: Sequence[int]) -> tuple[Array, Array]:
    """Return the inputs and targets of a stream."""
    return np.array([UNSEEN, *targets[:-1]], np.int32), np.array(targets, np.int32)


def fitted(targets: Sequence[int], order: int) -> NGram:
    return NGram.fit(*pairs_of(targets), None, vocab_size=V, order=order)


def log_p(model: NGram, tokens: Sequence[int], resets: Sequence[bool] | None = None) -> Array:
    """Return log p (L, V) after each of `tokens`, read as one stream."""
    starts = None if resets is None else np.array(resets)[:, None]
    state = model.initial_state(1)
    return model.forward(np.array(tokens, np.int32)[:, None], state, resets=starts)[:, 0]


# ---- the plain twin


def plain_counts(text: Sequence[int], order: int) -> list[Counter[tuple[int, ...]]]:
    """Return how often each k-gram occurs, k = 1 to `order`; below that, after how many characters."""
    grams = [
        Counter(tuple(text[i - k + 1 : i + 1]) for i in range(k - 1, len(text))) for k in range(1, order + 1)
    ]
    for k in range(order - 1):
        lefts = {(gram[0], gram[1:]) for gram in grams[k + 1]} | {(None, tuple(text[: k + 1]))}
        grams[k] = Counter(gram for _, gram in lefts)
    return grams


def plain_probability(grams: list[Counter[tuple[int, ...]]], context: tuple[int, ...], token: int) -> float:
    """Return p(token | context) by the recursion of the module's docstring."""
    p = 1 / V
    for k, counts in enumerate(grams, start=1):
        if k - 1 > len(context):
            break
        c = context[len(context) - k + 1 :]
        followers = {gram[-1]: count for gram, count in counts.items() if gram[:-1] == c}
        if not followers:
            break
        d = [0.0, *estimate_discounts(np.array(list(counts.values())))]
        total = sum(followers.values())
        freed = sum(d[min(count, 3)] for count in followers.values())
        count = followers.get(token, 0)
        p = (count - d[min(count, 3)]) / total + freed / total * p
    return p


texts = st.lists(st.integers(0, V - 1), min_size=1, max_size=60)


@settings(deadline=None)
@given(texts, texts, st.integers(0, 5))
def test_an_ngram_equals_the_plain_twin(text: list[int], other: list[int], order: int) -> None:
    """Each probability after each context, seen in training or not, is that of the textbook recursion."""
    grams = plain_counts(text, order)
    for i, row in enumerate(np.exp(log_p(fitted(text, order), other))):
        context = tuple(other[max(0, i - order + 2) : i + 1]) if order > 1 else ()
        expected = [plain_probability(grams, context, token) for token in range(V)]
        np.testing.assert_allclose(row, expected, rtol=1e-12)


@settings(deadline=None)
@given(texts, st.lists(st.integers(UNSEEN, V - 1), min_size=1, max_size=40), st.integers(0, 6))
def test_probabilities_sum_to_one(text: list[int], other: list[int], order: int) -> None:
    """After every context, unseen characters in it or not, the vocabulary has probability one."""
    p = np.exp(log_p(fitted(text, order), other))
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    assert (p > 0).all()


@settings(deadline=None)
@given(texts, texts, st.integers(0, 4), st.integers(0, 60))
def test_pieces_equal_the_whole(text: list[int], other: list[int], order: int, cut: int) -> None:
    """A stream read in two pieces, the state carried over, is the stream read in one."""
    model, tokens = fitted(text, order), np.array(other, np.int32)[:, None]
    state = model.initial_state(1)
    pieces = [model.forward(piece, state) for piece in (tokens[:cut], tokens[cut:])]
    np.testing.assert_array_equal(np.concatenate(pieces)[:, 0], log_p(model, other))


def test_streams_do_not_touch_each_other() -> None:
    """Two streams side by side are as each of them alone."""
    model, rng = fitted([0, 1, 2, 0, 1, 3, 0, 1, 2, 2], 3), np.random.default_rng(0)
    tokens = rng.integers(0, V, (9, 2)).astype(np.int32)
    together = model.forward(tokens, model.initial_state(2))
    for n in range(2):
        np.testing.assert_array_equal(together[:, n], log_p(model, tokens[:, n].tolist()))


def test_a_reset_forgets() -> None:
    """After a reset the characters before it are no context, in this piece or the next."""
    model = fitted([0, 1, 2, 0, 1, 3, 0, 1, 2, 2, 1, 1], 4)
    row = log_p(model, [0, 1, 2, 0, 1], resets=[False, False, False, True, False])
    np.testing.assert_array_equal(row[3:], log_p(model, [0, 1]))
    state = model.initial_state(1)
    tokens, resets = np.array([[0], [1], [2]], np.int32), np.array([[False], [True], [False]])
    model.forward(tokens, state, resets=resets)
    next_row = model.forward(np.array([[2]], np.int32), state)[0, 0]
    np.testing.assert_array_equal(next_row, log_p(model, [1, 2, 2])[-1])


def test_training_does_not_look_beyond_a_reset() -> None:
    """Lines are counted each for itself: their order does not matter."""
    lines = [[3, 0, 1], [3, 1, 2], [3, 0, 2]]  # each begins with the newline that ended the one before
    models = []
    for order in ([0, 1, 2], [2, 0, 1]):
        inputs = np.array([token for k in order for token in lines[k]], np.int32)
        targets = np.array([token for k in order for token in [*lines[k][1:], 3]], np.int32)
        models.append(NGram.fit(inputs, targets, inputs == 3, vocab_size=V, order=4))
    for row in ([3, 0], [3, 1], [3, 0, 2], [2, 3, 0]):
        np.testing.assert_allclose(*(log_p(model, row)[-1] for model in models), rtol=1e-12)


def test_order_zero_is_uniform() -> None:
    """Without any n-gram every character is as likely as another."""
    np.testing.assert_allclose(np.exp(log_p(fitted([0, 0, 1], 0), [0, 1])), 1 / V)


def test_a_long_context_tells_more() -> None:
    """On a text that repeats itself a higher order is surprised less."""
    text = [0, 1, 2, 0, 1, 3] * 30
    inputs, targets = pairs_of(text)
    nats = [-log_p(fitted(text, k), inputs.tolist())[np.arange(len(text)), targets].mean() for k in range(4)]
    assert nats == sorted(nats, reverse=True)


# ---- discounts


def test_discounts_are_those_of_chen_and_goodman() -> None:
    """With 8, 4, 3 and 2 counts of one, two, three and four: Y = 1/2, and D = 1/2, 7/8, 5/3."""
    counts = np.repeat([1, 2, 3, 4, 9], [8, 4, 3, 2, 1])
    assert estimate_discounts(counts) == pytest.approx((0.5, 0.875, 3 - 4 * 0.5 * 2 / 3))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([1, 1, 2], 2 / 4), ([1, 2, 3], 1 / 3), ([1, 1], 0.5), ([2, 3, 4], 0.5), ([5], 0.5), ([], 0.5)],
)
def test_discounts_fall_back(counts: list[int], expected: float) -> None:
    """Where a count of counts is missing, all three are n1 / (n1 + 2 n2), or one half where that is none."""
    assert estimate_discounts(np.array(counts, np.int64)) == pytest.approx((expected,) * 3)


def test_a_discount_is_less_than_its_count() -> None:
    """Counts of counts that would take more than there is, or nothing, fall back too."""
    counts = np.repeat([1, 2, 3, 4], [1, 1, 50, 1])
    assert estimate_discounts(counts) == pytest.approx((1 / 3,) * 3)


def test_what_is_taken() -> None:
    """Nothing from 0, D1 from 1, D2 from 2, D3+ from all others."""
    assert discount(np.array([0, 1, 2, 3, 70]), (0.1, 0.2, 0.3)).tolist() == [0, 0.1, 0.2, 0.3, 0.3]
