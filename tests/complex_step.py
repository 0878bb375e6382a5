"""Derivatives without differences: the complex step, for comparison with every analytic gradient.

For an analytic f, Im f(x + i h) / h is f'(x) up to h^2, with no subtraction to lose digits in, so h = 1e-30
gives the derivative to the last digit. Everything that `loss` touches must be complex128.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

STEP = 1e-30


def complex_step(loss: Callable[[], complex], variable: Array) -> Iterator[tuple[tuple[int, ...], float]]:
    """Yield each index of `variable` and the derivative of `loss` there; `variable` is left as it was."""
    for index in np.ndindex(variable.shape):
        value = variable[index]
        variable[index] = value + STEP * 1j
        derivative = loss().imag / STEP
        variable[index] = value
        yield index, derivative


def check_gradients(
    loss: Callable[[], complex],
    variables: Mapping[str, Array],
    gradients: Mapping[str, Array],
    *,
    tolerance: float = 1e-10,
) -> None:
    """Raise AssertionError unless `gradients` holds the derivative of `loss` by every element of `variables`.

    `loss` takes no argument and must read the arrays in `variables` anew. The tolerance is relative for
    derivatives above 1, absolute below.
    """
    wrong = []
    for name, variable in variables.items():
        gradient = gradients[name]
        assert gradient.shape == variable.shape, f"{name}: gradient {gradient.shape}, not {variable.shape}"
        for index, numeric in complex_step(loss, variable):
            analytic = gradient[index].real
            if not abs(analytic - numeric) <= tolerance * max(1.0, abs(numeric)):
                wrong.append(f"{name}{list(index)}: analytic {analytic:.12g}, numeric {numeric:.12g}")
    if wrong:
        raise AssertionError("\n".join([f"{len(wrong)} wrong derivatives, the first of them:", *wrong[:8]]))
