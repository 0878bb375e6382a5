"""Where a text ends: before the first of some strings."""

from collections.abc import Iterable, Iterator, Sequence


def until(characters: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """Yield `characters` up to the first of the strings `stops`, each as soon as it cannot be part of one."""
    held = ""
    for char in characters:
        held += char
        complete = [stop for stop in stops if held.endswith(stop)]
        if complete:
            held = held.removesuffix(max(complete, key=len))
            break
        begun = max((_overlap(held, stop) for stop in stops), default=0)
        yield held[: len(held) - begun]
        held = held[len(held) - begun :]
    yield held


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest end of `text` that is a beginning of `stop`."""
    return next((n for n in range(min(len(text), len(stop)), 0, -1) if text.endswith(stop[:n])), 0)
