"""The array types of the project.

Arrays are time-major: tokens (T, N), activations (T, N, H), logits (T, N, V), so `x[t]` is contiguous and
(T * N, H) is a free reshape. Everything below the model works in the dtype it is given: float32 in use,
float64 and complex128 in tests.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[Any]
"""Floating point; complex in the derivative tests."""

TokenArray: TypeAlias = NDArray[np.int32]
"""Token numbers in [0, V), or UNSEEN (-1) for a character the vocabulary lacks."""

BoolArray: TypeAlias = NDArray[np.bool_]
