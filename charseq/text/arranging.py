"""A text put together from ranges of another one; a large one is in the cache and not in memory."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from charseq.text import cache
from charseq.text.symbols import EncodedText


def arranged(text: EncodedText, ranges: Sequence[tuple[int, int]], key: str) -> EncodedText:
    """Return the `ranges` of a text one after the other; `key` says where the text and the ranges are from.

    If they are consecutive, nothing is copied. Raises DataError if the cache cannot be written.
    """
    if all(end == begin for (_, end), (begin, _) in pairwise(ranges)):
        return text[ranges[0][0] : ranges[-1][1]] if ranges else text[:0]
    if not text.is_mapped:
        symbols = np.concatenate([text.symbols[begin:end] for begin, end in ranges])
        return EncodedText(symbols, text.alphabet, num_bytes=text.num_bytes)
    name = hashlib.sha256(key.encode()).hexdigest()
    if (found := cache.find(name)) is not None:
        return found
    with cache.Draft() as draft:
        for begin, end in ranges:
            for piece in text[begin:end].pieces():
                draft.write(piece)
        return draft.keep(name, text.alphabet, text.num_bytes)
