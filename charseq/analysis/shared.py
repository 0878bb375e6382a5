"""Common to several models: the text of their test parts, the form of texts, and names that differ."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from charseq.analysis.reading import TEST_PART
from charseq.errors import ConfigError, DataError
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.provenance import held_out_part
from charseq.text.corpus import NamedTexts
from charseq.text.form import PLAIN, TextForm
from charseq.text.split import format_of, split_of


def shared_test_part(checkpoints: Mapping[str, Checkpoint]) -> NamedTexts:
    """Return the test part that all models share, read from the first corpus that is still there.

    Raises ConfigError if it is not the same for all, ConfigError or DataError if no copy can be read.
    """
    (first_name, first), *others = checkpoints.items()
    for name, other in others:
        if _test_part_of(other) != _test_part_of(first):
            raise ConfigError(
                f"{first_name} and {name} have no test part in common, by corpus and split: name a text"
            )
    errors = list[ConfigError | DataError]()
    for checkpoint in checkpoints.values():
        try:
            return [(TEST_PART, held_out_part(checkpoint).strings())]
        except (ConfigError, DataError) as error:
            errors.append(error)
    raise errors[0]


def shared_form(checkpoints: Mapping[str, Checkpoint]) -> TextForm:
    """Return the form in which all models read texts; it has any bytes if one of the models knows them.

    Raises ConfigError if the models do not read the same text.
    """
    (first_name, first), *others = checkpoints.items()
    for name, other in others:
        if other.codec.form.changes != first.codec.form.changes:
            a, b = first.codec.form.phrase, other.codec.form.phrase
            raise ConfigError(
                f"{first_name} reads texts {a}, and {name} reads them {b}: their figures are about different "
                "texts; evaluate them one by one"
            )
    forms = [checkpoint.codec.form for checkpoint in checkpoints.values()]
    return replace(forms[0], any_bytes=any(form.any_bytes for form in forms))


def _test_part_of(checkpoint: Checkpoint) -> tuple[object, ...]:
    made_of, data = checkpoint.provenance, checkpoint.settings.data
    how = format_of(data).in_form(PLAIN)  # the forms are compared by `shared_form`
    return made_of.sha256, made_of.valid_end, made_of.test_end, split_of(data), how


def distinct_names(models: Sequence[str]) -> list[str]:
    """Return a name for each model: the given one, with a number if it was given before."""
    names: list[str] = []
    for model in models:
        name, number = model, 1
        while name in names:
            number += 1
            name = f"{model} ({number})"
        names.append(name)
    return names
