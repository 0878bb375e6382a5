"""Guess numbers: how many lines a model finds likelier than a given one, estimated from lines that it writes.

With lines x_1 ... x_n drawn from the model, the number of lines that are likelier than y is about

    S(y) = 1/n * sum of 1 / p(x_i) over all x_i that are likelier than y

because each line x is drawn with probability p(x) and then counts 1 / p(x). So many guesses an attacker makes
who tries the likeliest lines first.

Source: Dell'Amico and Filippone 2015, "Monte Carlo strength evaluation: fast and reliable password checking".
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from charseq.analysis.streaming import EachSegment
from charseq.arrays import FloatArray
from charseq.config import SampleConfig
from charseq.errors import ConfigError
from charseq.runs.checkpoint import Checkpoint
from charseq.sampling import Order, Start, sampled
from charseq.text.lines import NEWLINE

NUM_LINES = 10_000
"""The number of lines that are drawn."""
MAX_CHARS = 10_000
"""A line that does not end within so many characters counts as less likely than any other."""
SEED = 0
CLOSE = 1e-4
"""Nats by which a line has to be likelier: a line that was drawn is not likelier than itself."""
NORMAL_95 = 1.959964
"""The interval of 95 % of a normal distribution is that many standard errors to each side."""
NONE_IN_95 = 3.0
"""Events that never happened were expected at most that many times, with a confidence of 95 %."""


@dataclass(frozen=True, slots=True)
class GuessNumber:
    """The estimated `number` of likelier lines, and its interval of 95 % from `low` to `high`.

    `high` is infinite for a line that is less likely than all that were drawn: there may be many more.
    """

    number: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class GuessedLine:
    """A line with its score and its guess number, None if it has characters that are unseen."""

    line: EachSegment
    guess: GuessNumber | None


class GuessNumbers:
    """Guess numbers by the lines that a model has drawn.

    `nats` (n,) are their surprisals as scored, `drawn_nats` (n,) those under the distribution they were drawn
    from, which lacks the share of unseen characters.
    """

    def __init__(self, nats: FloatArray, drawn_nats: FloatArray, *, num_drawn: int) -> None:
        order = np.argsort(nats)
        self._nats, self._num_drawn = nats[order], num_drawn
        with np.errstate(over="ignore"):
            counts = np.exp(drawn_nats[order])
            self._sums = np.concatenate([[0.0], np.cumsum(counts)])
            self._squares = np.concatenate([[0.0], np.cumsum(counts**2)])

    @classmethod
    def of(cls, checkpoint: Checkpoint, *, num_lines: int = NUM_LINES) -> "GuessNumbers":
        """Draw lines from a model. Raises ConfigError as `check_lines`."""
        check_lines(checkpoint)
        codec = checkpoint.codec
        config = SampleConfig(num_samples=num_lines, length=MAX_CHARS, temperature=1.0, seed=SEED)
        start = Start(checkpoint.model, codec, "")
        drawn = [text for text in sampled(start, Order.of(config, codec)) if text.reason == "end"]
        nats = np.array([text.nats for text in drawn])
        prices = np.array([start.price * (len(text.text) + 1) for text in drawn])
        return cls(nats, nats - prices, num_drawn=num_lines)

    def of_line(self, nats: float) -> GuessNumber:
        """Return the guess number of a line of this surprisal, with its newline, as scored."""
        n, k = self._num_drawn, int(np.searchsorted(self._nats, nats - CLOSE))
        number = float(self._sums[k] / n)
        if k == len(self._nats):
            return GuessNumber(number, number, math.inf)
        if k == 0:
            return GuessNumber(0.0, 0.0, NONE_IN_95 / n * math.exp(min(nats, 700.0)))
        variance = float(self._squares[k] / n) - number**2
        margin = NORMAL_95 * math.sqrt(max(0.0, variance) / n)
        return GuessNumber(number, max(0.0, number - margin), number + margin)

    def guessed(self, lines: Iterable[EachSegment]) -> Iterator[GuessedLine]:
        """Yield each of some scored lines with its guess number."""
        for line in lines:
            is_known = line.score.num_unseen == 0
            yield GuessedLine(line, self.of_line(line.score.nats) if is_known else None)


def check_lines(checkpoint: Checkpoint) -> None:
    """Raise ConfigError for a model whose texts are not whole lines."""
    if checkpoint.codec.end != NEWLINE or checkpoint.codec.needs_lines:
        raise ConfigError(
            f"{checkpoint.description}: guess numbers need a model of whole lines without targets; "
            "train one with unit = line"
        )


def with_last_newline(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the pieces of a text, and a newline if it does not end with one: its last line is whole, too."""
    last = NEWLINE
    for piece in pieces:
        yield piece
        last = piece[-1:] or last
    if last != NEWLINE:
        yield NEWLINE
