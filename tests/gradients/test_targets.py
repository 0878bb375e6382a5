"""The weights of targets."""

import numpy as np
import pytest

from charseq.gradients import TARGETS
from charseq.text import CharTokenizer
from charseq.text.batches import Batches, Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from tests.extensions.twin_tokenizer import PairTokenizer
from tests.gradients.builders import make_window

TEXT = "hell=o\nkin=g\nexper=t\n" * 4


def test_every_target_counts_once() -> None:
    """The choice "all" gives no weights: each target of a window counts once."""
    assert TARGETS["all"](Codec(CharTokenizer.fit("hello"), "stream"))(make_window(3)) is None


@pytest.mark.parametrize("tokenizer", [CharTokenizer, PairTokenizer])
@pytest.mark.parametrize(
    ("loss_on", "separator", "counted"),
    [
        ("auto", "=", "o\ng\nt\n" * 4),
        ("target", "=", "o\ng\nt\n" * 4),
        ("last", "", "o\ng\nt\n" * 4),
        ("all", "=", TEXT),
        ("auto", "", TEXT),
    ],
)
def test_the_targets_that_count_are_those_of_the_choice(
    tokenizer: type, loss_on: str, separator: str, counted: str
) -> None:
    """However windows cut the lines, the tokens with weight 1 spell the characters that are chosen."""
    codec = Codec(tokenizer.fit(TEXT), "line", target_after=separator, loss_on=loss_on)  # type: ignore[attr-defined]
    batches = Batches(Examples(EncodedText.of(TEXT), codec), batch_size=1, seq_length=5)
    tokens = list[int]()
    for window in batches:
        weights = TARGETS[loss_on](codec)(window)
        chosen = np.ones_like(window.targets) if weights is None else weights
        tokens += window.targets[chosen == 1].tolist()
    assert "".join(codec.texts(tokens)) == counted
