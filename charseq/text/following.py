"""The tokens that may follow each other in the spellings of characters."""

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.text.tokenizers.tokenizer import Tokenizer


class Following:
    """The tokens that may follow each token of a `tokenizer`."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        kinds = {_continuations(tokenizer, ()): 0}
        self._kinds = np.zeros(tokenizer.vocab_size + 1, np.intp)  # 0 after a character; the last is UNSEEN
        begun = [tuple[int, ...]()]
        while begun:
            tokens = begun.pop()
            for token in _continuations(tokenizer, tokens):
                longer = (*tokens, token)
                if tokenizer.read(longer) is None:
                    after = _continuations(tokenizer, longer)
                    self._kinds[token] = kinds.setdefault(after, len(kinds))
                    begun.append(longer)
        self._penalties = np.full((len(kinds), tokenizer.vocab_size), -np.inf, np.float32)
        for allowed, kind in kinds.items():
            self._penalties[kind, list(allowed)] = 0

    def penalties(self, inputs: TokenArray | int) -> FloatArray:
        """Return 0 for the tokens that may follow each of `inputs` (...), -infinity for others: (..., V)."""
        return self._penalties[self._kinds[inputs]]


def _continuations(tokenizer: Tokenizer, tokens: tuple[int, ...]) -> tuple[int, ...]:
    allowed = tokenizer.continuations(tokens)
    return tuple(range(tokenizer.vocab_size) if allowed is None else allowed.tolist())
