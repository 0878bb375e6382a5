"""Whole texts that commands and reports show, kept as files in tests/golden/text.

After an intended change,

    REWRITE_GOLDEN=1 python -m pytest

writes them all anew; what changed is then seen with `git diff`.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden" / "text"
SWITCH = "REWRITE_GOLDEN"
REWRITE = os.environ.get(SWITCH) == "1"
"""Read once, since tests remove charseq's variables from the environment."""


def assert_golden(name: str, text: str) -> None:
    """Check that `text` is what the golden file `name` holds, or write it there where rewriting is on."""
    path = FOLDER / name
    if REWRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return
    assert path.exists(), f"{path} is missing; {SWITCH}=1 writes it"
    with path.open(encoding="utf-8", newline="") as file:
        expected = file.read()
    assert text == expected, f"differs from {path}; if this is intended, {SWITCH}=1 writes it anew"
