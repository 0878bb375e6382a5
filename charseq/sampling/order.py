"""An order of texts: which ones are wanted, and where they end."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from charseq.config import SampleConfig
from charseq.text.codec import Codec

SEED_BITS = 32
"""The size of a seed that is made up: a number that can be typed."""


@dataclass(frozen=True, slots=True)
class Order:
    """`num_texts` texts of a `seed`, from the index `first` on, drawn as `config` says.

    A text ends before the first of `stops`, or after it with `keep_stop`; at the end of its line or document;
    or after `config.length` characters. Without `is_exact` nobody knows the seed: a single text may then be
    made faster, with other roundings.
    """

    config: SampleConfig
    seed: int
    num_texts: int = 1
    first: int = 0
    stops: tuple[str, ...] = ()
    keep_stop: bool = False
    is_exact: bool = True

    @classmethod
    def of(
        cls,
        config: SampleConfig,
        codec: Codec,
        *,
        stops: Sequence[str] = (),
        keep_stop: bool = False,
        first: int = 0,
    ) -> "Order":
        """Return the order of these settings; the stops are read in the form of the codec."""
        return cls(
            config,
            secrets.randbits(SEED_BITS) if config.seed < 0 else config.seed,
            config.num_samples,
            first,
            tuple(map(codec.form.apply, stops)),
            keep_stop,
            is_exact=config.seed >= 0,
        )

    def rng(self, index: int) -> np.random.Generator:
        """Return the random numbers of the text with this index."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(index,)))

    @property
    def indices(self) -> range:
        """The indices of the texts."""
        return range(self.first, self.first + self.num_texts)
