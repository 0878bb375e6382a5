"""Builders and checks that the tests of many files share."""

import json
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charseq.network import CharModel
from charseq.runs.metrics import is_validation, read_metrics


class Outcome(NamedTuple):
    """All that a command shows: its exit code, its whole stdout, its whole stderr."""

    code: int
    out: str
    err: str


def meddles(key: str) -> bool:
    """Return whether an environment variable sets colours, widths or settings of charseq."""
    return key.startswith("CHARSEQ_") or key in ("NO_COLOR", "FORCE_COLOR", "PY_COLORS", "COLUMNS", "LINES")


def refusal(message: str, code: int = 2) -> Outcome:
    """Return the whole outcome of a command that is refused with this message, to compare with `==`."""
    return Outcome(code, "", f"charseq: error: {message}\n")


def refused(outcome: Outcome, *parts: str, code: int | None = None) -> None:
    """Check that a command failed: an empty stdout, and one printable line on stderr with all `parts`.

    The exit code is `code`; if none is given, 1 or 2.
    """
    assert outcome.code in ((1, 2) if code is None else (code,)), outcome
    assert outcome.out == ""
    assert outcome.err.startswith("charseq: error: "), outcome
    assert outcome.err.endswith("\n")
    assert outcome.err[:-1].isprintable(), outcome
    for part in parts:
        assert part in outcome.err


def json_rows(call: Callable[..., Outcome], *arguments: str) -> list[dict[str, Any]]:
    """Run a report with `call`, which must go well without a word on stderr; return its rows."""
    code, out, err = call(*arguments, "--format", "json")
    assert (code, err) == (0, "")
    rows: list[dict[str, Any]] = json.loads(out)
    return rows


def validations(run: str | Path) -> list[dict[str, Any]]:
    """Return the records of a run's validations."""
    return [record for record in read_metrics(Path(run)) if is_validation(record)]


def shown_perplexity(row: dict[str, Any]) -> str:
    """Return the perplexity of a text's row as tables show it."""
    return f"{row['perplexity']:.4f}" if row["perplexity"] < 1e5 else f"{row['perplexity']:.3g}"


def pairwise(*factors: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return few combinations of the factors' values in which each value meets each of every other factor.

    Five factors with five values have 3,125 combinations in all; this list has fewer than 40. Most mistakes
    depend on one value or on two together. The same factors always give the same list.
    """
    sizes = [len(factor) for factor in factors]
    if len(sizes) == 1:
        return [(value,) for value in factors[0]]
    missing = {
        ((i, a), (j, b))
        for i, j in combinations(range(len(sizes)), 2)
        for a in range(sizes[i])
        for b in range(sizes[j])
    }
    rows = []
    while missing:
        row = dict(min(missing))
        for k in range(len(sizes)):
            if k not in row:
                row[k] = max(range(sizes[k]), key=lambda value: len(missing & _pairs({**row, k: value})))
        missing -= _pairs(row)
        rows.append(tuple(factor[row[k]] for k, factor in enumerate(factors)))
    return rows


def _pairs(row: dict[int, int]) -> set[tuple[tuple[int, int], tuple[int, int]]]:
    return set(combinations(sorted(row.items()), 2))


def random_array(*shape: int, seed: int = 0) -> NDArray[np.float64]:
    """Return an array of normally distributed numbers, the same ones for the same shape and seed."""
    return np.random.default_rng(seed).normal(size=shape)


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    """Return a training record without its seconds."""
    return {**record, "elapsed": 0, "best": {**record["best"], "train_seconds": 0}}


def with_random_parameters(model: CharModel, *, scale: float = 0.7, seed: int = 1) -> CharModel:
    """Fill a network with random parameters, biases among them, and return it."""
    model.params.flat[...] = scale * random_array(model.params.flat.size, seed=seed)
    return model


def assert_close(actual: Any, expected: Any, *, tolerance: float = 1e-12, name: str = "") -> None:
    """Check that two arrays differ nowhere by more than `tolerance`; `name` is shown where they do."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance, err_msg=name)
