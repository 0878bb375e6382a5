"""A model that learns from the text that it scores, a window at a time, after the window was paid for.

Its predictions are a log-linear mixture (see `models/mixture.py`) of the model, whose networks make gradient
steps, and of a cache of what was read; the weights of the mixture learn too.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from charseq.adaptation.cache import Cache
from charseq.adaptation.gradient import GradientSteps
from charseq.adaptation.member import Member, OneByOne, Static
from charseq.adaptation.stream import Stream
from charseq.arrays import BoolArray, FloatArray, IndexArray, TokenArray
from charseq.config import ModelConfig
from charseq.models import MODELS, LanguageModel
from charseq.network import State

RATE = 0.05
"""The rate of a network for which none was chosen."""
WEIGHT_RATE = 0.01
"""The rate at which the weights of the mixture follow the text."""
MAX_RATE = 1e6
"""The largest number in the rates of a file."""
CACHE_WEIGHT = 0.1
"""The weight of the cache of a model for which none was fitted."""

MANY_TOKENS = 4096
"""So many tokens of a known text are read together, so that their logits do not fill the memory."""


class Rates(BaseModel):
    """The rates at which a model of M members learns, chosen on validation text.

    `rates` and `scales` have an entry for each member; for a member that is not trained it means nothing.
    `weights` are those of the members and of the cache, M + 1 in all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    rates: tuple[float, ...] = Field(max_length=100)
    scales: tuple[dict[str, float], ...] = Field(max_length=100)
    weights: tuple[float, ...] = Field(max_length=101)

    def check(self, num_members: int) -> None:
        """Raise ValueError unless these can be the rates of a model with so many members."""
        if not len(self.rates) == len(self.scales) == len(self.weights) - 1 == num_members:
            numbers = f"{len(self.rates)} rates, {len(self.scales)} scales and {len(self.weights)} weights"
            raise ValueError(f"{numbers} are not those of {num_members} members and a cache")
        all_of_them = [*self.rates, *self.weights, *(one for scale in self.scales for one in scale.values())]
        if not all(0 <= number <= MAX_RATE for number in all_of_them):
            raise ValueError("a rate or weight is out of range")

    @classmethod
    def usual(cls, weights: Sequence[float]) -> "Rates":
        """Return rates for a model whose members have these `weights` and for which none were chosen."""
        return cls(
            rates=(RATE,) * len(weights), scales=({},) * len(weights), weights=(*weights, CACHE_WEIGHT)
        )


class AdaptiveModel:
    """A language model of one stream, made of `members`: models with their settings."""

    def __init__(self, members: Sequence[tuple[ModelConfig, LanguageModel]], rates: Rates) -> None:
        rates.check(len(members))
        self.members, self.rates = list(members), rates
        self.vocab_size = members[0][1].vocab_size

    @property
    def num_parameters(self) -> int:
        """The number of learnt numbers, without those that are learnt while reading."""
        return sum(model.num_parameters for _, model in self.members)

    def tensors(self) -> dict[str, Any]:
        """Return nothing: what is learnt while reading is not saved."""
        return {}

    def initial_state(self, batch_size: int) -> Stream:
        """Return a stream that has read nothing. Raises ValueError for more than one."""
        if batch_size != 1:
            raise ValueError(f"an adaptive model reads one stream, not {batch_size}")
        return self._stream(Static)

    def workspace(
        self, num_steps: int, batch_size: int, *, resets: bool = False, backward: bool = True
    ) -> None:
        """Return None: a stream has its own workspace."""

    def forward(
        self, tokens: TokenArray, state: Stream, work: None = None, *, resets: BoolArray | None = None
    ) -> FloatArray:
        """Return the logits (T, 1, V) of the token after each of `tokens` (T, 1); learn on the way."""
        return state.read(tokens[:, 0], None if resets is None else resets[:, 0])[:, None]

    def recall(self, work: None, steps: IndexArray, streams: IndexArray) -> State:
        """Raise ValueError: there is no state but the present one."""
        raise ValueError("an adaptive model has one stream, which goes on")

    def reader(self) -> "AdaptiveReader":
        """Return a reader that has read nothing."""
        return AdaptiveReader(self._stream(OneByOne))

    def _stream(self, static: Callable[[LanguageModel], Member]) -> Stream:
        """Return a stream that has read nothing; `static` makes the members that do not learn."""
        each = zip(self.members, self.rates.rates, self.rates.scales, strict=True)
        members = [self._member(*member, rate, scales, static) for member, rate, scales in each]
        return Stream([*members, Cache(self.vocab_size)], np.array(self.rates.weights), WEIGHT_RATE)

    def _member(
        self,
        config: ModelConfig,
        model: LanguageModel,
        rate: float,
        scales: dict[str, float],
        static: Callable[[LanguageModel], Member],
    ) -> Member:
        if MODELS[config.kind].is_trained:
            return GradientSteps.of(config, model, rate=rate, scales=scales)
        return static(model)


class AdaptiveReader:
    """Reads one stream, one token at a time, and learns from it, until `freeze_`."""

    def __init__(self, stream: Stream) -> None:
        self._stream, self._reset = stream, False
        self._held: FloatArray | None = None

    def reset_(self) -> None:
        """Begin another sequence of the same text: the state is forgotten, and what was learnt is kept."""
        self._reset = True

    def learn_(self, tokens: TokenArray, resets: BoolArray | None) -> None:
        """Read many tokens, and learn from them: a window at once, which takes less time.

        `resets` (T,) is true where a sequence begins before the token.
        """
        for begin in range(0, len(tokens), MANY_TOKENS):
            some = slice(begin, begin + MANY_TOKENS)
            self._stream.read(tokens[some], None if resets is None else resets[some])

    def freeze_(self, last: int) -> None:
        """Read the token `last` and learn from it, and then from nothing more.

        `read` is to be called with it once more, for the logits of the token after it.
        """
        self._held = self.read(last)
        self._stream.freeze_()

    def save(self) -> Any:
        """Return a copy of what has been read and learnt, for `restore_`."""
        return self._reset, self._held, self._stream.save()

    def restore_(self, saved: Any) -> None:
        """Go back to the point at which `save` was called."""
        self._reset, self._held, stream = saved
        self._stream.restore_(stream)

    def read(self, token: int) -> FloatArray:
        """Return the logits (V,) of the token after `token`."""
        if self._held is not None:
            held, self._held = self._held, None
            return held
        resets = np.array([self._reset]) if self._reset else None
        self._reset = False
        logits: FloatArray = self._stream.read(np.array([token], np.int32), resets)[0]
        return logits
