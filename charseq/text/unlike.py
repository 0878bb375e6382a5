"""Notes where the held-out part of a corpus differs in kind from its training part."""

from collections.abc import Iterator

import numpy as np

from charseq.config import DataConfig
from charseq.text import TOKENIZERS
from charseq.text.corpus import Corpus
from charseq.text.division import Parts
from charseq.text.sortedness import are_sorted
from charseq.text.symbols import EncodedText

MOST_FILES = 3
"""The most files in the held-out part that are worth a note; many of them are a sample of all."""
FAR_BEYOND, FEWEST_UNSEEN = 10.0, 5
"""An unseen character is far too frequent if it is so many times as frequent as expected, and so often."""


def differences(
    corpus: Corpus,
    parts: Parts,
    config: DataConfig,
    train: EncodedText,
    valid: EncodedText,
    test: EncodedText,
) -> Iterator[str]:
    """Yield a sentence for each difference in kind, with the option that helps."""
    name = ", ".join(corpus.sources)
    held_out = parts.valid + parts.test
    if held_out and config.split != "blocks":
        if are_sorted(corpus.encoded):
            yield (
                f"{name}: the lines are sorted, and the held-out part is from one end of them: "
                "data.split=blocks takes it from everywhere"
            )
        elif config.split != "files":
            yield from _other_file(name, corpus.encoded.file_ends, parts)
    yield from _unseen(config, train, {"validation": valid, "test": test})


def _other_file(name: str, file_ends: tuple[int, ...], parts: Parts) -> Iterator[str]:
    """Remark on a held-out part that is in a few files of its own."""

    def files_in(ranges: list[tuple[int, int]]) -> set[int]:
        begins = np.searchsorted(file_ends, [begin for begin, _ in ranges], side="right")
        ends = np.searchsorted(file_ends, [end for _, end in ranges], side="left")
        return {k for b, e in zip(begins.tolist(), ends.tolist(), strict=True) for k in range(b, e + 1)}

    if len(file_ends) < 2:
        return
    others = files_in(parts.valid + parts.test)
    if len(others) <= MOST_FILES and not others & files_in(parts.train):
        what = "another file" if len(others) == 1 else "other files"
        yield f"{name}: the held-out part is {what} than the training part: data.split=blocks takes from all"


def _unseen(config: DataConfig, train: EncodedText, held_out: dict[str, EncodedText]) -> Iterator[str]:
    counts = train.counts()
    if not (escape := TOKENIZERS[config.tokenizer].fit_counts(counts).escape_probability):
        return  # no character is unseen
    for name, text in held_out.items():
        unseen = {char: count for char, count in text.counts().items() if char not in counts}
        total = sum(unseen.values())
        if total >= FEWEST_UNSEEN and total > FAR_BEYOND * escape * len(text):
            way = "" if config.split == "blocks" else "; data.split=blocks holds out parts of the same kind"
            yield (
                f"the {name} part has {total:,} characters that the training part lacks ({len(unseen):,} "
                f"different ones), {total / max(escape * len(text), 1):,.0f} times as many as expected{way}"
            )
