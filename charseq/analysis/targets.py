"""The targets of lines as wholes: how many are exactly right, and what a model answers instead of the others.

A target is exactly right if each of its characters has rank 1, the newline included: always taking the
likeliest character then gives it. For the other targets this is really done, from the source alone.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from charseq.config import SampleConfig
from charseq.models.contract import LanguageModel
from charseq.sampling.continuations import LINES_AT_ONCE, continuations
from charseq.scoring import Surprisal
from charseq.text.codec import Codec
from charseq.text.lines import NEWLINE

MAX_LABELS = 24
"""The most different targets between which confusions are counted."""
MIN_LENGTH = 16
"""The number of characters after which an answer is cut, unless twice the longest target is more."""


Confusions: TypeAlias = Mapping[tuple[str, str], int]
"""The number of lines with each pair of a target and an answer."""


@dataclass(frozen=True, slots=True)
class TargetCounts:
    """The number of targets, of exact ones, of the characters of targets, of the edits from answer to target.

    An edit is one character inserted, deleted or replaced. `confusions` has the number of each pair of target
    and answer; it is None if there are more than MAX_LABELS targets.
    """

    num_targets: int = 0
    num_exact: int = 0
    num_chars: int = 0
    num_edits: int = 0
    confusions: Confusions | None = field(default_factory=dict)

    def __add__(self, other: "TargetCounts") -> "TargetCounts":
        return TargetCounts(
            self.num_targets + other.num_targets,
            self.num_exact + other.num_exact,
            self.num_chars + other.num_chars,
            self.num_edits + other.num_edits,
            _few(self.confusions, other.confusions),
        )

    @property
    def exact_match(self) -> float:
        """The share of exact targets."""
        return self.num_exact / self.num_targets if self.num_targets else math.nan

    @property
    def char_error_rate(self) -> float:
        """The edits per character of the targets."""
        return self.num_edits / self.num_chars if self.num_chars else math.nan


def _few(a: Confusions | None, b: Confusions | None) -> Confusions | None:
    if a is None or b is None:
        return None
    both = dict(Counter(a) + Counter(b))
    return both if len({target for target, _ in both}) <= MAX_LABELS else None


class Judge:
    """Compares a model's answers with the targets of lines that were scored with ranks."""

    def __init__(self, model: LanguageModel, codec: Codec) -> None:
        self._model, self._codec = model, codec

    def counts(self, text: str, surprisal: Surprisal) -> TargetCounts:
        """Return the counts of some whole lines."""
        if surprisal.ranks is None:
            raise ValueError("scored without ranks")
        total, begin, missed = TargetCounts(), 0, list[tuple[str, str]]()
        is_first, exact = surprisal.ranks == 1, Counter[str]()
        for line in _lines(text):
            source, separator, rest = line.partition(self._codec.target_after)
            first = begin + len(source) + len(separator)
            begin += len(line)
            if is_first[first:begin].all():
                exact[rest.removesuffix(NEWLINE)] += 1
            else:
                missed.append((source, rest.removesuffix(NEWLINE)))
        num_chars = sum(len(target) * num for target, num in exact.items())
        pairs = {(target, target): num for target, num in exact.items()}
        total += TargetCounts(exact.total(), exact.total(), num_chars, 0, _few(pairs, {}))
        for k in range(0, len(missed), LINES_AT_ONCE):
            total += self._missed(missed[k : k + LINES_AT_ONCE])
        return total

    def _missed(self, lines: Sequence[tuple[str, str]]) -> TargetCounts:
        """Return the counts of lines (source, target) that are not exactly right."""
        targets = [target for _, target in lines]
        length = max(MIN_LENGTH, 2 * max(map(len, targets)))
        prompts = [source + self._codec.target_after for source, _ in lines]
        likeliest = SampleConfig(temperature=0, length=length)
        found = continuations(self._model, self._codec, prompts, likeliest)
        answers = [one.text for one in found]
        edits = sum(map(edit_distance, answers, targets))
        pairs = Counter(zip(targets, answers, strict=True))
        return TargetCounts(len(lines), 0, sum(map(len, targets)), edits, _few(pairs, {}))


def _lines(text: str) -> list[str]:
    """Return the lines of a text with their newlines."""
    *whole, rest = text.split(NEWLINE)
    return [line + NEWLINE for line in whole] + ([rest] if rest else [])


def edit_distance(a: str, b: str) -> int:
    """Return the fewest characters to insert, delete or replace to turn `a` into `b` (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, char in enumerate(a, start=1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (char != other))
    return row[-1]
