"""charseq help: the manual as a list, in a pipe, and in a terminal."""

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from charseq.manual import TOPICS, read_page
from tests.cli.conftest import Call, Outcome, surroundings
from tests.forks import python


def test_topics_are_listed(call: Call) -> None:
    """Without an argument each topic stands on a line with what its page is about."""
    code, out, err = call("help")
    assert (code, err) == (0, "")
    lines = {line.split(maxsplit=1)[0]: line for line in out.splitlines() if line.startswith("  ")}
    assert list(lines) == list(TOPICS)
    assert all(about in lines[topic] for topic, about in TOPICS.items())


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_in_a_pipe_is_plain(call: Call, topic: str) -> None:
    """Where stdout is no terminal, the page is its Markdown text, without the marks of its makers."""
    code, out, err = call("help", topic)
    assert (code, err) == (0, "")
    assert "<!--" not in out
    assert "-->" not in out
    assert "\n\n\n" not in out
    page = read_page(topic).splitlines()
    assert [line for line in out.splitlines() if line] == [
        line for line in page if line and not line.startswith("<!--")
    ]


def test_a_command_is_a_topic(call: Call) -> None:
    """The name of a command shows its part of the page `commands`."""
    code, out, err = call("help", "next")
    assert (code, err) == (0, "")
    assert out.startswith("## charseq next\n")
    assert out.count("\n## ") == 0
    assert "<!--" not in out
    assert set(out.splitlines()) <= set(read_page("commands").splitlines())


def test_an_unknown_topic_is_refused(call: Call) -> None:
    """A misspelt topic is a bad request, and the nearest one is named."""
    topics = ", ".join(TOPICS)
    assert call("help", "metod") == Outcome(
        2, "", f"charseq: error: no topic 'metod' in the manual (did you mean 'method'?); topics: {topics}\n"
    )


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """`charseq help commands | head` ends with 0 and says nothing."""
    done = subprocess.Popen(
        [*python(), "-m", "charseq", "help", "performance"],
        cwd=tmp_path,
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert done.stdout
    done.stdout.close()
    _, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, b"")


@pytest.mark.parametrize(("changes", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_page_in_a_terminal_goes_through_the_pager(
    tmp_path: Path, changes: dict[str, str], coloured: bool
) -> None:
    """In a terminal PAGER gets the page formatted: no Markdown marks, colours unless NO_COLOR is set."""
    master, slave = pty.openpty()
    done = subprocess.run(
        [*python(), "-m", "charseq", "help", "settings"],
        cwd=tmp_path,
        env=surroundings(
            PAGER=f"cat > {tmp_path / 'page'}", MANPAGER="", TERM="xterm-256color", COLUMNS="80", **changes
        ),
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    os.close(slave)
    os.close(master)
    page = (tmp_path / "page").read_text(encoding="utf-8")
    assert "CHARSEQ_MODEL_CELL" in page
    assert "**" not in page
    assert "<!--" not in page
    assert ("\x1b[1;36" in page or "\x1b[36" in page) == coloured
    assert done.stderr == b""


def test_lines_of_code_stay_whole_in_a_terminal(tmp_path: Path) -> None:
    """A table is not broken to fit the margins of a page, and a command of several words can be copied."""
    master, slave = pty.openpty()
    subprocess.run(
        [*python(), "-m", "charseq", "help", "tutorial"],
        cwd=tmp_path,
        env=surroundings(PAGER=f"cat > {tmp_path / 'page'}", MANPAGER="", TERM="dumb", COLUMNS="80"),
        stdin=slave,
        stdout=slave,
        timeout=60,
        check=True,
    )
    os.close(slave)
    os.close(master)
    shown = [line.rstrip() for line in (tmp_path / "page").read_text(encoding="utf-8").splitlines()]
    blocks = re.findall(r"^```\w*\n(.*?)^```$", read_page("tutorial"), re.MULTILINE | re.DOTALL)
    code = [line.rstrip().expandtabs() for block in blocks for line in block.splitlines() if line.strip()]
    assert max(map(len, code)) > 80
    assert [line for line in code if line not in shown] == []
