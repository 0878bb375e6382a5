"""Hints for a wrong command line: the option or the command that was probably meant."""

import difflib
import re
from collections.abc import Sequence
from typing import Any

COMMANDS = {
    "charseq train --resume RUN": ("resume", "continue"),
    "charseq train": ("fit", "learn"),
    "charseq mix": ("merge", "blend", "combine", "ensemble", "interpolate"),
    "charseq sample": ("generate", "gen", "write", "complete"),
    "charseq evaluate": ("eval", "test", "score", "perplexity", "ppl", "validate"),
    "charseq evaluate MODEL --html FILE": ("plot", "report", "html", "visualize"),
    "ls runs, and charseq info RUN for one of them": ("list", "ls", "runs", "models"),
    "charseq info": ("show", "describe"),
    "charseq next": ("predict",),
    "charseq compare": ("diff",),
    "charseq compare RUN --curves": ("curve", "curves", "history"),
    "charseq bench": ("benchmark",),
    "charseq help": ("man", "manual", "docs"),
}
"""The right command, and the words that people type instead of it."""
OPTIONS = {
    "clip": "max-grad-norm",
    "dim": "hidden-size",
    "units": "hidden-size",
    "jobs": "threads",
    "workers": "threads",
    "out": "output",
}
"""Words that people use for an option but that do not resemble its name, and the option."""


def better_message(error: Any, arguments: Sequence[str]) -> str:
    """Return the message for a usage error: its own, or a better one with the probable option or command."""
    message: str = getattr(error, "format_message", error.__str__)().rstrip(".")
    if match := re.fullmatch(r"No such command '(.*?)'.*", message):
        use = next((use for use, words in COMMANDS.items() if match[1].lower() in words), None)
        near = re.search(r"Did you mean (.*?)\??$", message)
        hint = f" (use {use})" if use else f" (did you mean {near[1]}?)" if near else ""
        return f"No such command '{match[1]}'{hint}"
    wrong = getattr(error, "option_name", None)
    if wrong is None or not message.startswith("No such option"):
        return message
    if not wrong.startswith("--"):  # only the first unknown letter of a word such as -hidden
        wrong = next((word for word in arguments if _is_word(word) and wrong[1:] in word[1:]), wrong)
    names = [name for one in error.ctx.command.params for name in one.opts if name.startswith("--")]
    found = meant(wrong, names)
    return f"No such option: {wrong}{f' (did you mean {_listed(found)}?)' if found else ''}"


def meant(wrong: str, names: Sequence[str]) -> list[str]:
    """Return at most three options of `names` that an unknown option, such as --lr, may stand for."""
    stem = wrong.lstrip("-").replace("_", "-").lower()
    parts = {name: name[2:].split("-") for name in names}
    groups = (
        [name for name in names if name in (f"--{stem}", f"--{OPTIONS.get(stem)}")],
        [name for name in names if len(stem) > 1 and "".join(part[0] for part in parts[name]) == stem],
        [name for name in names if len(stem) > 2 and any(part.startswith(stem) for part in parts[name])],
        difflib.get_close_matches(f"--{stem}", names, n=3, cutoff=0.7) if len(stem) > 1 else [],
    )
    return next((found for found in groups if found), [])[:3]


def _is_word(argument: str) -> bool:
    return re.fullmatch(r"-[A-Za-z]{2}[\w-]*(=.*)?", argument) is not None


def _listed(names: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
