"""Several texts side by side: in their order, each as if it were alone, on any number of cores."""

from collections.abc import Iterator

import numpy as np
import pytest

from charseq.analysis import side_by_side
from charseq.analysis.reading import NamedModel, ScoredPiece, scored_texts
from charseq.errors import DataError
from charseq.scoring import Scorer
from charseq.text.codec import Codec
from charseq.text.corpus import ReadyTexts
from tests.adaptation.builders import adaptive, codec_of, network
from tests.analysis.builders import TOKENIZER, UNITS, model_of

MODELS = [NamedModel(unit, model_of("gru"), Codec(TOKENIZER, unit)) for unit in UNITS]
FILES = [("a", ["hello\n", "world"]), ("b", []), ("c", ["kin\n" * 9, "expert", "hell"]), ("d", ["o\n"])]
"""Texts of 11, 0, 46 and 2 characters."""


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return a number of threads that are allowed now."""
    monkeypatch.setattr("charseq.scoring.cores.num_threads", lambda: request.param)
    number: int = request.param
    return number


def read(files: list[tuple[str, list[str]]], models: list[NamedModel]) -> dict[str, list[ScoredPiece]]:
    return {name: list(pieces) for name, pieces in scored_texts(models, ReadyTexts(files))}


@pytest.mark.parametrize("ahead", [1, 12, 50, 58, 10**6])
def test_texts_are_scored_as_if_each_were_alone(
    ahead: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is read ahead, each text has the bits that it has alone, and all are in order."""
    monkeypatch.setattr(side_by_side, "AHEAD_CHARS", ahead)
    found = read(FILES, MODELS)
    assert [(name, [one.text for one in pieces]) for name, pieces in found.items()] == FILES
    for pieces in found.values():
        scorers = [Scorer(model.model, model.codec) for model in MODELS]
        for piece in pieces:
            for surprisal, scorer in zip(piece.surprisals, scorers, strict=True):
                assert surprisal.nats.tolist() == scorer.score(piece.text).nats.tolist()
            assert min(piece.seconds) >= 0


def test_a_model_that_learns_learns_from_each_text_anew(threads: int) -> None:
    """Its prices, and those without learning, do not depend on the texts beside it."""
    learning = NamedModel("learns", adaptive("gru"), codec_of(), static=network())
    files = [(name, ["the rain\n", f"in spain {name}" * 9]) for name in "abc"]
    together = read(files, [learning])
    for name, pieces in files:
        alone = read([(name, pieces)], [learning])[name]
        for a, b in zip(together[name], alone, strict=True):
            np.testing.assert_array_equal(a.surprisals[0].nats, b.surprisals[0].nats)
            np.testing.assert_array_equal(a.surprisals[0].static_nats, b.surprisals[0].static_nats)


def take_all(texts: ReadyTexts, found: list[str]) -> None:
    for name, pieces in scored_texts(MODELS, texts):
        for piece in pieces:
            found.append(f"{name} {piece.text}")


def test_an_error_comes_after_what_was_read_before_it() -> None:
    """The texts and pieces before a bad place are scored; then the error is raised."""

    def bad() -> Iterator[str]:
        yield "hello"
        raise DataError("c: no text")

    found, texts = list[str](), [("a", ["kin"]), ("b", ["world"]), ("c", bad()), ("d", ["kin"])]
    with pytest.raises(DataError, match="c: no text"):
        take_all(ReadyTexts(texts), found)
    assert found == ["a kin", "b world", "c hello"]


def test_an_error_of_a_file_that_is_not_there_comes_after_the_others() -> None:
    """It is raised in place of the next text."""

    def texts() -> Iterator[tuple[str, list[str]]]:
        yield "a", ["kin"]
        raise DataError("b: no such file")

    found = list[str]()
    with pytest.raises(DataError, match="no such file"):
        take_all(ReadyTexts(texts()), found)
    assert found == ["a kin"]


def test_no_more_is_read_ahead_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the first row of a text, so much of those behind it has been read, and no more."""
    monkeypatch.setattr(side_by_side, "AHEAD_CHARS", 12)
    asked = list[str]()

    def pieces_of(name: str) -> Iterator[str]:
        for _ in range(3):
            asked.append(name)
            yield "hello"

    rows = scored_texts(MODELS, ReadyTexts([(name, pieces_of(name)) for name in "abc"]))
    name, pieces = next(rows)
    next(pieces)
    assert (name, asked) == ("a", ["a"] * 3)


def test_texts_that_may_have_to_be_waited_for_are_not_read_ahead() -> None:
    """A pipe is scored piece by piece."""
    asked = list[str]()

    def pieces_of(name: str) -> Iterator[str]:
        asked.append(name)
        yield "hello"

    rows = scored_texts(MODELS, [(name, pieces_of(name)) for name in "ab"])
    _, pieces = next(rows)
    next(pieces)
    assert asked == ["a"]
