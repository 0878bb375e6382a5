"""charseq evaluate --each: a row for each character, word, line or file, as soon as it is known."""

import json
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from charseq.analysis.streaming import EACH_KINDS
from charseq.registry import REPORTS
from charseq.reports.each import each_report
from tests.builders import pairwise, refusal, refused
from tests.cli.conftest import Call, Feed, Workshop, shell, surroundings
from tests.cli.test_evaluate import READERS, Rows, rows
from tests.forks import python

TEXT = 'Żółw, the turtle: 안녕 😀\nand a "second" line\n'
PATIENCE = 30
"""Seconds that a row may take to come through a pipe before a test gives up."""
each_kind = pytest.mark.parametrize("kind", EACH_KINDS)
each_format = pytest.mark.parametrize("name", ["tsv", "csv", "jsonl"])


@pytest.fixture
def text(tmp_path: Path) -> str:
    """Return the name of a text with unseen characters and several lines."""
    (tmp_path / "text.txt").write_bytes(TEXT.encode())
    return str(tmp_path / "text.txt")


def each(call: Call, kind: str, *arguments: str, name: str = "jsonl") -> Rows:
    """Return the rows of an evaluation that goes well."""
    code, out, err = call("evaluate", *arguments, "--each", kind, "--format", name)
    assert (code, err) == (0, "")
    return READERS[name](out)


# ---- rows


@pytest.mark.parametrize(
    ("kind", "name", "run"), pairwise(list(EACH_KINDS), ["tsv", "csv", "jsonl"], ["hello", "tales"])
)
def test_rows_sum_up_to_the_text(
    call: Call, models: Workshop, text: str, kind: str, name: str, run: str
) -> None:
    """In every format the rows have the documented keys, and together are the text."""
    model = getattr(models, run)
    found, (total,) = each(call, kind, model, text, name=name), rows(call, model, text)
    keys = [key for key, _ in each_report(kind).fields()]
    assert all(list(row) == keys for row in found)
    assert sum(row.get("num_chars", 1) for row in found) == total["num_chars"]
    nats = total["nats_per_char"] * total["num_chars"]
    assert sum(row["nats"] for row in found) == pytest.approx(nats, rel=1e-9)
    unseen = [row["rank"] == 0 if kind == "char" else row["num_unseen"] for row in found]
    assert sum(unseen) == total["num_unseen"]


@each_kind
def test_offsets_point_at_the_text(call: Call, models: Workshop, text: str, kind: str) -> None:
    """What a row is of stands in its file at its offset, counted in characters."""
    for row in each(call, kind, models.tales, text):
        here = TEXT[row["offset"] :]
        assert row["file"] == text
        assert here.startswith(row["char"] if kind == "char" else row["text"] or "")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("char", list(TEXT)),
        ("word", TEXT.split()),
        ("line", ["Żółw, the turtle: 안녕 😀", 'and a "second" line']),
        ("file", [None]),
    ],
)
def test_what_the_rows_are_of(
    call: Call, models: Workshop, text: str, kind: str, expected: list[str | None]
) -> None:
    """There is a row for each, in the order of the text."""
    key = "char" if kind == "char" else "text"
    assert [row[key] for row in each(call, kind, models.tales, text)] == expected


@each_kind
def test_formats_say_the_same(call: Call, models: Workshop, text: str, kind: str) -> None:
    """TSV, CSV and JSON lines have the same numbers, none rounded; TSV is what there is without a word."""
    expected = each(call, kind, models.tales, text)
    for name in ("tsv", "csv"):
        for row, other in zip(each(call, kind, models.tales, text, name=name), expected, strict=True):
            numbers = {key for key, value in other.items() if isinstance(value, int | float)}
            assert {key: row[key] for key in numbers} == {key: other[key] for key in numbers}
    plain = call("evaluate", models.tales, text, "--each", kind)
    assert plain == call("evaluate", models.tales, text, "--each", kind, "--format", "tsv")


@pytest.mark.parametrize("name", ["tsv", "jsonl", "csv"])
def test_carriage_returns(call: Call, models: Workshop, tmp_path: Path, name: str) -> None:
    """A carriage return is a character, and may end a line of the text, but none of the rows."""
    (tmp_path / "text.txt").write_bytes(b"a\rb\r\n\r")
    chars = each(call, "char", models.tales, str(tmp_path / "text.txt"), name=name)
    assert [row["char"] for row in chars] == ["a", "\r", "b", "\r", "\n", "\r"]
    lines = each(call, "line", models.tales, str(tmp_path / "text.txt"), name=name)
    assert [(row["text"] or "", row["num_chars"]) for row in lines] == [("a", 2), ("b", 3), ("", 1)]


@each_kind
def test_several_files(call: Call, models: Workshop, text: str, tmp_path: Path, kind: str) -> None:
    """Files follow each other, each with its own name and offsets; an empty one does no harm."""
    (tmp_path / "empty.txt").touch()
    found = each(call, kind, models.tales, text, str(tmp_path / "empty.txt"), "data/hello.yaml")
    alone = each(call, kind, models.tales, "data/hello.yaml")
    assert [row for row in found if row["file"] == "data/hello.yaml"] == alone
    assert [row for row in found if row["file"] == text] == each(call, kind, models.tales, text)
    assert alone[0]["offset"] == 0


@each_kind
def test_standard_input_is_the_default(call: Call, models: Workshop, feed: Feed, kind: str) -> None:
    """Without a text it is standard input that is read, not the test part."""
    feed(TEXT.encode())
    found = each(call, kind, models.tales)
    assert {row["file"] for row in found} == {"standard input"}
    feed(TEXT.encode())
    assert each(call, kind, models.tales, "-") == found


def test_rows_can_be_sorted(models: Workshop) -> None:
    """What rows are sorted by stands first, for `sort -rn`, and the header stays behind all numbers."""
    command = "charseq evaluate runs/tales data/hello.txt --each line | LC_ALL=C sort -rg"
    done = shell(command, models.path)
    assert (done.returncode, done.stderr) == (0, b"")
    *lines, header = done.stdout.decode().splitlines()
    assert header.split("\t") == [key for key, _ in REPORTS["each segment"].fields()]
    figures = [float(line.split("\t")[0]) for line in lines]
    assert figures == sorted(figures, reverse=True)


# ---- refusals


@each_kind
@each_format
def test_nothing_to_score(call: Call, models: Workshop, feed: Feed, kind: str, name: str) -> None:
    """Nothing in the pipe is an error, and one line says so."""
    feed(b"")
    code, _, err = call("evaluate", models.tales, "--each", kind, "--format", name)
    assert (code, err) == (1, "charseq: error: standard input: empty: there is nothing to score\n")


@pytest.mark.parametrize(
    "option",
    [
        ("--baseline", "uniform"),
        ("--by", "char"),
        ("--sort", "mean"),
        ("--hardest", "3"),
        ("--calibration",),
        ("--heatmap",),
        ("--html", "page.html"),
        ("--cases", "data/hello.yaml"),
        ("--steps",),
    ],
    ids=lambda option: option[0],
)
def test_reports_beside_it_are_refused(call: Call, models: Workshop, option: tuple[str, ...]) -> None:
    """A stream of rows has no report beside it."""
    message = "--each writes rows and no reports: leave out the other options"
    assert call("evaluate", models.tales, "data/hello.txt", "--each", "line", *option) == refusal(message)


@pytest.mark.parametrize(
    ("name", "hint"), [("lines", " (did you mean 'line'?)"), ("wrd", " (did you mean 'word'?)"), ("x", "")]
)
def test_unknown_kinds(call: Call, models: Workshop, name: str, hint: str) -> None:
    """There are no other kinds of rows."""
    message = f"--each must be one of char, word, line, document, file; got {name!r}{hint}"
    assert call("evaluate", models.tales, "data/hello.txt", "--each", name) == refusal(message)


@pytest.mark.parametrize(
    ("name", "hint"), [("json", " (did you mean 'jsonl'?)"), ("table", ""), ("yaml", ""), ("html", "")]
)
def test_other_formats(call: Call, models: Workshop, name: str, hint: str) -> None:
    """Formats that cannot be written row by row are refused."""
    message = f"--format must be one of tsv, csv, jsonl; got {name!r}{hint}"
    assert call("evaluate", models.tales, "data/hello.txt", "--each", "line", "-f", name) == refusal(message)


def test_a_bad_byte_comes_after_good_rows(call: Call, models: Workshop, tmp_path: Path) -> None:
    """What was read of a file before a bad byte has its rows; then the byte is named."""
    (tmp_path / "a.txt").write_bytes(b"hello\n")
    (tmp_path / "b.txt").write_bytes(b"kin\xff\n")
    code, out, err = call("evaluate", models.tales, str(tmp_path), "--each", "line", "-f", "jsonl")
    assert code == 1
    assert [row["text"] for row in READERS["jsonl"](out)] == ["hello"]
    assert err == (
        f"charseq: error: {tmp_path}/b.txt: not UTF-8 at byte 3, in line 1, column 4: invalid start byte "
        "(the only such place); convert it to UTF-8 first\n"
    )


def test_bad_bytes_can_be_replaced(call: Call, models: Workshop, tmp_path: Path) -> None:
    """With --errors replace it is a character that nobody has met."""
    (tmp_path / "a.txt").write_bytes(b"kin\xff\n")
    arguments = (
        models.tales,
        str(tmp_path / "a.txt"),
        "--errors",
        "replace",
        "--each",
        "line",
        "-f",
        "jsonl",
    )
    code, out, err = call("evaluate", *arguments)
    (row,) = READERS["jsonl"](out)
    what = "1 place (1 byte) is not UTF-8 and was read as U+FFFD: line 1, column 4"
    assert (code, err) == (0, f"charseq: {tmp_path}/a.txt: {what}\n")
    assert (row["text"], row["num_chars"], row["num_unseen"]) == ("kin\ufffd", 5, 1)


# ---- real pipes


@contextmanager
def streaming(
    models: Workshop, *arguments: str, words: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """Start an evaluation that reads a pipe and writes to another; kill it in the end.

    `words` are to be put in place of those of `python`.
    """
    with subprocess.Popen(
        [*(words or python()), "-m", "charseq", "evaluate", *arguments],
        cwd=models.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings(),
        bufsize=0,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def next_line(stream: IO[bytes] | None) -> str:
    """Return the next line, which must come before patience ends."""
    assert stream is not None
    line = b""
    while not line.endswith(b"\n"):
        assert select.select([stream], [], [], PATIENCE)[0], f"nothing after {line!r}"
        byte = stream.read(1)
        assert byte, "the end"
        line += byte
    return line.decode()


def write(process: subprocess.Popen[bytes], raw: bytes) -> None:
    """Put bytes into the pipe, at once."""
    assert process.stdin is not None
    process.stdin.write(raw)
    process.stdin.flush()


@pytest.mark.parametrize("run", ["hello", "tales"])
def test_a_row_comes_as_soon_as_its_line(models: Workshop, run: str) -> None:
    """The row of a line can be read before the next line is written."""
    with streaming(models, getattr(models, run), "--each", "line", "-f", "jsonl") as process:
        for line in ("hello\n", "안녕\n", "\n", "king\r\n"):
            write(process, line.encode())
            assert json.loads(next_line(process.stdout))["text"] == line.rstrip("\r\n")


@pytest.mark.parametrize(
    ("kind", "pieces", "expected"),
    [
        ("char", [b"h", b"el", b"\xec\x95", b"\x88"], [["h"], ["e", "l"], [], ["안"]]),
        ("word", [b"one ", b"two ", b"th", b"ree\n", b"x"], [[], ["one"], ["two"], [], ["three"]]),
    ],
)
def test_other_rows_come_as_soon(
    models: Workshop, kind: str, pieces: list[bytes], expected: list[list[str]]
) -> None:
    """A character has its row when its last byte is there, a word when the next one begins."""
    with streaming(models, models.tales, "--each", kind, "-f", "jsonl") as process:
        for piece, known in zip(pieces, expected, strict=True):
            write(process, piece)
            for text in known:
                assert json.loads(next_line(process.stdout))["char" if kind == "char" else "text"] == text


def test_the_end_of_the_pipe_is_the_end(models: Workshop) -> None:
    """A last line without a newline has its row when the pipe is closed, and the command ends."""
    with streaming(models, models.tales, "--each", "line") as process:
        write(process, b"hello\nkin")
        assert next_line(process.stdout).startswith("bits_per_char\t")
        assert next_line(process.stdout).endswith("\thello\t\n")
        assert process.stdin is not None
        process.stdin.close()
        assert next_line(process.stdout).endswith("\tkin\t\n")
        assert process.wait(PATIENCE) == 0


def peak_memory(process: subprocess.Popen[bytes]) -> int:
    """Return the most memory that a process has had so far, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["line", "char"])
def test_endless_input_needs_bounded_memory(models: Workshop, kind: str) -> None:
    """However many rows there have been, the memory is that of a few."""
    with streaming(models, models.tales, "--each", kind, words=(sys.executable,)) as process:

        def feed() -> None:
            try:
                while process.poll() is None:
                    write(process, b"h\n" * 1000)
            except OSError:  # the test is over
                pass

        feeder = threading.Thread(target=feed)
        feeder.start()
        assert process.stdout is not None
        num_rows, peaks = 0, list[int]()
        for enough in (12_000, 30_000):
            while num_rows < enough:
                num_rows += process.stdout.read(1 << 16).count(b"\n")
            peaks.append(peak_memory(process))
        process.kill()
        feeder.join()
    assert peaks[1] < peaks[0] + 8e6  # the rows between would need more than twice that


def test_interrupted(models: Workshop) -> None:
    """Ctrl-C ends an endless stream with 130, and no traceback."""
    with streaming(models, models.tales, "--each", "line") as process:
        write(process, b"hello\n")
        next_line(process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


def test_guess_numbers_stand_beside_the_figures_of_lines(
    call: Call, models: Workshop, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The likelier a line, the fewer guesses; the other fields are those of --each line."""
    monkeypatch.setattr("charseq.analysis.guess_numbers.NUM_LINES", 500)
    feed(b"winter\nmember\nwimber\nx!")
    code, out, err = call("evaluate", models.hello, "--each", "line", "--guess-number", "--format", "jsonl")
    assert (code, err) == (0, "charseq: drawing 500 lines for the guess numbers\n")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["text"] for row in rows] == ["winter", "member", "wimber", "x!"]
    numbers = [row["guess_number"] for row in rows]
    assert max(numbers[:2]) < 100 < numbers[2]
    assert numbers[3] is None
    for row in rows[:2]:
        assert row["guess_number_low"] <= row["guess_number"] <= row["guess_number_high"]
    feed(b"winter\n")
    (plain,) = call("evaluate", models.hello, "--each", "line", "--format", "jsonl").out.splitlines()
    assert {key: rows[0][key] for key in json.loads(plain)} == pytest.approx(json.loads(plain), abs=1e-5)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--guess-number",), "--guess-number needs --each line"),
        (("--guess-number", "--each", "word"), "--guess-number is about whole lines"),
        (("--guess-number", "--each", "line", "--prompt", "a"), "--guess-number is about whole lines"),
    ],
)
def test_guess_numbers_are_about_lines(
    call: Call, models: Workshop, options: tuple[str, ...], why: str
) -> None:
    """Nothing else has them."""
    refused(call("evaluate", models.hello, "data/hello.txt", *options), why, code=2)
    refused(call("evaluate", models.tales, "data/hello.txt", "--each", "line", "--guess-number"), code=2)
