"""Files of cases: their contents, their mistakes in one line, and the verdicts on answers."""

import math
from dataclasses import fields, replace
from pathlib import Path

import pytest

from charseq.analysis.cases import Answer, Case, Expectation, check_cases, mean_answer, read_cases
from charseq.errors import ConfigError, DataError
from charseq.scoring.predictor import Guess, Prediction
from tests.analysis.builders import checkpoint_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cases.yaml"


def cases_in(path: Path, text: str) -> list[Case]:
    path.write_text(text, encoding="utf-8")
    return read_cases(path)


def error_of(path: Path, content: str | bytes) -> str:
    """Return what reading a file says, one line that begins with the file."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DataError) as caught:
        read_cases(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert caught.value.exit_code == 1
    return message.removeprefix(f"{path}: ")


def predicted(*, rank: int | None = 1, probability: float | None = 0.5, target: str = "o") -> Prediction:
    bits = None if probability is None else -math.log2(probability) if probability else math.inf
    return Prediction("hell", target, probability, rank, bits, 1.5, (Guess("o", 0.5), Guess("p", 0.25)))


# ---- reading


def test_a_good_file(path: Path) -> None:
    """Cases are read in order, with what they expect, in either spelling of YAML."""
    text = "\n".join(
        [
            "# a comment",
            "- prefix: hell",
            "  target: o",
            "  expect: {rank: 1, min_probability: 0.5}",
            "- {prefix: kin, target: g, expect: {rank: 3}}",
            '- {prefix: "two\\nlines ", target: "\\n", expect: {min_probability: 1}}',
            "- {prefix: 한국, target: 어}",
            '- {prefix: "", target: " ", expect: {}}',
            '- {prefix: "no", target: "1", expect: null}',
        ]
    )
    assert cases_in(path, text) == [
        Case(prefix="hell", target="o", expect=Expectation(rank=1, min_probability=0.5)),
        Case(prefix="kin", target="g", expect=Expectation(rank=3)),
        Case(prefix="two\nlines ", target="\n", expect=Expectation(min_probability=1.0)),
        Case(prefix="한국", target="어"),
        Case(prefix="", target=" ", expect=Expectation()),
        Case(prefix="no", target="1"),
    ]


def test_the_classroom_file() -> None:
    """The file that the project brings along holds the classroom's three prefixes."""
    cases = read_cases(Path(__file__).parents[2] / "data" / "hello.yaml")
    assert [(case.prefix, case.target) for case in cases] == [("hell", "o"), ("kin", "g"), ("exper", "t")]
    assert all(case.expect is not None and case.expect.rank == 1 for case in cases)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("prefix: hell\ntarget: o\n", "case list: "),
        ("hello", "case list: "),
        ("", "case list: "),
        ("# nothing but a comment\n", "case list: "),
        ("[]", "case list: "),
        ("- hello", "case 1: "),
        ("- [hell, o]", "case 1: "),
        ("-\n", "case 1: "),
    ],
)
def test_not_a_list_of_cases(path: Path, text: str, where: str) -> None:
    """A file that is no list, an empty list, or a list of something else is refused."""
    assert error_of(path, text).startswith(where)


GOOD = "- {prefix: hell, target: o}\n"


@pytest.mark.parametrize(
    ("case", "where", "got"),
    [
        ("{prefix: hell}", "target", "{'prefix': 'hell'}"),
        ("{target: o}", "prefix", "{'target': 'o'}"),
        ("{prefix: hell, target: ''}", "target", "''"),
        ("{prefix: hell, target: 1}", "target", "1"),
        ("{prefix: hell, target: null}", "target", "None"),
        ("{prefix: no, target: o}", "prefix", "False"),
        ("{prefix: 12, target: o}", "prefix", "12"),
        ("{prefix: 1e3, target: o, expect: 1}", "expect", "1"),
        ("{prefix: 2020-01-31, target: o}", "prefix", "datetime.date(2020, 1, 31)"),
        ("{prefix: [h, e], target: o}", "prefix", "['h', 'e']"),
        ("{prefix: hell, target: o, word: hello}", "word", "'hello'"),
        ("{prefix: hell, target: o, Expect: {}}", "Expect", "{}"),
        ("{prefix: hell, target: o, expect: {rank: 0}}", "expect.rank", "0"),
        ("{prefix: hell, target: o, expect: {rank: 1.0}}", "expect.rank", "1.0"),
        ("{prefix: hell, target: o, expect: {rank: yes}}", "expect.rank", "True"),
        ("{prefix: hell, target: o, expect: {rank: first}}", "expect.rank", "'first'"),
        ("{prefix: hell, target: o, expect: {min_probability: 1.5}}", "expect.min_probability", "1.5"),
        ("{prefix: hell, target: o, expect: {min_probability: -1}}", "expect.min_probability", "-1"),
        ("{prefix: hell, target: o, expect: {min_probability: .nan}}", "expect.min_probability", "nan"),
        ("{prefix: hell, target: o, expect: {min_probability: 50%}}", "expect.min_probability", "'50%'"),
        ("{prefix: hell, target: o, expect: {probability: 0.5}}", "expect.probability", "0.5"),
    ],
)
def test_a_bad_case(path: Path, case: str, where: str, got: str) -> None:
    """A case with a missing, unknown or wrong field is named by its number, the field and the value."""
    for number in (1, 3):
        message = error_of(path, GOOD * (number - 1) + f"- {case}\n" + GOOD)
        assert message.startswith(f"case {number}.{where}: ")
        assert message.endswith(f"; got {got}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "prefix: a",
            "case list: must be a list with one case after each hyphen, such as {prefix: hell, target: o}; "
            "got {'prefix': 'a'}",
        ),
        ("[]", "case list: must be at least one case, such as {prefix: hell, target: o}; got []"),
        ("- hell", "case 1: must be a case such as {prefix: hell, target: o}; got 'hell'"),
        ("- {prefix: a}", "case 1.target: is missing; got {'prefix': 'a'}"),
        (
            "- {prefix: no, target: o}",
            "case 1.prefix: must be text, in quotes if it looks like something else; got False",
        ),
        ("- {prefix: a, target: ''}", "case 1.target: must be one character or more; got ''"),
        (
            "- {prefix: a, target: oo, expect: {rank: 1}}",
            "case 1: only a single character has a rank: expect a min_probability; got "
            "{'expect': {'rank': 1}, 'prefix': 'a', 'target': 'oo'}",
        ),
        ("- {prefix: a, target: o, expect: 1}", "case 1.expect: must be a demand such as {rank: 1}; got 1"),
        (
            "- {prefix: a, target: o, expect: {rang: 1}}",
            "case 1.expect.rang: unknown (did you mean 'rank'?); known: rank, min_probability; got 1",
        ),
        ("- {prefix: a, target: o, word: x}", "case 1.word: unknown; known: prefix, target, expect; got 'x'"),
        ("- {prefix: a, target: o, expect: {rank: 0}}", "case 1.expect.rank: must be at least 1; got 0"),
        (
            "- {prefix: a, target: o, expect: {rank: first}}",
            "case 1.expect.rank: must be a whole number; got 'first'",
        ),
        (
            "- {prefix: a, target: o, expect: {min_probability: 3}}",
            "case 1.expect.min_probability: must be at most 1; got 3",
        ),
    ],
)
def test_plain_words(path: Path, content: str, message: str) -> None:
    """What is wrong is said in words for people, not in those of a library."""
    assert error_of(path, content) == message


def test_the_first_of_several_bad_cases_is_named(path: Path) -> None:
    """One error is one line, about the first case that is wrong."""
    assert error_of(path, GOOD + "- {prefix: no}\n- {}\n").startswith("case 2.prefix: ")


@pytest.mark.parametrize("key", ["1", "~", "2.5", "yes", "2020-01-01"])
def test_a_key_that_is_no_text(path: Path, key: str) -> None:
    """A key that is a number, a date or nothing is an error like any other."""
    assert error_of(path, f"- {{prefix: hell, target: o, {key}: x}}").startswith("case 1.")


@pytest.mark.parametrize(
    "content",
    [
        "- [",
        "- {prefix: hell, target: o",
        "- prefix: hell\n target: o",
        "\t- {prefix: hell, target: o}",
        "- *unknown",
        "- ? [a]\n  : b",
        "- !!python/object/apply:os.getcwd []",
        GOOD + "---\n" + GOOD,
        b"- {prefix: \xff, target: o}",
        "- \x00",
        "[" * 2000,
    ],
)
def test_invalid_yaml(path: Path, content: str | bytes) -> None:
    """What is no YAML, or YAML that runs code, is one line too."""
    assert error_of(path, content).startswith("not valid YAML: ")


@pytest.mark.parametrize("scalar", ["2020-13-45", "0x_", "0b_", "9" * 5000])
def test_values_that_yaml_itself_stumbles_over(path: Path, scalar: str) -> None:
    """A value that reads like a date or a number, and is none, is one line too."""
    error_of(path, GOOD + f"- {{prefix: {scalar}, target: o}}")


def test_a_missing_file(path: Path) -> None:
    """A file that is not there is a wrong request, and named."""
    with pytest.raises(ConfigError) as caught:
        read_cases(path)
    assert str(caught.value) == f"{path}: cannot be read: No such file or directory"


def test_a_directory(path: Path) -> None:
    """A directory is not read."""
    path.mkdir()
    with pytest.raises(ConfigError) as caught:
        read_cases(path)
    assert str(caught.value) == f"{path}: cannot be read: Is a directory"


# ---- verdicts


@pytest.mark.parametrize(
    ("expect", "rank", "probability", "passed"),
    [
        (Expectation(rank=1), 1, 0.1, True),
        (Expectation(rank=1), 2, 0.4, False),
        (Expectation(rank=3), 3, 0.1, True),
        (Expectation(rank=3), 4, 0.1, False),
        (Expectation(min_probability=0.5), 1, 0.5, True),
        (Expectation(min_probability=0.5), 1, 0.4999, False),
        (Expectation(min_probability=0.0), 9, 0.0, True),
        (Expectation(rank=1, min_probability=0.5), 1, 0.6, True),
        (Expectation(rank=1, min_probability=0.5), 1, 0.4, False),
        (Expectation(rank=1, min_probability=0.3), 2, 0.4, False),
        (Expectation(), 50, 0.001, True),
        (Expectation(rank=99), 0, 0.001, False),
        (Expectation(min_probability=0.001), 0, 0.002, True),
    ],
)
def test_passed(expect: Expectation, rank: int, probability: float, passed: bool) -> None:
    """A case passes when the rank is good enough and the probability is; an unseen target has no rank."""
    prediction = predicted(rank=rank, probability=probability)
    assert Case(prefix="hell", target="o", expect=expect).passed(prediction) is passed


def test_no_verdict_without_an_expectation() -> None:
    """Where nothing is expected, nothing is passed or missed."""
    assert Case(prefix="hell", target="o").passed(predicted()) is None


def test_a_prediction_without_a_target_misses() -> None:
    """What has neither rank nor probability meets no expectation of one."""
    case = Case(prefix="hell", target="o", expect=Expectation(rank=9))
    assert case.passed(predicted(rank=None, probability=None)) is False


# ---- answers


def answers_to(*given: tuple[float, int, bool]) -> list[Answer]:
    """Return answers with a probability and a rank, to cases that expect rank 1 or expect nothing."""
    return [
        Answer.of(
            predicted(probability=probability, rank=rank),
            passed=Case(prefix="hell", target="o", expect=Expectation(rank=1) if expected else None).passed(
                predicted(probability=probability, rank=rank)
            ),
        )
        for probability, rank, expected in given
    ]


def test_an_answer_has_the_fields_of_its_prediction_the_perplexity_and_the_verdict() -> None:
    """An answer is a prediction and a verdict in one."""
    prediction = predicted(probability=0.25)
    answer = Answer.of(prediction, passed=True)
    for field in fields(prediction):
        assert getattr(answer, field.name) == getattr(prediction, field.name)
    assert answer.perplexity == pytest.approx(4.0)
    assert answer.passed is True


def test_the_mean_answer_has_mean_bits_and_entropy_and_the_perplexity_of_those_bits() -> None:
    """The mean is over cases, and has neither prefix nor target."""
    mean = mean_answer(answers_to((0.5, 1, True), (0.125, 1, True)))
    assert (mean.bits, mean.entropy, mean.passed, mean.top) == (2.0, 1.5, True, ())
    assert mean.perplexity == pytest.approx(4.0)
    assert [mean.prefix, mean.target, mean.probability, mean.rank] == [None] * 4


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ([(0.5, 1, True), (0.5, 1, True)], True),
        ([(0.5, 1, True), (0.5, 2, True)], False),
        ([(0.5, 2, False), (0.5, 1, True)], True),
        ([(0.5, 2, False)], True),
        ([(0.5, 2, True)], False),
    ],
)
def test_the_mean_answer_passes_unless_a_case_misses(
    given: list[tuple[float, int, bool]], passed: bool
) -> None:
    """A case that expects nothing cannot miss."""
    assert mean_answer(answers_to(*given)).passed is passed


def test_a_mean_of_thousands_of_bits_has_an_infinite_perplexity() -> None:
    """It is no error."""
    answer = replace(Answer.of(predicted(), passed=None), bits=3000.0)
    assert mean_answer([answer]).perplexity == math.inf


CASES = [Case(prefix="hell", target="o", expect=Expectation(rank=1)), Case(prefix="kin", target="g")]


@pytest.mark.parametrize(
    ("cases", "steps", "prefixes"),
    [
        (CASES[:1], False, ["hell"]),
        (CASES, False, ["hell", "kin", None]),
        (CASES, True, ["h", "he", "hel", "hell", "k", "ki", "kin", None]),
    ],
)
def test_answers_come_case_by_case_after_their_steps_and_the_mean_is_last(
    cases: list[Case], steps: bool, prefixes: list[str | None]
) -> None:
    """Steps are asked for; a mean is there for several cases."""
    answers = check_cases(checkpoint_of(), cases, steps=steps)
    assert [answer.prefix for answer in answers] == prefixes
    verdicts = {answer.prefix: answer.passed for answer in answers}
    assert isinstance(verdicts["hell"], bool)
    assert {verdicts[prefix] for prefix in prefixes if prefix not in ("hell", None)} <= {None}
