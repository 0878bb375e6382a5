"""The options of charseq inspect about gradients: the characters to follow them from, and truncation."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from charseq.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from charseq.analysis.inspection import NamedText
    from charseq.reports.report import Report
    from charseq.runs.checkpoint import Checkpoint

AtOption = Annotated[
    list[int] | None,
    typer.Option(
        "--at",
        min=0,
        metavar="OFFSET",
        help="With --gradient-flow: where the gradient of the character at OFFSET comes from; repeatable.",
    ),
]
AtCharOption = Annotated[
    str | None,
    typer.Option(
        "--at-char",
        metavar="C",
        help="With --gradient-flow: the same for this character, at up to 64 places; \\n is a newline.",
    ),
]
HardestOption = Annotated[
    int | None,
    typer.Option(
        "--hardest",
        min=1,
        max=64,
        metavar="K",
        help="With --gradient-flow: the same for the K most surprising characters.",
    ),
]
TruncationOption = Annotated[
    bool,
    typer.Option(
        "--truncation",
        help="Angle and length of the gradient of windows of 1, 2, 4, ... steps against the whole one, for "
        "one model or several.",
    ),
]


def chooser(
    at: list[int] | None, at_char: str | None, hardest: int | None, *, gradient_flow: bool
) -> "Callable[[Checkpoint, str], list[int]] | None":
    """Return the function that chooses the characters, None if no option does.

    Raises ConfigError for several options, without --gradient-flow, or for a text of several characters.
    """
    from charseq.config.escapes import unescaped

    given = {"--at": at, "--at-char": at_char, "--hardest": hardest}
    names = [name for name, value in given.items() if value not in (None, [])]
    if not names:
        return None
    if not gradient_flow:
        raise ConfigError(f"{names[0]} needs --gradient-flow")
    if len(names) > 1:
        raise ConfigError(f"{' and '.join(names)}: choose characters in one way")
    if at:
        return lambda checkpoint, text: list(dict.fromkeys(at))
    if hardest is not None:
        from charseq.analysis.origins import hardest_places

        return lambda checkpoint, text: hardest_places(checkpoint, text, hardest)
    from charseq.analysis.origins import places_of_char

    char = unescaped("--at-char", at_char or "")
    if len(char) != 1:
        raise ConfigError(f"--at-char takes one character; got {at_char!r}")
    return lambda checkpoint, text: places_of_char(checkpoint.codec, text, char)


def origins_and_report(
    models: "dict[str, Checkpoint]", text: "NamedText", choose: "Callable[[Checkpoint, str], list[int]]"
) -> "tuple[Report, Any]":
    """Return the report on where gradients come from, and its result."""
    from charseq.analysis.gradient_views import origins_of
    from charseq.registry import REPORTS

    return REPORTS["gradient origin"], origins_of(models, text, choose)


def truncations_and_report(models: "dict[str, Checkpoint]", text: "NamedText") -> "tuple[Report, Any]":
    """Return the report on truncation, and its result."""
    from charseq.analysis.gradient_views import truncations_of
    from charseq.registry import REPORTS

    return REPORTS["truncation"], truncations_of(models, text)
