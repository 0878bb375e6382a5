"""The novelty of a text beside a corpus: the n-grams that the corpus lacks, and the longest copied spans.

The n-grams of the text are numbered length by length: one of length n is the number of its first n - 1
characters and its last character. At each length only the places go on, of the text and of the corpus, whose
n-gram both have. So memory is linear, and time is linear but for the lengths that much of the corpus shares.
"""

import heapq
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from charseq.errors import DataError
from charseq.text.split import CorpusParts
from charseq.text.tokenizers.tokenizer import code_points

LONGEST = 50
"""The longest n-grams that are counted."""
MAX_TABLE = 1 << 25
"""The largest table in which n-grams are looked up; more of them are searched for."""
NUM_SPANS = 5
"""The number of copied spans that are found."""
MAX_FOLLOWED = 200
"""The most matches, longer than are counted, that are followed to their ends."""

Numbers: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class CopiedSpan:
    """A text that stands in both, with its first place in each, in characters from 0."""

    text: str
    place: int
    corpus_place: int


@dataclass(frozen=True, slots=True)
class Novelty:
    """The figures of a text `name`: `shares` (LONGEST,) of its n-grams that the corpus lacks, n = 1, 2, ...

    A share is nan if the text is shorter than n. `spans` are the longest ones that were copied, the longest
    first; none of them overlap.
    """

    name: str
    num_chars: int
    shares: NDArray[np.float64]
    spans: tuple[CopiedSpan, ...]


@dataclass(frozen=True, slots=True)
class NovelGrams:
    """The shares of the n-grams of one length that the training part lacks: of the sample, and held out."""

    n: int
    share: float
    held_out_share: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A sample and the held-out text of a corpus, each beside the training part of `num_chars` characters."""

    sample: Novelty
    held_out: Novelty
    num_chars: int

    @property
    def grams(self) -> list[NovelGrams]:
        """The shares for every n."""
        pairs = zip(self.sample.shares.tolist(), self.held_out.shares.tolist(), strict=True)
        return [NovelGrams(n, *pair) for n, pair in enumerate(pairs, start=1)]


def compare_novelty(sample: str, name: str, parts: CorpusParts) -> Comparison:
    """Compare a sample, and the validation and the test part of a corpus, with its training part.

    Of the held-out text no more is taken than the sample has. Raises DataError if one of them is empty.
    """
    train, held_out = f"{parts.train}", f"{parts.valid}{parts.test}"
    for what, text in ((name, sample), ("the held-out part of the corpus", held_out)):
        if not text:
            raise DataError(f"{what}: empty: there is nothing to compare")
    cut = held_out[: max(len(sample), LONGEST)]
    return Comparison(novelty(sample, train, name), novelty(cut, train, "held out"), len(train))


def novelty(text: str, corpus: str, name: str = "", *, num_spans: int = NUM_SPANS) -> Novelty:
    """Compare `text` with `corpus`."""
    matched = matches(text, corpus)
    num_places = len(text) - np.arange(LONGEST)
    counts = np.bincount(matched, minlength=LONGEST + 1)[: LONGEST + 1]
    shorter = np.cumsum(counts)[:LONGEST]  # for each n the places whose match is shorter than n
    at_the_end = np.minimum(np.arange(LONGEST), len(text))  # places too near to the end for an n-gram
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.where(num_places > 0, (shorter - at_the_end) / num_places, np.nan)
    return Novelty(name, len(text), shares, tuple(copied_spans(text, corpus, matched, num_spans)))


def matches(text: str, corpus: str) -> Numbers:
    """Return for each place of `text` the length of the longest n-gram there that `corpus` has."""
    alphabet, codes = np.unique(code_points(text), return_inverse=True)
    own, theirs = codes.astype(np.int32), _numbered(corpus, alphabet)
    matched = np.zeros(len(text), np.int32)
    mine: Numbers = np.arange(len(text), dtype=np.int32)
    places: Numbers = np.arange(len(corpus), dtype=np.int32)
    ids: Numbers = np.zeros_like(mine)
    their_ids: Numbers = np.zeros_like(places)
    for n in range(1, LONGEST + 1):
        inside, reachable = mine <= len(text) - n, places <= len(corpus) - n
        mine, ids = mine[inside], ids[inside]
        places, their_ids = places[reachable], their_ids[reachable]
        known = theirs[places + n - 1] >= 0
        places, their_ids = places[known], their_ids[known]
        if not len(mine) or not len(places):
            break
        keys = ids.astype(np.int64) * len(alphabet) + own[mine + n - 1]
        their_keys = their_ids.astype(np.int64) * len(alphabet) + theirs[places + n - 1]
        there, numbers = np.unique(keys, return_inverse=True)
        found = _places_in(there, their_keys)
        both = found >= 0
        places, their_ids = places[both], found[both]
        present = np.zeros(len(there), np.bool_)
        present[their_ids] = True
        shared = present[numbers]
        mine, ids = mine[shared], numbers[shared].astype(np.int32)
        matched[mine] = n
    return matched


def copied_spans(text: str, corpus: str, matched: Numbers, num_spans: int) -> list[CopiedSpan]:
    """Return the longest spans of `text` that `corpus` has, the longest first, without overlaps.

    `matched` are the `matches`. A match that is as long as they are counted is followed in the corpus to its
    end, the most promising ones first, at most MAX_FOLLOWED of them.
    """
    found, waiting = list[tuple[int, int]](), _begun(matched)
    heapq.heapify(waiting)
    num_followed = 0
    while waiting:
        most, place = -waiting[0][0], heapq.heappop(waiting)[1]
        chosen = _apart(found, num_spans)
        if num_followed == MAX_FOLLOWED or (len(chosen) == num_spans and most <= chosen[-1][0]):
            break
        if most < LONGEST:
            found.append((most, place))
            continue
        num_followed += 1
        length = _longest_at(text, corpus, place, most)
        found.append((length, place))
        if length < most:  # another match begins within this one, and ends after it
            later = _first_up_to(text, corpus, place + 1, place + length + 1)
            heapq.heappush(waiting, (later - place - most, later))
    spans = ((text[place : place + length], place) for length, place in _apart(found, num_spans))
    return [CopiedSpan(span, place, corpus.find(span)) for span, place in spans]


def _apart(found: list[tuple[int, int]], num_spans: int) -> list[tuple[int, int]]:
    """Return the longest spans, pairs of a length and a place, none of which overlaps a longer one."""
    chosen = list[tuple[int, int]]()
    for length, place in sorted(found, key=lambda one: (-one[0], one[1])):
        if all(place + length <= other or other + size <= place for size, other in chosen):
            chosen.append((length, place))
        if len(chosen) == num_spans:
            break
    return chosen


def _begun(matched: Numbers) -> list[tuple[int, int]]:
    """Return minus the greatest length and the place of each match that no match before it contains.

    Matches as long as they are counted, at places in a row, can together be one that is longer.
    """
    before = np.concatenate([[0], matched[:-1]]) if len(matched) else matched
    is_full = matched == LONGEST
    begins = np.flatnonzero((matched >= before) & (matched > 0) & ~(is_full & (before == LONGEST)))
    most, ends = matched[begins].astype(np.int64), np.flatnonzero(is_full & ~np.append(is_full[1:], [False]))
    full = most == LONGEST
    most[full] += ends[np.searchsorted(ends, begins[full])] - begins[full]
    return list(zip((-most).tolist(), begins.tolist(), strict=True))


def _longest_at(text: str, corpus: str, place: int, most: int) -> int:
    """Return the length of the longest match at a place, between LONGEST and `most`."""
    if text[place : place + most] in corpus:
        return most
    low, high = LONGEST, most - 1
    while low < high:
        middle = (low + high + 1) // 2
        if text[place : place + middle] in corpus:
            low = middle
        else:
            high = middle - 1
    return low


def _first_up_to(text: str, corpus: str, place: int, end: int) -> int:
    """Return the first place from `place` on from which the text up to `end` is in the corpus."""
    low, high = place, end - LONGEST
    while low < high:
        middle = (low + high) // 2
        if text[middle:end] in corpus:
            high = middle
        else:
            low = middle + 1
    return low


def _numbered(text: str, alphabet: NDArray[np.uint32]) -> Numbers:
    """Return the index in the sorted `alphabet` of each character, -1 for one that is not in it."""
    codes = code_points(text)
    if not len(alphabet):
        return np.full(len(codes), -1, np.int32)
    places = np.minimum(np.searchsorted(alphabet, codes), len(alphabet) - 1)
    return np.where(alphabet[places] == codes, places, -1).astype(np.int32)


def _places_in(there: NDArray[np.int64], keys: NDArray[np.int64]) -> Numbers:
    """Return the index in the sorted `there` of each of `keys`, -1 for those that it lacks."""
    size = int(max(there[-1], keys.max())) + 1
    if size <= MAX_TABLE:
        table = np.full(size, -1, np.int32)
        table[there] = np.arange(len(there))
        return table[keys]
    places = np.minimum(np.searchsorted(there, keys), len(there) - 1).astype(np.int32)
    return np.where(there[places] == keys, places, np.int32(-1))
