"""Suggested settings for a corpus, each with its reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from charseq.analysis.corpus_facts import CorpusFacts
from charseq.training.advice import SMALL_CHARS

MANY_CHARS = 20_000_000
"""From this size on a larger network than the default one has enough to learn."""
MANY_DIFFERENT = 2_000
"""From this number of different characters on, most of them are too rare to be tokens of their own."""
MANY_FILES = 20
"""From this number of files on, whole files can be held out."""
FEW_LINES, SHORT_LINE, SHORT_MEAN = 100, 200, 40.0
"""Lines are a list if there are so many, none is longer, and their mean length is shorter."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested value of a setting, and the reason for it."""

    setting: str
    value: str
    reason: str

    @property
    def option(self) -> str:
        """The option of `charseq train` that gives the setting this value."""
        return f"--{self.setting.partition('.')[2].replace('_', '-')} {self.value}"


def suggestions(facts: CorpusFacts) -> Iterator[Suggestion]:
    """Yield a suggestion for the tokenizer, the unit, the split and the size of the model.

    For a task, yield the settings that it has anyway.
    """
    if facts.made is not None:
        for key, value in facts.made.task.data.items():
            shown = value.encode("unicode_escape").decode()
            yield Suggestion(f"data.{key}", shown, "the task is learnt so, if nothing else is said")
        return
    tokenizer, why = _tokenizer(facts)
    yield Suggestion("data.tokenizer", tokenizer, why)
    unit, why = _unit(facts)
    yield Suggestion("data.unit", unit, why)
    split, why = _split(facts, unit)
    yield Suggestion("data.split", split, why)
    yield from _model(facts.num_chars)


def _tokenizer(facts: CorpusFacts) -> tuple[str, str]:
    different = f"{len(facts.counts):,} different characters"
    if (share := facts.share("가", "힣")) > 0.2:
        return "jamo", f"{share:.0%} of the text are Hangul syllables, which share their letters"
    bad = facts.counts.get("\ufffd", 0)
    if bad:
        return "byte", f"{bad:,} places are no text (or U+FFFD); bytes lose nothing"
    if len(facts.counts) >= MANY_DIFFERENT:
        return "byte", f"{different}, of which {len(facts.rare):,} occur fewer than five times"
    return "char", f"{different}, of which {len(facts.rare):,} occur fewer than five times"


def _unit(facts: CorpusFacts) -> tuple[str, str]:
    lines = facts.lines
    mean = facts.num_chars / max(lines.number, 1) - 1
    is_list = lines.number >= FEW_LINES and lines.longest <= SHORT_LINE and mean <= SHORT_MEAN
    if is_list and not lines.num_empty and not lines.num_indented:
        return "line", f"{lines.number:,} short lines, none of them empty or indented, look like a list"
    if len(facts.corpus.encoded.file_ends) >= MANY_FILES:
        return "document", f"{len(facts.corpus.encoded.file_ends):,} files that do not continue each other"
    return "stream", "the lines continue each other"


def _split(facts: CorpusFacts, unit: str) -> tuple[str, str]:
    num_files = len(facts.corpus.encoded.file_ends)
    if facts.lines.is_sorted:
        return "blocks", "the lines are sorted, so the end of the text differs from its beginning"
    if num_files >= MANY_FILES:
        return "files", f"of {num_files:,} files some can be held out whole"
    if num_files > 1:
        return "blocks", "the last file may differ from the others"
    if unit == "line":
        return "blocks", "lines from everywhere are a fairer sample than the last ones"
    return "tail", "one text, whose end continues it"


def _model(num_chars: int) -> Iterator[Suggestion]:
    number = f"{num_chars:,} characters are"
    if num_chars < SMALL_CHARS:
        yield Suggestion("model.kind", "ngram", f"{number} few: counting is better than a network")
        yield Suggestion("model.order", "5", "longer n-grams hardly occur twice in a text of this size")
    elif num_chars < MANY_CHARS:
        yield Suggestion("model.hidden_size", "256", f"{number} enough for the default network")
    else:
        yield Suggestion("model.hidden_size", "512", f"{number} enough for a larger, slower network")
