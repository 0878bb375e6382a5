"""Notes on held-out parts that differ in kind from the training part."""

from pathlib import Path
from typing import Any

import pytest

from charseq.config import DataConfig
from charseq.text.split import CorpusParts

PLAIN = "the rain in spain stays\nmainly in the plain\n" * 50


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)


def notes_on(*texts: str, **settings: Any) -> list[str]:
    """Return the notes on a corpus of these files, 0, 1 and so on."""
    for number, text in enumerate(texts):
        Path(f"{number}").write_text(text, encoding="utf-8")
    names = tuple(map(str, range(len(texts))))
    return list(CorpusParts.read(DataConfig(corpus=names, **settings)).notes)


def test_an_ordinary_text_has_no_notes() -> None:
    """A text that is the same everywhere is held out by its tail."""
    assert notes_on(PLAIN) == []


@pytest.mark.parametrize("split", ["tail", "nanogpt", "torch-rnn"])
def test_sorted_lines_are_noted_with_the_way_out(split: str) -> None:
    """The end of a sorted list is another kind of text than its beginning."""
    text = "".join(f"{number:04}\n" for number in range(500))
    (note,) = notes_on(text, split=split, unit="line")
    assert note == (
        "0: the lines are sorted, and the held-out part is from one end of them: data.split=blocks takes it "
        "from everywhere"
    )
    assert notes_on(text, split="blocks", unit="line") == []


def test_a_held_out_file_is_noted() -> None:
    """Where the training part has nothing of the file that is held out, this is said."""
    (note,) = notes_on(PLAIN * 9, PLAIN)
    assert (
        note
        == "0, 1: the held-out part is another file than the training part: data.split=blocks takes from all"
    )
    (note,) = notes_on(PLAIN * 8, PLAIN, PLAIN, valid_fraction=0.1, test_fraction=0.1)
    assert "the held-out part is other files" in note
    assert notes_on(PLAIN * 9, PLAIN, split="blocks") == []
    assert notes_on(*[PLAIN] * 9, split="files") == []


def test_a_held_out_part_that_shares_a_file_is_not_noted() -> None:
    """A part of the file is for training."""
    assert notes_on(PLAIN, PLAIN) == []


def test_unseen_characters_far_beyond_the_expected_are_noted() -> None:
    """A text that ends in another alphabet is named with the number of its characters."""
    said = notes_on(PLAIN * 9 + "ночь улица фонарь " * 99)
    assert [note.partition(" has ")[0] for note in said] == ["the validation part", "the test part"]
    assert said[0].endswith("times as many as expected; data.split=blocks holds out parts of the same kind")
    assert notes_on(PLAIN * 9 + "ночь", valid_fraction=0) == []
