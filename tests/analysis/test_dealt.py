"""Lines dealt out to ranks: the lines of one process, to the last bit, in their order."""

from collections.abc import Iterable

import pytest

from charseq.analysis import dealt
from charseq.analysis.dealt import lines_on
from charseq.analysis.streaming import each
from charseq.errors import DataError
from charseq.ranks import World
from charseq.text.corpus import ReadyTexts
from tests.analysis.builders import checkpoint_of
from tests.ranks.threads import on_ranks

TEXTS: list[tuple[str, list[str]]] = [
    ("a", ["hello\nwor", "ld\n\n" + "kin\n" * 70, "expert\nhe", "l", "l"]),
    ("b", []),
    ("c", ["o\n", "and kin and", " expert\n" * 5]),
]


def lines_of(size: int, texts: Iterable[tuple[str, list[str]]], *, prompt: str = "") -> None:
    """Check that ranks find the lines that one process finds, and that only rank 0 has them."""
    expected = list(each(checkpoint_of("line"), texts, "line", prompt=prompt))

    def work(world: World) -> list[object]:
        own = texts if world.leads else []
        return list(lines_on(world, checkpoint_of("line"), own, prompt=prompt))

    assert on_ranks(size, work) == [expected, *([] for _ in range(size - 1))]


@pytest.mark.parametrize("prompt", ["", "and"])
@pytest.mark.parametrize("size", [2, 3])
def test_ranks_find_the_lines_of_one_process(size: int, prompt: str) -> None:
    """Wherever the text is cut into pieces, and with a prompt before each text."""
    lines_of(size, TEXTS, prompt=prompt)


def test_files_that_are_read_ahead_have_the_same_lines() -> None:
    """Files count as read in the same order as in one process."""
    lines_of(3, ReadyTexts(TEXTS))


def test_a_line_too_long_to_be_held_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pieces are for one rank, which goes on where it was."""
    monkeypatch.setattr("charseq.analysis.streaming.HELD_CHARS", 3)
    lines_of(2, [("a", ["hello", " world", " and\nkin\nex", "pert", " and"]), *TEXTS])


def test_every_rank_has_something_to_do() -> None:
    """Pieces are dealt in turn, and those of one line to one rank."""
    deals = list(dealt._deals(checkpoint_of("line"), TEXTS, 2))
    assert [(one.text, one.owner) for one in deals if one.piece is not None] == [
        *((0, 0), (0, 1), (0, 0), (0, 1)),
        *((2, 1), (2, 0)),
    ]


def test_empty_texts_are_an_error() -> None:
    """It is that of one process."""
    with pytest.raises(DataError, match="a, b: empty: there is nothing to score"):
        on_ranks(2, lambda world: list(lines_on(world, checkpoint_of("line"), [("a", []), ("b", [])])))
