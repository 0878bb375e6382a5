"""Several texts, each with a prompt of its own, that a model reads together, one token of each at a step."""

from collections.abc import Sequence

import numpy as np

from charseq.arrays import FloatArray, IndexArray, TokenArray
from charseq.models import LanguageModel

PROMPT_STEPS = 64
"""The number of steps in which prompts are read."""


class Together:
    """The state of N texts, each of which continues one of the `prompts`; `tokens` (N,) are the next inputs.

    Prompts of different lengths end at the same step: each begins, from the zero state, when it is due.
    """

    def __init__(self, model: LanguageModel, prompts: Sequence[Sequence[int]]) -> None:
        num_texts, lengths = len(prompts), np.array([len(prompt) for prompt in prompts])
        differ = bool(np.ptp(lengths))
        self._model, self._state = model, model.initial_state(num_texts)
        inputs = np.zeros((lengths.max(), num_texts), np.int32)
        for k, prompt in enumerate(prompts):
            inputs[-len(prompt) :, k] = prompt
        begins = np.arange(len(inputs))[:, None] == len(inputs) - lengths if differ else None
        work = model.workspace(PROMPT_STEPS, num_texts, resets=differ, backward=False)
        for begin in range(0, len(inputs) - 1, PROMPT_STEPS):
            some = slice(begin, min(begin + PROMPT_STEPS, len(inputs) - 1))
            model.forward(inputs[some], self._state, work, resets=None if begins is None else begins[some])
        self._works = {num_texts: model.workspace(1, num_texts, resets=differ, backward=False)}
        self._begins, self.tokens = None if begins is None else begins[-1:], inputs[-1].copy()

    def read(self) -> FloatArray:
        """Read the next input of each text; return the logits (N, V) of the token after it."""
        work = self._works[len(self.tokens)]
        logits: FloatArray = self._model.forward(self.tokens[None], self._state, work, resets=self._begins)[0]
        if self._begins is not None:  # a prompt of a single token began with it
            self._begins = np.zeros_like(self._begins)
        return logits

    def branch_(self, texts: IndexArray, tokens: TokenArray) -> None:
        """Go on with M texts: copies of those with the numbers `texts` (M,), and their next inputs (M,).

        A text may go on in several ways, or in none.
        """
        if len(tokens) not in self._works:
            self._works[len(tokens)] = self._model.workspace(1, len(tokens), backward=False)
        self._state, self.tokens, self._begins = self._state.take(texts), tokens, None
