"""Options of train and evaluate that say how a corpus is read, cut and divided; the parts are found again."""

import json
import random
import re
from pathlib import Path

import pytest

from charseq.runs.checkpoint import Checkpoint
from charseq.runs.provenance import held_out_part, training_part, validation_part
from tests.cli.conftest import Call

SYLLABLES = "an ber cor dal el fin gor han is jor kel lan mor nor ol per ros sten tor ul van win".split()  # noqa: SIM905
DOCUMENTS = "".join(f"A note on {number % 7}.\nIt ends.\n%%\n" for number in range(60))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)


def counted(call: Call, *arguments: str) -> tuple[Checkpoint, str]:
    """Return a model of counts that was made with these arguments, and what was noted."""
    code, _, err = call("train", *arguments, "--ngram", "3", "-o", "run")
    assert code == 0, err
    return Checkpoint.load(Path("run/model.safetensors")), err


def evaluated(call: Call, *arguments: str) -> dict[str, float]:
    """Return the row of an evaluation of the model."""
    code, out, _ = call("evaluate", "run", *arguments, "-f", "json")
    assert code == 0
    (row,) = json.loads(out)
    found: dict[str, float] = row
    return found


def test_include_chooses_files_in_train_and_evaluate(call: Call) -> None:
    """The held-out part is read again from the same files."""
    Path("d").mkdir()
    for number in range(3):
        Path(f"d/{number}.py").write_text("abcd" * 50)
        Path(f"d/{number}.txt").write_text("xyz" * 50)
    checkpoint, _ = counted(call, "d", "--include", "*.py", "--include", "*.pyi")
    assert checkpoint.codec.tokenizer.alphabet == ("a", "b", "c", "d")
    assert evaluated(call)["num_chars"] == 30
    assert evaluated(call, "d/0.txt")["num_unseen"] == 150
    code, out, _ = call("evaluate", "run", "d", "--include", "*.py", "-f", "jsonl")
    assert code == 0
    assert [Path(row["text"]).name for row in map(json.loads, out.splitlines())] == [
        "0.py",
        "1.py",
        "2.py",
        "total",
    ]


@pytest.mark.parametrize("encoding", ["cp949", "utf-16"])
def test_bytes_count_as_in_the_file(call: Call, encoding: str) -> None:
    """In training, in the test part and in an evaluation, whatever the encoding."""
    text = "나는 학교에 갑니다.\n" * 100
    raw = text.encode(encoding)
    Path("k.txt").write_bytes(raw)
    num_bytes = len(raw) - (2 if encoding == "utf-16" else 0)
    checkpoint, _ = counted(call, "k.txt", "--encoding", encoding)
    assert checkpoint.provenance.num_bytes == num_bytes
    assert evaluated(call)["num_bytes"] == len(text[-60:].encode(encoding)) - (len(raw) - num_bytes)
    assert evaluated(call, "k.txt", "--encoding", encoding)["num_bytes"] == num_bytes


def test_12_000_bytes_stay_12_000_when_1_800_are_replaced(call: Call) -> None:
    """Replaced bytes count, those left out do not; how many there are and where is said."""
    raw = (b"hello kin\xff" * 5 + b"\n") * 200 + b"\xff" * 800 + b"kin\n" * 250
    Path("t.txt").write_bytes(raw)
    assert len(raw) == 12_000
    _, notes = counted(call, "t.txt", "--errors", "replace")
    places = "1,800 places (1,800 bytes) are not UTF-8 and were read as U+FFFD: line 1, column 10; "
    assert f"charseq: t.txt: {places}line 1, column 20; " in notes
    assert evaluated(call, "t.txt", "--errors", "replace")["num_bytes"] == 12_000
    row = evaluated(call, "t.txt", "--errors", "ignore")
    assert (row["num_bytes"], row["num_chars"]) == (10_200, 10_200)
    test = held_out_part(Checkpoint.load(Path("run/model.safetensors")))
    assert int(test.num_bytes[test.symbols].sum()) == len(test)


def test_a_wrong_encoding_is_refused_with_a_way_out(call: Call) -> None:
    """The error names file, line and column."""
    Path("k.txt").write_bytes("나는\n".encode("cp949") + b"\xff\n")
    code, _, err = call("train", "k.txt", "--encoding", "cp949", "--ngram", "3")
    assert code == 1
    assert err.startswith(
        "charseq: error: k.txt: not CP949 at byte 5, in line 2, column 1: illegal multibyte"
    )
    assert call("train", "k.txt", "--encoding", "utf-9").code == 2
    assert call("evaluate", "run", "k.txt", "--encoding", "utf-9").code == 2


def test_documents_are_sequences_of_their_own(call: Call) -> None:
    """Each begins in the same state, samples end at the separator, and rows are documents."""
    Path("d.txt").write_text(DOCUMENTS)
    checkpoint, _ = counted(call, "d.txt", "--unit", "document", "--separator", r"%%\n")
    assert (checkpoint.codec.unit, checkpoint.codec.separator) == ("document", "%%\n")
    code, out, _ = call("sample", "run", "--seed", "3", "-n", "2")
    assert code == 0
    assert re.fullmatch(r"A note on \d\.\n(It ends\.\n)?\nA note on \d\.\n(It ends\.\n)?", out)
    code, out, _ = call("evaluate", "run", "d.txt", "--each", "document", "-f", "jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["text"] for row in rows[:2]] == ["A note on 0.\nIt ends.\n", "A note on 1.\nIt ends.\n"]
    assert rows[0]["bits"] == pytest.approx(rows[7]["bits"])
    assert evaluated(call, "d.txt")["num_bytes"] == len(DOCUMENTS)


def test_a_file_is_a_document_without_a_separator(call: Call) -> None:
    """The end of a file is a character of no bytes, and parts are whole files."""
    Path("d").mkdir()
    for number in range(20):
        Path(f"d/{number:02}").write_text(f"file {number:02}\n\nends")
    checkpoint, _ = counted(call, "d", "--unit", "document", "--split", "blocks", "--test-fraction", "0.2")
    assert len(held_out_part(checkpoint)) == 4 * 14
    assert evaluated(call)["num_bytes"] == 4 * 13
    assert call("train", "d", "--separator", "x").code == 2


@pytest.mark.parametrize(
    "options",
    [
        ("--split", "blocks", "--unit", "line"),
        ("--split", "blocks", "--split-seed", "7"),
        ("--split", "char-rnn"),
        ("--split", "torch-rnn"),
        ("--split", "nanogpt", "--unit", "line"),
    ],
)
def test_the_parts_of_a_split_are_found_again(call: Call, options: tuple[str, ...]) -> None:
    """Evaluation, baselines and mixtures read the parts that training had, and together they are the text."""
    lines = [f"{number:04} and so on\n" for number in range(600)]
    Path("t.txt").write_text("".join(lines))
    checkpoint, _ = counted(call, "t.txt", *options)
    parts = training_part(checkpoint), validation_part(checkpoint)
    ends = checkpoint.provenance
    assert [len(part) for part in parts] == [ends.train_end, ends.valid_end - ends.train_end]
    assert checkpoint.codec.tokenizer.num_chars == len(parts[0])  # type: ignore[attr-defined]
    if ends.test_end > ends.valid_end:
        assert evaluated(call)["num_chars"] == ends.test_end - ends.valid_end
        assert call("evaluate", "run", "--baseline", "unigram").code == 0
    if "line" in options:
        assert set("".join(map(str, parts)).splitlines(keepends=True)) <= set(lines)


def test_files_are_held_out_whole(call: Call) -> None:
    """With --split files the test part has the text of whole files."""
    Path("d").mkdir()
    for number in range(10):
        Path(f"d/{number}").write_text(f"{number}" * 100)
    checkpoint, _ = counted(call, "d", "--split", "files", "--test-fraction", "0.1")
    assert len(set(str(held_out_part(checkpoint)))) == 1


def test_a_run_with_blocks_is_resumed_and_mixed(call: Call) -> None:
    """The split of the first run is that of the second; another one is refused."""
    Path("t.txt").write_text("".join(f"{number:04} and so on\n" for number in range(600)))
    tiny = ("--hidden-size", "4", "--threads", "1", "-q", "--split", "blocks")
    assert call("train", "t.txt", *tiny, "--max-steps", "2", "-o", "net").code == 0
    assert call("train", "--resume", "net", "--max-steps", "4", "-q").code == 0
    code, _, err = call("train", "--resume", "net", "--split", "tail")
    assert (code, err) == (
        2,
        "charseq: error: data.split cannot change when a run is resumed; start a new one\n",
    )
    counted(call, "t.txt", "--split", "blocks")
    code, _, err = call("mix", "net", "run", "-o", "both")
    assert (code, err) == (0, "")


def test_a_named_split_takes_no_shares(call: Call) -> None:
    """Its parts are its own."""
    Path("t.txt").write_text("text " * 100)
    code, _, err = call("train", "t.txt", "--split", "nanogpt", "--test-fraction", "0.1", "--ngram", "2")
    assert (code, err) == (
        2,
        "charseq: error: --split nanogpt has its own parts: leave out data.test_fraction\n",
    )


def test_sorted_names_are_noted_and_shuffled_ones_are_easier(call: Call) -> None:
    """A list of 2,400 sorted surnames has a harder tail than the names in it, as the note says."""
    rng, names = random.Random(1), set[str]()
    while len(names) < 2400:
        names.add("".join(rng.choices(SYLLABLES, k=rng.choice([2, 3]))).capitalize())
    Path("names.txt").write_text("\n".join(sorted(names)) + "\n")
    _, notes = counted(call, "names.txt", "--unit", "line")
    assert "charseq: names.txt: the lines are sorted, and the held-out part is from one end" in notes
    assert "--split blocks" in notes
    tail = evaluated(call)["nats_per_char"]
    Path("run/model.safetensors").unlink()
    Path("run").rename("old")
    _, notes = counted(call, "names.txt", "--unit", "line", "--split", "blocks")
    assert "sorted" not in notes
    assert evaluated(call)["nats_per_char"] < tail - 0.2
