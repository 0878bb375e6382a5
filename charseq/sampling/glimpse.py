"""A glimpse of a model that is still learning: a short text, the same one for the same seed."""

from collections.abc import Sequence

import numpy as np

from charseq.config import SampleConfig
from charseq.models import LanguageModel
from charseq.sampling.sampler import sample
from charseq.text.codec import Codec

LENGTH = 160


def glimpse(model: LanguageModel, codec: Codec, *, seed: Sequence[int], length: int = LENGTH) -> str:
    """Return a text of `length` characters; after the end of a line another one begins."""
    rng = np.random.default_rng(list(seed))
    return "".join(sample(model, codec, "", SampleConfig(length=length), rng=rng, restart=True))
