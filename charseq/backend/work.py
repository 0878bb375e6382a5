"""The work from which on compiled code pays: less of it would be done before numba is loaded."""

WORK_THAT_PAYS = 3e10
"""The parameters times tokens of forward passes from which on compiled code is used.

NumPy needs about a second for them, and numba as long to be loaded with its kernels (measured: 0.7 s).
"""
TRAINING = 3
"""The work of training on a token, in forward passes: the backward pass is two more."""
LEAST_WORK = {1: 400_000, 32: 30_000}
"""The parameters that a token counts as at least, by the number of streams: a step takes as long."""
