"""Character n-grams with interpolated modified Kneser-Ney smoothing: the baseline for networks.

    p_k(w | c) = max(count(c w) - D, 0) / count(c) + gamma(c) p_(k-1)(w | c without its first character)

p_0 is uniform over the vocabulary. At the highest order, count(c w) is the number of occurrences. At a lower
order it is the number of different characters before c w, because that order matters after a new longer
context; but an n-gram at the beginning of a line has no character before it, so its occurrences are counted
at every order. The discount D is D1, D2 or D3+ for counts of 1, 2, and 3 or more; each order has its own,
estimated from its counts of counts. gamma(c) is the probability that the discounts set free, so that each
distribution sums to one. For a context that was never seen, p_k is p_(k-1).

Source: Chen and Goodman 1999, "An empirical study of smoothing techniques for language modeling".
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from charseq.arrays import BoolArray, FloatArray, IndexArray, TokenArray
from charseq.config import ModelConfig
from charseq.limits import MAX_NGRAM_COUNT
from charseq.models.kind import Learner, ModelKind
from charseq.models.kneser_ney import NOWHERE, narrow
from charseq.models.ngram_counting import Counting, Text, count_ngrams
from charseq.models.ngram_distributions import Distributions, table_of
from charseq.models.ngram_level import Level
from charseq.models.ngram_reader import NGramReader, NGramReaders
from charseq.models.ngram_window import ReadTokens, initial_state
from charseq.network import State
from charseq.text.batches import Examples, Window


class NGram:
    """An n-gram model, fitted on the examples of a text; order 0 is the uniform distribution."""

    def __init__(self, levels: list[Level], vocab_size: int) -> None:
        self.levels, self.vocab_size = levels, vocab_size
        self._table: FloatArray | None = None

    def __repr__(self) -> str:
        sizes = f"order {self.order}, vocabulary of {self.vocab_size}"
        return f"<NGram: {sizes}, {self.num_parameters:,} n-grams>"

    @property
    def order(self) -> int:
        """The number of characters of the longest n-gram."""
        return len(self.levels)

    @property
    def num_parameters(self) -> int:
        """The number of different n-grams, of all orders."""
        return sum(len(level.keys) for level in self.levels)

    def tensors(self) -> dict[str, IndexArray]:
        """Return by name the n-grams of each order and their counts, in the smallest types that hold them."""
        named = {f"ngram.{k}.keys": narrow(level.keys) for k, level in enumerate(self.levels, start=1)}
        counts = {f"ngram.{k}.counts": narrow(level.counts) for k, level in enumerate(self.levels, start=1)}
        return named | counts

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Any], *, vocab_size: int, order: int) -> "NGram":
        """Return the model of these `tensors`. Raises ValueError if they cannot be the n-grams of a text."""
        levels, num_contexts = list[Level](), 1
        for k in range(1, order + 1):
            for name in (f"ngram.{k}.keys", f"ngram.{k}.counts"):
                if name not in tensors:
                    raise ValueError(f"tensor {name} is missing")
            keys, counts = tensors[f"ngram.{k}.keys"], tensors[f"ngram.{k}.counts"]
            are_whole = {keys.dtype.kind, counts.dtype.kind} <= {"i", "u"}
            if not are_whole or keys.ndim != 1 or keys.shape != counts.shape:
                raise ValueError(f"the {k}-grams are not two rows of whole numbers of the same length")
            keys = keys.astype(np.int64)
            in_order = len(keys) == 0 or (keys[0] >= 0 and (keys[1:] > keys[:-1]).all())
            if not in_order or (len(keys) and keys[-1] >= num_contexts * vocab_size):
                raise ValueError(f"the {k}-grams are not in order")
            if not ((counts >= 1) & (counts < MAX_NGRAM_COUNT)).all():
                raise ValueError(f"the {k}-grams have impossible counts")
            levels.append(Level.of(keys, counts, num_contexts, vocab_size))
            num_contexts = len(keys)
        return cls(levels, vocab_size)

    @classmethod
    def fit(
        cls, inputs: TokenArray, targets: TokenArray, resets: BoolArray | None, *, vocab_size: int, order: int
    ) -> "NGram":
        """Return the model of the n-grams of up to `order` characters that end with each of `targets` (L,).

        `inputs` (L,) are the characters before the targets; so each but the first is the target before it.
        Unseen ones, and a first input that is not there, are UNSEEN. `resets` (L,) is true for the inputs at
        which a sequence begins: no n-gram reaches back before them.
        """
        model, window = cls([], vocab_size), Window(inputs, targets, resets)
        for _ in model.count_(lambda: [window], order):
            pass
        return model

    @property
    def context(self) -> int:
        """The number of tokens before a token that its successor depends on."""
        return max(0, self.order - 1)

    def count_(self, text: Text, order: int) -> Iterator[Counting]:
        """Become the model of the n-grams of up to `order` characters of a `text`; yield events.

        The pieces of the text are as in `fit`. Memory holds the different n-grams and a part of the text.
        Raises CharseqError if there is no room for the temporary file of a long text.
        """
        orders = yield from count_ngrams(text, vocab_size=self.vocab_size, order=order)
        levels, num_contexts = list[Level](), 1
        while orders:
            keys, counts = orders[0].keys, orders.pop(0).counts
            levels.append(Level.of(keys, counts, num_contexts, self.vocab_size))
            num_contexts = len(keys)
        self.levels, self._table = levels, None

    def initial_state(self, batch_size: int) -> State:
        """Return the state of `batch_size` streams that have read nothing."""
        return initial_state(batch_size, max(0, self.order - 1))

    def workspace(
        self, num_steps: int, batch_size: int, *, resets: bool = False, backward: bool = False
    ) -> ReadTokens:
        """Return the place in which `forward` keeps the tokens that it reads."""
        return ReadTokens.empty()

    def forward(
        self,
        tokens: TokenArray,
        state: State,
        work: ReadTokens | None = None,
        *,
        resets: BoolArray | None = None,
    ) -> FloatArray:
        """Return log p (T, N, V) of the token after each of `tokens` (T, N); advance `state` in place.

        `resets` (T, N) is true where a stream is reset before the token.
        """
        log_p = self.readout(tokens, state, work, resets=resets).log_p(slice(None))
        return log_p.reshape(*tokens.shape, self.vocab_size)

    def readout(
        self,
        tokens: TokenArray,
        state: State,
        work: ReadTokens | None = None,
        *,
        resets: BoolArray | None = None,
    ) -> Distributions:
        """Return the distributions after the T*N places of `tokens` (T, N), step by step, as `forward` does.

        They are computed when they are asked for.
        """
        window = ReadTokens.after(state, tokens, resets)
        num_before = len(window.read) - len(tokens)
        chain = np.zeros(window.read.shape, np.int64)
        contexts = [chain[num_before:].reshape(-1)]
        for level in self.levels[:-1]:
            chain = self._longer(chain, window.read, window.starts, level)
            contexts.append(chain[num_before:].reshape(-1))
        window.advance_(state)
        if work is not None:
            work.read, work.starts = window.read, window.starts
        if self._table is None:
            self._table = table_of(self.levels, self.vocab_size)
        return Distributions(self.levels, self._table, contexts)

    def recall(self, work: ReadTokens, steps: IndexArray, streams: IndexArray) -> State:
        """Return the state of M streams: that of each of `streams` (M,) after its step of `steps` (M,)."""
        return work.recall(steps, streams, max(0, self.order - 1))

    def reader(self) -> NGramReader:
        """Return a reader that has read nothing."""
        return NGramReader(self.levels, self.vocab_size)

    def many(self, num_texts: int) -> NGramReaders:
        """Return a reader of `num_texts` texts at once."""
        return NGramReaders(self.levels, self.vocab_size, num_texts)

    def _longer(
        self, chain: IndexArray, inputs: TokenArray, resets: BoolArray | None, level: Level
    ) -> IndexArray:
        """Return the index of the k-gram that ends with each input, given the (k-1)-grams in `chain`."""
        before = np.full_like(chain, NOWHERE)
        before[1:] = chain[:-1]
        if level is self.levels[0]:
            before[...] = 0  # a 1-gram needs no character before it
        elif resets is not None:
            before[resets] = NOWHERE
        known = (before != NOWHERE) & (inputs >= 0)
        return np.where(known, level.find(before * self.vocab_size + inputs), NOWHERE)


class NGramKind(ModelKind):
    """N-grams of up to `model.order` characters, counted in one pass over the text."""

    name = "ngram"
    parameters_name = "n-grams"
    settings: ClassVar[Mapping[str, frozenset[str]]] = {"model": frozenset({"order"})}

    def describe(self, config: ModelConfig) -> str:
        """Return the kind and the order: "ngram:6"."""
        return f"ngram:{config.order}"

    def stem(self, config: ModelConfig) -> str:
        """Return the name of the kind."""
        return self.name

    def build(self, config: ModelConfig, vocab_size: int, rng: np.random.Generator) -> NGram:
        """Return a model of the order of `config` that has counted nothing; `rng` is not used."""
        nothing = np.empty(0, np.int32)
        return NGram.fit(nothing, nothing, None, vocab_size=vocab_size, order=config.order)

    def load(self, config: ModelConfig, vocab_size: int, tensors: Mapping[str, Any]) -> NGram:
        """Return the model of these n-grams and their counts."""
        return NGram.from_tensors(tensors, vocab_size=vocab_size, order=config.order)

    def learn(self, model: NGram, examples: Examples, trainer: Learner | None) -> Iterator[Any]:
        """Count the n-grams of `examples`; each event is a `Counting`."""
        return model.count_(examples.in_order, model.order)

    def order_used(self, reader: NGramReader) -> int:
        """Return the length of the longest n-grams behind the last prediction of a `reader`."""
        return reader.order_used

    def facts(self, config: ModelConfig, model: NGram) -> list[tuple[str, str]]:
        """Return the number of n-grams and their order."""
        longest = f"up to {config.order} characters long, Kneser-Ney smoothing"
        return [("n-grams", f"{model.num_parameters:,}, {longest}")]


def fit_ngram(examples: Examples, *, vocab_size: int, order: int) -> NGram:
    """Return the n-gram model of all `examples` of a text."""
    model = NGram([], vocab_size)
    for _ in model.count_(examples.in_order, order):
        pass
    return model
