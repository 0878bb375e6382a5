"""Messages about a wrong setting: one sentence for the person who wrote it."""

import difflib
import re
import reprlib
from typing import Any

from pydantic import BaseModel, ValidationError


def reason(error: Exception) -> str:
    """Return the reason for an error on one line; if it is pydantic's, its first complaint."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def brief(value: object) -> str:
    """Return a value as it was written, or in short if it is long, deeply nested, or too large to print."""
    try:
        return _BRIEF.repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits
        return f"a very large {type(value).__name__}"


def suggest(word: str, known: list[str]) -> str:
    """Return " (did you mean 'lstm'?)" for the most similar of `known`, or "" if none is similar."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""


_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxlong = _BRIEF.maxother = 100
_BRIEF.maxlevel = 3

_WANTS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "a string",
    "string_unicode": "valid UTF-8",
    "tuple_type": "a string or a list of strings",
    "model_type": "a table",
    "too_short": "not empty",
    "string_too_long": "at most {max_length} characters long",
    "greater_than_equal": "at least {ge:g}",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "at most {le:g}",
    "less_than": "less than {lt:g}",
}
"""The words after "must be" in a message, by pydantic's kinds of errors."""


def explain(error: Any, settings: type[BaseModel]) -> str:
    """Return a complaint of pydantic as a sentence: "model.cell must be one of gru, lstm; got 'x'"."""
    names = [str(part) for part in error["loc"]]
    name, kind, got, context = ".".join(names), error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        owner: Any = settings if len(names) == 1 else settings.model_fields[names[0]].annotation
        known = list(owner.model_fields)
        where = "section" if len(names) == 1 else "setting"
        return f"unknown {where} {name}{suggest(names[-1], known)}; known: {', '.join(known)}"
    if kind in ("literal_error", "not_registered"):
        choices = context.get("choices") or re.findall(r"'([^']*)'", context["expected"])
        near = suggest(got, choices) if isinstance(got, str) else ""
        return f"{name} must be one of {', '.join(choices)}; got {brief(got)}{near}"
    if kind == "value_error":
        return f"{name} {context['error']}; got {brief(got)}"
    return f"{name} must be {demand(error)}; got {brief(got)}"


def demand(error: Any) -> str:
    """Return the words after "must be" for a complaint of pydantic."""
    words: str = _WANTS.get(error["type"], error["msg"])
    return words.format(**error.get("ctx", {}))
