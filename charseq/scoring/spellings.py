"""The beginnings of spellings, numbered, with the tokens that go on or end a character there."""

import numpy as np

from charseq.arrays import BoolArray, IndexArray, TokenArray
from charseq.text.tokenizers.tokenizer import Tokenizer


class Spellings:
    """The beginnings that were met so far; number 0 is that of no token."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._tokens = [tuple[int, ...]()]
        self._numbers: dict[int, int] = {}
        self._known: dict[tuple[bytes, bytes], int] = {}
        self._ends = np.empty((0, tokenizer.vocab_size), np.bool_)
        self._goes_on = self._ends
        self._kinds = np.array([self._kind(())])

    def below(self, numbers: IndexArray, tokens: IndexArray) -> IndexArray:
        """Return the number of each of the beginnings `numbers` (M,) with one of `tokens` (M,) more."""
        keys, places = np.unique(numbers * self._tokenizer.vocab_size + tokens, return_inverse=True)
        found = [self._number(key) for key in keys.tolist()]
        if len(self._tokens) > len(self._kinds):
            new = [self._kind(begun) for begun in self._tokens[len(self._kinds) :]]
            self._kinds = np.append(self._kinds, new)
        return np.array(found, np.int64)[places]

    def masks(self, numbers: IndexArray) -> tuple[BoolArray, BoolArray]:
        """Return the tokens (M, V) that end a character after the beginnings `numbers`, and the others."""
        kinds = self._kinds[numbers]
        return self._ends[kinds], self._goes_on[kinds]

    def is_end(self, numbers: IndexArray, tokens: IndexArray) -> BoolArray:
        """Return whether each of `tokens` (M,) ends a character after its beginning."""
        return np.asarray(self._ends[self._kinds[numbers], tokens])

    def has_nodes(self, numbers: IndexArray) -> BoolArray:
        """Return whether longer beginnings begin with these."""
        return np.asarray(self._goes_on[self._kinds[numbers]].any(axis=1))

    def chars(self, numbers: IndexArray, tokens: IndexArray) -> TokenArray:
        """Return the places in the alphabet of the characters that `tokens` (M,) end."""
        each = zip(numbers.tolist(), tokens.tolist(), strict=True)
        return np.array([self._char(number, token) for number, token in each], np.int32)

    def _char(self, number: int, token: int) -> int:
        char = self._tokenizer.read((*self._tokens[number], token))
        place = None if char is None else self._tokenizer.place(char)
        return -1 if place is None else place

    def _number(self, key: int) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._tokens)
            parent, token = divmod(key, self._tokenizer.vocab_size)
            self._tokens.append((*self._tokens[parent], token))
        return number

    def _kind(self, tokens: tuple[int, ...]) -> int:
        """Return the row of the masks of a beginning; many beginnings have the same."""
        ends, goes_on = np.zeros((2, self._tokenizer.vocab_size), np.bool_)
        allowed = self._tokenizer.continuations(tokens)
        for token in range(len(ends)) if allowed is None else allowed.tolist():
            is_inner = self._tokenizer.read((*tokens, token)) is None
            (goes_on if is_inner else ends)[token] = True
        key = ends.tobytes(), goes_on.tobytes()
        if key not in self._known:
            self._known[key] = len(self._ends)
            self._ends, self._goes_on = np.vstack([self._ends, ends]), np.vstack([self._goes_on, goes_on])
        return self._known[key]
