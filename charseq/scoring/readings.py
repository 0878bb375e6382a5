"""The numbers taken from a model at each token of a text, before the rule for unseen characters."""

from typing import Any

import numpy as np

from charseq.arrays import FloatArray, TokenArray
from charseq.network.pricing import Prices
from charseq.scoring.surprisal import Expectations, Surprisal
from charseq.scoring.unseen import UnseenRule
from charseq.text import UNSEEN


class Readings:
    """The numbers of all tokens of a piece of text; threads may store theirs, each at other places."""

    def __init__(
        self, num_targets: int, num_guesses: int, *, ranks: bool = True, foresees: bool = False
    ) -> None:
        self.nats = np.empty(num_targets)
        self.ranks = np.empty(num_targets, np.int32) if ranks else None
        self.highest = np.empty(num_targets)
        self.expected = Expectations.empty(num_targets, num_guesses) if num_guesses else None
        self.entropies = np.empty(num_targets) if foresees else None

    def take_(self, places: Any, found: Prices) -> None:
        """Store what was `found` at the M `places` in the text."""
        self.nats[places] = found.nats
        for kept, numbers in (
            (self.ranks, found.ranks),
            (self.highest, found.highest),
            (self.entropies, found.entropies),
        ):
            if kept is not None and numbers is not None:
                kept[places] = numbers

    def take_guesses_(self, places: Any, log_p: FloatArray) -> None:
        """Store the guesses of the distributions log p (M, V) at the M `places`, if any are wanted."""
        if self.expected:
            guesses = likeliest(log_p, self.expected.guesses.shape[1])
            self.expected.guesses[places] = guesses
            self.expected.probabilities[places] = np.exp(np.take_along_axis(log_p, guesses, axis=-1))
            self.expected.entropies[places] = entropies_of(log_p)

    def surprisal(
        self, rule: UnseenRule, targets: TokenArray, num_bytes: TokenArray, num_words: int
    ) -> Surprisal:
        """Return the surprisal, with the rule for unseen characters applied."""
        unseen, expected, confidences = targets == UNSEEN, self.expected, None
        nats = rule.prices(self.nats, targets, num_bytes)
        if self.ranks is not None:
            self.ranks[unseen] = 0
            confidences = rule.probabilities(np.exp(self.highest))
        if expected:
            expected = Expectations(
                rule.entropies(expected.entropies),
                expected.guesses,
                rule.probabilities(expected.probabilities),
            )
        foreseen = None if self.entropies is None else rule.entropies(self.entropies)
        return Surprisal(
            nats, num_bytes, unseen, self.ranks, confidences, num_words, expected, foreseen=foreseen
        )


def entropies_of(log_p: FloatArray) -> FloatArray:
    """Return the entropies (M,) in nats of the distributions log p (M, V), some of which may be -infinity."""
    p = np.exp(log_p)
    entropies: FloatArray = -(p * np.where(p > 0, log_p, 0.0)).sum(axis=-1)
    return entropies


def likeliest(log_p: FloatArray, num: int) -> TokenArray:
    """Return the `num` likeliest tokens (M, num) of log p (M, V), the likeliest first.

    Of equally likely tokens, the smaller number comes first.
    """
    if num == 1:  # faster, with the same result
        found: TokenArray = log_p.argmax(axis=-1, keepdims=True).astype(np.int32)
    else:
        found = np.argsort(-log_p, axis=-1, kind="stable")[:, :num].astype(np.int32)
    return found
