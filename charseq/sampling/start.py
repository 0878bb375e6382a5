"""The place where new texts begin: a model that has read a prompt."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from charseq.adaptation import AdaptiveModel
from charseq.arrays import FloatArray
from charseq.errors import ConfigError
from charseq.models import LanguageModel, TextsReader, TokenReader
from charseq.models.many import many_readers
from charseq.models.packing import packer
from charseq.text.codec import Codec

TAIL_CHARS = 1000
"""The number of characters at the end of the prompt that are known to strings to stop at."""


def no_training_text() -> str:
    """Raise ConfigError: the text that a model learnt from is not known."""
    raise ConfigError("the text that the model learnt from is not known")


class Start:
    """A prompt that was read, once for all texts that continue it.

    The reader of one stream has `saved` what it read, all but the last input, `token`. `tail` is the end of
    the prompt. `training_text` reads what the model learnt from, for constraints that ask for it.
    """

    training_text: Callable[[], str] = staticmethod(no_training_text)

    def __init__(self, model: LanguageModel, codec: Codec, prompt: str) -> None:
        """Read a prompt, which is in the form of the codec, completed."""
        self.model, self.codec, self.tail = model, codec, ""
        self.price = -math.log1p(-codec.tokenizer.escape_probability)
        """The nats that the rule for unseen characters adds to each character."""
        self._reader = model.reader()
        self._nothing: Any = self._reader.save()
        self.saved, self.token = self._nothing, codec.start_token
        if isinstance(model, AdaptiveModel):
            self.token, self.tail = _learn(self._reader, codec, prompt), prompt[-TAIL_CHARS:]
            self.saved = self._reader.save()
        else:
            self.read_(prompt)

    def read_(self, text: str) -> None:
        """Read on: `text`, in the form of the codec, follows the prompt; of lines only the last one counts.

        The result is that of reading both at once, to the last bit.
        """
        self.tail = (self.tail + text)[-TAIL_CHARS:]
        if self.codec.end is not None and self.codec.end in text:
            self.saved, self.token = self._nothing, self.codec.start_token
            text = text.rpartition(self.codec.end)[2]
        self._reader.restore_(self.saved)
        for token in self.codec.tokenizer.encode(text).tolist():
            self._reader.read(self.token)
            self.token = token
        self.saved = self._reader.save()

    def packed(self) -> dict[str, FloatArray]:
        """Return what was read as arrays by name. Raises ConfigError for a model that cannot be packed."""
        return packer(self._reader).pack(self.saved)

    @classmethod
    def unpacked(
        cls, model: LanguageModel, codec: Codec, arrays: Mapping[str, Any], *, token: int, tail: str
    ) -> "Start":
        """Return the place of these `packed` arrays. Raises ValueError if they cannot be of this model."""
        start = cls(model, codec, "")
        if not -1 <= token < codec.vocab_size:
            raise ValueError(f"token {token} is none of {codec.vocab_size:,}")
        start.saved, start.token, start.tail = packer(start._reader).unpack(arrays), token, tail
        return start

    @property
    def reader(self) -> TokenReader:
        """The reader of one stream; it goes on from here after `restore_(saved)`."""
        return self._reader

    @property
    def reads_one(self) -> bool:
        """True if only one text at a time can go on from here: the model has learnt from the prompt."""
        return isinstance(self.model, AdaptiveModel)

    def num_tokens(self, char: str) -> int:
        """Return the number of tokens of a character that was drawn."""
        tokenizer = self.codec.tokenizer
        return 1 if tokenizer.one_token_each else len(tokenizer.spell(char))

    def readers(self, num_texts: int) -> TextsReader:
        """Return a reader of so many texts, a multiple of `tile_width`, none of which has begun."""
        return many_readers(self.model, num_texts)

    def going_on(self) -> TokenReader:
        """Return the reader of one stream, ready to read `token`.

        It is faster than a reader of several texts, and rounds differently.
        """
        self._reader.restore_(self.saved)
        return self._reader


def _learn(reader: Any, codec: Codec, prompt: str) -> int:
    """Read a prompt with a reader that adapts to all of it, and no further; return the last input.

    The reader gives what follows when it reads this input again. So the first token is drawn from what `next`
    predicts, which has learnt from the last input, too.
    """
    inputs, starts, _ = codec.reading(codec.completed(prompt))
    reader.learn_(inputs[:-1], None if starts is None else starts[:-1])
    if starts is not None and starts[-1]:
        reader.reset_()
    reader.freeze_(int(inputs[-1]))
    return int(inputs[-1])
