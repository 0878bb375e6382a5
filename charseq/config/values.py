"""The types of settings: names to choose from, durations, counts, and how each is read from text."""

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from charseq.limits import MAX_COUNT, MAX_SEED
from charseq.registry import CELLS, LOSSES, MODELS, OPTIMIZERS, SOURCES, TARGETS, TOKENIZERS, Registry

Unit = Literal["stream", "line", "document"]
NormalForm = Literal["none", "nfc", "nfd", "nfkc"]
ErrorsName = Literal["strict", "replace", "ignore"]
SplitName = Literal["tail", "blocks", "files", "nanogpt", "char-rnn", "torch-rnn", "text8"]
BackendName = Literal["auto", "numba", "numpy"]
ScheduleName = Literal["constant", "cosine", "exponential", "plateau"]
SizeName = Literal["auto", "small", "medium", "large", "xl", "fixed"]

AUTO = 0
"""The number that stands for "auto"."""

DURATION = r"(?:(N)d)?(?:(N)h)?(?:(N)m)?(?:(N)s)?|(N)".replace("N", r"\d+(?:\.\d+)?")


def parse_duration(value: object) -> object:
    """Return "90", "90s", "10m", "1h30m" or "2d", or a number, in seconds, rounded to milliseconds."""
    if isinstance(value, float):
        return max(round(value, 3), 0.001) if value > 0 else value  # not 0, which means no limit
    if not isinstance(value, str):
        return value
    match = re.fullmatch(DURATION, value.strip())
    if match is None or not any(match.groups()):
        raise ValueError("must be a duration such as 90s, 10m or 1h30m")
    days, hours, minutes, seconds, bare = (float(part or 0) for part in match.groups())
    return parse_duration(((days * 24 + hours) * 60 + minutes) * 60 + seconds + bare)


def format_duration(seconds: float) -> str:
    """Return seconds in the form that `parse_duration` reads: 1h30m for 5400.0."""
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    parts = [(whole // 3600, "h"), (whole // 60 % 60, "m"), (whole % 60 + thousandths / 1000, "s")]
    return "".join(f"{value:g}{unit}" for value, unit in parts if value) or "0s"


def _one_or_many(value: object) -> object:
    """Return a single string or a list as a tuple, and any other value as it is."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _divided(value: object) -> object:
    """Return a string or a list of strings as a tuple, in which each comma begins a new item."""
    items = _one_or_many(value)
    if not isinstance(items, tuple) or not all(isinstance(item, str) for item in items):
        return items
    return tuple(part.strip() for item in items for part in item.split(","))


def parse_scale(text: str) -> tuple[str, float]:
    """Return the part and the factor of "layers.0=0.1". Raises ValueError for any other form."""
    part, equals, number = text.partition("=")
    try:
        scale = float(number)
    except ValueError:
        scale = 0.0
    if not (part and equals and 0 < scale < 1e6):
        raise ValueError("must be a part and a factor above 0, such as layers.0=0.1")
    return part.strip(), scale


def _scale(text: str) -> str:
    parse_scale(text)
    return text


def _utf8(name: str) -> str:
    """Return `name`. Raises ValueError if it is not valid UTF-8, because no settings file could hold it."""
    if any("\ud800" <= char <= "\udfff" for char in name):
        raise ValueError("must be valid UTF-8")
    return name


def parse_threads(value: object) -> object:
    """Return 0 for "auto", and any other value as it is."""
    return AUTO if value == "auto" else value


class Escapes:
    r"""The mark of a setting in which a shell writes a tab as \t and a newline as \n; see `escapes`."""


class OneOf:
    """A validator that accepts the names in a registry, also those that were added later."""

    def __init__(self, registry: Registry[Any]) -> None:
        self.registry = registry

    def __call__(self, name: object) -> object:
        """Return `name`. Raises pydantic's error if it is not in the registry."""
        if not isinstance(name, str) or name not in self.registry:
            raise PydanticCustomError("not_registered", "unknown", {"choices": list(self.registry)})
        return name


def choices_of(field: Any) -> list[str]:
    """Return the names that a setting can have, [] for a setting that is not a choice of names."""
    for extra in field.metadata:
        if isinstance(extra, BeforeValidator) and isinstance(extra.func, OneOf):
            return list(extra.func.registry)
    return [choice for choice in get_args(field.annotation) if isinstance(choice, str)]


Duration = Annotated[float, BeforeValidator(parse_duration), Field(ge=0, le=1e9)]
Threads = Annotated[int, BeforeValidator(parse_threads)]
Count = Annotated[int, Field(le=MAX_COUNT)]
Seed = Annotated[int, Field(lt=MAX_SEED)]
Name = Annotated[str, AfterValidator(_utf8)]
Escaped = Annotated[Name, Escapes()]
Names = Annotated[tuple[Name, ...], BeforeValidator(_one_or_many)]
Parts = Annotated[tuple[Name, ...], BeforeValidator(_divided)]
Scales = Annotated[tuple[Annotated[Name, AfterValidator(_scale)], ...], BeforeValidator(_divided)]
EscapedNames = Annotated[tuple[Name, ...], BeforeValidator(_one_or_many), Escapes()]
CellName = Annotated[str, BeforeValidator(OneOf(CELLS))]
ModelName = Annotated[str, BeforeValidator(OneOf(MODELS))]
OptimizerName = Annotated[str, BeforeValidator(OneOf(OPTIMIZERS))]
TokenizerName = Annotated[str, BeforeValidator(OneOf(TOKENIZERS))]
TargetsName = Annotated[str, BeforeValidator(OneOf(TARGETS))]
LossName = Annotated[str, BeforeValidator(OneOf(LOSSES))]
GradientName = Annotated[str, BeforeValidator(OneOf(SOURCES))]
