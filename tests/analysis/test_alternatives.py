"""New texts with what the model expected at their characters."""

import numpy as np
import pytest

from charseq.analysis.alternatives import choices
from charseq.config import Settings
from charseq.runs.checkpoint import Checkpoint, Provenance
from charseq.scoring import Scorer
from tests.scoring.twins import Kind, each


@each(Kind("gru", "stream"), Kind("ngram", "line"), Kind("mixture", "stream", "pair"))
def test_the_bits_are_those_of_new_characters_after_the_prompt(kind: Kind) -> None:
    """The boldest are the least likely of all texts, none of the prompt, with the likeliest beside them."""
    origin = Provenance((), "", 0, 0, 0, 0, "", "", "", "")
    checkpoint = Checkpoint(kind.make(), kind.codec, Settings(), origin)
    found = choices(checkpoint, "hel", ["lo w", "", "per"], num_boldest=3)
    assert [text for text, _ in found.texts] == ["lo w", "", "per"]
    everything = []
    for text, bits in found.texts:
        expected = Scorer(checkpoint.model, kind.codec).score(f"hel{text}").bits[3:]
        assert bits == pytest.approx(expected)
        everything += list(zip(expected.tolist(), text, strict=True))
    boldest = found.boldest.hardest
    assert [(one.bits, one.char) for one in boldest] == sorted(everything, reverse=True)[:3]
    assert all(len(one.top) == 3 and one.offset >= 3 for one in boldest)
    assert np.isfinite([one.bits for one in boldest]).all()
