"""Prefixes with the text that should follow, read from YAML, and the verdict on a model's answers.

- prefix: hell
  target: o
  expect: {rank: 1, min_probability: 0.5}
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from charseq.config import Name, brief, suggest
from charseq.config.messages import demand
from charseq.errors import ConfigError, DataError
from charseq.files import read_small
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Guess, Prediction, Predictor
from charseq.scoring.score import perplexity_of


class Expectation(BaseModel):
    """The demand of a case: a rank no worse than `rank`, a probability of at least `min_probability`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rank: int | None = Field(None, ge=1)
    min_probability: float | None = Field(None, ge=0, le=1)


class Case(BaseModel):
    """One prefix and the text that should follow it; a rank is expected of a single character only."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    prefix: Name
    target: str = Field(min_length=1)
    expect: Expectation | None = None

    @model_validator(mode="after")
    def _check_rank(self) -> "Case":
        if self.expect is not None and self.expect.rank is not None and len(self.target) > 1:
            raise ValueError("only a single character has a rank: expect a min_probability")
        return self

    def passed(self, prediction: Prediction) -> bool | None:
        """Say whether the prediction meets the expectation; None if nothing is expected."""
        if self.expect is None:
            return None
        rank, probability = prediction.rank or math.inf, prediction.probability or 0.0
        good_rank = self.expect.rank is None or rank <= self.expect.rank
        return good_rank and probability >= (self.expect.min_probability or 0.0)


CASE = "{prefix: hell, target: o}"
PLAIN = {
    "list_type": f"a list with one case after each hyphen, such as {CASE}",
    "too_short": f"at least one case, such as {CASE}",
    "string_type": "text, in quotes if it looks like something else",
    "invalid_key": "text, in quotes if it looks like something else",
    "string_too_short": "one character or more",
}
"""The words after "must be" in a message about cases, by pydantic's kinds of errors."""
CASES = TypeAdapter(Annotated[list[Case], Field(min_length=1)])


def read_cases(path: Path) -> list[Case]:
    """Read a file of cases.

    Raises ConfigError if it cannot be read; DataError, naming the case and the field, if it is wrong.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        """A loader that knows plain values only."""

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            """Keep `<<` as an unknown key: merging would let a small file grow without end."""

    try:
        return CASES.validate_python(yaml.load(read_small(path), Loader))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise DataError(f"{path}: {_complaint(error.errors()[0])}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    except (TypeError, LookupError, AttributeError, ArithmeticError):  # raised by PyYAML for odd tags
        raise DataError(f"{path}: not valid YAML: a value is not what its tag says") from None


def _complaint(error: Any) -> str:
    """Return a complaint of pydantic in plain words: "case 2.target: must be text; got 1"."""
    loc, kind = error["loc"], error["type"]
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in loc)
    owner = Expectation if "expect" in loc[:-1] else Case
    if kind == "extra_forbidden":
        known = list(owner.model_fields)
        what = f"unknown{suggest(str(loc[-1]), known)}; known: {', '.join(known)}"
    elif kind == "missing":
        what = "is missing"
    elif kind == "model_type":
        what = f"must be {'a demand such as {rank: 1}' if loc[-1] == 'expect' else f'a case such as {CASE}'}"
    elif kind == "value_error":
        what = str(error["ctx"]["error"])
    else:
        what = f"must be {PLAIN.get(kind) or demand(error)}"
    return f"case {where or 'list'}: {what}; got {brief(error['input'])}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer to a case or to a shorter prefix of it, or the mean over all cases, without a prefix.

    The fields are those of a Prediction and the perplexity of the target. `passed` is None if nothing is
    expected.
    """

    prefix: str | None
    target: str | None
    probability: float | None
    rank: int | None
    bits: float | None
    entropy: float
    top: tuple[Guess, ...]
    perplexity: float | None
    passed: bool | None

    @classmethod
    def of(cls, prediction: Prediction, *, passed: bool | None) -> "Answer":
        """Return the answer with this prediction and verdict."""
        return cls(
            prediction.prefix,
            prediction.target,
            prediction.probability,
            prediction.rank,
            prediction.bits,
            prediction.entropy,
            prediction.top,
            prediction.perplexity,
            passed,
        )


def check_cases(
    checkpoint: Checkpoint, cases: Sequence[Case], *, steps: bool = False, num_top: int = 3
) -> list[Answer]:
    """Return the answer to each case, then the mean of several; `steps` adds those to shorter prefixes."""
    predictor = Predictor(checkpoint.reading_model, checkpoint.codec)
    answers, verdicts = list[Answer](), list[Answer]()
    for case in cases:
        if steps:
            way = predictor.unroll(case.prefix, case.target, num_top=num_top)[:-1]
            answers += [Answer.of(step, passed=None) for step in way]
        prediction = predictor.predict(case.prefix, case.target, num_top=num_top)
        verdicts.append(Answer.of(prediction, passed=case.passed(prediction)))
        answers.append(verdicts[-1])
    if len(cases) > 1:
        answers.append(mean_answer(verdicts))
    return answers


def mean_answer(answers: Sequence[Answer]) -> Answer:
    """Return the mean over answers: the mean `bits` and `entropy`, and the perplexity of the mean bits."""
    bits = sum(answer.bits or 0.0 for answer in answers) / len(answers)
    entropy = sum(answer.entropy for answer in answers) / len(answers)
    passed = all(answer.passed is not False for answer in answers)
    return Answer(None, None, None, None, bits, entropy, (), perplexity_of(bits), passed)
