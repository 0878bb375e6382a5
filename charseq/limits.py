"""Every bound on what is read from files, options and pipes: beyond them lies a mistake or a trap."""

MAX_MESSAGE_CHARS = 800
"""Characters of an error message; it may quote from a file or an option."""
MAX_SMALL_BYTES = 1 << 20
"""Bytes of a file of settings or cases: PyYAML reads so many in some ten seconds."""
MAX_DOTS = 1000
"""Dots on a line of TOML: reading a dotted key takes time that grows with the square of its length."""
MAX_DEVICE_BYTES = 1 << 28
"""Bytes that are read of a character device."""
MAX_GZIP_RATIO = 200
"""A compressed file may unpack to so many times its size, or to 32 MiB."""
MAX_COUNT = 10**15
"""Steps or characters in a setting: more than a lifetime of training, and exact in a float64."""
MAX_SEED = 1 << 128
"""Seeds and whole numbers in a model file are below this; the state of the random generator needs so much."""
MAX_THREADS = 256
"""Processes that share a batch: more would bring a machine down."""
MAX_STEP = 1 << 53
"""Steps in a record of a validation: beyond this a float64 skips whole numbers."""
MAX_NGRAM_COUNT = 1 << 48
"""Occurrences of an n-gram in a model file: sums of them still fit an int64."""
