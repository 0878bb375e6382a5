"""Counts of the different numbers of a long sequence, in bounded memory: sorted runs on disk, merged.

The numbers are collected in a run of fixed size, which is sorted and counted when it is full, so that each of
its numbers is kept once, and written to a temporary file. In the end all runs are merged. Source: Knuth 1973,
"The Art of Computer Programming", volume 3, section 5.4, "External sorting".
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from charseq.arrays import IndexArray
from charseq.errors import CharseqError

Codes = NDArray[np.uint64]

RUN_SIZE = 1 << 24
"""The numbers of a run: 128 MiB."""
MERGE_SIZE = 1 << 20
"""The numbers that are merged at once, of all runs together; at least one of each run."""


class SortedRuns:
    """The counts of the numbers that are added; a context manager, which removes the temporary file."""

    def __init__(self, run_size: int | None = None, merge_size: int | None = None) -> None:
        self._size, self._merge_size = run_size or RUN_SIZE, merge_size or MERGE_SIZE
        self._run, self._num_filled = np.empty(self._size, np.uint64), 0
        self._runs: list[_Run] = []
        self._file: BinaryIO | None = None
        self._stack = ExitStack()
        self.num_added = 0

    def __enter__(self) -> "SortedRuns":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # closing writes the rest of the buffer, which fails again on a full disk
            self._stack.close()

    def add_(self, codes: Codes) -> None:
        """Add numbers (M,). Raises CharseqError if the temporary file cannot be written."""
        self.num_added += len(codes)
        while len(codes):
            if self._num_filled == self._size:
                self._write(*_counted(self._run))
                self._num_filled = 0
            some = codes[: self._size - self._num_filled]
            self._run[self._num_filled : self._num_filled + len(some)] = some
            self._num_filled += len(some)
            codes = codes[len(some) :]

    def merged(self) -> Iterator[tuple[Codes, IndexArray]]:
        """Yield all different numbers in ascending order, with their counts, in pieces; call it once.

        Raises CharseqError if the temporary file cannot be written or read.
        """
        codes, counts = _counted(self._run[: self._num_filled])
        self._run = np.empty(0, np.uint64)
        if self._file is None:
            for begin in range(0, len(codes), self._merge_size):
                end = begin + self._merge_size
                yield codes[begin:end], counts[begin:end]
            return
        self._write(codes, counts)
        del codes, counts
        size = max(1, self._merge_size // len(self._runs))
        while self._runs:
            for run in self._runs:
                run.fill_(self._file, size)
            # No number that is still in the file is smaller than the last one in memory of its run.
            bound = min(run.codes[-1] for run in self._runs)
            yield _merged([run.take_(bound) for run in self._runs])
            self._runs = [run for run in self._runs if not run.is_empty]

    def _write(self, codes: Codes, counts: IndexArray) -> None:
        if not len(codes):
            return
        with _errors():
            if self._file is None:
                temporary = tempfile.TemporaryFile(prefix="charseq-")  # noqa: SIM115 (closed by __exit__)
                self._file = self._stack.enter_context(temporary)
            begin = self._file.seek(0, 2)
            self._file.write(codes.data)
            self._file.write(counts.data)
            self._file.flush()
        self._runs.append(_Run(begin, len(codes)))


class _Run:
    """A run in a file, which has its numbers and then their counts; some of these are in memory."""

    def __init__(self, begin: int, length: int) -> None:
        self._begin, self._num_read, self._length = begin, 0, length
        self.codes, self._counts = np.empty(0, np.uint64), np.empty(0, np.int64)

    @property
    def is_empty(self) -> bool:
        return self._num_read == self._length and not len(self.codes)

    def fill_(self, file: BinaryIO, size: int) -> None:
        """Read the next `size` numbers if none is left in memory."""
        if len(self.codes):
            return
        begin, size = self._begin + 8 * self._num_read, min(size, self._length - self._num_read)
        with _errors():
            self.codes = _read(file, begin, size, np.uint64)
            self._counts = _read(file, begin + 8 * self._length, size, np.int64)
        self._num_read += size

    def take_(self, bound: np.uint64) -> tuple[Codes, IndexArray]:
        """Remove from memory the numbers up to `bound`, and return them with their counts."""
        num = int(self.codes.searchsorted(bound, side="right"))
        taken = self.codes[:num], self._counts[:num]
        self.codes, self._counts = self.codes[num:], self._counts[num:]
        return taken


def _read(file: BinaryIO, begin: int, size: int, dtype: type) -> NDArray[Any]:
    file.seek(begin)
    content = file.read(8 * size)
    if len(content) < 8 * size:
        raise OSError("it is shorter than it was")
    return np.frombuffer(content, dtype)


def _counted(run: Codes) -> tuple[Codes, IndexArray]:
    """Sort a `run` in place, and return its different numbers with their counts."""
    run.sort()
    ends = np.flatnonzero(np.append(run[1:] != run[:-1], True)[: len(run)])
    return run[ends], np.diff(ends, prepend=-1)


def _merged(parts: list[tuple[Codes, IndexArray]]) -> tuple[Codes, IndexArray]:
    """Return the different numbers of several parts with the sums of their counts."""
    codes = np.concatenate([part for part, _ in parts])
    order = codes.argsort(kind="stable")  # this sort is fast where parts are sorted already
    codes = codes[order]
    begins = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    return codes[begins], np.add.reduceat(np.concatenate([counts for _, counts in parts])[order], begins)


@contextmanager
def _errors() -> Iterator[None]:
    """Raise the errors of the temporary file as CharseqError."""
    try:
        yield
    except OSError as error:
        raise CharseqError(
            f"{tempfile.gettempdir()}: cannot hold the counts of a long text: {error.strerror or error}; "
            "the environment variable TMPDIR names another directory"
        ) from None
