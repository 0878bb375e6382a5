"""The speed of reading large texts, and the memory that takes: python tests/speed/large_texts.py 10 100 1000.

The numbers are megabytes. Each text is made in a temporary directory and read twice there, each time by a
process of its own: first without, then with the cache. Then all windows of one pass are made.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from charseq.config import DataConfig
from charseq.files import CACHE_VARIABLE
from charseq.text.batches import Batches, Examples
from charseq.text.builtin import builtin_bytes
from charseq.text.fitting import codec_of
from charseq.text.split import CorpusParts

MEGABYTE = 1_000_000


def make(path: Path, num_bytes: int) -> None:
    """Write the standard library's source, repeated, without the bytes that are not UTF-8."""
    raw = b"".join(builtin_bytes("builtin:stdlib")).decode("utf-8", "ignore").encode()
    with path.open("wb") as file:
        while (missing := num_bytes - file.tell()) > 0:
            whole = raw[:missing].decode("utf-8", "ignore").encode()  # no half character
            file.write(whole or b" " * missing)


def measure(path: str) -> None:
    """Print the speed of reading and of making windows, and the peak memory."""
    config = DataConfig(corpus=(path,))
    begin = time.perf_counter()
    parts = CorpusParts.read(config)
    read = time.perf_counter()
    examples = Examples(parts.train, codec_of(config, parts.train))
    for _ in Batches(examples, batch_size=64, seq_length=64):
        pass
    end = time.perf_counter()
    size, trained = parts.num_bytes / MEGABYTE, len(parts.train) / MEGABYTE
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{size:6,.0f} MB: read {size / (read - begin):4.0f} MB/s, windows {trained / (end - read):4.0f} "
        f"million characters/s, peak {peak:4.0f} MiB",
        flush=True,
    )


def main(sizes: list[int]) -> None:
    """Measure each size twice, first without and then with the cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, CACHE_VARIABLE: f"{folder}/cache"}
        for size in sizes:
            path = Path(folder, "text")
            make(path, size * MEGABYTE)
            for _ in range(2):
                subprocess.run([sys.executable, __file__, "--read", str(path)], env=environment, check=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        measure(sys.argv[2])
    else:
        main([int(size) for size in sys.argv[1:]])
