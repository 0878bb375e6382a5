"""The characters that a model expects at many places of a text, where characters have several tokens.

The characters are the leaves of a tree, as in `guesses.py`; here the trees of many places are searched
together. In each round the likeliest nodes of every place are opened, and the model reads all of them in one
batch. No character is likelier than the beginning of its spelling, so only nodes are opened that are likelier
than what is wanted. The spelling of the target is read first: its probability is the bound for its rank.
"""

import numpy as np

from charseq.arrays import FloatArray, IndexArray, TokenArray
from charseq.models import LanguageModel
from charseq.network import State
from charseq.network.loss import log_softmax
from charseq.scoring.front import Found, Front, Nodes, Tokens, Wanted
from charseq.scoring.spellings import Spellings
from charseq.text import UNSEEN
from charseq.text.codec import Codec

PLACES_AT_ONCE = 1024
"""The most places that are searched together."""
MOST_BYTES, STATES_KEPT, LISTS_KEPT = 1 << 25, 24, 8
"""The memory for all of them, and about the number of states and distributions that each keeps."""
BATCHES = 256, 64
"""The numbers of nodes that a model reads together."""


class Search:
    """A search for what is `wanted`, in the distributions of a model whose states are known."""

    def __init__(self, model: LanguageModel, codec: Codec, wanted: Wanted) -> None:
        self._model, self._codec, self._wanted = model, codec, wanted
        self._spellings = Spellings(codec.tokenizer)
        self._works = {size: model.workspace(1, size, backward=False) for size in BATCHES}

    def at(self, log_p: FloatArray, state: State, targets: TokenArray) -> Found:
        """Return what is found at P places; `targets` (P, L) are the tokens of each target, then UNSEEN.

        `log_p` (P, V) is that of the next token, and `state` that of P streams before it.
        """
        places = np.arange(len(log_p))
        num_bytes = STATES_KEPT * sum(array[:1].nbytes for array in state.arrays.values())
        num_bytes += LISTS_KEPT * log_p[:1].nbytes
        at_once = max(1, min(PLACES_AT_ONCE, MOST_BYTES // max(1, num_bytes)))
        found = [
            self._at(log_p[some], state.take(some), targets[some])
            for some in np.split(places, range(at_once, len(places), at_once))
        ]
        return Found(*(np.concatenate(column) for column in zip(*found, strict=True)))

    def _at(self, log_p: FloatArray, state: State, targets: TokenArray) -> Found:
        places, pool = np.arange(len(log_p)), _Pool(state)
        front = Front(self._spellings, self._wanted, len(places))
        nodes = Nodes(places, np.zeros_like(places), np.zeros(len(places)), places, log_p)
        opened = list[tuple[Nodes, IndexArray]]()
        ends = np.append(targets[:, 1:], np.full((len(places), 1), UNSEEN), axis=1) == UNSEEN
        for tokens, is_last in zip(targets.T, ends.T, strict=True):
            followed, is_last = tokens[nodes.places].astype(np.int64), is_last[nodes.places]
            here = np.flatnonzero(followed != UNSEEN)
            steps = Tokens.of(nodes, here, followed[here])
            front.aim_(steps.only(is_last[here]))
            opened.append((nodes, np.where(is_last, UNSEEN, followed)))
            nodes = self._open(steps.only(~is_last[here]), pool)
        for nodes, followed in opened:
            front.add_(nodes, followed)
        while len((chosen := front.choose_()).places):
            front.add_(self._open(chosen, pool), np.full(len(chosen.places), UNSEEN))
        return front.result()

    def _open(self, tokens: Tokens, pool: "_Pool") -> Nodes:
        """Let the model read `tokens`, each after its parent; keep the states of those with nodes below."""
        numbers = self._spellings.below(tokens.parents, tokens.tokens)
        log_p = np.empty((len(numbers), self._codec.vocab_size))
        states, has_nodes, begin = np.full(len(numbers), -1), self._spellings.has_nodes(numbers), 0
        while begin < len(numbers):
            size = BATCHES[0] if len(numbers) - begin > BATCHES[0] // 2 else BATCHES[1]
            some = slice(begin, begin + size)
            inputs = np.resize(tokens.tokens[some], size).astype(np.int32)
            state, work = pool.take(np.resize(tokens.states[some], size)), self._works[size]
            num = len(numbers[some])
            logits = self._model.forward(inputs[None], state, work)[0, :num]
            log_p[some] = log_softmax(self._codec.possible(logits, inputs[:num]))
            kept = np.flatnonzero(has_nodes[some])
            states[begin + kept] = pool.add(self._model.recall(work, np.zeros_like(kept), kept))
            begin += size
        return Nodes(tokens.places, numbers, tokens.log_p, states, log_p)


class _Pool:
    """The states of many streams, to which more are added."""

    def __init__(self, state: State) -> None:
        self._arrays = {name: array.copy() for name, array in state.arrays.items()}
        self._size = min((len(array) for array in self._arrays.values()), default=0)

    def take(self, rows: IndexArray) -> State:
        """Return a copy of the states in `rows`."""
        return State({name: array[rows] for name, array in self._arrays.items()})

    def add(self, state: State) -> IndexArray:
        """Add the states of more streams; return their rows."""
        num = min((len(array) for array in state.arrays.values()), default=0)
        begin, self._size = self._size, self._size + num
        for name, array in self._arrays.items():
            if len(array) < self._size:
                grown = np.empty((2 * self._size, *array.shape[1:]), array.dtype)
                grown[:begin] = array[:begin]
                self._arrays[name] = grown
            self._arrays[name][begin : self._size] = state.arrays[name]
        return np.arange(begin, self._size)
