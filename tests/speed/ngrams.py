"""The time and the memory of n-grams of long texts: python tests/speed/ngrams.py 10 100 --order 6.

The numbers are megabytes of a text that is made in a temporary directory: the source files and the English
documents that this Python and its packages have, each content once; or --text FILE is measured. Each text is
read into the cache first; then a process of its own counts the n-grams of its training part. Times are those
of the processor, of this process alone.
"""

import argparse
import os
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from charseq.config import DataConfig
from charseq.files import CACHE_VARIABLE
from charseq.models import NGram
from charseq.text.batches import Examples
from charseq.text.fitting import codec_of
from charseq.text.split import CorpusParts

MEGABYTE = 1_000_000
KINDS = {".py", ".pyi", ".md", ".txt", ".rst", ".h", ".hpp"}


def contents(folders: list[Path]) -> Iterator[bytes]:
    """Yield each different UTF-8 text in the folders."""
    seen = set[int]()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix not in KINDS or not path.is_file():
                continue
            try:
                content = path.read_bytes()
                content.decode()
            except (OSError, UnicodeDecodeError):
                continue
            if hash(content) not in seen:
                seen.add(hash(content))
                yield content


def make(path: Path, num_bytes: int) -> None:
    """Write a text of this size, or of as many bytes as there are."""
    folders = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")]
    with path.open("wb") as file:
        for content in contents(list(dict.fromkeys(folders))):
            missing = num_bytes - file.tell()
            file.write(content[:missing].decode(errors="ignore").encode())  # no half character
            if missing <= len(content):
                return


def measure(path: str, order: int) -> None:
    """Count the n-grams of a text in the cache, and print the time and the peak memory."""
    config = DataConfig(corpus=(path,))
    train = CorpusParts.read(config).train
    codec = codec_of(config, train)
    model, begin = NGram([], codec.vocab_size), time.process_time()
    for _ in model.count_(Examples(train, codec).in_order, order):
        pass
    seconds = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{len(train) / MEGABYTE:6.1f} million characters, vocabulary of {codec.vocab_size:,}: "
        f"{model.num_parameters:,} n-grams in {seconds:.1f} s of CPU, peak {peak:,.0f} MiB",
        flush=True,
    )


def main() -> None:
    """Measure each size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int)
    parser.add_argument("--order", type=int, default=6)
    parser.add_argument("--text")
    parser.add_argument("--measure")
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.order)
        return
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, CACHE_VARIABLE: f"{folder}/cache"}
        command = [sys.executable, __file__, "--order", str(options.order), "--measure"]
        for size in [0] if options.text else options.sizes:
            path = Path(options.text or f"{folder}/text")
            if not options.text:
                make(path, size * MEGABYTE)
            reading = [*command, str(path), "--order", "0"]
            subprocess.run(reading, env=environment, check=True, stdout=subprocess.DEVNULL)
            subprocess.run([*command, str(path)], env=environment, check=True)


if __name__ == "__main__":
    main()
