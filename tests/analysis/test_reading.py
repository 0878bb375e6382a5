"""The one loop over texts: every model reads every piece, each with its own codec, text by text."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from charseq.analysis.reading import NamedModel, scored_texts
from charseq.errors import DataError
from charseq.scoring import Scorer
from charseq.text.codec import Codec
from tests.adaptation.builders import adaptive, codec_of, network
from tests.analysis.builders import TOKENIZER, UNITS, model_of

MODELS = [NamedModel(unit, model_of("gru"), Codec(TOKENIZER, unit)) for unit in UNITS]
FILES = {"a.txt": ["hello\n", "", "world"], "b.txt": ["kin\n"]}


def read_all(*texts: tuple[str, list[str]]) -> list[str]:
    """Let the models read texts; return the pieces."""
    return [piece.text for _, pieces in scored_texts(MODELS, texts) for piece in pieces]


def test_every_model_scores_every_piece_with_its_own_codec() -> None:
    """The surprisals of a piece are in the order of the models; a text is read from its beginning."""
    for name, pieces in scored_texts(MODELS, FILES.items()):
        scorers = [Scorer(model.model, model.codec) for model in MODELS]
        found = list(pieces)
        assert [piece.text for piece in found] == FILES[name]
        for piece in found:
            for surprisal, scorer in zip(piece.surprisals, scorers, strict=True):
                assert surprisal.nats.tolist() == scorer.score(piece.text).nats.tolist()
            assert all(seconds >= 0 for seconds in piece.seconds)


def test_a_model_makes_as_many_guesses_as_it_is_asked_for() -> None:
    """The others make none."""
    guessing = NamedModel("guesses", model_of("gru"), Codec(TOKENIZER, "stream"), 2)
    _, pieces = next(scored_texts([guessing, MODELS[0]], [("a.txt", ["hello"])]))
    (piece,) = pieces
    first, second = piece.surprisals
    assert first.expected is not None
    assert first.expected.guesses.shape == (5, 2)
    assert second.expected is None


def test_a_model_ranks_unless_it_is_told_not_to() -> None:
    """Without ranks the prices are the same."""
    ranking = NamedModel("ranks", model_of("gru"), Codec(TOKENIZER, "stream"))
    _, pieces = next(scored_texts([ranking, replace(ranking, ranks=False)], [("a.txt", ["hello"])]))
    (piece,) = pieces
    with_ranks, without = piece.surprisals
    assert with_ranks.ranks is not None
    assert without.ranks is None
    assert without.nats.tolist() == with_ranks.nats.tolist()


def test_a_model_that_learns_is_scored_without_that_too() -> None:
    """Its surprisals have the static nats, in the same order; those of other models have none."""
    codec = codec_of()
    learning = NamedModel("learns", adaptive("gru"), codec, static=network())
    _, pieces = next(scored_texts([learning, MODELS[0]], [("a.txt", ["the rain\n", "in spain " * 9])]))
    static = Scorer(network(), codec)
    for piece in pieces:
        first, second = piece.surprisals
        assert first.static_nats is not None
        assert first.static_nats.tolist() == static.score(piece.text).nats.tolist()
        assert second.static_nats is None
    assert first.nats.sum() < first.static_nats.sum()


def test_a_piece_is_done_before_the_next_one_is_asked_for() -> None:
    """Progress hears of it in between."""
    order: list[str] = []

    def pieces() -> Iterator[str]:
        for text in ("he", "llo"):
            order.append(f"asked {text}")
            yield text

    for _, scored in scored_texts(MODELS, [("a.txt", pieces())], lambda text: order.append(f"done {text}")):
        for piece in scored:
            order.append(f"scored {piece.text}")
    assert order == ["asked he", "scored he", "done he", "asked llo", "scored llo", "done llo"]


def test_texts_without_a_character_are_an_error_that_names_them() -> None:
    """It comes at the end; a text with a character makes up for others."""
    message = r"^a\.txt, b\.txt: empty: there is nothing to score$"
    with pytest.raises(DataError, match=message):
        read_all(("a.txt", [""]), ("b.txt", []))
    assert read_all(("a.txt", [""]), ("b.txt", ["x"])) == ["", "x"]
