"""The likeliest characters, however many tokens they have: found in order, with little reading."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.network.loss import log_softmax
from charseq.scoring.guesses import NEGLIGIBLE, Guesser, Ranking
from charseq.text import Tokenizer
from charseq.text.codec import Codec
from tests.scoring.twins import ALPHABET, NGRAM_PAIR, PAIR, TOKENIZER, Kind, each, plain_p

PREFIX = "hello\nkin"
each_example = each(Kind("lstm", "stream"), Kind("lstm", "line", "pair"), Kind("ngram", "line", "pair"))


class Tree:
    """A reader over a made-up tree: the logits after each spelling that was begun since the last reset."""

    def __init__(self, logits: dict[tuple[int, ...], list[float]]) -> None:
        self._logits, self._path, self.num_read = logits, tuple[int, ...](), 0

    def reset_(self) -> None:
        self._path = ()

    def read(self, token: int) -> NDArray[np.float64]:
        self._path, self.num_read = (*self._path, token), self.num_read + 1
        return np.array(self._logits[self._path])

    def save(self) -> Any:
        return self._path

    def restore_(self, saved: Any) -> None:
        self._path = saved


def after_prefix(kind: Kind) -> tuple[Any, NDArray[np.float64]]:
    """Return a reader that has read PREFIX, and log p of the next token."""
    reader, reading = kind.make().reader(), kind.codec.reading(PREFIX)
    for step, token in enumerate(reading.inputs.tolist()):
        if reading.starts is not None and reading.starts[step]:
            reader.reset_()
        logits = reader.read(token)
    return reader, log_softmax(kind.codec.possible(logits, token))


def ranked(kind: Kind, **wanted: Any) -> Ranking:
    reader, log_p = after_prefix(kind)
    return Guesser(kind.codec).rank(reader, log_p, **wanted)


def enumerated(kind: Kind) -> NDArray[np.float64]:
    """Return p (A,) of every character after PREFIX, by hand."""
    return list(plain_p(kind.make(), kind, PREFIX))[-1]


@each_example
def test_the_whole_distribution_is_that_of_a_full_enumeration(kind: Kind) -> None:
    """Every character of the alphabet is found, with the product of its tokens' probabilities, in order."""
    found, p = ranked(kind, num=len(ALPHABET)), enumerated(kind)
    assert sorted(found.chars.tolist()) == list(range(len(ALPHABET)))
    np.testing.assert_allclose(np.exp(found.log_p), p[found.chars], rtol=1e-9)
    np.testing.assert_allclose(np.exp(found.log_p), np.sort(p)[::-1], rtol=1e-9)


@each_example
def test_the_entropy_is_that_of_a_full_enumeration(kind: Kind) -> None:
    """The entropy is -sum p log p over the characters, but for what is negligible."""
    p = enumerated(kind)
    assert ranked(kind, num=1, whole=True).entropy == pytest.approx(-(p * np.log(p)).sum(), abs=1e-3)


@each(Kind("lstm", "line", "pair"), NGRAM_PAIR)
def test_the_entropy_of_a_part_is_not_told(kind: Kind) -> None:
    """Where only some characters were looked for, the entropy is not a number."""
    assert math.isnan(ranked(kind, num=3).entropy)


@each_example
@pytest.mark.parametrize("num", [0, 1, 4])
def test_the_first_guesses_are_those_of_the_whole(kind: Kind, num: int) -> None:
    """Whoever asks for fewer characters gets the likeliest of them all."""
    some, whole = ranked(kind, num=num), ranked(kind, num=len(ALPHABET))
    assert len(some.chars) >= num
    assert some.chars.tolist() == whole.chars[: len(some.chars)].tolist()


@each_example
def test_every_character_is_found_at_its_rank(kind: Kind) -> None:
    """The search goes on to the target, whose rank is one more than the number of likelier characters."""
    p = enumerated(kind)
    for place, char in enumerate(ALPHABET):
        found = ranked(kind, num=1, target=char)
        rank = found.rank_of(place)
        assert math.exp(found.log_p[rank - 1]) == pytest.approx(p[place], rel=1e-9)
        assert (p > p[place] * (1 + 1e-9)).sum() < rank <= (p > p[place] * (1 - 1e-9)).sum()


@each_example
def test_a_character_that_is_not_in_the_alphabet_is_not_looked_for(kind: Kind) -> None:
    """An unseen target asks for nothing more than the guesses."""
    assert ranked(kind, num=2, target="Q").chars.tolist() == ranked(kind, num=2).chars.tolist()


def test_what_was_not_found_has_no_rank() -> None:
    """The rank of a character that the search did not reach is 0."""
    ranking = Ranking(np.array([4, 2], np.int32), np.log([0.5, 0.25]), math.nan)
    assert [ranking.rank_of(place) for place in (4, 2, 3)] == [1, 2, 0]


@each_example
def test_the_reader_is_left_as_it_was(kind: Kind) -> None:
    """After a search the reader reads on as if there had been none."""
    (reader, log_p), (untouched, _) = after_prefix(kind), after_prefix(kind)
    Guesser(kind.codec).rank(reader, log_p, num=3, target="ż", whole=True)
    for token in kind.codec.tokenizer.encode("zan").tolist():
        np.testing.assert_array_equal(reader.read(token), untouched.read(token))


def tree_of(second: list[float]) -> Tree:
    """Return a tree in which every row of PAIR has the same `second` logits."""
    num_rows = math.ceil(len(ALPHABET) / 8)
    return Tree({(row,): second for row in range(num_rows)})


def test_no_more_is_read_than_the_likeliest_needs() -> None:
    """If one row has nearly everything, the likeliest character is found by reading that row alone."""
    tree, logits = tree_of([0.0] * PAIR.vocab_size), np.zeros(PAIR.vocab_size)
    logits[1] = 30.0
    found = Guesser(Codec(PAIR, "stream")).rank(tree, log_softmax(logits), num=1)
    assert tree.num_read == 1
    assert ALPHABET[found.chars[0]] == ALPHABET[8]
    assert found.chars.dtype == np.int32


@pytest.mark.parametrize(("num", "target"), [(8, None), (0, ALPHABET[15]), (8, ALPHABET[8]), (0, None)])
def test_no_more_is_read_when_all_is_found(num: int, target: str | None) -> None:
    """The search ends with the last character that was asked for; eight of them are one row."""
    tree, logits = tree_of([0.0] * PAIR.vocab_size), np.zeros(PAIR.vocab_size)
    logits[1] = 30.0
    found = Guesser(Codec(PAIR, "stream")).rank(tree, log_softmax(logits), num=num, target=target)
    assert tree.num_read == (1 if num or target else 0)
    assert sorted(found.chars.tolist()) == [*range(8, 8 + len(found.chars))]


class Bits:
    """A tokenizer whose characters are three bits each; any bit may follow another."""

    one_token_each, vocab_size, alphabet = False, 2, tuple("01234567")
    place = staticmethod(int)

    def continuations(self, tokens: tuple[int, ...]) -> None:
        return None

    def read(self, tokens: tuple[int, ...]) -> str | None:
        return str(int("".join(map(str, tokens)), 2)) if len(tokens) == 3 else None


def test_three_tokens_of_which_any_may_follow() -> None:
    """The likeliest character may be at the end of any branch; branches are left and taken up again."""
    rng = np.random.default_rng(3)
    begun = [(a,) for a in (0, 1)] + [(a, b) for a in (0, 1) for b in (0, 1)]
    logits: dict[tuple[int, ...], list[float]] = {tokens: rng.normal(size=2).tolist() for tokens in begun}
    first = rng.normal(size=2)
    p = {
        char: math.exp(
            log_softmax(first)[a]
            + log_softmax(np.array(logits[a,]))[b]
            + log_softmax(np.array(logits[a, b]))[c]
        )
        for char, (a, b, c) in zip("01234567", np.ndindex(2, 2, 2), strict=True)
    }
    codec: Any = SimpleNamespace(tokenizer=Bits(), vocab_size=2, possible=lambda logits, token: logits)
    found = Guesser(codec).rank(Tree(logits), log_softmax(first), num=8)
    assert [f"{place}" for place in found.chars.tolist()] == sorted(p, key=lambda char: -p[char])
    np.testing.assert_allclose(np.exp(found.log_p), sorted(p.values(), reverse=True), rtol=1e-12)


def test_what_is_negligible_is_not_opened() -> None:
    """A whole distribution leaves rows alone that together have less than NEGLIGIBLE."""
    num_rows, second = math.ceil(len(ALPHABET) / 8), [-40.0] * PAIR.vocab_size
    second[num_rows:] = [0.0] * 8
    tree, logits = tree_of(second), np.full(PAIR.vocab_size, -40.0)
    logits[1] = 0.0
    found = Guesser(Codec(PAIR, "stream")).rank(tree, log_softmax(logits), num=0, whole=True)
    assert tree.num_read == 1
    assert found.entropy == pytest.approx(math.log(8), abs=1e-6)
    assert len(ALPHABET) * math.exp(-40) < NEGLIGIBLE


@pytest.mark.parametrize("tokenizer", [TOKENIZER, PAIR], ids=["char", "pair"])
def test_places_are_those_of_the_alphabet(tokenizer: Tokenizer) -> None:
    """Each character has its place in the alphabet as its number, whatever its tokens."""
    guesser = Guesser(Codec(tokenizer, "stream"))
    assert [guesser.place(char) for char in ALPHABET] == list(range(len(ALPHABET)))
