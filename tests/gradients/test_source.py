"""The contract of a source: all that a minimal one needs is a gradient."""

import numpy as np

from charseq.gradients import GradientSource, Plan
from charseq.network.parameters import Parameters
from charseq.text.batches import Window
from tests.gradients.builders import make_window


class Flat(GradientSource):
    """Says that every loss is 1 and flat."""

    def gradient(self, window: Window, step: int) -> tuple[float, Parameters]:
        return 1.0, Parameters({"V": (2, 2)})


def test_a_source_without_memory_and_processes_is_one_method() -> None:
    """It is entered, used, told what happens and left, with nothing of its own but the gradient."""
    with Flat() as source:
        loss, gradient = source.gradient(make_window(2), 0)
        source.forget_()
        source.after_step(gradient)
    assert (loss, gradient.flat.any(), source.arrays(), source.plan) == (1.0, np.False_, {}, Plan())
