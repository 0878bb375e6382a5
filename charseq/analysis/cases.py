"""Prefixes with the character that should follow, read from YAML, and the verdict on a model's answers.

- prefix: hell
  target: o
  expect: {rank: 1, min_probability: 0.5}
"""

import math
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from charseq.config import Name, brief
from charseq.errors import ConfigError, DataError
from charseq.files import read_small
from charseq.reports import Row, prediction_row
from charseq.scoring import Prediction
from charseq.scoring.score import perplexity_of


class Expectation(BaseModel):
    """What a model must reach: a rank no worse than `rank`, a probability of at least `min_probability`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rank: int | None = Field(None, ge=1)
    min_probability: float | None = Field(None, ge=0, le=1)


class Case(BaseModel):
    """One prefix and the character that should follow it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    prefix: Name
    target: str = Field(min_length=1, max_length=1)
    expect: Expectation | None = None

    def passed(self, prediction: Prediction) -> bool | None:
        """Say whether the prediction meets the expectation; None where nothing is expected."""
        if self.expect is None:
            return None
        rank, probability = prediction.rank or math.inf, prediction.probability or 0.0
        good_rank = self.expect.rank is None or rank <= self.expect.rank
        return good_rank and probability >= (self.expect.min_probability or 0.0)


CASES = TypeAdapter(Annotated[list[Case], Field(min_length=1)])


def read_cases(path: Path) -> list[Case]:
    """Read a file of cases. Raises DataError, naming the case and the field, ConfigError if it is missing."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Knows plain values only."""

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            """Leave `<<` an unknown key: merging would let a small file grow without end."""

    try:
        return CASES.validate_python(yaml.load(read_small(path), Loader))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
        raise DataError(
            f"{path}: case {where or 'list'}: {first['msg']}; got {brief(first['input'])}"
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    except (TypeError, LookupError, AttributeError, ArithmeticError):  # PyYAML's, of odd tags
        raise DataError(f"{path}: not valid YAML: a value is not what its tag says") from None


def case_row(case: Case, prediction: Prediction) -> Row:
    """Return the row of a prediction with the verdict on it."""
    return _row(prediction, passed=case.passed(prediction))


def step_rows(predictions: list[Prediction]) -> list[Row]:
    """Return the rows of the steps on the way to a case, on which there is no verdict."""
    return [_row(step, passed=None) for step in predictions]


def _row(prediction: Prediction, *, passed: bool | None) -> Row:
    row = prediction_row(prediction)
    return {"report": "case", **row, "perplexity": prediction.perplexity, "passed": passed}


def total_row(rows: list[Row]) -> Row:
    """Return the mean over all cases: `bits` and `entropy` per case, and the perplexity of those bits."""
    bits = sum(row["bits"] for row in rows) / len(rows)
    entropy = sum(row["entropy"] for row in rows) / len(rows)
    nothing: Row = {"report": "case"} | dict.fromkeys(("prefix", "target", "probability", "rank"))
    passed = all(row["passed"] is not False for row in rows)
    perplexity = perplexity_of(bits)
    means = {"bits": bits, "entropy": entropy, "top": [], "perplexity": perplexity, "passed": passed}
    return nothing | means
