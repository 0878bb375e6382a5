"""charseq evaluate: baselines, where the bits go, the hardest characters, calibration; in every format."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from charseq.analysis.groups import GROUPINGS
from charseq.registry import REPORTS as REGISTRY
from charseq.runs.checkpoint import Checkpoint
from tests.builders import refusal
from tests.cli.conftest import TALES, TINY, Call, Feed, Workshop
from tests.cli.test_evaluate import (
    KEYS,
    READERS,
    UNSEEN,
    Rows,
    every_format,
    figures,
    parts_of,
    rows,
)

GROUP_KEYS = [key for key, _ in REGISTRY["class"].fields()]
HARDEST_KEYS = [key for key, _ in REGISTRY["hardest"].fields()]
CALIBRATION_KEYS = [key for key, _ in REGISTRY["calibration"].fields()]
EVERY = ",".join(GROUPINGS)
ALL = ("--by", EVERY, "--hardest", "3", "--calibration")
each_model = pytest.mark.parametrize("run", ["hello", "tales"])


@pytest.fixture
def texts(tmp_path: Path) -> list[str]:
    """Return the names of two texts of which the second has unseen characters."""
    (tmp_path / "a.txt").write_bytes(TALES[9000:9600].encode())
    (tmp_path / "b.txt").write_bytes(UNSEEN.encode())
    return [str(tmp_path / name) for name in ("a.txt", "b.txt")]


def report(rows: Rows, name: str) -> Rows:
    """Return the rows of one report."""
    return [row for row in rows if row["report"] == name]


def nats(row: dict[str, Any]) -> float:
    """Return what a text cost."""
    return float(row["nats_per_char"] * row["num_chars"])


# ---- baselines


@each_model
def test_baselines(call: Call, models: Workshop, texts: list[str], run: str) -> None:
    """Each text has a row for the model and for each baseline, as named; the totals stand last."""
    model = getattr(models, run)
    found = rows(call, model, *texts, "--baseline", "uniform,unigram,ngram:3")
    names = [model, "uniform", "unigram", "ngram:3"]
    assert [(row["text"], row["model"]) for row in found] == [
        (text, name) for text in (*texts, "total") for name in names
    ]
    assert all(list(row) == KEYS for row in found)
    for k in range(4):
        first, second, total = found[k::4]
        for key in ("num_chars", "num_bytes", "num_unseen"):
            assert total[key] == first[key] + second[key]
        assert nats(total) == pytest.approx(nats(first) + nats(second), rel=1e-9)
    alone = rows(call, model, *texts)
    for row, same in zip(found[::4], alone, strict=True):
        assert figures(row) == pytest.approx(figures(same), nan_ok=True)


@each_model
def test_baselines_are_comparable(call: Call, models: Workshop, texts: list[str], run: str) -> None:
    """All models score the same characters, and those they have not met have the same price."""
    found = rows(call, getattr(models, run), texts[1], "--baseline", "uniform,unigram,ngram:3")
    assert len({(row["num_chars"], row["num_bytes"], row["num_unseen"]) for row in found}) == 1
    num_unseen = found[0]["num_unseen"]
    assert num_unseen > 0
    unseen = [
        nats(row) - row["seen_bits_per_char"] * math.log(2) * (len(UNSEEN) - num_unseen) for row in found
    ]
    assert unseen == pytest.approx([unseen[0]] * 4, rel=1e-9)


@each_model
def test_a_uniform_baseline(call: Call, models: Workshop, texts: list[str], run: str) -> None:
    """A seen character costs the uniform model log2(V / (1 - eps)) bits exactly."""
    model = getattr(models, run)
    tokenizer = Checkpoint.load(Path(model) / "model.safetensors").codec.tokenizer
    exact = math.log2(tokenizer.vocab_size / (1 - tokenizer.escape_probability))
    uniform = rows(call, model, texts[1], "--baseline", "uniform")[1]
    assert uniform["seen_bits_per_char"] == pytest.approx(exact, rel=1e-12)
    assert uniform["seen_perplexity"] == pytest.approx(2**exact, rel=1e-12)


def test_baselines_are_counted_in_the_training_part(call: Call, models: Workshop, tmp_path: Path) -> None:
    """On the text it was counted in, a longer context pays; baselines never see the test part."""
    (tmp_path / "train.txt").write_bytes(TALES[:7000].encode())
    found = rows(call, models.tales, str(tmp_path / "train.txt"), "--baseline", "unigram,ngram:2,ngram:6")
    perplexities = [row["perplexity"] for row in found[1:]]
    assert perplexities == sorted(perplexities, reverse=True)
    assert perplexities[2] < 2.5
    assert rows(call, models.tales, "--baseline", "ngram:6")[1]["perplexity"] > 5


@pytest.mark.parametrize(
    ("names", "wrong", "hint"),
    [
        ("bigram", "bigram", " (did you mean 'ngram:2'?)"),
        ("uniform,unigramm", "unigramm", " (did you mean 'unigram'?)"),
        ("ngram", "ngram", " (did you mean 'ngram:5'?)"),
        ("ngram:0", "ngram:0", " (did you mean 'ngram:5'?)"),
        ("ngram:100", "ngram:100", " (did you mean 'ngram:5'?)"),
        ("uniform,,unigram", "", ""),
        ("xyz", "xyz", ""),
    ],
)
def test_unknown_baselines(call: Call, models: Workshop, names: str, wrong: str, hint: str) -> None:
    """A baseline that is none is refused with those that are."""
    message = f"baseline must be uniform, unigram or ngram:K with K from 1 to 99; got {wrong!r}{hint}"
    assert call("evaluate", models.hello, "data/hello.txt", "--baseline", names) == refusal(message)


def test_baselines_of_a_corpus_that_is_gone(call: Call, tiny_run: Path) -> None:
    """Baselines need the corpus of the training."""
    Path("text.txt").unlink()
    Path("other.txt").write_text("hello")
    message = (
        "text.txt: no such file or directory, and the model was trained on it: leave out the baselines, "
        "or go to the directory of the training"
    )
    assert call("evaluate", "run", "other.txt", "--baseline", "uniform") == refusal(message)


def test_baselines_of_a_corpus_that_has_changed(call: Call, tiny_run: Path) -> None:
    """Baselines are not counted in a corpus that is another one now."""
    Path("text.txt").write_text("something else")
    Path("other.txt").write_text("hello")
    code, out, err = call("evaluate", "run", "other.txt", "--baseline", "uniform")
    assert (code, out) == (1, "")
    assert err.startswith(
        "charseq: error: text.txt: no longer the text that the model was trained on (SHA-256 "
    )
    assert err.count("\n") == 1


def test_baselines_of_standard_input(call: Call, feed: Feed, tmp_path: Path) -> None:
    """Standard input cannot be counted again."""
    feed(TALES[:2000].encode())
    assert call("train", "-", *TINY, "-o", "run").code == 0
    Path("other.txt").write_text("hello")
    code, out, err = call("evaluate", "run", "other.txt", "--baseline", "uniform")
    assert (code, out) == (2, "")
    assert err.startswith("charseq: error: the model was trained on standard input")
    assert err.count("\n") == 1


def test_whoever_names_a_text_is_not_told_to_name_one(call: Call, tiny_run: Path) -> None:
    """Where a text is named, it is no advice to name one."""
    Path("text.txt").write_text("something else")
    Path("other.txt").write_text("hello")
    assert "name a text" not in call("evaluate", "run", "other.txt", "--baseline", "uniform").err


def test_a_missing_text_is_refused_before_anything_is_counted(call: Call, tiny_run: Path) -> None:
    """A text that is not there is an error at once."""
    Path("text.txt").unlink()
    message = "none.txt: no such file or directory"
    assert call("evaluate", "run", "none.txt", "--baseline", "ngram:3") == refusal(message)


def test_a_model_of_counts(call: Call, tmp_path: Path) -> None:
    """A model that counts is a model like any other, and is equal to the baseline of its order."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    assert call("train", "text.txt", "--ngram", "3", "-o", "run").code == 0
    model, same, other = rows(call, "run", "--baseline", "ngram:3,ngram:2")
    assert figures(same) == pytest.approx(figures(model), rel=1e-9, nan_ok=True)
    assert other["bits_per_char"] != model["bits_per_char"]


# ---- groups


@each_model
@pytest.mark.parametrize("options", [(), ("--rows", "0"), ("--rows", "1", "--sort", "mean")], ids=str)
def test_groups_sum_up_to_the_total(
    call: Call, models: Workshop, texts: list[str], run: str, options: tuple[str, ...]
) -> None:
    """The groups of every grouping, the rest among them, are all characters of all texts."""
    found = rows(call, getattr(models, run), *texts, "--by", EVERY, *options)
    total = found[2]
    for by in GROUPINGS:
        groups = report(found, by)
        extra = ["running_bits_per_char"] * (by == "chunk")
        assert all(list(row) == [*GROUP_KEYS, *extra] for row in groups)
        for key in ("num_chars", "num_unseen"):
            assert sum(row[key] for row in groups) == total[key]
        assert sum(row["nats"] for row in groups) == pytest.approx(nats(total), rel=1e-9)
        assert sum(row["bits"] for row in groups) == pytest.approx(nats(total) / math.log(2), rel=1e-9)
        assert sum(row["share"] for row in groups) == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize(
    ("by", "text", "expected"),
    [
        ("char", "ab\na", {"a": 2, "b": 1, "\n": 1}),
        (
            "class",
            "a1 .\nŻ한",
            {"letter": 2, "digit": 1, "space": 1, "punctuation": 1, "newline": 1, "Hangul": 1},
        ),
        ("position", "ab c", {"between words": 1, "1": 2, "2": 1}),
        ("column", "ab\nc", {"1": 2, "2": 1, "3": 1}),
        ("word", "the end of the the", {"the": 11, "end": 4, "of": 3}),
        ("line", "ab\r\ncd\n\n", {"ab": 4, "cd": 3, "": 1}),
        ("chunk", "x" * 300, {"0-255": 256, "256-299": 44}),
    ],
)
def test_what_groups_there_are(
    call: Call, models: Workshop, tmp_path: Path, by: str, text: str, expected: dict[str, int]
) -> None:
    """Each grouping has the groups it is named for."""
    (tmp_path / "text.txt").write_bytes(text.encode())
    found = report(rows(call, models.tales, str(tmp_path / "text.txt"), "--by", by), by)
    assert {row["group"]: row["num_chars"] for row in found} == expected


def test_files(call: Call, models: Workshop, texts: list[str]) -> None:
    """By file there is a group for each file, in their order, with the figures of its row."""
    found = rows(call, models.tales, *texts, "--by", "file")
    for row, group, text in zip(found[:2], report(found, "file"), texts, strict=True):
        assert (group["group"], group["file"], group["count"]) == (text, text, 1)
        assert group["bits_per_char"] == pytest.approx(row["bits_per_char"], rel=1e-9)
        assert group["accuracy"] == pytest.approx(row["accuracy"], rel=1e-9)


def test_lines_have_their_place(call: Call, models: Workshop, texts: list[str]) -> None:
    """A line is found in its file at its offset, counted in characters."""
    for row in report(rows(call, models.tales, *texts, "--by", "line", "--rows", "0"), "line"):
        text = Path(row["file"]).read_bytes().decode()
        assert text[row["offset"] :].startswith(row["group"])
        assert row["offset"] == 0 or text[row["offset"] - 1] == "\n"


@pytest.mark.parametrize(("number", "sort"), [(1, "total"), (4, "mean"), (4, "total")])
def test_rows_and_sort(call: Call, models: Workshop, texts: list[str], number: int, sort: str) -> None:
    """With an order to go by, there are so many groups, the highest first, then the rest without a name."""
    options = (models.tales, *texts, "--by", EVERY, "--sort", sort)
    few, everything = (rows(call, *options, "--rows", f"{rows_}") for rows_ in (number, 0))
    key = {"total": "nats", "mean": "nats_per_char"}[sort]
    for by in GROUPINGS:
        whole, named = report(everything, by), report(few, by)
        assert [row[key] for row in whole] == sorted((row[key] for row in whole), reverse=True)
        if len(whole) > number:
            rest = named.pop()
            assert (rest["group"], rest["file"], rest["offset"]) == (None, None, None)
            assert rest["count"] == sum(row["count"] for row in whole[number:])
        assert [row["group"] for row in named] == [row["group"] for row in whole[:number]]


def test_twenty_rows_unless_told_otherwise(call: Call, models: Workshop, texts: list[str]) -> None:
    """Without --rows there are twenty groups and the rest."""
    found = report(rows(call, models.tales, texts[0], "--by", "char"), "char")
    assert [row["group"] is None for row in found] == [False] * 20 + [True]


def test_sorting_needs_groups(call: Call, models: Workshop) -> None:
    """An order of nothing is refused."""
    assert call("evaluate", models.hello, "--sort", "mean") == refusal("--sort needs --by")


@pytest.mark.parametrize("sort", ["total", "mean"])
def test_the_running_mean_of_sorted_chunks(call: Call, models: Workshop, texts: list[str], sort: str) -> None:
    """The mean up to the end of a chunk is the same wherever the chunk stands."""
    arguments = (models.tales, texts[0], "--by", "chunk")
    in_order = {row["group"]: row for row in report(rows(call, *arguments), "chunk")}
    for row in report(rows(call, *arguments, "--sort", sort), "chunk"):
        expected = in_order[row["group"]]["running_bits_per_char"]
        assert row["running_bits_per_char"] == pytest.approx(expected, rel=1e-9)


def test_several_groupings(call: Call, models: Workshop, texts: list[str]) -> None:
    """Several groupings have a report each, in the order asked for."""
    found = rows(call, models.tales, *texts, "--by", "word,class,file")
    assert list(dict.fromkeys(row["report"] for row in found)) == ["text", "word", "class", "file"]
    assert report(found, "class") == report(rows(call, models.tales, *texts, "--by", "class"), "class")


@pytest.mark.parametrize(
    ("names", "wrong", "hint"),
    [
        ("chars", "chars", " (did you mean 'char'?)"),
        ("char,klass", "klass", " (did you mean 'class'?)"),
        ("xyz", "xyz", ""),
        ("char,,word", "", ""),
        ("", "", ""),
    ],
)
def test_unknown_groupings(call: Call, models: Workshop, names: str, wrong: str, hint: str) -> None:
    """A grouping that is none is refused with those that are, and the likeliest of them."""
    message = f"--by must be one of {', '.join(GROUPINGS)}; got {wrong!r}{hint}"
    assert call("evaluate", models.hello, "data/hello.txt", "--by", names) == refusal(message)


@pytest.mark.parametrize(
    ("name", "hint"), [("totals", " (did you mean 'total'?)"), ("maen", " (did you mean 'mean'?)"), ("x", "")]
)
def test_unknown_orders(call: Call, models: Workshop, name: str, hint: str) -> None:
    """So is an order."""
    message = f"--sort must be one of total, mean; got {name!r}{hint}"
    arguments = ("evaluate", models.hello, "data/hello.txt", "--by", "char", "--sort", name)
    assert call(*arguments) == refusal(message)


@pytest.mark.parametrize("option", ["--rows", "--hardest"])
@pytest.mark.parametrize("number", ["-1", "many"])
def test_numbers_that_are_none(call: Call, models: Workshop, option: str, number: str) -> None:
    """A number of rows is a whole number from 0."""
    code, out, err = call("evaluate", models.hello, "data/hello.txt", "--by", "char", option, number)
    assert (code, out) == (2, "")
    assert err.startswith(f"charseq: error: Invalid value for '{option}'")
    assert err.count("\n") == 1


def test_groups_of_a_test_part_that_is_not_there(call: Call, tmp_path: Path) -> None:
    """A model without a test part needs a text for whatever is said of texts."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    assert call("train", "text.txt", *TINY, "--test-fraction", "0", "-o", "run").code == 0
    message = "the model was trained without a test part: name a text to score"
    assert call("evaluate", "run", "--by", "class") == refusal(message)
    assert rows(call, "run", "text.txt", "--by", "class")


# ---- the hardest characters


def test_hardest(call: Call, models: Workshop, texts: list[str]) -> None:
    """The most surprising characters of all texts, the most surprising first, each where it stands."""
    found = rows(call, models.tales, *texts, "--hardest", "9")
    hardest = report(found, "hardest")
    assert len(hardest) == 9
    assert [row["bits"] for row in hardest] == sorted((row["bits"] for row in hardest), reverse=True)
    for row in hardest:
        assert list(row) == HARDEST_KEYS
        text = Path(row["file"]).read_bytes().decode()
        around = text[: row["offset"]], text[row["offset"]], text[row["offset"] + 1 :]
        assert around[1] == row["char"]
        assert around[0].endswith(row["before"])
        assert around[2].startswith(row["after"])
        assert row["probability"] == pytest.approx(2 ** -row["bits"], rel=1e-9)
        assert len(row["top"]) == 3


def test_hardest_are_those_of_each_character(call: Call, models: Workshop, texts: list[str]) -> None:
    """They have the highest prices of all that --each char gives; an unseen character counts once."""
    Path(texts[0]).write_bytes((TALES[9000:9600] + "안안안").encode())
    hardest = report(rows(call, models.tales, *texts, "--hardest", "20"), "hardest")
    out = call("evaluate", models.tales, *texts, "--each", "char", "-f", "jsonl").out
    prices = [json.loads(line) for line in out.splitlines()]
    seen = [row["bits"] for row in prices if row["rank"]]
    unseen = {row["char"]: row["bits"] for row in prices if not row["rank"]}
    expected = sorted([*seen, *unseen.values()], reverse=True)[:20]
    assert [row["bits"] for row in hardest] == pytest.approx(expected, rel=1e-9)
    assert [row["char"] for row in hardest].count("안") == 1


def test_more_than_there_are(call: Call, models: Workshop, tmp_path: Path) -> None:
    """Where there are fewer characters than asked for, there are all of them."""
    (tmp_path / "text.txt").write_text("hello")
    found = rows(call, models.tales, str(tmp_path / "text.txt"), "--hardest", "100")
    assert sorted(row["char"] for row in report(found, "hardest")) == sorted("hello")


# ---- calibration


def test_calibration(call: Call, models: Workshop, texts: list[str]) -> None:
    """Ten classes hold all characters, and give the error that stands in the row of the text."""
    found = rows(call, models.tales, *texts, "--calibration")
    classes, total = report(found, "calibration"), found[2]
    assert all(list(row) == CALIBRATION_KEYS for row in classes)
    assert [row["low"] for row in classes] == [k / 10 for k in range(10)]
    assert sum(row["num_chars"] for row in classes) == total["num_chars"]
    filled = [row for row in classes if row["num_chars"]]
    error = sum(row["num_chars"] * abs(row["accuracy"] - row["confidence"]) for row in filled)
    assert error / total["num_chars"] == pytest.approx(total["calibration_error"], rel=1e-9)
    right = sum(row["num_chars"] * row["accuracy"] for row in filled)
    assert right == pytest.approx(total["num_chars"] * total["accuracy"], rel=1e-9)


# ---- all of it, in every format


def same(value: Any, expected: Any) -> bool:
    """Say whether a value is what JSON has, where nan is null and a name may look like a number."""
    if expected in (None, ""):
        return value in (None, "") or value != value
    return bool(value == expected) or f"{value}" == f"{expected}"


REPORTS = ("text", *GROUPINGS, "hardest", "calibration")


@every_format
@each_model
def test_every_format_says_the_same(
    call: Call, models: Workshop, texts: list[str], name: str, run: str
) -> None:
    """Every report comes back from every format with the same numbers, none rounded.

    Formats that hold one report share them out: each report meets each of these formats, and each model.
    """
    single = name in ("tsv", "csv")
    asked = REPORTS[int((run == "hello") != (name == "tsv")) :: 2] if single else REPORTS
    arguments = ("evaluate", getattr(models, run), *texts, "--baseline", "ngram:2", *ALL)
    expected = json.loads(call(*arguments, "--format", "json").out)
    assert list(dict.fromkeys(row["report"] for row in expected)) == list(REPORTS)
    expected = [row for row in expected if row["report"] in asked]
    found = []
    for option in [("--report", report) for report in asked] if single else [()]:
        code, out, err = call(*arguments, "--format", name, *option)
        assert (code, err) == (0, "")
        assert "\n\n" not in out
        found += READERS[name](out)
    for row, other in zip(found, expected, strict=True):
        assert list(row) == list(other)
        for key in other:
            assert key == "chars_per_second" or same(row[key], other[key]), (key, row[key], other[key])


@pytest.mark.parametrize("name", ["tsv", "csv"])
def test_a_table_for_programs_holds_one_report(call: Call, models: Workshop, name: str) -> None:
    """Where several were asked for, one must be named; nothing is read before that is said."""
    message = f"{name} holds one report: choose report text, class or hardest"
    asked = ("no-such-text.txt", "--by", "class", "--hardest", "2")
    assert call("evaluate", models.tales, *asked, "-f", name) == refusal(message)


@pytest.mark.parametrize("name", ["json", "jsonl", "yaml"])
def test_one_report_of_several(call: Call, models: Workshop, texts: list[str], name: str) -> None:
    """--report leaves out the others in every format."""
    out = call("evaluate", models.tales, *texts, "--by", "class", "--report", "class", "-f", name).out
    assert {row["report"] for row in READERS[name](out)} == {"class"}


def test_one_report_of_several_in_a_terminal(call: Call, models: Workshop, texts: list[str]) -> None:
    """There is its table alone."""
    out = call("evaluate", models.tales, *texts, "--by", "class", "--report", "class").out
    assert "class" in parts_of(out)[0]
    assert "\n\n" not in out
    assert "total" not in out


def test_a_report_that_is_not_there(call: Call, models: Workshop) -> None:
    """The message says which there are."""
    message = "report clas: not asked for; the reports are text and class (did you mean 'class'?)"
    assert call("evaluate", models.tales, "--by", "class", "--report", "clas") == refusal(message)


@pytest.mark.parametrize("name", [*GROUPINGS, "calibration", "hardest"])
def test_the_name_of_a_report_asks_for_it(call: Call, models: Workshop, texts: list[str], name: str) -> None:
    """The report is that of the option, whose name need not be given as well."""
    option = {"calibration": ["--calibration"], "hardest": ["--hardest", "10"]}.get(name, ["--by", name])
    arguments = ("evaluate", models.tales, *texts, "--report", name, "-f", "tsv")
    outcome = call(*arguments)
    assert outcome == call(*arguments, *option)
    assert outcome.code == 0
    assert outcome.out.count("\n") > 1


def test_a_named_grouping_can_be_sorted(call: Call, models: Workshop, texts: list[str]) -> None:
    """--sort needs a grouping, wherever that is named; without one it is refused."""
    arguments = ("evaluate", models.tales, *texts, "--sort", "mean", "-f", "json")
    outcome = call(*arguments, "--report", "class")
    assert outcome == call(*arguments, "--report", "class", "--by", "class")
    assert outcome.code == 0
    assert call(*arguments, "--report", "hardest") == refusal("--sort needs --by")


def test_cases_need_their_file(call: Call, models: Workshop) -> None:
    """A name does not tell which cases are meant."""
    assert call("evaluate", models.tales, "--report", "case") == refusal("--report case needs --cases")


def test_the_text_beside_cases(call: Call, models: Workshop) -> None:
    """With --cases no text is read, unless its report is named."""
    cases = ("--cases", "data/hello.yaml", "--report", "text", "-f", "json")
    (row,) = json.loads(call("evaluate", models.hello, *cases).out)
    assert row["report"] == "text"


def test_all_tables(call: Call, models: Workshop, texts: list[str]) -> None:
    """In a terminal all reports stand below each other, an empty line between them."""
    code, out, err = call("evaluate", models.tales, *texts, "--baseline", "uniform", *ALL)
    assert (code, err) == (0, "")
    headers = [parts_of(table)[0] for table in out.split("\n\n") if "┤" not in table]
    names = [by if by != "chunk" else "characters" for by in GROUPINGS]
    for header, name in zip(headers, ["text", *names, "context", "confidence"], strict=True):
        assert name in header


def test_reports_on_the_test_part(call: Call, models: Workshop) -> None:
    """Without a text all reports are on the model's own test part."""
    found = rows(call, models.tales, *ALL)
    assert found[0]["text"] == "test part"
    assert {row["file"] for row in report(found, "hardest")} == {"test part"}
    assert report(found, "file")[0]["num_chars"] == found[0]["num_chars"]


def test_reports_on_standard_input(call: Call, models: Workshop, feed: Feed) -> None:
    """And on a pipe, which is read once, whatever is asked for."""
    feed(UNSEEN.encode())
    found = rows(call, models.tales, "-", *ALL, "--baseline", "uniform")
    assert [row["model"] for row in report(found, "text")] == [models.tales, "uniform"]
    assert all(row["num_chars"] == len(UNSEEN) for row in report(found, "text"))
    assert sum(row["num_chars"] for row in report(found, "line")) == len(UNSEEN)


def test_none_of_the_hardest(call: Call, models: Workshop, texts: list[str]) -> None:
    """None of the hardest is none, and no report."""
    assert [row["report"] for row in rows(call, models.tales, texts[0], "--hardest", "0")] == ["text"]
