"""Python's garbage collector, which takes time from training."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def settled_objects() -> Iterator[None]:
    """Within the context, let the collector look at new objects only, not at all that was there before.

    With numba these are more than a hundred thousand, and looking at them took 7 % of the time.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
