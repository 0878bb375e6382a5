"""English prose out of what programs say about themselves: sentences of which none repeats another."""

import hashlib
import re
import textwrap
from collections.abc import Iterable, Iterator

WIDTH = 40
"""The most characters of a line, except for a longer word."""
PHRASE = 4
"""The words in a row that stand only once."""
PLAIN_SHARE = 0.75
"""The least share of plain English words in prose; below, it is code, a table or a list."""

PLAIN = re.compile(r"""[("'`]*[A-Za-z][a-z'-]*[)"'`.,;:!?]*""")
CLOSED = re.compile(r"""[.!?:][)"']?$""")
BETWEEN_SENTENCES = re.compile(r"""(?<=[.!?]) +(?=[A-Z"'(])""")


def prose(texts: Iterable[str]) -> str:
    """Return the sentences of prose in `texts`, without repetition, as short lines.

    Sentences of one paragraph stay together. The paragraphs come in an order that has nothing to do with
    that of the texts, so that the end of the result, which is held out, is like its beginning.
    """
    found = without_repetition(paragraph for text in texts for paragraph in paragraphs(text))
    mixed = sorted(found, key=lambda paragraph: hashlib.sha256(paragraph.encode()).digest())
    return "\n\n".join(
        textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False) for paragraph in mixed
    )


def paragraphs(text: str) -> Iterator[str]:
    """Yield the paragraphs of `text` that are prose, each as one line."""
    for block in re.split(r"\n\s*\n", text):
        lines = textwrap.dedent(block).strip("\n").split("\n")
        paragraph = " ".join(" ".join(lines).split())
        if not any(line[:1].isspace() for line in lines) and _is_prose(paragraph):
            yield paragraph


def _is_prose(paragraph: str) -> bool:
    """Return whether a paragraph is a sentence or more of mostly plain words, in ASCII."""
    words = paragraph.split()
    num_plain = sum(PLAIN.fullmatch(word) is not None for word in words)
    closed = CLOSED.search(paragraph) is not None
    return closed and paragraph.isascii() and num_plain >= PLAIN_SHARE * len(words)


def without_repetition(paragraphs: Iterable[str]) -> Iterator[str]:
    """Yield each paragraph without the sentences that share a phrase of four words with an earlier one.

    A sentence of three words is one phrase. Shorter ones are left out, and so are empty paragraphs.
    """
    seen = set[tuple[str, ...]]()
    for paragraph in paragraphs:
        kept = []
        for sentence in BETWEEN_SENTENCES.split(paragraph):
            words = re.findall(r"\w+", sentence.lower())
            phrases = {tuple(words[at : at + PHRASE]) for at in range(max(1, len(words) - PHRASE + 1))}
            if len(words) >= PHRASE - 1 and seen.isdisjoint(phrases):
                seen |= phrases
                kept.append(sentence)
        if kept:
            yield " ".join(kept)
