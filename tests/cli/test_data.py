"""charseq data: the corpus doctor."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.fixture
def names(tmp_path: Path) -> str:
    """Return a list of sorted names with a mark, a bad byte and a line that comes twice."""
    lines = sorted(f"Name{number:03}" for number in range(200))
    raw = b"\xef\xbb\xbf" + "\n".join([*lines, lines[-1], "z"]).encode() + b"\xff\n"
    (tmp_path / "names.txt").write_bytes(raw)
    return str(tmp_path / "names.txt")


def rows(call: Call, *arguments: str) -> list[dict[str, object]]:
    """Return the rows of an examination that goes well."""
    code, out, err = call("data", *arguments, "-f", "json")
    assert (code, err) == (0, "")
    found: list[dict[str, object]] = json.loads(out)
    return found


def test_a_corpus_is_examined(call: Call, names: str) -> None:
    """One row has the facts, others the remarks and the suggestions with their reasons."""
    facts, *others = rows(call, names)
    assert facts["report"] == "corpus"
    assert (facts["num_lines"], facts["num_duplicate_lines"], facts["is_sorted"]) == (202, 1, True)
    assert (facts["longest_line"], facts["line_ends"], facts["num_files"]) == (7, "LF", 1)
    assert facts["rare_chars"] == "z\ufffd"
    remarks = [str(row["text"]) for row in others if row["report"] == "remark"]
    assert remarks[0].endswith("begins with a byte order mark (U+FEFF), which is left out")
    assert remarks[1].endswith("1 place (1 byte) is not UTF-8 and was read as U+FFFD: line 202, column 2")
    advice = {row["option"]: row["reason"] for row in others if row["report"] == "advice"}
    assert list(advice) == ["--tokenizer byte", "--unit line", "--split blocks", "--kind ngram", "--order 5"]
    assert (
        advice["--split blocks"] == "the lines are sorted, so the end of the text differs from its beginning"
    )


def test_people_get_a_table(call: Call, names: str) -> None:
    """The facts stand below each other, then the remarks, then the suggestions."""
    code, out, err = call("data", names)
    assert (code, err) == (0, "")
    for part in ("sorted lines          yes", "longest line          7 characters, line 1", "--split blocks"):
        assert part in out


@pytest.mark.parametrize("format_name", ["tsv", "csv", "jsonl", "yaml"])
def test_one_report_in_every_format(call: Call, names: str, format_name: str) -> None:
    """--report chooses one; TSV and CSV need that."""
    code, out, _ = call("data", names, "--report", "advice", "-f", format_name)
    assert code == 0
    assert "--split blocks" in out
    if format_name in ("tsv", "csv"):
        assert call("data", names, "-f", format_name).code == 2


def test_a_page_has_all_reports(call: Call, names: str, tmp_path: Path) -> None:
    """--html writes the same as --format html."""
    page = tmp_path / "page.html"
    code, out, _ = call("data", names, "--html", str(page), "-f", "html")
    assert code == 0
    assert out == page.read_text()
    assert all(title in out for title in ("The corpus", "Remarks", "Suggestions"))


def test_encoding_and_include(call: Call, tmp_path: Path) -> None:
    """The files are chosen and decoded as in a training."""
    (tmp_path / "a.txt").write_bytes("안녕\n".encode("cp949"))
    (tmp_path / "b.bin").write_bytes(b"\0")
    facts = rows(call, str(tmp_path), "--include", "*.txt", "--encoding", "cp949")[0]
    assert (facts["num_chars"], facts["num_bytes"], facts["num_files"]) == (3, 5, 1)


def test_the_cache_can_be_emptied(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--prune-cache alone is enough."""
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path))
    (tmp_path / "0.symbols").write_bytes(bytes(3_000_000))
    assert call("data", "--prune-cache") == (0, "", f"charseq: {tmp_path}: 1 file removed, 3.0 MB\n")
    assert not list(tmp_path.iterdir())


def test_the_built_in_corpora_are_listed(call: Call) -> None:
    """Without a corpus there is a row for each that is built in, with its options."""
    listed = {row["name"]: row for row in rows(call)}
    assert [*listed] == [
        *("builtin:pydoc", "builtin:stdlib", "builtin:prose"),
        *("builtin:copy:LAG", "builtin:brackets:DEPTH", "builtin:addition:DIGITS", "builtin:dates"),
    ]
    assert listed["builtin:dates"]["options"] == ["lines=20000", "seed=1"]
    assert (listed["builtin:copy:LAG"]["low"], listed["builtin:addition:DIGITS"]["default"]) == (1, 3)
    code, out, _ = call("data")
    assert code == 0
    assert "two numbers of up to DIGITS digits, and their sum (3 if it is left out)" in out


def test_a_task_is_described(call: Call) -> None:
    """Its lines are described, with the best that a model can do and the settings that it has."""
    facts, *advice = rows(call, "builtin:copy:7,lines=30")
    assert facts["task"] == "one of eight markers, 7 dots, the same marker again"
    assert (facts["optimum_bits_per_char"], facts["num_lines"]) == (0.3, 30)
    assert [row["option"] for row in advice] == ["--unit line"]
    assert "best possible (bits per character)  0.3000" in call("data", "builtin:copy:7,lines=30").out


def test_other_texts_are_no_task(call: Call, names: str) -> None:
    """Nothing is said of a task, and of no optimum."""
    facts = rows(call, names)[0]
    assert facts["task"] is facts["optimum_bits_per_char"] is None
    assert "best possible" not in call("data", names).out
