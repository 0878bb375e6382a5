"""Groups for people: names, places, and tables that fit a terminal."""

from dataclasses import replace

import pytest

from charseq.analysis.evaluation import Evaluation, Groups
from charseq.analysis.groups import GROUPINGS
from charseq.analysis.ranking import Group
from charseq.registry import REPORTS
from charseq.reports.display.visible import visible
from charseq.reports.groups import NAME_CHARS
from charseq.scoring import Score
from tests.reports.builders import GROUP, HOSTILE, NAMES, grouped, shown, table_lines


def test_there_is_a_report_for_each_grouping() -> None:
    """Its name is that of the grouping, which --by takes."""
    assert [REPORTS[by].name for by in GROUPINGS] == list(GROUPINGS)


@pytest.mark.parametrize("by", list(GROUPINGS))
def test_groups_fit_80_columns(by: str) -> None:
    """Each group has one line, with every figure in full."""
    found = grouped(by).groups[by]
    halves = Evaluation(groups={by: Groups(found.groups[:1] * 2, GROUP + GROUP)})
    lines = table_lines(by, halves)[:2]
    name = visible(NAMES[by]) if by in ("char", "word", "line") else NAMES[by]
    for line in lines:
        assert " ".join(line).startswith(name)
        assert {"123,456", "857,095", "50.0%", "6.943", "123"} <= set(line)


@pytest.mark.parametrize(
    ("by", "name", "first"),
    [
        ("char", " ", "␣"),
        ("char", "\n", r"\n"),
        ("char", "\x1b", r"\x1b"),
        ("word", "two words", "two␣words"),
        ("line", "\t[red]a:smile:", r"\t[red]a:smile:"),
        ("file", "two words", "two words"),
        ("file", HOSTILE, r"a\x1b[31m[red]b :smile: <b>"),
        ("word", HOSTILE, r"a\x1b[31m[red]b␣:smile:␣<b>"),
        *((by, "a" * NAME_CHARS, "a" * NAME_CHARS + " ") for by in ("word", "line")),
        *((by, "a" * (NAME_CHARS + 1), "a" * NAME_CHARS + "… ") for by in ("word", "line")),
    ],
)
def test_names_of_groups(by: str, name: str, first: str) -> None:
    """A piece of text is shown with its blanks visible, and cut if it is long; other names as they are."""
    assert shown(REPORTS[by], grouped(by, name), width=200).splitlines()[3].startswith(first)


@pytest.mark.parametrize("by", ["line", "chunk"])
def test_groups_of_several_files_say_in_which_they_are(by: str) -> None:
    """Of one file the column is left out."""
    assert "b.txt" in shown(REPORTS[by], grouped(by, files=("a.txt", "b.txt")), width=120)
    assert "a.txt" not in shown(REPORTS[by], grouped(by))


def test_a_group_of_nothing_has_no_means_and_of_nothing_there_are_no_shares() -> None:
    """They are not known, and so left open."""
    group = Group("a.txt", 1, Score(), "a.txt")
    nothing = Evaluation(groups={"file": Groups([group], Score())})
    assert table_lines("file", nothing) == [["a.txt", "0", "0"]]
    part = Evaluation(groups={"file": Groups([group], GROUP)})
    assert table_lines("file", part) == [["a.txt", "0.0%", "0", "0"]]


def test_chunks_have_a_chart_where_there_are_several() -> None:
    """It goes from beginning to end, even if they are sorted, and the rest has no place in it."""
    chunk = REPORTS["chunk"]
    assert chunk.sections(grouped("chunk"))[0].count("<svg") == 0
    found = grouped("chunk", files=("a.txt", "a.txt"))
    backwards = replace_groups(found)
    assert chunk.sections(found)[0].count("<svg") == 1
    assert chart_of(chunk.sections(found)[0]) == chart_of(chunk.sections(backwards)[0])


def replace_groups(found: Evaluation) -> Evaluation:
    """Return the same chunks in another order."""
    groups = found.groups["chunk"]
    return Evaluation(groups={"chunk": replace(groups, groups=groups.groups[::-1])})


def chart_of(html: str) -> str:
    """Return the chart of a section."""
    return html.partition("<svg")[2].partition("</svg>")[0]
