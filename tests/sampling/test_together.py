"""Texts that are read together."""

import numpy as np

from charseq.sampling.together import PROMPT_STEPS, Together
from tests.builders import assert_close
from tests.scoring.twins import Kind, each, model_of

PROMPTS = [[3], [1, 2, 3], [2] * (PROMPT_STEPS + 5), [1, 4] * 10]


@each(Kind("gru", "line"), Kind("lstm", "stream"), Kind("ngram", "line"), Kind("mixture", "line"))
def test_prompts_of_different_lengths_are_read_as_each_alone(kind: Kind) -> None:
    """What follows a prompt does not depend on the others."""
    model = kind.make()
    together, alone = Together(model, PROMPTS), [Together(model, [prompt]) for prompt in PROMPTS]
    for token in (1, 2):
        found = together.read().copy()
        assert_close(found, np.concatenate([one.read() for one in alone]), tolerance=1e-5)
        for one in [together, *alone]:
            one.tokens[...] = token


def test_a_text_that_branches_goes_on_as_if_each_branch_were_alone() -> None:
    """Copies of one text get other tokens; a text without a branch is gone."""
    model = model_of("gru")
    together = Together(model, [[1, 2, 3], [4]])
    together.read()
    together.branch_(np.array([1, 1, 0]), np.array([5, 6, 7], np.int32))
    found = together.read().copy()
    for row, tokens in zip(found, ([4, 5], [4, 6], [1, 2, 3, 7]), strict=True):
        np.testing.assert_allclose(row, Together(model, [tokens]).read()[0], rtol=1e-9)
