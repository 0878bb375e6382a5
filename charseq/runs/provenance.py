"""The corpus that a model was made from, read again if it still exists and is still the same."""

from pathlib import Path

from charseq.errors import ConfigError, DataError
from charseq.files import exists
from charseq.runs.checkpoint import Checkpoint
from charseq.text.corpus import OnProgress, read_corpus
from charseq.text.split import Split, arranged_by, format_of, parts_of
from charseq.text.symbols import EncodedText

AGAIN = "train it again"


def training_part(
    checkpoint: Checkpoint,
    *,
    progress: OnProgress | None = None,
    advice: str = "leave out the baselines",
) -> EncodedText:
    """Return the training part. Raises ConfigError or DataError with `advice` if it is gone."""
    return _parts(checkpoint, progress, advice)[: checkpoint.provenance.train_end]


def training_text(checkpoint: Checkpoint) -> str:
    """Return the training part as the model reads it. Raises ConfigError or DataError if it is gone."""
    part = training_part(checkpoint, advice="copies of it cannot be told without it")
    return "".join(checkpoint.codec.read(part.strings()))


def validation_part(checkpoint: Checkpoint, *, progress: OnProgress | None = None) -> EncodedText:
    """Return the validation part, or the separate validation text.

    Raises ConfigError if there is none, ConfigError or DataError if it cannot be read again.
    """
    made_of, separate = checkpoint.provenance, checkpoint.settings.data.valid
    if separate:
        _check_sources((separate,), "validated", AGAIN)
        corpus = read_corpus((separate,), how=format_of(checkpoint.settings.data), progress=progress)
        if corpus.sha256 != made_of.valid_sha256:
            raise DataError(f"{separate}: no longer the text that the model was validated on: {AGAIN}")
        return corpus.encoded
    if made_of.train_end == made_of.valid_end:
        raise ConfigError(f"the model was trained without a validation part: {AGAIN} with one")
    return _parts(checkpoint, progress, AGAIN)[made_of.train_end : made_of.valid_end]


def held_out_part(checkpoint: Checkpoint, *, progress: OnProgress | None = None) -> EncodedText:
    """Return the test part.

    Raises ConfigError if nothing was held out, ConfigError or DataError if it cannot be read again.
    """
    made_of = checkpoint.provenance
    if made_of.valid_end == made_of.test_end:
        raise ConfigError("the model was trained without a test part: name a text to score")
    return _parts(checkpoint, progress, "name a text to score")[made_of.valid_end : made_of.test_end]


def _parts(checkpoint: Checkpoint, progress: OnProgress | None, advice: str) -> EncodedText:
    """Return the parts of the corpus, divided as for the training, one after the other."""
    made_of, data = checkpoint.provenance, checkpoint.settings.data
    _check_sources(made_of.sources, "trained", advice)
    try:
        corpus = read_corpus(
            made_of.sources, how=format_of(data), progress=progress, max_bytes=made_of.num_bytes
        )
    except DataError as error:
        raise DataError(f"{error}: {advice}") from None
    if corpus.sha256 != made_of.sha256:
        raise DataError(
            f"{', '.join(made_of.sources)}: no longer the text that the model was trained on (SHA-256 "
            f"{corpus.sha256[:12]}, not {made_of.sha256[:12]}): {advice}"
        )
    if data.split == "tail":  # the ends in the file say it, also those of an older version
        return corpus.encoded
    text, split = arranged_by(parts_of(corpus.encoded, data), corpus, data)
    if split != Split(made_of.train_end, made_of.valid_end, made_of.test_end):
        raise DataError(
            f"{', '.join(made_of.sources)}: the split {data.split} has other parts than those that the model "
            f"was trained on: {advice}"
        )
    return text


def _check_sources(sources: tuple[str, ...], what: str, advice: str) -> None:
    """Raise ConfigError or DataError for a text that `what` was done on and that cannot be read again."""
    if "-" in sources:
        raise ConfigError(f"the model was {what} on standard input, which is gone: {advice}")
    for source in sources:  # a stranger's model file may name a device that never ends
        if exists(source) and not (Path(source).is_file() or Path(source).is_dir()):
            raise DataError(f"{source}: neither a file nor a directory: {advice}")
        if not (exists(source) or source.startswith("builtin:")):
            way = "" if Path(source).is_absolute() else ", or go to the directory of the training"
            raise ConfigError(
                f"{source}: no such file or directory, and the model was {what} on it: {advice}{way}"
            )
