"""The speed of the comparison of a text with a corpus: python tests/speed/novelty.py.

A megabyte of the standard library's source is compared with ten others, once new and once copied from them.
"""

import resource
import time

from charseq.analysis.novelty import novelty
from charseq.text.builtin import builtin_bytes

MEGABYTE = 1_000_000


def main() -> None:
    """Print the process time and the peak memory."""
    source = b"".join(builtin_bytes("builtin:stdlib")).decode("utf-8", "ignore")
    corpus = source[: 10 * MEGABYTE]
    for name, text in (("new", source[11 * MEGABYTE : 12 * MEGABYTE]), ("copied", corpus[-MEGABYTE:])):
        begin = time.process_time()
        found = novelty(text, corpus)
        seconds, peak = time.process_time() - begin, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        longest = len(found.spans[0].text)
        print(
            f"{name}: {seconds:.1f} s, longest span {longest:,} characters, peak {peak:.0f} MiB", flush=True
        )


if __name__ == "__main__":
    main()
