"""Groups of characters: each grouping against a plain twin, and the sum of all groups against the whole."""

import math
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis import groups as module
from charseq.analysis.classes import class_of
from charseq.analysis.groups import CHUNK_CHARS, GROUPINGS, MAX_CHUNKS, SINGLE_PLACES
from charseq.analysis.ranking import SORTS, Group, Worst
from charseq.scoring.score import Score
from charseq.scoring.surprisal import Surprisal
from tests.analysis.builders import (
    assert_same_score,
    cuts,
    pieces_of,
    plain_score,
    seeds,
    surprisal_of,
    texts,
)
from tests.analysis.test_segments import plain_segments

File = tuple[str, str, Surprisal]
Key = tuple[str, str | None, int | None]
"""The name of a group, and its file and offset where it has one place."""

each_grouping = pytest.mark.parametrize("name", GROUPINGS)
each_order = pytest.mark.parametrize("name", ["position", "column", "file", "chunk"])
some_texts = st.lists(st.tuples(texts, seeds), min_size=1, max_size=3)


def named(texts_and_seeds: list[tuple[str, int]]) -> list[File]:
    return [(f"{k}.txt", text, surprisal_of(text, seed)) for k, (text, seed) in enumerate(texts_and_seeds)]


def groups_of(
    name: str, files: list[File], cuts: list[int], *, worst: Worst | None = None, ordered: bool = False
) -> list[Group]:
    """Return the groups of files that are all cut at `cuts`, as ranked by `worst`, which keeps all."""
    worst = worst or Worst("total", 0)
    grouping = GROUPINGS[name](worst)
    for file, text, surprisal in files:
        grouping.begin(file)
        for piece in pieces_of(text, surprisal, cuts):
            grouping.add(*piece)
    found = grouping.groups()
    if ordered:
        return found
    for group in found:
        worst.add(group)
    return worst.groups


# ---- the plain twins: for each character, which group it is in


def plain_place(place: int) -> str:
    """Return the name of the places that `place`, counted from 1, is taken together with."""
    if place <= 16:
        return f"{place}"
    low = 17
    while place >= 2 * low - 1:
        low = 2 * low - 1
    return f"{low}-{2 * (low - 1)}"


def plain_columns(text: str) -> list[str]:
    return [plain_place(k + 1) for _, line in plain_segments("line", text) for k in range(len(line))]


def plain_positions(text: str) -> list[str]:
    places: list[int] = []
    for char in text:
        places.append(0 if char.isspace() else (places[-1] if places else 0) + 1)
    return [plain_place(place) if place else "between words" for place in places]


def plain_chunks(text: str, chunk_chars: int, max_chunks: int) -> list[tuple[str, int]]:
    while len(text) // chunk_chars >= max_chunks:
        chunk_chars *= 2
    found = []
    for k in range(len(text)):
        begin = k // chunk_chars * chunk_chars
        found.append((f"{begin:,}-{min(begin + chunk_chars, len(text)) - 1:,}", begin))
    return found


def plain_keys(name: str, file: str, text: str) -> list[Key]:
    """Return the group of each character of `text`."""
    if name in ("word", "line"):
        is_line, found = name == "line", list[Key]()
        for offset, whole in plain_segments(name, text):
            key = whole.rstrip("\r\n" if is_line else None)
            found += [(key, file if is_line else None, offset if is_line else None)] * len(whole)
        return found
    if name == "chunk":
        return [(key, file, offset) for key, offset in plain_chunks(text, CHUNK_CHARS, MAX_CHUNKS)]
    if name == "file":
        return [(file, file, None)] * len(text)
    names = {"char": list, "column": plain_columns, "position": plain_positions}.get(
        name, lambda text: [class_of(char) for char in text]
    )
    return [(key, None, None) for key in names(text)]


def plain_count(name: str, key: str, file: str, text: str, num_chars: int) -> int:
    """Return how many characters, words or other parts of `text` a group with `num_chars` of it has."""
    if name == "word":
        return sum(whole.rstrip() == key for _, whole in plain_segments("word", text))
    return 1 if name in ("line", "file", "chunk") else num_chars


def plain_groups(name: str, files: list[File]) -> dict[Key, tuple[int, Score]]:
    """Return the count and the score of each group."""
    found: dict[Key, tuple[int, Score]] = defaultdict(lambda: (0, Score()))
    for file, text, surprisal in files:
        places = defaultdict[Key, list[int]](list)
        for k, key in enumerate(plain_keys(name, file, text)):
            places[key].append(k)
        if name == "file":
            places[file, file, None]  # a group even where it is empty
        for key, where in places.items():
            count, score = found[key]
            more = plain_count(name, key[0], file, text, len(where))
            found[key] = count + more, score + plain_score(surprisal, where)
    return dict(found)


def assert_equals_the_twin(name: str, files: list[File], cuts: list[int]) -> None:
    groups = {(group.name, group.file, group.offset): group for group in groups_of(name, files, cuts)}
    expected = plain_groups(name, files)
    assert set(groups) == set(expected)
    for key, (count, score) in expected.items():
        assert groups[key].count == count
        assert_same_score(groups[key].score, score)


# ---- any text


@each_grouping
@settings(deadline=None, max_examples=30)
@given(texts=some_texts, cuts=cuts)
def test_groups_equal_the_plain_twin(name: str, texts: list[tuple[str, int]], cuts: list[int]) -> None:
    """However texts were cut, each group has the place, the count and the score that a look at all gives."""
    assert_equals_the_twin(name, named(texts), cuts)


@each_grouping
@settings(deadline=None, max_examples=30)
@given(texts=some_texts, cuts=cuts, sort=st.sampled_from(sorted(SORTS)), num=st.integers(0, 4))
def test_groups_sum_up_to_the_whole(
    name: str, texts: list[tuple[str, int]], cuts: list[int], sort: str, num: int
) -> None:
    """Those that are kept and the rest together have the score of all the texts."""
    files = named(texts)
    groups = groups_of(name, files, cuts, worst=Worst(sort, num))
    total = sum((surprisal.score() for _, _, surprisal in files), Score())
    assert_same_score(sum((group.score for group in groups), Score()), total)
    assert len(groups) <= (num + 1 if num else math.inf)


@each_grouping
@settings(deadline=None, max_examples=10)
@given(texts=some_texts)
def test_character_by_character(name: str, texts: list[tuple[str, int]]) -> None:
    """Texts that come one character at a time have the groups of the whole."""
    assert_equals_the_twin(name, named(texts), list(range(60)))


AWKWARD = {
    "empty lines": "\n\na\n\n\nb\n\n",
    "CR LF": "one two\r\n\r\nthree\r\n",
    "lone CR": "one\rtwo\r\rthree\r",
    "leading spaces": "   one\n   two",
    "only spaces": "    \n \t \n",
    "combining marks": "e\u0301te\u0301 o\u0308\u0301 \u0301",
    "Hangul": "한글 전문가\n한글\n",
    "one word": "supercalifragilistic",
    "one character": "a",
    "nothing": "",
}


@each_grouping
@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_awkward_texts(name: str, text: str) -> None:
    """Texts that trip over borders have the groups of the twin, in every cut in two."""
    for cut in range(len(text) + 1):
        assert_equals_the_twin(name, named([(text, 0), (" one\r", 1)]), [cut])


@each_grouping
def test_no_text_at_all(name: str) -> None:
    """Without a file there are no groups."""
    assert groups_of(name, [], []) == []


@each_grouping
def test_files_do_not_run_together(name: str) -> None:
    """Neither a word, nor a line, nor a place goes on from one file to the next."""
    assert_equals_the_twin(name, named([("hel", 0), ("lo", 1), ("\n", 2)]), [])


@each_grouping
def test_a_long_text(name: str) -> None:
    """A text of many words and lines has the groups of the twin."""
    rng = np.random.default_rng(0)
    text = "".join(rng.choice(list("aaaaabcdeé한 \n"), 3000).tolist())
    assert_equals_the_twin(name, named([(text, 0)]), [700, 701, 1500])


# ---- order


@each_order
def test_order(name: str) -> None:
    """Groups that have an order come in it: places by number, files and chunks as they were read."""
    text = "one supercalifragilisticexpialidocious two\n" * 9
    files = [("z.txt", text, surprisal_of(text)), ("a.txt", "", surprisal_of("")), *named([(text, 1)])]
    names = [group.name for group in groups_of(name, files, [3], ordered=True)]
    expected = {
        "position": ["between words", *(f"{k}" for k in range(1, 17)), "17-32", "33-64"],
        "column": [*(f"{k}" for k in range(1, 17)), "17-32", "33-64"],
        "file": ["z.txt", "a.txt", "0.txt"],
        "chunk": ["0-255", "256-386"] * 2,
    }
    assert names == expected[name]


def test_which_have_an_order() -> None:
    """Places, files and chunks have an order of their own; characters, classes, words and lines have none."""
    ordered = [name for name, grouping in GROUPINGS.items() if grouping.has_order]
    assert sorted(ordered) == ["chunk", "column", "file", "position"]


# ---- places


@pytest.mark.parametrize(("name", "char"), [("position", "x"), ("column", "x"), ("column", " ")])
@pytest.mark.parametrize("num_chars", [1, 16, 17, 32, 33, 64, 65, 5000])
def test_places_are_contiguous(name: str, char: str, num_chars: int) -> None:
    """Single places, then 16, 32, 64 of them and so on together: none is left out, none counted twice."""
    groups = groups_of(name, named([(char * num_chars, 0)]), [num_chars // 3], ordered=True)
    ranges = [[int(end) for end in f"{group.name}-{group.name}".split("-")[:2]] for group in groups]
    assert ranges[0][0] == 1
    assert all(before[1] + 1 == after[0] for before, after in pairwise(ranges))
    widths = [high - low + 1 for low, high in ranges]
    assert widths == ([1] * SINGLE_PLACES + [16 * 2**k for k in range(20)])[: len(widths)]
    assert [group.score.num_chars for group in groups[:-1]] == widths[:-1]
    assert 1 <= groups[-1].score.num_chars <= widths[-1]


def test_a_newline_has_a_place_in_its_line() -> None:
    r"""The last place of a line is that of its newline, \r\n being two."""
    groups = groups_of("column", named([("ab\r\ncd\n", 0)]), [], ordered=True)
    assert [(group.name, group.count) for group in groups] == [("1", 2), ("2", 2), ("3", 2), ("4", 1)]


# ---- words


def test_few_words_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words beyond MAX_WORDS different ones are one group without a name; known ones go on counting."""
    monkeypatch.setattr(module, "MAX_WORDS", 2)
    files = named([("one two three two four one three", 0)])
    groups = {group.name: group for group in groups_of("word", files, [5])}
    assert {name: group.count for name, group in groups.items()} == {"one": 2, "two": 2, None: 3}
    assert_same_score(sum((group.score for group in groups.values()), Score()), files[0][2].score())


@settings(deadline=None, max_examples=40)
@given(texts=some_texts, cuts=cuts, max_words=st.integers(1, 5))
def test_words_are_bounded(texts: list[tuple[str, int]], cuts: list[int], max_words: int) -> None:
    """However few words fit, all groups together have the score of all the texts."""
    files = named(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_WORDS", max_words)
        groups = groups_of("word", files, cuts)
    assert sum(group.name is not None for group in groups) <= max_words
    total = sum((surprisal.score() for _, _, surprisal in files), Score())
    assert_same_score(sum((group.score for group in groups), Score()), total)


def test_a_word_is_the_same_anywhere() -> None:
    """A word is one group in all files and lines, whatever space is after it."""
    groups = groups_of("word", named([("one two\none\tone", 0), ("one", 1)]), [])
    counts = {group.name: (group.count, group.score.num_chars) for group in groups}
    assert counts == {"one": (4, 14), "two": (1, 4)}


# ---- lines


def test_lines_know_their_place() -> None:
    """Each line is a group of its own, even if it reads like another, with its file and offset."""
    groups = groups_of("line", named([("a\nb\na", 0), ("a", 1)]), [])
    assert sorted((group.name, group.file, group.offset) for group in groups) == [
        ("a", "0.txt", 0),
        ("a", "0.txt", 4),
        ("a", "1.txt", 0),
        ("b", "0.txt", 2),
    ]


def test_only_the_worst_lines_are_kept() -> None:
    """Lines are ranked as they go by, so that few are held however many there are."""
    text = "one\n" * 1000
    worst = Worst("total", 3)
    groups = groups_of("line", named([(text, 0)]), [500], worst=worst)
    assert [group.count for group in groups] == [1, 1, 1, 997]
    nats = surprisal_of(text).nats.reshape(-1, 4).sum(axis=1)
    assert [group.score.nats for group in groups[:3]] == pytest.approx(sorted(nats.tolist())[:-4:-1])


# ---- chunks


@settings(deadline=None, max_examples=30)
@given(texts=some_texts, cuts=cuts, chunk_chars=st.integers(1, 4), max_chunks=st.sampled_from([2, 4, 8]))
def test_small_chunks_equal_the_plain_twin(
    texts: list[tuple[str, int]], cuts: list[int], chunk_chars: int, max_chunks: int
) -> None:
    """However short chunks are and however few, they are those of the twin."""
    files = named(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_CHARS", chunk_chars)
        patch.setattr(module, "MAX_CHUNKS", max_chunks)
        groups = groups_of("chunk", files, cuts, ordered=True)
    expected = [
        (name, file, offset)
        for file, text, _ in files
        for name, offset in dict.fromkeys(plain_chunks(text, chunk_chars, max_chunks))
    ]
    assert [(group.name, group.file, group.offset) for group in groups] == expected
    by_file = {file: surprisal for file, _, surprisal in files}
    for group in groups:
        assert group.file is not None
        assert group.offset is not None
        places = range(group.offset, group.offset + group.score.num_chars)
        assert_same_score(group.score, plain_score(by_file[group.file], places))


@pytest.mark.parametrize("num_chars", [1, 255, 256, 257, 8191, 8192, 8193, 100_000])
def test_chunks_are_few_and_equally_long(num_chars: int) -> None:
    """A file has at most MAX_CHUNKS chunks, all of one length but for the last."""
    groups = groups_of("chunk", named([("x" * num_chars, 0)]), [num_chars // 2], ordered=True)
    lengths = [group.score.num_chars for group in groups]
    assert len(groups) <= MAX_CHUNKS
    assert sum(lengths) == num_chars
    assert len(set(lengths[:-1])) <= 1
    assert lengths[-1] <= lengths[0]
    assert [group.offset for group in groups] == [lengths[0] * k for k in range(len(groups))]
    assert len(groups) >= MAX_CHUNKS // 2 or lengths[0] <= CHUNK_CHARS


def test_each_file_has_chunks_of_its_own() -> None:
    """A short file beside a long one keeps its short chunks."""
    files = named([("x" * 20_000, 0), ("x" * 600, 1)])
    chunks = [group.name for group in groups_of("chunk", files, [], ordered=True) if group.file == "1.txt"]
    assert chunks == ["0-255", "256-511", "512-599"]
