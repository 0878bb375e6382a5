"""No long copies of the training text: `sample.max_copy`."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from charseq.errors import ConfigError, DataError
from charseq.limits import MAX_COPIED_CHARS
from charseq.sampling.constraints.chars import ALL, Chars
from charseq.sampling.constraints.constraint import Constraint, Knowledge
from charseq.text.tokenizers.tokenizer import code_points

BASE, BITS = 0x9E3779B97F4A7C15, (1 << 64) - 1
"""An odd number without small factors; hashes are sums of its powers, modulo 2 to the power of 64."""

Window = tuple[str, int]
"""The last characters, at most as many as may be copied, and their hash."""


class MaxCopy(Constraint):
    """No part of prompt and text of more than `longest` characters, if it ends in the text, is a copy.

    The index has every different window of `longest` + 1 characters of the training text, sorted by the hash
    of all but its last (Karp and Rabin 1987, "Efficient randomized pattern-matching algorithms").
    """

    name = "max_copy"

    def __init__(self, longest: int, training_text: str) -> None:
        self._longest, self._text = longest, training_text
        self._highest = pow(BASE, longest - 1, 1 << 64)
        codes = code_points(training_text).astype(np.uint64)
        if len(codes) <= longest:
            self._hashes, self._places = np.empty(0, np.uint64), np.empty(0, np.int64)
            return
        places = np.unique(window_hashes(codes, longest + 1), return_index=True)[1]
        hashes = window_hashes(codes[:-1], longest)[places]
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._places = hashes[order], places[order]

    @classmethod
    def of(cls, value: int, knowledge: Knowledge) -> Self:
        """Return the constraint. Raises ConfigError or DataError if the training text is gone."""
        try:
            text = knowledge.training_text()
        except (ConfigError, DataError) as error:
            raise type(error)(f"sample.max_copy: the training text cannot be read: {error}") from None
        if len(text) > MAX_COPIED_CHARS:
            raise ConfigError(
                f"sample.max_copy: the training text has {len(text):,} characters; an index holds at most "
                f"{MAX_COPIED_CHARS:,}"
            )
        return cls(value, text)

    def begin(self, prompt: str) -> Window:
        """Return the last characters of the prompt."""
        state = ("", 0)
        for char in prompt[-self._longest :]:
            state = self.after(state, char)
        return state

    def after(self, state: Window, char: str) -> Window:
        """Return the last characters with another one."""
        window, found = state
        if len(window) == self._longest:
            found -= ord(window[0]) * self._highest
            window = window[1:]
        return window + char, (found * BASE + ord(char)) & BITS

    def chars(self, state: Window, left: int) -> Chars:
        """Return all characters but those that follow the last ones somewhere in the training text."""
        window, found = state
        if len(window) < self._longest:
            return ALL
        hashes, key = self._hashes, np.uint64(found)
        first = int(hashes.searchsorted(key))
        if first == len(hashes) or hashes[first] != key:
            return ALL
        last, text, size = int(hashes.searchsorted(key, "right")), self._text, self._longest
        return Chars(
            frozenset(
                text[place + size]
                for place in self._places[first:last].tolist()
                if text[place : place + size] == window
            ),
            others=True,
        )


def window_hashes(codes: NDArray[np.uint64], size: int) -> NDArray[Any]:
    """Return the hash of each window of `size` codes, (L - size + 1,), by windows that double in length."""
    hashes, length = codes, 1
    for bit in f"{size:b}"[1:]:
        power = np.uint64(pow(BASE, length, 1 << 64))
        hashes = hashes[:-length] * power + hashes[length:]
        length *= 2
        if bit == "1":
            hashes = hashes[:-1] * np.uint64(BASE) + codes[length:]
            length += 1
    return hashes
