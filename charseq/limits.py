"""All bounds on input from files, options and pipes: larger input is a mistake or an attack."""

MAX_MESSAGE_CHARS = 800
"""Characters of an error message, which may quote a file or an option."""
MAX_SMALL_BYTES = 1 << 20
"""Bytes of a file of settings or cases: PyYAML takes about ten seconds to read that many."""
MAX_DOTS = 1000
"""Dots on a line of TOML: the time to read a dotted key grows with the square of its length."""
MAX_DEVICE_BYTES = 1 << 28
"""Bytes that are read from a character device."""
MAX_PACKED_RATIO = 200
"""The factor by which a compressed file may grow when it is unpacked; up to 32 MiB it may grow more."""
MAX_COUNT = 10**15
"""Steps or characters in a setting: more than any training can do, and exact in a float64."""
MAX_SEED = 1 << 128
"""Seeds and whole numbers in a model file are below this: the state of a random generator has 128 bits."""
MAX_THREADS = 256
"""Processes that share a batch: more of them can make a machine unusable."""
MAX_STEP = 1 << 53
"""Steps in the record of a validation: beyond this number a float64 is not exact."""
MAX_NGRAM_COUNT = 1 << 48
"""Occurrences of an n-gram in a model file: their sums still fit an int64."""
MAX_CELL_CHARS = 10_000_000
"""The longest cell of a CSV file, in characters."""
MAX_PATTERN_STATES = 10_000
"""States of the automaton of a regular expression."""
MAX_COPIED_CHARS = 1 << 27
"""Characters of a training text whose parts are not to be copied: the index takes 16 bytes for each."""
MAX_TRIED_TOKENS = 200_000
"""Tokens that are read for one text under constraints, before they are said to be too much to ask."""
MAX_SEARCH_SECONDS = 600
"""Seconds that the search for the likeliest texts may take by its estimate; more is refused."""
