"""charseq evaluate: texts of every kind, what is not UTF-8, and how far the reading of a long one is."""

import gzip
import json
import math
import re
from pathlib import Path

import pytest

from charseq.cli.progress import ReadingDisplay
from charseq.runs.checkpoint import Checkpoint
from tests.builders import refusal
from tests.cli.conftest import TALES, Call, Feed, Workshop
from tests.cli.test_evaluate import close, expected, figures, lines_of, rows
from tests.cli.test_pipes import at_terminal

CONVERT = "convert it to UTF-8 first"
"""What is said where nothing is known of an encoding."""

each_model = pytest.mark.parametrize("run", ["hello", "tales"])


@pytest.fixture
def name(tmp_path: Path) -> str:
    """Return where a text is to be."""
    return str(tmp_path / "text.txt")


# ---- all characters count


@each_model
@pytest.mark.parametrize(
    "text",
    [
        "hello\r\nking\r\n",
        "hello\rking\r",
        "\r\r\n\n\r",
        "h",
        "\n",
        "안",
        "안녕하세요 😀",
        "hello\ufeff",
        "no newline at the end",
        "\x00\x1b[31m\x85\u2028",
        " \t ",
    ],
    ids=[
        "crlf",
        "cr",
        "mixed",
        "one",
        "newline",
        "one unseen",
        "unseen",
        "bom",
        "open end",
        "control",
        "blank",
    ],
)
def test_any_text(call: Call, models: Workshop, name: str, run: str, text: str) -> None:
    """Every character of a text is scored once, none translated, dropped or added."""
    Path(name).write_bytes(text.encode())
    model = getattr(models, run)
    (row,) = rows(call, model, name, "--by", "char", "--rows", "0")[:1]
    assert (row["num_chars"], row["num_bytes"]) == (len(text), len(text.encode()))
    assert figures(row) == close(expected(model, text))
    assert call("evaluate", model, name).code == 0


@each_model
def test_nothing_but_unseen_characters(call: Call, models: Workshop, name: str, run: str) -> None:
    """A text of unseen characters alone has its price, and no figures without them."""
    Path(name).write_text("안녕")
    model = getattr(models, run)
    (row,) = rows(call, model, name)
    eps = Checkpoint.load(Path(model) / "model.safetensors").codec.tokenizer.escape_probability
    assert row["num_unseen"] == 2
    assert row["bits_per_char"] == pytest.approx(24 - math.log2(eps), rel=1e-12)
    assert (row["seen_bits_per_char"], row["seen_perplexity"], row["accuracy"]) == (None, None, 0)
    shown = lines_of(call("evaluate", model, name).out)
    assert "without unseen: bits per character" in shown
    assert not any("nan" in line for line in shown)


def test_one_character(call: Call, models: Workshop, name: str) -> None:
    """A text of one character has all figures but the standard error and its interval."""
    Path(name).write_text("h")
    (row,) = rows(call, models.hello, name)
    assert row["num_chars"] == 1
    missing = [key for key, value in row.items() if value is None]
    of_adapting = ["static_nats_per_char", "static_bits_per_char"]
    of_errors = ["bits_per_char_error", "bits_per_char_low", "bits_per_char_high"]
    of_targets = ["num_targets", "exact_match", "char_error_rate"]
    assert sorted(missing) == sorted(
        ["normalization", "optimum_bits_per_char", *of_errors, *of_adapting, *of_targets]
    )


def test_packed_texts(call: Call, models: Workshop, tmp_path: Path, name: str) -> None:
    """A packed text is scored as what is in it."""
    Path(name).write_bytes(TALES[:500].encode())
    (tmp_path / "text.txt.gz").write_bytes(gzip.compress(TALES[:500].encode()))
    plain, packed, _ = rows(call, models.tales, name, f"{name}.gz")
    assert figures(packed) == figures(plain)


def test_builtin_texts(call: Call, models: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python brings along is a text under its own name."""
    monkeypatch.setattr("pydoc_data.topics.topics", {"a": "hello\n", "b": "king"})
    (row,) = rows(call, models.tales, "builtin:pydoc")
    assert (row["text"], row["num_chars"]) == ("builtin:pydoc", len("hello\n\nking"))


@each_model
@pytest.mark.parametrize("chunk_bytes", [1, 2, 7])
def test_texts_in_small_pieces(
    call: Call, models: Workshop, name: str, monkeypatch: pytest.MonkeyPatch, run: str, chunk_bytes: int
) -> None:
    """However a text is read, the figures are the same."""
    Path(name).write_bytes(("żółw\r\n안녕 😀 " * 3).encode())
    whole = rows(call, getattr(models, run), name)[0]
    monkeypatch.setattr("charseq.text.sources.CHUNK_BYTES", chunk_bytes)
    assert figures(rows(call, getattr(models, run), name)[0]) == close(figures(whole))


# ---- what is not UTF-8


@pytest.mark.parametrize("chunk_bytes", [1, 2, 3, 1 << 16])
@pytest.mark.parametrize(
    ("raw", "why", "way"),
    [
        (b"hell\xff", "byte 4, in line 1, column 5: invalid start byte (the only such place)", CONVERT),
        (
            b"hell\xf0\x9f\x98o",
            "byte 4, in line 1, column 5: invalid continuation byte (the only such place)",
            CONVERT,
        ),
        (
            b"hell\xec\x95",
            "byte 4, in line 1, column 5: unexpected end of data (the only such place)",
            "the file was cut within a character; up to there: head -c 4 {} > utf8.txt",
        ),
        (
            "안\n녕".encode() + b"\xed\xa0\x80",
            "byte 7, in line 2, column 2: invalid continuation byte (3 such places)",
            "most is UTF-8, and what is not can be left out: --errors ignore reads it for training and "
            "scoring, or convert it: iconv -c -f UTF-8 -t UTF-8 {} > utf8.txt",
        ),
    ],
    ids=["start", "within", "end", "surrogate"],
)
def test_bad_bytes_are_named(
    call: Call,
    models: Workshop,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    raw: bytes,
    why: str,
    way: str,
    chunk_bytes: int,
) -> None:
    """What is not UTF-8 is an error that names its first byte, wherever the text is cut while it is read."""
    monkeypatch.setattr("charseq.text.sources.CHUNK_BYTES", chunk_bytes)
    Path(name).write_bytes(raw)
    message = f"{name}: not UTF-8 at {why}; {way.format(name)}"
    assert call("evaluate", models.tales, name) == refusal(message, 1)


def test_a_bad_byte_in_the_second_text(call: Call, models: Workshop, tmp_path: Path, name: str) -> None:
    """One bad text is an error, however good the others are, and there are no figures."""
    (tmp_path / "good.txt").write_text("hello")
    Path(name).write_bytes(b"\xff")
    message = f"{name}: not UTF-8 at byte 0, in line 1, column 1: invalid start byte (the only such place)"
    message += "; convert it to UTF-8 first"
    arguments = ("evaluate", models.tales, str(tmp_path / "good.txt"), name, "--format", "json")
    assert call(*arguments) == refusal(message, 1)


@pytest.mark.parametrize("chunk_bytes", [1, 2, 1 << 16])
def test_bad_bytes_are_replaced(
    call: Call, models: Workshop, name: str, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    """With --errors replace what is not UTF-8 is read as U+FFFD, and paid for as the bytes that it was."""
    raw = b"he\xffllo \xf0\x9f\x98 w\xc3"
    Path(name).write_bytes(raw)
    text = raw.decode("utf-8", "replace")
    assert text.count("\ufffd") == 3
    monkeypatch.setattr("charseq.text.sources.CHUNK_BYTES", chunk_bytes)
    done = call("evaluate", models.tales, name, "--errors", "replace", "-f", "json")
    what = "3 places (5 bytes) are not UTF-8 and were read as U+FFFD: "
    what += "line 1, column 3; line 1, column 8; line 1, column 11"
    assert done.err == f"charseq: {name}: {what}\n"
    (row,) = json.loads(done.out)
    as_utf8 = expected(models.tales, text)
    saved = (len(text.encode()) - len(raw)) * math.log(256)
    assert row["nats_per_char"] == pytest.approx(as_utf8["nats_per_char"] - saved / len(text))
    assert row["seen_bits_per_char"] == pytest.approx(as_utf8["seen_bits_per_char"])
    assert (row["num_chars"], row["num_bytes"], row["num_unseen"]) == (len(text), len(raw), 3)


def test_strict_is_the_default(call: Call, models: Workshop, name: str) -> None:
    """Asked for by name, it is the same as without a word."""
    Path(name).write_bytes(b"\xff")
    assert call("evaluate", models.tales, name, "--errors", "strict") == call("evaluate", models.tales, name)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("skip", ""),
        ("replcae", " (did you mean 'replace'?)"),
        ("", ""),
        ("Strict", " (did you mean 'strict'?)"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--each", "line")], ids=["reports", "each"])
def test_other_ways_with_errors(
    call: Call, models: Workshop, name: str, value: str, hint: str, more: tuple[str, ...]
) -> None:
    """There are these three ways, with reports and with rows."""
    Path(name).write_text("hello")
    message = f"--errors must be one of strict, replace, ignore; got {value!r}{hint}"
    assert call("evaluate", models.tales, name, "--errors", value, *more) == refusal(message)


# ---- how far it is


@pytest.fixture
def long_text(name: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a text that is read in ten pieces, which count as a long time each."""
    Path(name).write_bytes(b"hello king" * 100)
    monkeypatch.setattr("charseq.text.sources.CHUNK_BYTES", 100)
    monkeypatch.setattr("charseq.cli.texts.PATIENCE", 0.0)
    return name


def test_a_long_text_says_how_far_it_is(
    call: Call, models: Workshop, long_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where stderr is no terminal, there is a line now and then, and stdout is what it always is."""
    monkeypatch.setattr("charseq.cli.progress.SAY_SECONDS", 0.0)
    code, out, err = call("evaluate", models.tales, long_text)
    assert (code, lines_of(out)[2]) == (0, "characters 1,000")
    lines = err.splitlines()
    assert len(lines) == 11  # the end of the text is a piece of its own
    assert all(re.fullmatch(r"charseq: scoring the text: 0\.0 of 0\.0 MB", line) for line in lines)


def test_nothing_is_said_of_a_short_text(call: Call, models: Workshop, long_text: str) -> None:
    """Before SAY_SECONDS are over, nothing is said."""
    assert call("evaluate", models.tales, long_text).err == ""


def test_nothing_is_said_at_once(
    call: Call, models: Workshop, long_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the first PATIENCE seconds nothing is said either, to whomever."""
    monkeypatch.setattr("charseq.cli.progress.SAY_SECONDS", 0.0)
    monkeypatch.setattr("charseq.cli.texts.PATIENCE", 1e9)
    assert call("evaluate", models.tales, long_text).err == ""


def test_nothing_is_said_beside_a_heatmap(
    call: Call, models: Workshop, long_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a heat map, which shows how far it is, nothing is said."""
    monkeypatch.setattr("charseq.cli.progress.SAY_SECONDS", 0.0)
    assert call("evaluate", models.tales, long_text, "--heatmap").err == ""


def test_who_knows_how_long_a_pipe_is(
    call: Call, models: Workshop, long_text: str, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a pipe only what was read is known."""
    monkeypatch.setattr("charseq.cli.progress.SAY_SECONDS", 0.0)
    feed(b"hello king" * 100)
    _, _, err = call("evaluate", models.tales, "-")
    assert set(err.splitlines()) == {"charseq: scoring the text: 0.0 MB"}


def test_a_line_every_say_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are SAY_SECONDS apart, counted from the beginning, and say how far it is at that time."""
    clock = [1000.0]
    monkeypatch.setattr("charseq.cli.progress.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("charseq.cli.progress.SAY_SECONDS", 30.0)
    with ReadingDisplay(plain=False, noun="the text") as display:
        for megabytes in range(0, 100, 4):
            clock[0] = 1000.0 + megabytes
            display.show("scoring", megabytes * 1_000_000, 2_000_000_000)
    assert capsys.readouterr() == (
        "",
        "charseq: scoring the text: 32.0 of 2,000.0 MB\n"
        "charseq: scoring the text: 64.0 of 2,000.0 MB\n"
        "charseq: scoring the text: 96.0 of 2,000.0 MB\n",
    )


def test_a_plain_display_says_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wants it plain hears nothing."""
    monkeypatch.setattr("charseq.cli.progress.SAY_SECONDS", 0.0)
    with ReadingDisplay(plain=True) as display:
        display.show("hashing", 1, None)
        display.show("encoding", 2, 3)
    assert capsys.readouterr() == ("", "")


def test_the_corpus_is_the_noun(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without another word it is the corpus that is read, of which each purpose is named."""
    monkeypatch.setattr("charseq.cli.progress.SAY_SECONDS", 0.0)
    with ReadingDisplay(plain=False) as display:
        display.show("hashing", 1_500_000, None)
        display.show("encoding", 2_000_000, 3_000_000)
    assert capsys.readouterr().err == (
        "charseq: hashing the corpus: 1.5 MB\ncharseq: encoding the corpus: 2.0 of 3.0 MB\n"
    )


def test_a_bar_at_a_terminal(
    call: Call, models: Workshop, long_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal a bar says how far it is, up to the end."""
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes any stream for a terminal
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("charseq.cli.progress.REFRESH_SECONDS", 0.0)
    code, _, err = call("evaluate", models.tales, long_text)
    assert code == 0
    assert "scoring the text" in err
    assert "0.1/1.0 kB" in err
    assert "1.0/1.0 kB" in err


def test_no_bar_for_a_short_text(call: Call, models: Workshop, name: str) -> None:
    """At a terminal a text that takes no time has no bar, not even an empty one."""
    Path(name).write_text("hello")
    assert "scoring" not in at_terminal("evaluate", models.tales, name, path=models.path)


# ---- beginnings


@pytest.mark.parametrize("stdin", [False, True])
def test_the_first_characters_of_each_text(
    call: Call, models: Workshop, feed: Feed, tmp_path: Path, *, stdin: bool
) -> None:
    """With --chars the figures are those of texts that have no more."""
    for name, content in (("long", TALES[:700]), ("begin", TALES[:60])):
        (tmp_path / name).write_bytes(content.encode())
    feed(TALES.encode())
    source = "-" if stdin else str(tmp_path / "long")
    (cut,) = rows(call, models.tales, source, "--chars", "60")
    (whole,) = rows(call, models.tales, str(tmp_path / "begin"))
    for row in (cut, whole):
        for key in ("text", "seconds", "chars_per_second"):
            row.pop(key, None)
    assert cut == whole


def test_the_first_characters_of_several_texts_and_of_a_test_part(
    call: Call, models: Workshop, tmp_path: Path
) -> None:
    """Each text has its own beginning, and so has the model's own test part."""
    for name in "ab":
        (tmp_path / name).write_bytes(TALES[:90].encode())
    counts = [row["num_chars"] for row in rows(call, models.tales, str(tmp_path), "--chars", "40")]
    assert counts == [40, 40, 80]
    (row,) = rows(call, models.tales, "--chars", "40")
    assert row["num_chars"] == 40
    code, out, _ = call("evaluate", models.tales, str(tmp_path / "a"), "--each", "char", "--chars", "40")
    assert (code, out.count("\n")) == (0, 41)
