"""The groups of characters that cost the most; all other groups are summed up."""

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from charseq.scoring import Score


@dataclass(frozen=True, slots=True)
class Group:
    """Characters that belong together, and their score; `count` is the number of words, lines or characters.

    `name` is None for the sum of all other groups. A group at a single place has its `file` and its `offset`
    there, in characters. For a chunk, `so_far` is the score of the file up to its end.
    """

    name: str | None
    count: int
    score: Score
    file: str | None = None
    offset: int | None = None
    so_far: Score | None = None


SORTS: Mapping[str, Callable[[Group], float]] = {
    "total": lambda group: group.score.nats,
    "mean": lambda group: group.score.nats_per_char if group.score.num_chars else -math.inf,
}
"""The figures that groups can be sorted by, the highest first."""


class Worst:
    """Keeps the `num` groups that are highest in `sort` (0: all of them) and sums up the rest."""

    def __init__(self, sort: str, num: int) -> None:
        self._key, self._num = SORTS[sort], num
        self._heap: list[tuple[float, int, Group]] = []
        self._rest = Group(None, 0, Score())
        self._serial = 0

    def add(self, group: Group) -> None:
        """Take one more group."""
        if group.name is None:
            self._put_to_rest(group)
            return
        self._serial -= 1  # among equals the first one is kept
        heapq.heappush(self._heap, (self._key(group), self._serial, group))
        if self._num and len(self._heap) > self._num:
            self._put_to_rest(heapq.heappop(self._heap)[2])

    @property
    def groups(self) -> list[Group]:
        """The groups, the highest first, and then the rest, if there is one."""
        kept = [group for *_, group in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]
        if self._rest.count:
            kept.append(self._rest)
        return kept

    def _put_to_rest(self, group: Group) -> None:
        self._rest = Group(None, self._rest.count + group.count, self._rest.score + group.score)
