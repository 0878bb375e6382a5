"""Views of the gradients of several models on one text: where they come from, what short windows lose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from charseq.analysis.inspection import NamedText
from charseq.analysis.origins import Origin, origins
from charseq.analysis.truncation import Truncation, truncation
from charseq.errors import DataError
from charseq.runs.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class ModelOrigins:
    """The origins of the gradients of some characters in one model, with its name and that of its cell."""

    model: str
    cell: str
    found: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class TextOrigins:
    """The origins in several models, all of the same characters of `text`, which is called `name`."""

    name: str
    text: str
    models: tuple[ModelOrigins, ...]


def origins_of(
    models: Mapping[str, Checkpoint], text: NamedText, choose: Callable[[Checkpoint, str], list[int]]
) -> TextOrigins:
    """Follow the gradients of the characters that `choose` finds with the first model.

    Errors are those of `inspection.flow_of`.
    """
    try:
        offsets = choose(next(iter(models.values())), text.text)
        found = [
            ModelOrigins(name, _cell_of(model), origins(model.network, model.codec, text.text, offsets))
            for name, model in models.items()
        ]
    except DataError as error:
        raise DataError(f"{text.name}: {error}") from None
    return TextOrigins(text.name, text.text, tuple(found))


@dataclass(frozen=True, slots=True)
class ModelTruncation:
    """The truncated gradients of one model, with its name and that of its cell."""

    model: str
    cell: str
    found: Truncation


@dataclass(frozen=True, slots=True)
class TextTruncation:
    """The truncated gradients of several models, all on the text named `text`."""

    text: str
    models: tuple[ModelTruncation, ...]


def truncations_of(models: Mapping[str, Checkpoint], text: NamedText) -> TextTruncation:
    """Truncate the gradients of several models, by name, on one text; errors as in `inspection.flow_of`."""
    try:
        found = [
            ModelTruncation(name, _cell_of(model), truncation(model.network, model.codec, text.text))
            for name, model in models.items()
        ]
    except DataError as error:
        raise DataError(f"{text.name}: {error}") from None
    return TextTruncation(text.name, tuple(found))


def _cell_of(checkpoint: Checkpoint) -> str:
    return checkpoint.network_member.settings.model.cell
