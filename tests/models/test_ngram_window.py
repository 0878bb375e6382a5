"""The last tokens of streams, as n-grams look at them."""

import numpy as np

from charseq.models.ngram_window import CONTEXT, ReadTokens, initial_state
from charseq.text import UNSEEN

TOKENS = np.array([[1, 5], [2, 6], [3, 7]], np.int32)
RESETS = np.array([[False, False], [False, True], [False, False]])


def test_the_state_at_the_end_has_the_last_tokens_of_each_stream() -> None:
    """What was read before a reset is forgotten, the token after it is not."""
    state = initial_state(2, 4)
    ReadTokens.after(state, TOKENS, RESETS).advance_(state)
    assert state.arrays[CONTEXT].tolist() == [[UNSEEN, 1, 2, 3], [UNSEEN, UNSEEN, 6, 7]]


def test_the_state_after_any_step_is_recalled() -> None:
    """The tokens before the window count, too."""
    state = initial_state(2, 2)
    ReadTokens.after(state, TOKENS, None).advance_(state)
    window = ReadTokens.after(state, TOKENS, RESETS)
    recalled = window.recall(np.array([0, 1, 0]), np.array([0, 1, 1]), 2).arrays[CONTEXT]
    assert recalled.tolist() == [[3, 1], [UNSEEN, 6], [7, 5]]


def test_a_window_of_no_context_has_an_empty_state() -> None:
    """As for 1-grams."""
    state = initial_state(2, 0)
    ReadTokens.after(state, TOKENS, RESETS).advance_(state)
    assert state.arrays[CONTEXT].shape == (2, 0)
