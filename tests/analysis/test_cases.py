"""Files of cases: what they hold, what is wrong with them in one line, and the verdicts on answers."""

import math
from pathlib import Path

import pytest

from charseq.analysis.cases import Case, Expectation, case_row, read_cases, step_rows, total_row
from charseq.errors import ConfigError, DataError
from charseq.reports import Row
from charseq.scoring.predictor import Guess, Prediction


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
        ("{prefix: hell, target: oo}", "target", "'oo'"),
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


def test_case_row() -> None:
    """The row of a case is that of its prediction, with the perplexity and the verdict."""
    case = Case(prefix="hell", target="o", expect=Expectation(rank=1))
    assert case_row(case, predicted(probability=0.25)) == {
        "report": "case",
        "prefix": "hell",
        "target": "o",
        "probability": 0.25,
        "rank": 1,
        "bits": 2.0,
        "entropy": 1.5,
        "top": [{"char": "o", "probability": 0.5}, {"char": "p", "probability": 0.25}],
        "perplexity": pytest.approx(4.0),
        "passed": True,
    }


def test_step_rows() -> None:
    """The steps on the way to a case have the columns of a case, and no verdict."""
    steps = step_rows([predicted(probability=0.25), predicted(probability=0.125)])
    case = Case(prefix="hell", target="o", expect=Expectation(rank=1))
    assert all(list(row) == list(case_row(case, predicted())) for row in steps)
    assert [row["passed"] for row in steps] == [None, None]
    assert [row["perplexity"] for row in steps] == pytest.approx([4.0, 8.0])


def rows_of(*answers: tuple[float, int, bool]) -> list[Row]:
    """Return the rows of cases with a probability and a rank, that expect rank 1 or expect nothing."""
    return [
        case_row(
            Case(prefix="hell", target="o", expect=Expectation(rank=1) if expected else None),
            predicted(probability=probability, rank=rank),
        )
        for probability, rank, expected in answers
    ]


def test_total_row() -> None:
    """The total has the mean bits and entropy per case, and the perplexity of those bits."""
    rows = rows_of((0.5, 1, True), (0.125, 1, True))
    total = total_row(rows)
    assert total["bits"] == 2.0
    assert total["entropy"] == 1.5
    assert total["perplexity"] == pytest.approx(4.0)
    assert total["passed"] is True
    assert list(total["top"]) == []
    assert all(total[key] is None for key in ("prefix", "target", "probability", "rank"))
    assert total.keys() == rows[0].keys()


@pytest.mark.parametrize(
    ("answers", "passed"),
    [
        ([(0.5, 1, True), (0.5, 1, True)], True),
        ([(0.5, 1, True), (0.5, 2, True)], False),
        ([(0.5, 2, False), (0.5, 1, True)], True),
        ([(0.5, 2, False)], True),
        ([(0.5, 2, True)], False),
    ],
)
def test_all_cases_must_pass(answers: list[tuple[float, int, bool]], passed: bool) -> None:
    """The total passes unless a case misses what it expects."""
    assert total_row(rows_of(*answers))["passed"] is passed


def test_a_total_beyond_all_numbers() -> None:
    """Cases that cost thousands of bits have an infinite perplexity, not an error."""
    row = case_row(Case(prefix="a", target="b"), predicted()) | {"bits": 3000.0}
    assert total_row([row])["perplexity"] == math.inf
