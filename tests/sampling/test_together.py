"""Texts that are read together."""

import numpy as np

from charseq.sampling.together import PROMPT_STEPS, Together
from tests.builders import assert_close
from tests.scoring.twins import Kind, each

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
