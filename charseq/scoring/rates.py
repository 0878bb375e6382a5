"""The rates at which a model adapts to a text, chosen on text that it was not trained on."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from charseq.adaptation.adaptive import MAX_RATE, RATE, AdaptiveModel, Rates
from charseq.adaptation.gradient import WINDOW, GradientSteps
from charseq.adaptation.member import Member
from charseq.adaptation.stream import MAX_WEIGHT
from charseq.arrays import BoolArray, TokenArray
from charseq.config import ModelConfig
from charseq.models import MODELS, LanguageModel
from charseq.network.loss import log_softmax
from charseq.scoring.predictions import Predictions, at_targets
from charseq.scoring.weights import fit
from charseq.text import UNSEEN
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText

Members: TypeAlias = Sequence[tuple[ModelConfig, LanguageModel]]


class Step(NamedTuple):
    """A window of inputs, targets and resets, (T,) each; `counts` is true for the targets that figures count.

    A target that is UNSEEN does not count.
    """

    inputs: TokenArray
    targets: TokenArray
    resets: BoolArray | None
    counts: BoolArray

    def learn_(self, member: Member) -> None:
        """Let a member learn the window, all of its targets, as it does when it reads a text."""
        member.learn(self.inputs, self.targets, self.resets)


MIN_WINDOWS, SEARCH_WINDOWS, FIT_WINDOWS = 25, 200, 400
"""The fewest windows of a text from which anything is chosen; those for choosing a rate, and the weights."""
FACTOR = 2.0
"""The ratio of two rates that are tried one after the other."""
MAX_SCALE = 100.0
"""The largest scale: a matrix whose gradients were almost zero is not to make steps without measure."""


def choose_rates(
    members: Members,
    codec: Codec,
    train: EncodedText | None,
    valid: EncodedText,
    *,
    known: Rates | None = None,
    seconds: float = math.inf,
    clock: Callable[[], float] = time.monotonic,
) -> Rates | None:
    """Return the rates of `members` with the weights of their mixture, None if the text `valid` is too short.

    The scales come from gradients on the beginning of `train`. `known` has the members' own rates, if they
    were chosen before: then only the weights are fitted. After about `seconds`, what was read so far decides.
    """
    end = clock() + seconds
    windows = _known_windows(codec, valid)
    if len(windows) < MIN_WINDOWS:
        return None
    rates, scales = list[float](), list[dict[str, float]]()
    for k, member in enumerate(members):
        is_trained = MODELS[member[0].kind].is_trained
        if known is not None or not is_trained or train is None:
            rates.append(known.rates[k] if known else RATE)
            scales.append(known.scales[k] if known else {})
        else:
            middle = clock() + (end - clock()) / 2
            scales.append(_scales(member, _until(middle, clock, _windows(codec, train, SEARCH_WINDOWS))))
            rates.append(_best_rate(member, scales[k], windows[:SEARCH_WINDOWS], middle, clock))
    chosen = Rates(rates=tuple(rates), scales=tuple(scales), weights=(1.0,) * (len(members) + 1))
    num_targets = sum(int(window.counts.sum()) for window in windows)
    read = _predictions(AdaptiveModel(members, chosen), _until(end, clock, windows), num_targets)
    weights = np.minimum(fit(read, "log-linear"), MAX_WEIGHT)
    return chosen.model_copy(update={"weights": tuple(weights.tolist())})


def can_choose(codec: Codec, valid: EncodedText) -> bool:
    """Return True if a text is long enough to choose rates from it."""
    return len(_known_windows(codec, valid)) >= MIN_WINDOWS


def _known_windows(codec: Codec, text: EncodedText) -> list[Step]:
    """Return the first FIT_WINDOWS windows of a text, without those in which nothing counts."""
    return [window for window in _windows(codec, text, FIT_WINDOWS) if window.counts.any()]


def _until(end: float, clock: Callable[[], float], windows: Iterable[Step]) -> Iterator[Step]:
    """Yield windows until the time is over, but MIN_WINDOWS at least."""
    for number, window in enumerate(windows):
        if number >= MIN_WINDOWS and clock() >= end:
            break
        yield window


def _windows(codec: Codec, text: EncodedText, num: int) -> Iterator[Step]:
    """Yield up to `num` whole windows from the beginning of a text."""
    beginning = str(text[: num * WINDOW])
    inputs, targets, starts, begins = codec.examples(beginning)
    counts, counted = targets != UNSEEN, codec.counted(beginning)
    if counted is not None:
        counts &= counted if begins is None else counted[np.cumsum(begins) - 1]
    for begin in range(0, min(len(inputs), num * WINDOW) - WINDOW + 1, WINDOW):
        some = slice(begin, begin + WINDOW)
        yield Step(inputs[some], targets[some], None if starts is None else starts[some], counts[some])


def _scales(member: tuple[ModelConfig, LanguageModel], windows: Iterable[Step]) -> dict[str, float]:
    """Return for each matrix the mean size of all gradients, divided by that of its own.

    Sizes are root mean squares over the windows; their mean is the geometric one. No scale is beyond
    MAX_SCALE or below its inverse.
    """
    network = GradientSteps.of(*member, rate=0.0, scales={})
    squares = dict.fromkeys(network.gradients, 0.0)
    for window in windows:
        network.predict(window.inputs, window.resets)
        window.learn_(network)
        for name, gradient in network.gradients.items():
            squares[name] += float(np.mean(np.square(gradient)))
    logs = {name: math.log(square) / 2 for name, square in squares.items() if square > 0}
    mean = sum(logs.values()) / max(len(logs), 1)
    most = math.log(MAX_SCALE)
    return {name: math.exp(min(max(mean - log, -most), most)) for name, log in logs.items()}


def _best_rate(
    member: tuple[ModelConfig, LanguageModel],
    scales: dict[str, float],
    windows: Sequence[Step],
    end: float,
    clock: Callable[[], float],
) -> float:
    """Return the rate with the fewest nats: from RATE up or down by FACTOR, as long as it pays.

    A rate that was not tried on all `windows` before the `end` does not count.
    """
    tried = dict[float, float]()

    def nats(rate: float) -> float:
        if rate not in tried:
            network, total = GradientSteps.of(*member, rate=rate, scales=scales), 0.0
            for window in windows:
                if clock() >= end:
                    return math.inf
                total += _nats(network, window)
            tried[rate] = total
        return tried[rate]

    rate = RATE
    for factor in (FACTOR, 1 / FACTOR):
        while rate * factor < MAX_RATE and (now := nats(rate)) < math.inf and nats(rate * factor) < now:
            rate *= factor
    return rate


def _nats(member: Member, window: Step) -> float:
    """Return the nats of what counts in a window, which the member then learns."""
    log_p = log_softmax(member.predict(window.inputs, window.resets))
    window.learn_(member)
    return -float(at_targets(log_p[window.counts], window.targets[window.counts]).sum())


def _predictions(model: AdaptiveModel, windows: Iterable[Step], num_targets: int) -> Predictions:
    """Return the predictions of the members and of the cache while they read and learn.

    There is memory for those of `num_targets`; with a large vocabulary a copy of them would take too much.
    """
    members, num_read = model.initial_state(1).members, 0
    logits = [np.empty((num_targets, model.vocab_size), np.float32) for _ in members]
    targets = np.empty(num_targets, np.int32)
    for window in windows:
        some = slice(num_read, num_read + int(window.counts.sum()))
        targets[some] = window.targets[window.counts]
        for read, member in zip(logits, members, strict=True):
            read[some] = member.predict(window.inputs, window.resets)[window.counts]
            window.learn_(member)
        num_read = some.stop
    return Predictions([read[:num_read] for read in logits], targets[:num_read])
