"""A corpus cut, in text order, into a training, a validation and a test part."""

from dataclasses import dataclass

from charseq.config import DataConfig
from charseq.errors import ConfigError, DataError
from charseq.text.codec import restarts
from charseq.text.corpus import OnProgress, read_corpus
from charseq.text.form import TextForm
from charseq.text.symbols import EncodedText


@dataclass(frozen=True, slots=True)
class Split:
    """The offsets, in characters, of the ends of the training, validation and test parts, in text order."""

    train_end: int
    valid_end: int
    test_end: int

    @classmethod
    def of(cls, num_chars: int, *, valid_fraction: float, test_fraction: float) -> "Split":
        """Cut `num_chars` characters, at least 2; the training part gets at least 2.

        Raises ConfigError if the two fractions sum to 1 or more.
        """
        if valid_fraction + test_fraction >= 1:
            raise ConfigError("data.valid_fraction + data.test_fraction must be less than 1")

        def end(fraction: float) -> int:
            return max(2, int(num_chars * fraction + 1e-6))  # 1 - 0.05 - 0.05 is a little less than 0.9

        return cls(end(1 - valid_fraction - test_fraction), end(1 - test_fraction), num_chars)

    def at_lines(self, text: EncodedText) -> "Split":
        """Move each cut forward to the beginning of the next line of `text`, so that no line is cut."""

        def moved(end: int) -> int:
            return text.find("\n", end - 1) + 1 or len(text)

        return Split(moved(self.train_end), moved(self.valid_end), self.test_end)


@dataclass(frozen=True, slots=True)
class CorpusParts:
    """A corpus cut into its parts, with its sources, its size and its SHA-256."""

    train: EncodedText
    valid: EncodedText
    test: EncodedText
    sources: tuple[str, ...]
    sha256: str
    valid_sha256: str
    num_bytes: int
    split: Split
    notes: tuple[str, ...] = ()
    """Remarks on the texts, to be shown to the user."""

    @classmethod
    def read(cls, config: DataConfig, *, progress: OnProgress | None = None) -> "CorpusParts":
        """Read the corpus and cut it. A separate validation text replaces the validation part.

        Raises DataError for a corpus of less than 2 characters, or an empty validation text.
        """
        form = TextForm.of(config)
        corpus = read_corpus(config.corpus, progress=progress, form=form)
        text = corpus.encoded
        if len(text) < 2:
            raise DataError(f"{', '.join(corpus.sources)}: too short: training needs at least 2 characters")
        separate = read_corpus((config.valid,), progress=progress, form=form) if config.valid else None
        if separate and not separate.encoded:
            raise DataError(f"{config.valid}: empty: there is nothing to validate on")
        fraction = 0.0 if separate else config.valid_fraction
        split = Split.of(len(text), valid_fraction=fraction, test_fraction=config.test_fraction)
        if restarts(config.unit):
            split = split.at_lines(text)
        return cls(
            train=text[: split.train_end],
            valid=separate.encoded if separate else text[split.train_end : split.valid_end],
            test=text[split.valid_end :],
            sources=corpus.sources,
            sha256=corpus.sha256,
            valid_sha256=separate.sha256 if separate else "",
            num_bytes=corpus.num_bytes,
            split=split,
            notes=tuple(dict.fromkeys(corpus.notes + (separate.notes if separate else ()))),
        )
