"""The bits of texts by character, class, place, word, line, file or chunk.

Each grouping takes texts piece by piece, in bounded memory, and the scores of its groups sum up to that of
all the texts.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np

from charseq.analysis.blocks import Blocks
from charseq.analysis.classes import class_of
from charseq.analysis.ranking import Group, Worst
from charseq.analysis.segments import SEGMENT_KINDS, Segment, Segments, is_space
from charseq.analysis.sums import NUM_COLUMNS, IndexArray, columns_of, scores_by_key, scores_of
from charseq.scoring import Score, Surprisal
from charseq.text.tokenizers.tokenizer import code_points

MAX_WORDS = 1_000_000
"""The most different words that get a group each; all further words are one group."""
CHUNK_CHARS, MAX_CHUNKS = 256, 32
"""The shortest length of a chunk in characters, and the number of chunks at which neighbours are joined."""
SINGLE_PLACES = 16
"""The number of places that get a group each; the next 16 places are one group, then 32, 64, and so on."""


class Grouping(ABC):
    """The contract of a grouping: texts come in pieces, each file after a `begin`; `groups` is called last.

    `worst` knows which groups will be shown, so that the others need not be kept one by one.
    """

    has_order: ClassVar[bool] = False
    """True if the groups have an order of their own, in which they are shown unless they are to be sorted."""

    def __init__(self, worst: Worst) -> None:
        self.worst, self.file = worst, ""

    def begin(self, file: str) -> None:
        """Begin with another file."""
        self.file = file

    @abstractmethod
    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the file."""

    @abstractmethod
    def groups(self) -> list[Group]:
        """Return the groups."""


class _Keyed(Grouping):
    """Groups of characters with the same number as their key."""

    def __init__(self, worst: Worst) -> None:
        super().__init__(worst)
        self._scores: dict[int, Score] = {}

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the file."""
        for key, score in scores_by_key(surprisal, self._keys(text)).items():
            self._scores[key] = self._scores.get(key, Score()) + score

    def groups(self) -> list[Group]:
        """Return a group for each key, in their order."""
        counted = [(key, score) for key, score in sorted(self._scores.items()) if score.num_chars]
        return [Group(self._name(key), score.num_chars, score) for key, score in counted]

    @abstractmethod
    def _keys(self, text: str) -> IndexArray: ...

    @abstractmethod
    def _name(self, key: int) -> str: ...


class ByChar(_Keyed):
    """A group for each character."""

    def _keys(self, text: str) -> IndexArray:
        return code_points(text).astype(np.int64)

    def _name(self, key: int) -> str:
        return chr(key)


class ByClass(_Keyed):
    """A group for each class: letters, digits, spaces, and so on; see `classes.py`."""

    def __init__(self, worst: Worst) -> None:
        super().__init__(worst)
        self._classes: list[str] = []

    def _keys(self, text: str) -> IndexArray:
        codes, places = np.unique(code_points(text), return_inverse=True)
        names = [class_of(chr(code)) for code in codes.tolist()]
        self._classes += sorted(set(names) - set(self._classes))
        return np.array([self._classes.index(name) for name in names], np.int64)[places]

    def _name(self, key: int) -> str:
        return self._classes[key]


class _ByPlace(_Keyed):
    """A group for each place, counted from 1, after the last start of a word or line."""

    has_order = True
    kind: ClassVar[str]

    def begin(self, file: str) -> None:
        """Begin with another file."""
        super().begin(file)
        self._after, self._place = "", 0

    def _keys(self, text: str) -> IndexArray:
        starts = SEGMENT_KINDS[self.kind].starts(text, self._after)
        indices = np.arange(len(text))
        last_start = np.maximum.accumulate(np.where(starts, indices, -1))
        places = indices - last_start + np.where(last_start < 0, self._place, 1)
        if text:
            self._after, self._place = text[-1], int(places[-1])
        powers = np.floor(np.log2(np.maximum(places - 1, 1) / SINGLE_PLACES)).astype(np.int64)
        return np.where(places <= SINGLE_PLACES, places, (SINGLE_PLACES << np.maximum(powers, 0)) + 1)

    def _name(self, key: int) -> str:
        return f"{key}" if key <= SINGLE_PLACES else f"{key}-{2 * (key - 1)}"


class ByColumn(_ByPlace):
    """A group for each place in the line."""

    kind = "line"


class ByPosition(_ByPlace):
    """A group for each place in the word, and one for the characters between words."""

    kind = "word"

    def _keys(self, text: str) -> IndexArray:
        return np.where(is_space(text), 0, super()._keys(text))

    def _name(self, key: int) -> str:
        return super()._name(key) if key else "between words"


class _BySegment(Grouping):
    kind: ClassVar[str]

    def __init__(self, worst: Worst) -> None:
        super().__init__(worst)
        self._segments = Segments(self.kind)

    def begin(self, file: str) -> None:
        """Begin with another file."""
        self._take(self._segments.finish())
        super().begin(file)
        self._segments = Segments(self.kind)

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the file."""
        self._take(self._segments.add(text, surprisal))

    @abstractmethod
    def _take(self, segments: Iterable[Segment]) -> None: ...


class ByLine(_BySegment):
    """A group for each line; only the worst lines are kept."""

    kind = "line"

    def _take(self, segments: Iterable[Segment]) -> None:
        for segment in segments:
            self.worst.add(Group(segment.text, 1, segment.score, self.file, segment.offset))

    def groups(self) -> list[Group]:
        """Return an empty list: all groups were given to `worst`."""
        self._take(self._segments.finish())
        return []


class ByWord(_BySegment):
    """A group for each different word, with the space after it."""

    kind = "word"

    def __init__(self, worst: Worst) -> None:
        super().__init__(worst)
        self._scores: dict[str | None, Score] = {}
        self._counts: Counter[str | None] = Counter()

    def _take(self, segments: Iterable[Segment]) -> None:
        for segment in segments:
            known = len(self._scores) < MAX_WORDS or segment.text in self._scores
            word = segment.text if known else None
            self._scores[word] = self._scores.get(word, Score()) + segment.score
            self._counts[word] += 1

    def groups(self) -> list[Group]:
        """Return a group for each word."""
        self._take(self._segments.finish())
        return [Group(word, self._counts[word], score) for word, score in self._scores.items()]


class ByFile(Grouping):
    """A group for each file."""

    has_order = True

    def __init__(self, worst: Worst) -> None:
        super().__init__(worst)
        self._scores: list[tuple[str, Score]] = []

    def begin(self, file: str) -> None:
        """Begin with another file."""
        super().begin(file)
        self._scores.append((file, Score()))

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the file."""
        file, score = self._scores.pop()
        self._scores.append((file, score + surprisal.score()))

    def groups(self) -> list[Group]:
        """Return a group for each file, in their order."""
        return [Group(file, 1, score, file) for file, score in self._scores]


class ByChunk(Grouping):
    """A group for each chunk; the chunks of a file are equally long, and in order."""

    has_order = True

    def __init__(self, worst: Worst) -> None:
        super().__init__(worst)
        self._blocks: list[tuple[str, Blocks]] = []

    def begin(self, file: str) -> None:
        """Begin with another file."""
        super().begin(file)
        blocks = Blocks(NUM_COLUMNS + 1, block_chars=CHUNK_CHARS, max_blocks=MAX_CHUNKS)
        self._blocks.append((file, blocks))

    def add(self, text: str, surprisal: Surprisal) -> None:
        """Take the next piece of the file."""
        columns = columns_of(surprisal)
        self._blocks[-1][1].add(np.column_stack([columns, np.ones(len(columns))]))

    def groups(self) -> list[Group]:
        """Return a group for each chunk, in their order."""
        found = []
        for file, blocks in self._blocks:
            offset, so_far = 0, Score()
            *columns, lengths = blocks.sums.T
            for score, length in zip(scores_of(np.stack(columns, axis=1)), lengths.tolist(), strict=True):
                name = f"{offset:,}-{offset + int(length) - 1:,}"
                so_far += score
                found.append(Group(name, 1, score, file, offset, so_far))
                offset += int(length)
        return found


GROUPINGS: Mapping[str, type[Grouping]] = {
    "char": ByChar,
    "class": ByClass,
    "position": ByPosition,
    "column": ByColumn,
    "word": ByWord,
    "line": ByLine,
    "file": ByFile,
    "chunk": ByChunk,
}
"""The groupings by name."""
