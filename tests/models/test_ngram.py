import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charseq.models import NGram, ngram_reader
from charseq.models.kneser_ney import estimate_discounts

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


# ---- the plain twin of lines, with symbols of its own for the beginning and the end of a line

NEWLINE, BEGIN = 0, -2
lines_of_text = st.lists(st.lists(st.integers(1, V - 1), max_size=5), min_size=1, max_size=12)


def examples_of(lines: Sequence[Sequence[int]]) -> tuple[Array, Array, Array]:
    """Return inputs, targets and resets of a text of lines: the newline begins a line and ends it."""
    targets = [token for line in lines for token in [*line, NEWLINE]]
    inputs = [token for line in lines for token in [NEWLINE, *line]]
    resets = [k == 0 for line in lines for k in range(len(line) + 1)]
    return np.array(inputs, np.int32), np.array(targets, np.int32), np.array(resets)


def plain_line_counts(lines: Sequence[Sequence[int]], order: int) -> list[Counter[tuple[int, ...]]]:
    """Return the counts of Kneser-Ney for sentences, as the literature has them.

    The highest order counts occurrences. A lower order counts after how many different symbols, the beginning
    of the sentence among them, a gram occurs; but one that begins a sentence has no left neighbour, and
    counts its occurrences (Heafield et al. 2013, section 3.2; the SRILM and KenLM toolkits count alike).
    """
    sentences = [[BEGIN, *line, NEWLINE] for line in lines]
    occurrences = [
        Counter(
            tuple(sentence[i - k + 1 : i + 1])
            for sentence in sentences
            for i in range(max(1, k - 1), len(sentence))  # the beginning itself is never predicted
        )
        for k in range(1, order + 1)
    ]
    counts = occurrences[-1:]
    for k in range(order - 1, 0, -1):
        lefts = Counter(gram[1:] for gram in set(occurrences[k]))
        begins = {gram: n for gram, n in occurrences[k - 1].items() if gram[0] == BEGIN}
        counts.insert(0, Counter({**lefts, **begins}))
    return counts


@settings(deadline=None, max_examples=40)
@given(lines_of_text, lines_of_text, st.integers(1, 5))
def test_an_ngram_of_lines_equals_the_plain_twin(
    text: list[list[int]], other: list[list[int]], order: int
) -> None:
    """Each probability in each line is that of Kneser-Ney over sentences with a beginning and an end."""
    model = NGram.fit(*examples_of(text), vocab_size=V, order=order)
    inputs, _, resets = examples_of(other)
    rows, place, grams = (
        np.exp(log_p(model, inputs.tolist(), resets.tolist())),
        0,
        plain_line_counts(text, order),
    )
    for line in other:
        for i in range(len(line) + 1):
            context = tuple([BEGIN, *line][: i + 1][-order + 1 :]) if order > 1 else ()
            expected = [plain_probability(grams, context, token) for token in range(V)]
            np.testing.assert_allclose(rows[place], expected, rtol=1e-12)
            place += 1


def test_the_first_letters_of_lines_are_as_frequent_as_they_were() -> None:
    """After the beginning of ninety lines "ant" and ten "bee" an a is nine times as likely as a b."""
    newline, a, b, e, n, t = range(6)
    lines = [[a, n, t] if k % 10 else [b, e, e] for k in range(100)]
    model = NGram.fit(*examples_of(lines), vocab_size=6, order=3)
    p = np.exp(model.forward(np.array([[newline]], np.int32), model.initial_state(1)))[0, 0]
    assert p[a] == pytest.approx(0.896, abs=0.001)
    assert p[b] == pytest.approx(0.096, abs=0.001)


@settings(deadline=None, max_examples=40)
@given(texts, texts, st.integers(0, 5))
def test_an_ngram_equals_the_plain_twin(text: list[int], other: list[int], order: int) -> None:
    """Each probability after each context, seen in training or not, is that of the textbook recursion."""
    grams = plain_counts(text, order)
    for i, row in enumerate(np.exp(log_p(fitted(text, order), other))):
        context = tuple(other[max(0, i - order + 2) : i + 1]) if order > 1 else ()
        expected = [plain_probability(grams, context, token) for token in range(V)]
        np.testing.assert_allclose(row, expected, rtol=1e-12)


@settings(deadline=None, max_examples=40)
@given(texts, st.lists(st.integers(UNSEEN, V - 1), min_size=1, max_size=40), st.integers(0, 6))
def test_probabilities_sum_to_one(text: list[int], other: list[int], order: int) -> None:
    """After every context, unseen characters in it or not, the vocabulary has probability one."""
    p = np.exp(log_p(fitted(text, order), other))
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    assert (p > 0).all()


@settings(deadline=None, max_examples=40)
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


# ---- one character at a time

any_tokens = st.lists(st.integers(UNSEEN, V - 1), max_size=40)


def read(model: NGram, tokens: Sequence[int]) -> Array:
    reader = model.reader()
    return np.array([reader.read(token).copy() for token in tokens]).reshape(-1, V)


@settings(deadline=None, max_examples=40)
@given(texts, any_tokens.filter(len), st.integers(0, 6))
def test_a_reader_equals_a_window(text: list[int], tokens: list[int], order: int) -> None:
    """Read one at a time, any tokens, unseen ones among them, give what a window of all of them gives."""
    model = fitted(text, order)
    np.testing.assert_allclose(read(model, tokens), log_p(model, tokens), rtol=1e-12)


@settings(deadline=None, max_examples=25)
@given(texts, any_tokens.filter(len), st.integers(0, 6))
def test_compiled_code_reads_the_same_bits(text: list[int], tokens: list[int], order: int) -> None:
    """So it does not matter where in a text it begins."""
    pytest.importorskip("numba")
    model = fitted(text, order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngram_reader, "numba_is_loaded", lambda: False)
        expected = read(model, tokens)
        patch.setattr(ngram_reader, "TOKENS_FOR_NUMPY", len(tokens) // 2)
        np.testing.assert_array_equal(read(model, tokens), expected)
        patch.setattr(ngram_reader, "numba_is_loaded", lambda: True)
        np.testing.assert_array_equal(read(model, tokens), expected)


@pytest.mark.parametrize("is_loaded", [False, True])
def test_a_long_text_is_read_by_compiled_code(is_loaded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy begins where numba is not loaded yet."""
    pytest.importorskip("numba")
    monkeypatch.setattr(ngram_reader, "numba_is_loaded", lambda: is_loaded)
    monkeypatch.setattr(ngram_reader, "TOKENS_FOR_NUMPY", 3)
    reader, found = fitted([0, 1, 2, 0, 1, 3], 2).reader(), list[bool]()
    for token in (0, 1, 2, 0):
        reader.read(token)
        found.append(reader.is_compiled)
    assert found == [is_loaded] * 3 + [True]


@pytest.mark.parametrize("is_loaded", [False, True])
def test_few_texts_are_read_like_many(is_loaded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other or side by side, they have the same bits; places without a text do not matter."""
    if is_loaded:
        pytest.importorskip("numba")
    monkeypatch.setattr(ngram_reader, "numba_is_loaded", lambda: is_loaded)
    model, many = fitted([0, 1, 2, 0, 1, 3] * 5 + [2, 2, 1], 4), ngram_reader.FEW_TEXTS + 4
    wide, few, nothing = model.many(many), model.many(many), model.reader().save()
    for place in range(many):
        wide.put_(place, nothing)
    for place in (2, 5):
        few.put_(place, nothing)
    for step in np.random.default_rng(0).integers(-1, V, (30, many)).astype(np.int32):
        np.testing.assert_array_equal(few.read(step)[[2, 5]], wide.read(step)[[2, 5]])


@settings(deadline=None, max_examples=40)
@given(texts, any_tokens, any_tokens, st.integers(0, 6))
def test_a_reader_forgets(text: list[int], before: list[int], tokens: list[int], order: int) -> None:
    """After a reset a reader is as if it had read nothing."""
    model = fitted(text, order)
    reader = model.reader()
    for token in before:
        reader.read(token)
    reader.reset_()
    again = np.array([reader.read(token).copy() for token in tokens]).reshape(-1, V)
    np.testing.assert_array_equal(again, read(model, tokens))


def test_readers_share_nothing() -> None:
    """Two readers of one model may take turns."""
    model, tokens = fitted([0, 1, 2, 0, 1, 3, 0, 1, 2, 2], 3), [0, 1, 2, 0, 1]
    first, second = model.reader(), model.reader()
    rows = []
    for token in tokens:
        rows.append(first.read(token).copy())
        second.read(3)
    np.testing.assert_array_equal(np.array(rows), read(model, tokens))


@settings(deadline=None, max_examples=40)
@given(texts, any_tokens.filter(len), st.integers(0, 5), st.data())
def test_a_reset_is_a_reader_that_forgets(
    text: list[int], tokens: list[int], order: int, data: st.DataObject
) -> None:
    """Where a window starts anew, it goes on as a reader does that is reset there."""
    model, reader = fitted(text, order), fitted(text, order).reader()
    resets = data.draw(st.lists(st.booleans(), min_size=len(tokens), max_size=len(tokens)))
    rows = []
    for token, reset in zip(tokens, resets, strict=True):
        if reset:
            reader.reset_()
        rows.append(reader.read(token).copy())
    np.testing.assert_allclose(np.array(rows), log_p(model, tokens, resets), rtol=1e-12)


@settings(deadline=None, max_examples=40)
@given(texts, any_tokens.filter(len), st.integers(0, 5), st.integers(0, 40), st.data())
def test_pieces_with_resets_equal_the_whole(
    text: list[int], tokens: list[int], order: int, cut: int, data: st.DataObject
) -> None:
    """Two streams side by side, each started anew here and there, may be read in pieces."""
    model = fitted(text, order)
    both = np.array([tokens, tokens[::-1]], np.int32).T
    flags = st.lists(st.booleans(), min_size=both.size, max_size=both.size)
    resets = np.array(data.draw(flags)).reshape(both.shape)
    state, whole = model.initial_state(2), model.forward(both, model.initial_state(2), resets=resets)
    parts = (slice(0, cut), slice(cut, None))
    pieces = [model.forward(both[part], state, model.workspace(9, 2), resets=resets[part]) for part in parts]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 6])
def test_a_reset_is_remembered(order: int) -> None:
    """Wherever a stream starts anew and wherever it is cut, later pieces do not look beyond the start."""
    text = [0, 1, 2, 3, 0, 1, 3, 2, 2, 1] * 3
    model, tokens = fitted(text, order), np.array(text[:12], np.int32)[:, None]
    for reset in range(len(tokens)):
        resets = np.arange(len(tokens))[:, None] == reset
        whole = model.forward(tokens, model.initial_state(1), resets=resets)
        for cut in range(len(tokens)):
            state = model.initial_state(1)
            first = model.forward(tokens[:cut], state, resets=resets[:cut])
            second = model.forward(tokens[cut:], state, resets=resets[cut:])
            np.testing.assert_array_equal(np.concatenate([first, second]), whole)


def test_after_an_unseen_character_nothing_is_known() -> None:
    """Whatever was read before, an unseen character leaves no context, not that of another character."""
    model = fitted([0, 0, 1, 0, 2, 0, 3, 1, 1, 2, 1, 3, 2, 2, 3, 3, 0, 0], 4)
    nothing = log_p(model, [UNSEEN])[0]
    for before in itertools.product(range(V), repeat=2):
        tokens = [*before, UNSEEN]
        np.testing.assert_array_equal(log_p(model, tokens)[-1], nothing)
        np.testing.assert_allclose(read(model, tokens)[-1], nothing, rtol=1e-12)


# ---- tensors and back

NGRAM = fitted([0, 1, 2, 0, 1, 3, 0, 1, 2, 2, 3, 3, 0], 3)


def rebuilt(tensors: dict[str, Array], order: int = 3) -> NGram:
    return NGram.from_tensors(tensors, vocab_size=V, order=order)


def damaged(name: str, array: Array) -> dict[str, Array]:
    assert name in NGRAM.tensors()
    return {**NGRAM.tensors(), name: array}


@settings(deadline=None, max_examples=40)
@given(texts, any_tokens.filter(len), st.integers(0, 6))
def test_tensors_are_all_there_is(text: list[int], tokens: list[int], order: int) -> None:
    """A model rebuilt from its tensors gives the same bits, be its text shorter than its order or not."""
    model = fitted(text, order)
    twin = rebuilt(model.tensors(), order)
    assert (
        (twin.order, twin.num_parameters)
        == (model.order, model.num_parameters)
        == (order, twin.num_parameters)
    )
    np.testing.assert_array_equal(log_p(twin, tokens), log_p(model, tokens))
    np.testing.assert_array_equal(read(twin, tokens), read(model, tokens))


def test_names_of_tensors() -> None:
    """There are keys and counts for each order, as many as there are n-grams, in the smallest types."""
    tensors = NGRAM.tensors()
    assert set(tensors) == {f"ngram.{k}.{what}" for k in (1, 2, 3) for what in ("keys", "counts")}
    assert {array.dtype for array in tensors.values()} == {np.dtype(np.uint8)}
    assert sum(len(tensors[f"ngram.{k}.keys"]) for k in (1, 2, 3)) == NGRAM.num_parameters


def test_the_number_of_parameters_is_that_of_ngrams() -> None:
    """The n-grams of all orders are counted, each once."""
    assert fitted([0, 1, 0, 1, 2], 2).num_parameters == len({0, 1, 2}) + len({(0, 1), (1, 0), (1, 2)})
    assert fitted([0, 1, 0, 1, 2], 0).num_parameters == 0


@pytest.mark.parametrize("name", NGRAM.tensors())
def test_a_missing_tensor(name: str) -> None:
    """What is missing is named."""
    tensors = NGRAM.tensors()
    del tensors[name]
    with pytest.raises((KeyError, ValueError), match=name):
        rebuilt(tensors)


def test_a_higher_order_than_there_is() -> None:
    """Tensors up to an order are not those of a higher one."""
    with pytest.raises((KeyError, ValueError), match=r"ngram\.4\.keys"):
        rebuilt(NGRAM.tensors(), order=4)


@pytest.mark.parametrize("name", NGRAM.tensors())
@pytest.mark.parametrize("dtype", [np.float64, np.bool_, np.complex128])
def test_numbers_of_another_kind(name: str, dtype: type) -> None:
    """Only whole numbers will do."""
    with pytest.raises(ValueError, match=f"^the {name[6]}-grams are not two rows of whole numbers"):
        rebuilt(damaged(name, np.ones(len(NGRAM.tensors()[name]), dtype)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.uint64])
def test_whole_numbers_of_any_size_are_read(dtype: type) -> None:
    """A file has the smallest types that hold its numbers; older files had int64."""
    twin = rebuilt({name: array.astype(dtype) for name, array in NGRAM.tensors().items()})
    np.testing.assert_array_equal(log_p(twin, [0, 1, 2, 0]), log_p(NGRAM, [0, 1, 2, 0]))


@pytest.mark.parametrize("name", NGRAM.tensors())
@pytest.mark.parametrize("shape", [(0,), (1,), (2, 2), (5, 0), ()], ids=str)
def test_another_shape(name: str, shape: tuple[int, ...]) -> None:
    """Keys and counts are one row each, equally long."""
    with pytest.raises(ValueError, match=f"^the {name[6]}-grams are not two rows"):
        rebuilt(damaged(name, np.ones(shape, np.int64)))


KEYS = NGRAM.tensors()["ngram.2.keys"]
BAD_KEYS = {
    "unsorted": np.concatenate([KEYS[1::-1], KEYS[2:]]),
    "reversed": KEYS[::-1],
    "duplicate": np.concatenate([KEYS[:1], KEYS[:1], KEYS[2:]]),
    "negative": np.concatenate([[-1], KEYS[1:]]),
    "very negative": np.concatenate([[-(2**63)], KEYS[1:]]),
    "too large": np.concatenate([KEYS[:-1], [len(NGRAM.tensors()["ngram.1.keys"]) * V]]),
    "very large": np.concatenate([KEYS[:-1], [2**63 - 1]]),
}


@pytest.mark.parametrize("keys", BAD_KEYS.values(), ids=BAD_KEYS)
def test_keys_that_cannot_be(keys: Array) -> None:
    """Keys rise, from 0 on, and stay below what contexts and characters there are."""
    with pytest.raises(ValueError, match=r"^the 2-grams are not in order$"):
        rebuilt(damaged("ngram.2.keys", keys))


def test_the_largest_key_that_can_be() -> None:
    """The last character after the last context is a key like others."""
    keys = np.array([*KEYS[:-1], len(NGRAM.tensors()["ngram.1.keys"]) * V - 1])
    assert rebuilt(damaged("ngram.2.keys", keys)).order == 3


@pytest.mark.parametrize("count", [0, -1, -(2**63), 2**48, 2**63 - 1])
@pytest.mark.parametrize("place", [0, -1])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_counts_that_cannot_be(count: int, place: int, k: int) -> None:
    """What was counted occurs at least once, and not more often than any text is long."""
    counts = NGRAM.tensors()[f"ngram.{k}.counts"].astype(np.int64)
    counts[place] = count
    with pytest.raises(ValueError, match=f"^the {k}-grams have impossible counts$"):
        rebuilt(damaged(f"ngram.{k}.counts", counts))


def test_the_largest_count_that_can_be() -> None:
    """A count that fits is taken, and its model is a distribution."""
    counts = NGRAM.tensors()["ngram.3.counts"].astype(np.int64)
    counts[0] = 2**48 - 1
    p = np.exp(log_p(rebuilt(damaged("ngram.3.counts", counts)), [0, 1, 2, 0]))
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)


NUMBERS = st.one_of(st.integers(-2, 20), st.integers(-(2**63), 2**63 - 1))
DTYPES = st.sampled_from([np.int64, np.int64, np.int64, np.int64, np.int32, np.float64])


@settings(deadline=None, max_examples=100)
@given(
    name=st.sampled_from(sorted(NGRAM.tensors())),
    place=st.integers(0, 12),
    numbers=st.lists(NUMBERS, max_size=2),
    num_replaced=st.integers(0, 2),
    dtype=DTYPES,
    tokens=st.lists(st.integers(UNSEEN, V - 1), min_size=1, max_size=8),
)
def test_damage_is_refused_or_a_model(
    name: str, place: int, numbers: list[int], num_replaced: int, dtype: type, tokens: list[int]
) -> None:
    """Whatever is changed in a tensor is refused, or makes a model whose probabilities sum to one."""
    row = NGRAM.tensors()[name].tolist()
    row[place : place + num_replaced] = numbers
    try:
        model = rebuilt(damaged(name, np.array(row, np.int64).astype(dtype)))
    except ValueError:
        return
    p = np.exp(log_p(model, tokens))
    assert (p > 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-9)


def test_orders_that_leave_next_to_nothing() -> None:
    """However little each of many orders leaves to the one below, no logarithm is of zero."""
    tensors = {f"ngram.{k}.keys": np.zeros(1, np.int64) for k in range(1, 41)}
    tensors |= {f"ngram.{k}.counts": np.array([2**47]) for k in range(1, 41)}
    assert np.isfinite(log_p(rebuilt(tensors, order=40), [0] * 50)).all()


@settings(deadline=None, max_examples=40)
@given(texts, texts, texts, st.integers(0, 5))
def test_a_restored_reader_goes_on_bit_for_bit(
    text: list[int], before: list[int], after: list[int], order: int
) -> None:
    """Whatever was read since `save`, reading after `restore_` gives the bits of reading on at once."""
    reader = fitted(text, order).reader()
    for token in before:
        reader.read(token)
    saved = reader.save()
    expected = [reader.read(token) for token in after]
    for _ in range(2):
        reader.restore_(saved)
        np.testing.assert_array_equal([reader.read(token) for token in after], expected)
