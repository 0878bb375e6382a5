"""The time that compiling takes, and sentences about it: once it is felt, and where it is not wanted."""

import time
from collections.abc import Callable

from charseq.files import CACHE_VARIABLE

SLOW_SECONDS = 1.0
"""The time from which on compiling is felt."""
WHAT = "numba compiles for this machine, which takes some seconds"


class Watch:
    """Measures how long functions are compiled; `say` is called with a sentence when that is felt."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.say: Callable[[str], None] | None = None
        self._clock, self._begun = clock, list[float]()
        self._seconds, self._has_said, self._told = 0.0, False, set[str]()

    def tell(self, sentence: str) -> None:
        """Say a sentence, but not twice."""
        if self.say is not None and sentence not in self._told:
            self._told.add(sentence)
            self.say(sentence)

    def begin(self) -> None:
        """Take note that a function is compiled from now on, perhaps as a part of another one."""
        self._begun.append(self._clock())

    def end(self, *, is_kept: bool) -> None:
        """Take note that the function that was begun last is compiled, and whether its code is on disk."""
        begin = self._begun.pop()
        self._seconds += 0.0 if self._begun else self._clock() - begin  # a part counts with the whole
        if self.say is not None and self._seconds >= SLOW_SECONDS and not self._has_said:
            self._has_said = True
            once = "once: the code is kept in the cache"
            always = (
                f"each time, for nothing can be kept in the cache: {CACHE_VARIABLE} names another directory"
            )
            self.say(f"{WHAT}, {once if is_kept else always}")


watch = Watch()
"""The watch of this process."""
