"""The command in real pipes, at a real terminal, and with texts that contain escape sequences."""

import json
import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest

from charseq.analysis.cases import read_cases
from charseq.reports.display.visible import visible
from charseq.runs.checkpoint import Checkpoint
from tests.builders import json_rows, shown_perplexity
from tests.cli.conftest import TALES, TINY, Call, Feed, Workshop, shell, start, surroundings
from tests.forks import python

ESCAPE = "\x1b[31m"
SHOWN = r"\x1b[31m"
COLOUR = re.compile(r"\x1b\[[\d;]*\b(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;[\d;]*)?m")


def at_terminal(*arguments: str, path: Path, **changes: str) -> str:
    """Run charseq with both streams at a terminal of 100 columns; return all that appears there."""
    master, slave = pty.openpty()
    environment = surroundings(**{"TERM": "xterm-256color", "COLUMNS": "100"} | changes)
    with subprocess.Popen(
        [*python(), "-m", "charseq", *arguments],
        cwd=path,
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
        env=environment,
    ):
        os.close(slave)
        pieces = []
        try:
            while piece := os.read(master, 1 << 16):
                pieces.append(piece)
        except OSError:  # Linux's way to say that nobody is at the other end any more
            pass
    os.close(master)
    return b"".join(pieces).decode()


# ---- pipes


def test_questions_are_answered_through_a_pipe(models: Workshop) -> None:
    """The example of the documentation: prefixes with targets in, tab-separated values out."""
    done = shell(
        rf"printf 'hell\to\nkin\tg\nexper\tt\n' | charseq next {models.hello} --format tsv", models.path
    )
    assert (done.returncode, done.stderr) == (0, b"")
    header, *lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert header == ["prefix", "target", "probability", "rank", "bits", "entropy", "top"]
    assert [line[:2] for line in lines] == [["hell", "o"], ["kin", "g"], ["exper", "t"]]
    assert [line[3] for line in lines] == ["1", "1", "1"]


@pytest.mark.parametrize(
    "command",
    [
        "charseq sample runs/tales --length 100000 | head -c 100",
        "yes hello | head -n 100000 | charseq next runs/hello --format tsv | head -c 100",
        "charseq info runs/hello | sleep 0",
        "yes hello | charseq evaluate runs/hello --each line | head -c 100",
        "yes hello | charseq evaluate runs/tales - --heatmap | head -c 100",
        "charseq evaluate runs/tales data/hello.txt --format html | head -c 100",
    ],
    ids=["sample", "next", "info", "lines", "heatmap", "html"],
)
def test_a_reader_that_goes_away_ends_the_command_quietly(
    models: Workshop, tmp_path: Path, command: str
) -> None:
    """When nobody reads any more the command ends quietly."""
    first, _, last = command.rpartition(" | ")
    done = shell(f"{{ {first}; echo $? > {tmp_path}/code; }} | {last}", models.path)
    assert done.returncode == 0
    assert len(done.stdout) == (100 if "head -c" in last else 0)
    assert done.stderr == b""
    assert (tmp_path / "code").read_text() in ("0\n", "141\n")


@pytest.mark.parametrize(
    ("options", "num_lines"),
    [("", 3), ("--sample-every 0.001", 40)],
    ids=["figures", "samples"],
)
def test_training_is_saved_when_the_reader_of_its_progress_goes_away(
    tmp_path: Path, options: str, num_lines: int
) -> None:
    """When nobody reads the progress of a training any more, what was learnt so far is saved first."""
    (tmp_path / "text.txt").write_bytes(TALES[:8000].encode())
    small = "--size fixed --hidden-size 8 --threads 1 --backend numpy"
    train = f"charseq train text.txt {small} --max-time 30s --eval-every 1 {options}"
    pipeline = f"{{ {train} -o run 2>&1; echo $? > code; }} | head -n {num_lines}"
    done = shell(pipeline, tmp_path, anew=True, PYTHONUNBUFFERED="")  # what is buffered is lost at the exit
    assert done.stdout.count(b"\n") == num_lines
    assert b"Traceback" not in done.stdout + done.stderr
    assert (tmp_path / "code").read_text() in ("0\n", "141\n")
    last = Checkpoint.load(tmp_path / "run" / "last.safetensors")
    assert last.results.step > 0
    logged = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert last.results.step - json.loads(logged[-1])["step"] in (0, 1)  # 1 before its own validation


@pytest.mark.parametrize(
    "arguments",
    [
        *("next runs/hello", "evaluate runs/hello -", "train -"),
        "evaluate runs/hello --each line",
    ],
)
def test_standard_input_that_is_closed_is_refused(models: Workshop, arguments: str) -> None:
    """A standard input that is closed is an error of one line."""
    done = shell(f"charseq {arguments} <&-", models.path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"charseq: error: standard input: is closed\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "arguments",
    [
        "sample runs/tales --length 10",
        "sample runs/tales --length 100000",
        "next runs/hello hell",
        "evaluate runs/hello data/hello.txt --each line",
        "--version",
    ],
)
def test_an_output_that_is_full_is_one_line(models: Workshop, arguments: str) -> None:
    """When the output cannot be written a command fails, and says so in one line."""
    done = shell(f"charseq {arguments} > /dev/full", models.path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"charseq: error: output: No space left on device\n"


def test_ctrl_c_ends_the_writing_of_text_with_130(models: Workshop) -> None:
    """Ctrl-C while text is being written ends the command with 130, and no traceback."""
    process = start("sample", models.tales, "--length", "10000000", path=models.path)
    assert process.stdout is not None
    assert process.stdout.read(10)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.count("\n") <= 1


def test_an_error_goes_to_stderr_and_its_code_to_the_shell(tmp_path: Path) -> None:
    """An error goes to stderr alone, and its code to the shell."""
    done = shell("charseq info none", tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == (
        b"charseq: error: none: no such model; give a run directory or a .safetensors file\n"
    )


def test_the_streams_are_utf8_in_any_locale(models: Workshop) -> None:
    """The streams are UTF-8 whatever the locale says."""
    done = shell(
        "charseq next runs/hello Żółw --format json",
        models.path,
        anew=True,
        LC_ALL="C",
        PYTHONIOENCODING="ascii",
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)[0]["prefix"] == "Żółw"


@pytest.mark.parametrize("length", [300, 20_000])
def test_nothing_is_wrapped_or_cut(call: Call, models: Workshop, length: int) -> None:
    """In a pipe a line of a table is as long as it must be, however narrow a terminal might be."""
    code, out, _ = call("next", models.hello, "h" * length)
    assert code == 0
    assert "h" * length in out
    assert len(out.splitlines()) == 3


def test_a_large_vocabulary_is_on_one_line(call: Call, tmp_path: Path) -> None:
    """A vocabulary of thousands of wide characters is a line of info, too."""
    text = "".join(chr(code) for code in range(0xAC00, 0xAC00 + 6000))
    (tmp_path / "text.txt").write_bytes(text.encode())
    none = ("--valid-fraction", "0", "--test-fraction", "0", "--hidden-size", "1", "--max-steps", "1")
    assert call("train", "text.txt", *none, "-o", "run").code == 0
    assert f"6000: {text}" in call("info", "run").out


def test_stdout_is_json_and_nothing_else(models: Workshop) -> None:
    """With --format json stdout parses as JSON, notes go to stderr."""
    done = shell("cat data/hello.txt | charseq evaluate - --format json", models.path)
    assert done.returncode == 0
    assert json.loads(done.stdout)[0]["text"] == "standard input"
    assert done.stderr == b"charseq: using the newest model, runs/hello/model.safetensors\n"


def test_json_is_utf8_for_an_argument_that_is_not(models: Workshop) -> None:
    """Even for an argument that is not UTF-8 the JSON is UTF-8."""
    done = shell(r'charseq next runs/hello "$(printf "he\377")" --format json', models.path)
    assert done.returncode == 0
    assert len(json.loads(done.stdout.decode("utf-8"))) == 1


# ---- broken UTF-8


@pytest.mark.parametrize(
    "arguments",
    [
        ("next", "runs/hello"),
        ("next", "runs/hello", "--format", "tsv", "--top", "0"),
        ("evaluate", "runs/hello", "-"),
        ("evaluate", "runs/hello", "--each", "char"),
        ("evaluate", "runs/hello", "-", "--heatmap", "--by", "char"),
        ("sample", "runs/hello", "--prompt-file", "-"),
        ("train", "-"),
    ],
    ids=" ".join,
)
def test_broken_utf8_on_standard_input_is_refused_with_its_place(
    call: Call, models: Workshop, feed: Feed, arguments: tuple[str, ...]
) -> None:
    """A byte that is not UTF-8 is an error of one line that says which byte it is."""
    feed(b"hell\xff\n")
    code, _, err = call(*arguments)
    assert code == 1
    assert err.startswith("charseq: error: standard input: ")
    assert "not UTF-8" in err
    assert re.search(r"\bbyte 4\b", err)
    assert err.count("\n") == 1


# ---- colours and control


@pytest.mark.parametrize("changes", [{}, {"TERM": "xterm-256color"}], ids=str)
def test_no_escape_codes_in_a_pipe(models: Workshop, tmp_path: Path, changes: dict[str, str]) -> None:
    """No stream that is not a terminal gets an escape code, whatever a command prints."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    (tmp_path / "cases.yaml").write_text("- {prefix: hell, target: x, expect: {rank: 1}}\n")
    hello = models.path / models.hello
    commands = [
        f"charseq evaluate {hello} --cases cases.yaml",
        f"charseq train text.txt {' '.join(TINY)} --sample-every 0.001 -o run",
        "charseq dance",
    ]
    done = shell("; ".join(commands), tmp_path, feed=b"", **changes)
    assert b"MISS" in done.stdout
    assert b"run/model.safetensors" in done.stdout
    assert b"No such command" in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr


def test_no_color_keeps_colours_away_from_a_terminal(models: Workshop, tmp_path: Path) -> None:
    """NO_COLOR keeps colours away from a terminal, which has them otherwise."""
    (tmp_path / "cases.yaml").write_text("- {prefix: hell, target: x, expect: {rank: 1}}\n")
    arguments = ("evaluate", str(models.path / models.hello), "--cases", "cases.yaml")
    assert COLOUR.search(at_terminal(*arguments, path=tmp_path))
    shown = at_terminal(*arguments, path=tmp_path, NO_COLOR="1")
    assert "MISS" in shown
    assert not COLOUR.search(shown)


def test_the_cost_of_real_time_learning_stays_in_sight(tmp_path: Path) -> None:
    """It stands in the live lines, beside that of backpropagation."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    options = ("--gradient", "rtrl", "--hidden-size", "3", "--max-steps", "30", "--threads", "1")
    live = at_terminal("train", "text.txt", *options, "-o", "run", path=tmp_path)
    assert live.count("multiplications a character") > 1


def test_training_has_a_live_line_at_a_terminal_unless_quiet(tmp_path: Path) -> None:
    """At a terminal training has a live line, with --quiet plain lines only."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    live = at_terminal("train", "text.txt", *TINY, "-o", "live", path=tmp_path)
    quiet = at_terminal("train", "text.txt", *TINY, "-o", "quiet", "--quiet", path=tmp_path)
    assert "\x1b[2K" in live
    assert "nan" not in live
    notes, _, _ = quiet.partition("stopped at step 3")
    assert "\x1b" not in notes
    assert "\x1b[2K" not in quiet


def shown_at(width: int, *arguments: str, path: Path) -> list[str]:
    """Return the lines that appear at a terminal of so many columns, without their colours."""
    shown = at_terminal(*arguments, path=path, COLUMNS=f"{width}", NO_COLOR="1")
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in shown.replace("\r\n", "\n").split("\n")]
    assert max(map(len, lines)) <= width
    assert "…" not in shown
    return [line for line in lines if line]


def test_steps_fit_80_columns(call: Call, models: Workshop) -> None:
    """The classroom example has a line for every step of 80 columns; nothing is cut or wrapped."""
    arguments = ("evaluate", models.hello, "--cases", "data/hello.yaml", "--steps")
    header, _, *lines = shown_at(80, *arguments, path=models.path)
    assert " ".join(header.split()) == "prefix target p rank bits perplexity likeliest next, with p case"
    rows = json_rows(call, *arguments)
    steps = [
        case.prefix[: k + 1] for case in read_cases(Path("data/hello.yaml")) for k in range(len(case.prefix))
    ]
    assert len(lines) == len(rows) == 13
    assert [line.split()[0] for line in lines] == [*steps, "all"]
    for line, row in zip(lines[:-1], rows, strict=False):
        assert line.split()[1:6] == [
            *(row["target"], f"{row['probability']:.4f}", f"{row['rank']}"),
            *(f"{row['bits']:.3f}", f"{row['perplexity']:.3f}"),
        ]
        guesses = [f"{visible(guess['char'])}={guess['probability']:.3f}" for guess in row["top"]]
        assert line.split()[6:9] == guesses
        assert line.split()[9:] == (["pass"] if row["passed"] else [])
    assert lines[-1].split() == [*("all", f"{rows[-1]['bits']:.3f}", f"{rows[-1]['perplexity']:.3f}", "pass")]


def table_at_80(*arguments: str, path: Path) -> tuple[str, list[str]]:
    """Return the words of the header of a table at a terminal of 80 columns, and the lines below it."""
    lines = shown_at(80, *arguments, path=path)
    rule = next(k for k, line in enumerate(lines) if set(line) == {"─"})
    return " ".join(" ".join(lines[:rule]).split()), lines[rule + 1 :]


def test_three_texts_fit_80_columns(call: Call, models: Workshop) -> None:
    """Three texts and their total have a line each at a terminal of 80 columns, with figures in full."""
    texts = ("evaluate", models.hello, "data/hello.txt", "data/hello.yaml", "data/tales.txt")
    header, lines = table_at_80(*texts, path=models.path)
    for unit in ("unseen", "nats/", "bits/", "±", "perplex"):
        assert unit in header
    rows = json_rows(call, *texts)
    error = "bits_per_char_error"
    assert [line.split() for line in lines] == [
        [
            *(row["text"], f"{row['num_chars']:,}", f"{row['num_unseen']:,}", f"{row['nats_per_char']:.4f}"),
            *(f"{row['bits_per_char']:.4f}", f"{row[error]:.4f}" if row[error] else "short"),
            *(f"{row['bits_per_byte']:.4f}", shown_perplexity(row)),
        ]
        for row in rows
    ]


# ---- text that is out to do harm


@pytest.fixture
def hostile(call: Call, tmp_path: Path) -> Path:
    """Return a run whose text, vocabulary, file names and directory hold an escape sequence."""
    (tmp_path / f"te{ESCAPE}xt").write_text(f"hello{ESCAPE} hello\n" * 60)
    run = Path(f"ru{ESCAPE}n")
    assert call("train", f"te{ESCAPE}xt", *TINY, "-o", str(run)).code == 0
    return run


def test_escapes_in_file_names_are_shown_not_obeyed(call: Call, hostile: Path) -> None:
    """A file name is shown in a table without being obeyed by the terminal."""
    for arguments in (("evaluate", str(hostile), f"te{ESCAPE}xt"), ("info", str(hostile))):
        out = call(*arguments).out
        assert f"te{SHOWN}xt" in out
        assert "\x1b" not in out
    assert f"ru{SHOWN}n" in call("info", str(hostile)).out


def test_escapes_in_the_summary_of_training_are_shown_not_obeyed(call: Call, hostile: Path) -> None:
    """The table at the end of training shows the run's directory, escaped."""
    out = call("train", "--resume", str(hostile), "--max-steps", "4").out
    assert f"ru{SHOWN}n" in out
    assert "\x1b" not in out


def test_escapes_in_the_line_that_says_how_to_go_on_are_shown_not_obeyed(tmp_path: Path) -> None:
    """The line that says how to go on shows the run's directory, escaped."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    options = ("--hidden-size", "8", "--threads", "1", "--backend", "numpy", "--eval-every", "1")
    options += ("--size", "fixed", "--max-time", "50s", "-o", f"ru{ESCAPE}n")
    process = start("train", "text.txt", *options, path=tmp_path)
    assert process.stderr is not None
    while "step" not in (line := process.stderr.readline()):
        assert line, "training ended before it began"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("interrupted; to go on: charseq train --resume ")
    assert f"ru{SHOWN}n" in err.splitlines()[-1]
    assert "\x1b" not in err


def test_escapes_in_vocabularies_and_prefixes_are_shown_not_obeyed(
    call: Call, hostile: Path, feed: Feed
) -> None:
    """Characters of the model and of the question are shown escaped, as prefix, target and guess."""
    assert r"\x1b" in call("info", str(hostile)).out.split("vocabulary")[1].splitlines()[0]
    feed(f"he{ESCAPE}\t\x1b\n".encode())
    out = call("next", str(hostile), "--top", "20").out
    assert f"he{SHOWN}" in out
    assert out.count(r"\x1b") == 3
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "option",
    [
        *(("--by", "char,word,line,file"), ("--hardest", "50"), ("--heatmap",)),
        *(("--baseline", "uniform"), ("--format", "html")),
    ],
    ids=lambda option: option[0],
)
def test_escapes_in_reports_are_shown_not_obeyed(call: Call, hostile: Path, option: tuple[str, ...]) -> None:
    """Names, texts, characters and guesses are shown escaped in every report for people."""
    out = call("evaluate", str(hostile), f"te{ESCAPE}xt", *option).out
    assert SHOWN in out
    assert "\x1b" not in out


def test_escapes_in_cases_are_shown_not_obeyed(call: Call, hostile: Path, tmp_path: Path) -> None:
    """Prefixes and targets of cases are shown escaped."""
    (tmp_path / "cases.yaml").write_text('- {prefix: "a\\e[31m", target: "\\e"}\n')
    out = call("evaluate", str(hostile), "--cases", "cases.yaml").out
    assert f"a{SHOWN}" in out
    assert "\x1b" not in out


def test_markup_is_shown_as_it_is(call: Call, models: Workshop) -> None:
    """What looks like the markup of the table library, or like an emoji's name, is shown as it is."""
    out = call("next", models.hello, "[red]h[/red]", ":smile:").out
    assert "[red]h[/red]" in out
    assert ":smile:" in out


def test_escapes_on_stderr_are_shown_not_obeyed(call: Call, hostile: Path) -> None:
    """Notes and errors show a file name escaped, too."""
    shown = [
        call("info", f"no{ESCAPE}ne").err,
        call("train", f"te{ESCAPE}xt", *TINY, "-o", "other").err,
        call("train", f"te{ESCAPE}xt", *TINY, "-o", str(hostile)).err,
    ]
    assert [err.count("\x1b") for err in shown] == [0, 0, 0]
    assert all(SHOWN in err for err in shown)


@pytest.mark.parametrize(
    "command", ["info runs/hello", "next runs/hello hell", "evaluate runs/hello data/hello.txt"]
)
def test_tables_in_a_pipe_have_no_blanks_at_the_ends_of_lines(
    call: Call, models: Workshop, command: str
) -> None:
    """What pads a table is not written where nobody sees its edge."""
    lines = call(*command.split()).out.splitlines()
    assert lines
    assert [line for line in lines if line != line.rstrip()] == []


def test_samples_keep_their_margin_where_they_wrap(tmp_path: Path) -> None:
    """At a terminal each line of a sample that is too long goes on beside the margin."""
    (tmp_path / "text.txt").write_bytes(b"abcdefgh" * 1000)
    options = ("--hidden-size", "8", "--threads", "1", "--backend", "numpy", "--max-steps", "3")
    shown = at_terminal("train", "text.txt", *options, "--sample-every", "0.001", path=tmp_path, COLUMNS="60")
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n")
    samples = [line for line in plain.split("\n") if line.startswith("  | ")]
    assert len(samples) >= 3
    assert max(map(len, samples)) == 60
