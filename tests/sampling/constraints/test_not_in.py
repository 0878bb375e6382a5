"""None of the lines of a file."""

from pathlib import Path

import pytest

from charseq.errors import CharseqError
from charseq.sampling.constraints.constraint import Knowledge
from charseq.sampling.constraints.not_in import NotIn
from charseq.sampling.start import no_training_text
from charseq.text.codec import Codec
from tests.scoring.twins import TOKENIZER

KNOWLEDGE = Knowledge(Codec(TOKENIZER, "line"), no_training_text)


@pytest.fixture
def lines(tmp_path: Path) -> NotIn:
    """Two lines, an empty one and one without a newline."""
    (tmp_path / "lines").write_text("ab\n\nabc\nd")
    return NotIn.of(f"{tmp_path}/lines", KNOWLEDGE)


@pytest.mark.parametrize(
    ("prompt", "text", "may_end"),
    [
        ("", "ab", False),
        ("", "a", True),
        ("", "", True),
        ("a", "b", False),
        ("x\na", "bc", False),
        ("x\nq", "ab", True),
        ("", "q\nab", False),
        ("", "d", False),
    ],
)
def test_no_line_of_the_file_is_written(lines: NotIn, prompt: str, text: str, *, may_end: bool) -> None:
    """A line begins in the prompt or after a newline; it may not end, be it by a newline."""
    state = lines.begin(prompt)
    for char in text:
        assert char in lines.chars(state, 9)
        state = lines.after(state, char)
    assert lines.may_end(state) == may_end
    assert ("\n" in lines.chars(state, 9)) == may_end


def test_a_file_that_is_not_there_is_named() -> None:
    """The message is that of any text."""
    with pytest.raises(CharseqError, match=r"^nowhere: no such file or directory$"):
        NotIn.of("nowhere", KNOWLEDGE)
