"""Suggested settings."""

import numpy as np
import pytest

from charseq.analysis.corpus_advice import suggestions
from charseq.analysis.corpus_facts import CorpusFacts
from charseq.text.corpus import Corpus
from charseq.text.encodings import SourceFormat
from charseq.text.symbols import ASCII, EncodedText

PROSE = "It was a dark and stormy night, and the rain fell in torrents on the roof.\n" * 200
NAMES = "".join(f"name{number * 7919 % 997}\n" for number in range(400))
SORTED = "".join(sorted(NAMES.splitlines(keepends=True)))


def suggested(text: EncodedText) -> list[str]:
    """Return the options that are suggested for a text."""
    facts = CorpusFacts.of(Corpus(text, ("-",), len(text), "0" * 64), SourceFormat())
    found = list(suggestions(facts))
    assert all(one.reason for one in found)
    return [one.option for one in found]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (PROSE, ["--unit stream", "--split tail", "--kind ngram", "--order 5"]),
        (NAMES, ["--unit line", "--split blocks", "--kind ngram", "--order 5"]),
        (
            "".join(sorted(NAMES.splitlines(keepends=True))),
            ["--unit line", "--split blocks", "--kind ngram", "--order 5"],
        ),
        (NAMES + "\n", ["--unit stream", "--split tail", "--kind ngram", "--order 5"]),
        (PROSE * 7, ["--unit stream", "--split tail", "--hidden-size 256"]),
    ],
    ids=["prose", "names", "sorted names", "an empty line", "more prose"],
)
def test_texts_have_fitting_suggestions(text: str, options: list[str]) -> None:
    """A list is lines from everywhere, prose is a stream; a small text is counted."""
    assert suggested(EncodedText.of(text)) == ["--tokenizer char", *options]


def test_many_files_are_documents_that_are_held_out_whole() -> None:
    """Two files are a stream, twenty are documents."""
    text = EncodedText.of(PROSE)
    text.file_ends = (10, len(text))
    assert suggested(text)[1:3] == ["--unit stream", "--split blocks"]
    text.file_ends = tuple(range(1, 21))
    assert suggested(text)[1:3] == ["--unit document", "--split files"]


def test_a_large_text_has_a_larger_network() -> None:
    """From 20 million characters on more units are suggested."""
    symbols = np.broadcast_to(np.uint8(97), 20_000_000)
    assert suggested(EncodedText(symbols, ASCII))[-1] == "--hidden-size 512"
