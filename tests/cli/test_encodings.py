"""What every command says of marks, line ends, other encodings, half characters and folders."""

import json
from pathlib import Path

import pytest

from tests.builders import Outcome
from tests.cli.conftest import TINY, Call, Feed, Workshop

KOREAN = "나는 학교에 갑니다.\n".encode("cp949")
READS = "--encoding cp949 reads it for training and scoring, or convert it:"
CP949 = "it looks like CP949 or EUC-KR (Korean)"
PLACES = "not UTF-8 at byte 0, in line 1, column 1: invalid start byte ({} such places)"
UTF16 = "hello king\n".encode("utf-16-le")
PROMPT = ("--length", "20", "--seed", "3")


def notes_of(outcome: Outcome) -> list[str]:
    """Return the lines on stderr of a command that went well."""
    assert outcome.code == 0, outcome.err
    return [line.removeprefix("charseq: ") for line in outcome.err.splitlines()]


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "ko.txt"),
        ("train", "ko.txt", "--ngram", "2"),
        ("evaluate", "MODEL", "ko.txt"),
        ("evaluate", "MODEL", "ko.txt", "--each", "line"),
        ("compare", "MODEL", "MODEL", "ko.txt"),
        ("inspect", "MODEL", "ko.txt", "--neuron", "1:1"),
        ("sample", "MODEL", "--prompt-file", "ko.txt"),
    ],
    ids=" ".join,
)
def test_every_command_names_the_encoding_and_the_command_that_converts(
    call: Call, workshop: Workshop, arguments: tuple[str, ...]
) -> None:
    """A Korean text in CP949 is refused with what it looks like, in every command that reads texts."""
    Path("ko.txt").write_bytes(KOREAN)
    model = str(workshop.path / workshop.hello)
    outcome = call(*(model if word == "MODEL" else word for word in arguments))
    way = f"{CP949}: {READS} iconv -f CP949 -t UTF-8 ko.txt > utf8.txt"
    assert (outcome.code, outcome.err) == (1, f"charseq: error: ko.txt: {PLACES.format(12)}; {way}\n")


def test_a_pipe_in_another_encoding_is_answered_with_a_pipe(call: Call, feed: Feed) -> None:
    """For standard input the command goes between the others."""
    feed(KOREAN)
    way = f"{CP949}: {READS} ... | iconv -f CP949 -t UTF-8 | charseq ..."
    assert call("train", "-").err == f"charseq: error: standard input: {PLACES.format(12)}; {way}\n"


def test_utf16_without_its_mark_is_not_trained_on(call: Call) -> None:
    """A text of NULs between letters is refused before there is a run."""
    Path("a.txt").write_bytes(UTF16)
    way = (
        f"it looks like UTF-16 without its mark, little endian: {READS.replace('cp949', 'utf-16-le')} "
        "iconv -f UTF-16LE -t UTF-8 a.txt > utf8.txt"
    )
    message = f"a.txt: not UTF-8: 11 of the first 22 bytes are NUL; {way}"
    assert call("train", "a.txt") == Outcome(1, "", f"charseq: error: {message}\n")
    assert not Path("runs").exists()


def test_training_tells_of_marks_line_ends_and_files(call: Call) -> None:
    """Marks and line ends of a folder, and which files it has, are said once, before the sizes."""
    Path("texts").mkdir()
    Path("texts/a.txt").write_bytes(b"\xef\xbb\xbf" + b"hello king\r\n" * 20)
    Path("texts/README.md").write_bytes(b"hello queen\n" * 20)
    notes = notes_of(call("train", "texts", *TINY, "-q"))
    assert "texts: 2 files: README.md, a.txt" in notes
    assert "texts/a.txt: begins with a byte order mark (U+FEFF), which is left out" in notes
    way = r"tr -d '\r' < texts/a.txt > utf8.txt"
    line = rf"texts/a.txt: has lines that end in \r\n, and \r counts as a character; without it: {way}"
    assert notes.count(line) == 1


def test_counting_tells_of_marks(call: Call) -> None:
    """A model that is counted has the same notes."""
    Path("a.txt").write_bytes(b"\xef\xbb\xbf" + b"hello king\n" * 20)
    notes = notes_of(call("train", "a.txt", "--ngram", "2"))
    assert "a.txt: begins with a byte order mark (U+FEFF), which is left out" in notes


def test_a_mark_of_a_text_that_is_scored_is_left_out(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A text with a mark is scored as the text that it is, and that is said."""
    for name, mark in (("a", b""), ("b", b"\xef\xbb\xbf")):
        (tmp_path / name).write_bytes(mark + b"hello")
    plain, marked = (
        call("evaluate", models.hello, str(tmp_path / name), "--each", "word", "-f", "jsonl")
        for name in ("a", "b")
    )
    assert marked.out == plain.out.replace(f"{tmp_path}/a", f"{tmp_path}/b")
    assert notes_of(marked) == [f"{tmp_path}/b: begins with a byte order mark (U+FEFF), which is left out"]


@pytest.mark.parametrize("view", [("--neuron", "1:1"), ("--gradient-flow",)], ids=" ".join)
def test_a_pipe_that_is_cut_within_a_character_is_inspected(
    call: Call, models: Workshop, feed: Feed, view: tuple[str, ...]
) -> None:
    """What `head -c` makes of a Korean text can be looked at; the rest of a character is left out."""
    feed(("안녕하세요. " * 9).encode()[:-3])
    notes = notes_of(call("inspect", models.tales, "-", *view))
    assert notes == ["standard input: ends in half a character, which is left out (ec 9a)"]


def test_replaced_bytes_count_as_they_were_in_the_file(call: Call, models: Workshop, tmp_path: Path) -> None:
    """With --errors replace a file of 8 bytes counts 8 bytes, and an unseen byte costs log 256, not three."""
    (tmp_path / "a.txt").write_bytes(b"caf\xe9 a l")
    (tmp_path / "b.txt").write_bytes(b"caf\x00 a l")
    sizes, nats = [], []
    for name in ("a.txt", "b.txt"):
        common = ("evaluate", models.tales, str(tmp_path / name), "--format", "json")
        (row,) = json.loads(call(*common, "--errors", "replace").out)
        sizes.append((row["num_chars"], row["num_bytes"]))
        nats.append(row["bits_per_byte"])
    assert sizes == [(8, 8), (8, 8)]
    assert nats[0] == pytest.approx(nats[1], rel=1e-12)


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=repr)
def test_the_newline_at_the_end_of_a_prompt_is_that_of_echo(
    call: Call, models: Workshop, feed: Feed, end: str
) -> None:
    """`echo kin` and `printf kin` are the same prompt, and it is said that a newline was left out."""
    feed(f"kin{end}".encode())
    outcome = call("sample", models.hello, "--prompt-file", "-", *PROMPT)
    assert outcome.out == call("sample", models.hello, "--prompt", "kin", *PROMPT).out
    assert notes_of(outcome)[-1] == "standard input: the newline at its end is no part of the prompt"


def test_a_second_newline_belongs_to_the_prompt(call: Call, models: Workshop, tmp_path: Path) -> None:
    """Only one newline is left out, so that a prompt may end in one."""
    (tmp_path / "p.txt").write_bytes(b"the end\n\n")
    outcome = call("sample", models.tales, "--prompt-file", str(tmp_path / "p.txt"), *PROMPT)
    assert outcome.out == call("sample", models.tales, "--prompt", "the end\n", *PROMPT).out


def test_a_prompt_without_a_newline_has_no_note(call: Call, models: Workshop, feed: Feed) -> None:
    """Where nothing is left out, nothing is said."""
    feed(b"kin")
    assert notes_of(call("sample", models.hello, "--prompt-file", "-", *PROMPT)) == []
