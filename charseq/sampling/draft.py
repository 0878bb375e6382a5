"""A text that is being written, token by token, and the text when it is finished."""

from dataclasses import dataclass, replace

from charseq.sampling.order import Order
from charseq.sampling.start import Start
from charseq.sampling.stops import Ending, Reason
from charseq.scoring.score import bits
from charseq.text.codec import Codec


@dataclass(frozen=True, slots=True)
class SampledText:
    """A new `text`, without its prompt, its surprisal in `nats`, and how it came about.

    The surprisal is that of scoring, under the model as it is, whatever the temperature. It includes what
    ended the text: the `stop`, or the end of the line or document. `reason` is "length", "stop" or "end".
    `seed` and `index` make the same text again. `log_weight` is the log of the share of the
    probability that constraints left on its way, 0 if it is drawn by its probability.
    """

    text: str
    nats: float
    reason: Reason
    stop: str
    seed: int
    index: int
    log_weight: float = 0.0

    @property
    def bits(self) -> float:
        """The surprisal in bits."""
        return bits(self.nats)

    def as_written(self, codec: Codec) -> "SampledText":
        """Return the same text as a file has it, with the separators of documents and of characters."""
        text, stop = codec.written(self.text), codec.written(self.stop)
        return self if (text, stop) == (self.text, self.stop) else replace(self, text=text, stop=stop)


class Draft:
    """The text number `index` of a seed, as far as it is written."""

    def __init__(self, start: Start, order: Order, index: int) -> None:
        self._order, self._index, self._start = order, index, start
        self._ending = Ending(order.stops, start.codec.end, order.config.length, before=start.tail)
        self._decode = start.codec.tokenizer.decoder()
        self._pieces: list[str] = []
        self._token_nats: list[float] = []
        self._nats = 0.0
        self.num_chars = 0
        """The number of characters that were drawn."""
        self.rng = order.rng(index)

    @property
    def is_finished(self) -> bool:
        """True if nothing follows."""
        return self._ending.reason is not None

    def take(self, token: int, nats: float) -> str:
        """Add a token with its surprisal; return the characters that now belong to the text."""
        self._token_nats.append(nats)
        released = ""
        for char in self._decode(token):
            num_tokens = self._start.num_tokens(char)
            self._nats += sum(self._token_nats[:num_tokens]) + self._start.price
            del self._token_nats[:num_tokens]
            self.num_chars += 1
            released += self._ending.add(char)
            if self._ending.reason is not None:
                if self._order.keep_stop:
                    released += self._ending.new_stop
                break
        self._pieces.append(released)
        return released

    def finished(self) -> SampledText:
        """Return the text. Raises ValueError if it is not finished."""
        if self._ending.reason is None:
            raise ValueError("the text has not ended yet")
        return SampledText(
            "".join(self._pieces),
            self._nats,
            self._ending.reason,
            self._ending.stop,
            self._order.seed,
            self._index,
        )
