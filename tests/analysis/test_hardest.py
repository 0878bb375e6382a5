"""The hardest characters: those that sorting the whole text finds, their contexts whole in any pieces."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis.hardest import AFTER, BEFORE, HardChar, Hardest
from charseq.arrays import TokenArray
from charseq.scoring import Guess
from charseq.scoring.score import bits
from charseq.scoring.surprisal import Surprisal
from tests.analysis.builders import cuts, part_of, pieces_of, seeds, surprisal_of, texts

File = tuple[str, str, Surprisal]


ALPHABET = "".join(map(chr, range(64, 114)))
"""The characters of guesses, which are numbers below 50."""


def ranks_of(surprisal: Surprisal) -> TokenArray:
    assert surprisal.ranks is not None
    return surprisal.ranks


def file_of(name: str, text: str, seed: int = 0) -> File:
    """Return a text with a surprisal that has a few equals in it."""
    surprisal = surprisal_of(text, seed, num_guesses=3)
    surprisal.nats[...] = surprisal.nats.round(1)
    return name, text, surprisal


def hardest_of(num: int, files: list[File], cuts: list[int]) -> list[HardChar]:
    hardest = Hardest(num, ALPHABET)
    for name, text, surprisal in files:
        hardest.begin(name)
        for piece in pieces_of(text, surprisal, cuts):
            hardest.add(*piece)
    return hardest.chars


def plain_hardest(num: int, files: list[File]) -> list[HardChar]:
    """Return the first of all characters of all files, sorted at once, unseen ones where they are met."""
    met: set[str] = set()

    def is_new(char: str, rank: int) -> bool:
        new = rank > 0 or char not in met
        if rank == 0:
            met.add(char)
        return new

    found = [
        HardChar(
            file=name,
            offset=k,
            before=text[max(0, k - 40) : k],
            char=text[k],
            after=text[k + 1 : k + 21],
            bits=bits(float(surprisal.nats[k])),
            rank=int(ranks_of(surprisal)[k]),
            top=tuple(
                Guess(ALPHABET[place], p)
                for place, p in zip(
                    surprisal.expected.guesses[k].tolist(),
                    surprisal.expected.probabilities[k].tolist(),
                    strict=True,
                )
            ),
        )
        for name, text, surprisal in files
        for k in range(len(text))
        if surprisal.expected and is_new(text[k], int(ranks_of(surprisal)[k]))
    ]
    return sorted(found, key=lambda hard: -hard.bits)[:num]


LONG = "".join(chr(97 + k % 26) for k in range(500))


@settings(deadline=None)
@given(files=st.lists(st.tuples(texts, seeds), max_size=3), num=st.integers(0, 9), cuts=cuts)
def test_hardest_equal_the_plain_twin(files: list[tuple[str, int]], num: int, cuts: list[int]) -> None:
    """However the texts were cut, the hardest are those of all of them sorted, of equals the first."""
    named = [file_of(f"{k}.txt", text, seed) for k, (text, seed) in enumerate(files)]
    assert hardest_of(num, named, cuts) == plain_hardest(num, named)


@settings(deadline=None, max_examples=30)
@given(cuts=st.lists(st.integers(0, 500), max_size=12).map(sorted), num=st.integers(1, 12), seed=seeds)
def test_contexts_of_a_long_text(cuts: list[int], num: int, seed: int) -> None:
    """However a text was cut, each character has all the context that there is room for."""
    files = [file_of("a.txt", LONG, seed)]
    assert hardest_of(num, files, cuts) == plain_hardest(num, files)


def test_character_by_character() -> None:
    """A text that comes one character at a time has the same characters, their contexts whole."""
    files = [file_of("a.txt", LONG, 1), file_of("b.txt", LONG[7:], 2)]
    assert hardest_of(5, files, list(range(500))) == plain_hardest(5, files)


def test_all_of_a_short_text() -> None:
    """Where more are asked for than there are, all are kept, the hardest first."""
    files = [file_of("a.txt", "hello")]
    assert hardest_of(1000, files, []) == plain_hardest(5, files)
    assert len(hardest_of(1000, files, [2])) == 5


def test_none_are_kept() -> None:
    """Where none are asked for, none are kept."""
    assert hardest_of(0, [file_of("a.txt", "hello")], [2]) == []


def test_contexts_end_with_the_file() -> None:
    """Neither side of a context looks into another file."""
    files = [file_of("a.txt", "abc"), file_of("b.txt", "xyz")]
    around = {hard.char: (hard.before, hard.after) for hard in hardest_of(6, files, [1])}
    assert around == {
        "a": ("", "bc"),
        "b": ("a", "c"),
        "c": ("ab", ""),
        "x": ("", "yz"),
        "y": ("x", "z"),
        "z": ("xy", ""),
    }


def test_contexts_have_their_size() -> None:
    """In the middle of a text there are BEFORE characters before, AFTER characters after."""
    chars = hardest_of(500, [file_of("a.txt", LONG)], [250])
    assert {len(hard.before) for hard in chars if hard.offset >= BEFORE} == {BEFORE}
    assert {len(hard.after) for hard in chars if hard.offset < 500 - AFTER} == {AFTER}


def test_an_unseen_character_counts_once() -> None:
    """Of the places of an unseen character, which costs as much at each, the first alone is shown."""
    name, text, surprisal = file_of("a.txt", "xaxbx")
    surprisal = replace(
        surprisal,
        nats=np.array([9.0, 1, 9, 2, 9]),
        ranks=np.array([0, 1, 0, 1, 0], np.int32),
        unseen=np.array([True, False, True, False, True]),
    )
    assert [hard.offset for hard in hardest_of(3, [(name, text, surprisal)], [1, 2])] == [0, 3, 1]


def test_guesses_are_needed() -> None:
    """A surprisal that was scored without guesses is refused."""
    hardest = Hardest(1, ALPHABET)
    with pytest.raises(ValueError, match=r"^scored without guesses$"):
        hardest.add("hello", part_of(surprisal_of("hello"), 0, 5))


def test_a_guess_that_there_is_not_is_left_out() -> None:
    """Where fewer characters are possible than guesses were asked for, fewer are kept."""
    _, text, surprisal = file_of("a.txt", "a")
    assert surprisal.expected is not None
    surprisal.expected.guesses[...] = [[3, 7, -1]]
    (hard,) = hardest_of(1, [("a.txt", text, surprisal)], [])
    assert [guess.char for guess in hard.top] == [ALPHABET[3], ALPHABET[7]]
