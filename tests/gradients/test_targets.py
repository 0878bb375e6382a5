"""The weights of targets."""

from charseq.gradients import TARGETS
from charseq.text import CharTokenizer
from charseq.text.codec import Codec
from tests.gradients.builders import make_window


def test_every_target_counts_once() -> None:
    """The choice "all" gives no weights: each target of a window counts once."""
    assert TARGETS["all"](Codec(CharTokenizer.fit("hello"), "stream"))(make_window(3)) is None
