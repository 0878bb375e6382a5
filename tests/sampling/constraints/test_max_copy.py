"""Copies of the training text: the index against plain search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.errors import ConfigError, DataError
from charseq.sampling.constraints.constraint import Knowledge
from charseq.sampling.constraints.max_copy import MaxCopy, window_hashes
from charseq.sampling.start import no_training_text
from charseq.text.codec import Codec
from tests.scoring.twins import TOKENIZER

texts = st.text("ab가", max_size=30)


@settings(max_examples=40)
@given(learnt=texts, prompt=texts, text=texts, longest=st.integers(1, 6))
def test_a_character_is_refused_where_it_makes_a_longer_copy(
    learnt: str, prompt: str, text: str, longest: int
) -> None:
    """The last characters with the next one are searched in the training text, the prompt included."""
    copies = MaxCopy(longest, learnt)
    state, read = copies.begin(prompt), prompt
    for char in text:
        window = (read + char)[-longest - 1 :]
        assert (char in copies.chars(state, 9)) == (len(window) <= longest or window not in learnt)
        state, read = copies.after(state, char), read + char


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 20])
def test_windows_are_hashed_alike_in_one_pass_and_one_by_one(size: int) -> None:
    """Each hash is that of its own characters alone."""
    codes = np.random.default_rng(0).integers(0, 3, 40).astype(np.uint64)
    hashes = window_hashes(codes, size)
    assert len(hashes) == 40 - size + 1
    assert hashes.tolist() == [window_hashes(codes[k : k + size], size)[0] for k in range(len(hashes))]


def test_a_training_text_that_is_gone_is_complained_of() -> None:
    """The kind of the error and its reason stay."""

    def gone() -> str:
        raise DataError("a.txt: no longer the text")

    for learnt, error in ((gone, DataError), (no_training_text, ConfigError)):
        with pytest.raises(error, match=r"^sample.max_copy: the training text cannot be read: "):
            MaxCopy.of(3, Knowledge(Codec(TOKENIZER, "line"), learnt))


def test_a_training_text_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index has its bound."""
    monkeypatch.setattr("charseq.sampling.constraints.max_copy.MAX_COPIED_CHARS", 3)
    with pytest.raises(ConfigError, match=r"the training text has 4 characters; an index holds at most 3$"):
        MaxCopy.of(1, Knowledge(Codec(TOKENIZER, "line"), lambda: "abcd"))
