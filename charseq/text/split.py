"""A corpus divided into a training, a validation and a test part."""

from dataclasses import dataclass

from charseq.config import DataConfig
from charseq.errors import ConfigError, DataError
from charseq.text.arranging import arranged
from charseq.text.codec import end_of, separator_of
from charseq.text.corpus import Corpus, OnProgress, read_corpus
from charseq.text.division import BY_SHARES, SPLITS, Parts, Shares
from charseq.text.encodings import SourceFormat, known_encoding
from charseq.text.form import TextForm
from charseq.text.symbols import EncodedText
from charseq.text.unlike import differences

DEFAULTS = DataConfig()


@dataclass(frozen=True, slots=True)
class Split:
    """The offsets, in characters, of the ends of the parts where they stand one after the other.

    The order is training, validation, test.
    """

    train_end: int
    valid_end: int
    test_end: int


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

        Raises ConfigError for settings that do not fit; DataError for a corpus of less than 2 characters, or
        an empty validation text.
        """
        check_split(config)
        corpus = read_corpus(config.corpus, how=format_of(config), progress=progress)
        if len(corpus.encoded) < 2:
            raise DataError(f"{', '.join(corpus.sources)}: too short: training needs at least 2 characters")
        separate = _separate(config, progress)
        parts = parts_of(corpus.encoded, config)
        text, split = arranged_by(parts, corpus, config)
        notes = corpus.notes + (separate.notes if separate else ())
        train, test = text[: split.train_end], text[split.valid_end : split.test_end]
        valid = separate.encoded if separate else text[split.train_end : split.valid_end]
        notes += tuple(differences(corpus, parts, config, train, valid, test))
        return cls(
            train=train,
            valid=valid,
            test=test,
            sources=corpus.sources,
            sha256=corpus.sha256,
            valid_sha256=separate.sha256 if separate else "",
            num_bytes=corpus.num_bytes,
            split=split,
            notes=tuple(dict.fromkeys(notes)),
        )


def format_of(config: DataConfig) -> SourceFormat:
    """Return how the sources of a corpus are read."""
    form = TextForm.of(config)
    separator = separator_of(config.unit, config.separator, form)
    return SourceFormat(known_encoding(config.encoding), config.errors, config.include, separator, form)


def check_split(config: DataConfig) -> None:
    """Raise ConfigError if the split and other settings contradict each other."""
    if (0.0 if config.valid else config.valid_fraction) + config.test_fraction >= 1:
        raise ConfigError("data.valid_fraction + data.test_fraction must be less than 1")
    if config.separator and config.unit != "document":
        raise ConfigError("data.separator needs data.unit=document")
    fractions = ("valid_fraction", "test_fraction")
    changed = [key for key in fractions if getattr(config, key) != getattr(DEFAULTS, key)]
    if config.split not in BY_SHARES and (changed or config.valid):
        raise ConfigError(
            f"data.split={config.split} has its own parts: leave out data.{(changed or ['valid'])[0]}"
        )


def split_of(config: DataConfig) -> tuple[object, ...]:
    """Return what says which characters of a text are held out, beside the ends of the parts."""
    has_seed = config.split in ("blocks", "files")
    return (config.split, config.split_seed, config.unit) if has_seed else (config.split,)


def parts_of(text: EncodedText, config: DataConfig) -> Parts:
    """Return the ranges of the parts of a text; the same for the same text and settings."""
    valid = 0.0 if config.valid else config.valid_fraction
    shares = Shares(valid, config.test_fraction, config.split_seed)
    return SPLITS[config.split](text, end_of(config.unit), shares)


def arranged_by(parts: Parts, corpus: Corpus, config: DataConfig) -> tuple[EncodedText, Split]:
    """Return the parts of a corpus as one text, the training part first, and where each ends."""
    ranges = [one for part in parts for one in part]
    key = repr((corpus.sha256, format_of(config), ranges))
    train, valid, test = (sum(end - begin for begin, end in part) for part in parts)
    return arranged(corpus.encoded, ranges, key), Split(train, train + valid, train + valid + test)


def _separate(config: DataConfig, progress: OnProgress | None) -> Corpus | None:
    """Return the separate validation text, None if a part of the corpus is used."""
    if not config.valid:
        return None
    separate = read_corpus((config.valid,), how=format_of(config), progress=progress)
    if not separate.encoded:
        raise DataError(f"{config.valid}: empty: there is nothing to validate on")
    return separate
