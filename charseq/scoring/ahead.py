"""Ranks and guesses for characters of several tokens: the model looks ahead, at every character anew."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from charseq.arrays import BoolArray, FloatArray, IndexArray
from charseq.models import LanguageModel
from charseq.network.loss import log_softmax
from charseq.scoring.front import Found, Wanted
from charseq.scoring.guesses import Guesser
from charseq.scoring.search import Search
from charseq.scoring.surprisal import Expectations, Looks
from charseq.scoring.unseen import UnseenRule
from charseq.text import UNSEEN
from charseq.text.codec import Codec, Sequence


class Ahead(ABC):
    """Looks ahead in one piece of a text after the other; `wanted` says what is looked for."""

    def __init__(self, model: LanguageModel, codec: Codec, wanted: Wanted) -> None:
        self._model, self._codec, self._wanted = model, codec, wanted
        self._rule = UnseenRule(codec.tokenizer.escape_probability)

    def begin_(self, text: str, sequence: Sequence) -> None:
        """Begin the next piece of the text, which has the pairs of tokens `sequence`."""
        num, num_guesses = len(text), self._wanted.num if self._wanted.whole else 0
        self._text, self._sequence, self._begins = text, sequence, begins_of(sequence)
        self._looks = Looks(np.zeros(num, np.int32), np.zeros(num), None)
        if num_guesses:
            self._looks = self._looks._replace(expected=Expectations.empty(num, num_guesses))

    @abstractmethod
    def see_(self, places: IndexArray, log_p: FloatArray, work: Any) -> None:
        """Look at a window that was read with the workspace `work`.

        The targets are the tokens at `places` (T, N) of the piece, -1 for none, and `log_p` (T, N, V) are the
        distributions from which they come.
        """

    @abstractmethod
    def looks(self) -> Looks:
        """Return what was found in the piece."""

    def free_(self) -> None:  # noqa: B027
        """Free memory that is allocated again if more is read."""

    def _store_(self, chars: IndexArray, found: Found) -> None:
        """Note what was `found` at the characters with these numbers (P,)."""
        looks = self._looks
        probabilities = self._rule.probabilities(np.exp(found.log_p))
        looks.ranks[chars], looks.confidences[chars] = found.ranks, probabilities[:, 0]
        if looks.expected is not None:
            looks.expected.guesses[chars], looks.expected.probabilities[chars] = found.chars, probabilities
            looks.expected.entropies[chars] = self._rule.entropies(found.entropies)


class AheadTogether(Ahead):
    """Looks ahead at all characters of a window together, from the states that the window went through."""

    def __init__(self, model: LanguageModel, codec: Codec, wanted: Wanted) -> None:
        super().__init__(model, codec, wanted)
        self._searches = list[Search]()  # as many as there are threads, which look ahead side by side

    def begin_(self, text: str, sequence: Sequence) -> None:
        """Begin the next piece, and note the tokens of each character."""
        super().begin_(text, sequence)
        first = np.flatnonzero(self._begins)
        lengths = np.diff(np.append(first, len(self._begins)))
        steps = np.arange(lengths.max(initial=1))
        tokens = np.append(sequence.targets, UNSEEN)[np.minimum(first[:, None] + steps, len(self._begins))]
        self._targets = np.where(steps < lengths[:, None], tokens, UNSEEN)
        self._chars = np.cumsum(self._begins) - 1

    def see_(self, places: IndexArray, log_p: FloatArray, work: Any) -> None:
        """Look ahead at all characters that begin in the window."""
        steps, streams = np.nonzero((places >= 0) & self._begins[places])
        if len(steps):
            chars = self._chars[places[steps, streams]]
            state = self._model.recall(work, steps, streams)
            search = self._searches.pop() if self._searches else self._new_search()
            self._store_(chars, search.at(log_p[steps, streams], state, self._targets[chars]))
            self._searches.append(search)

    def free_(self) -> None:
        """Forget the searches, which have workspaces of their own."""
        self._searches.clear()

    def _new_search(self) -> Search:
        return Search(self._model, self._codec, self._wanted)

    def looks(self) -> Looks:
        """Return what was found in the piece."""
        return self._looks


class AheadInTurn(Ahead):
    """Looks ahead from one character after the other, for a model that learns as it reads.

    It reads the text a second time.
    """

    def __init__(self, model: LanguageModel, codec: Codec, wanted: Wanted) -> None:
        super().__init__(model, codec, wanted)
        self._reader, self._guesser = model.reader(), Guesser(codec)

    def see_(self, places: IndexArray, log_p: FloatArray, work: Any) -> None:
        """Do nothing: the state of the window is gone."""

    def looks(self) -> Looks:
        """Read the piece, and return what was found."""
        starts, k = self._sequence.starts, 0
        for step, token in enumerate(self._sequence.inputs.tolist()):
            if starts is not None and starts[step]:
                self._reader.reset_()
            logits = self._reader.read(token)
            if self._begins[step]:
                self._store_(np.array([k]), self._look(self._text[k], logits, token))
                k += 1
        return self._looks

    def _look(self, char: str, logits: FloatArray, token: int) -> Found:
        place, num = self._guesser.place(char), self._wanted.num
        found = self._guesser.rank(
            self._reader,
            log_softmax(self._codec.possible(logits, token)),
            num=num,
            target=None if place is None else char,
            worst=self._wanted.worst,
            whole=self._wanted.whole,
        )
        rank = 0 if place is None else found.rank_of(place)
        if place is not None and self._wanted.worst is not None:
            rank = min(rank or self._wanted.worst + 1, self._wanted.worst + 1)
        chars, log_p = np.full((1, num), -1, np.int32), np.full((1, num), -np.inf)
        chars[0, : len(found.chars)], log_p[0, : len(found.chars)] = found.chars[:num], found.log_p[:num]
        return Found(np.array([rank], np.int32), chars, log_p, np.array([found.entropy]))


def begins_of(sequence: Sequence) -> BoolArray:
    """Return which targets begin a character."""
    return np.ones(len(sequence.targets), np.bool_) if sequence.begins is None else sequence.begins
