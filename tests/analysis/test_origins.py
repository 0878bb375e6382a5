"""Where gradients come from: norms as by central differences, and the characters that they belong to."""

import numpy as np
import pytest

from charseq.analysis.origins import hardest_places, origins, places_of_char
from charseq.config import CellName
from charseq.errors import DataError
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Scorer
from charseq.text.codec import Codec
from charseq.text.tokenizers.byte import ByteTokenizer
from charseq.text.tokenizers.jamo import JamoTokenizer
from tests.analysis.test_gradient_flow import (
    TOKENIZER,
    each_cell,
    lines,
    make_model,
    norm_by_differences,
    random_text,
)
from tests.reports.checkpoints import trained

STREAM, LINE = Codec(TOKENIZER, "stream"), Codec(TOKENIZER, "line")


@pytest.mark.parametrize("num_layers", [1, 2])
@each_cell
def test_norms_are_those_of_central_differences(cell: CellName, num_layers: int) -> None:
    """Every lag is there, back to the first step; the state after a character is named by it."""
    model, text = make_model(cell, num_layers), random_text(8)
    for origin in origins(model, STREAM, text, [6, 2]):
        before = f"^{text[: origin.offset]}"
        assert origin.char == text[origin.offset]
        assert origin.norms.shape == (num_layers, origin.offset)
        for layer, norms in enumerate(origin.norms.tolist()):
            for lag, norm in enumerate(norms, start=1):
                begin, end = before[:-lag], before[-lag:] + origin.char
                assert norm == pytest.approx(
                    norm_by_differences(model, begin, end, layer), rel=1e-5, abs=1e-9
                )
                source = origin.sources[lag - 1]
                assert begin == "^" if source is None else begin.endswith(text[source])
    assert origin.sources == (0, None)


def test_a_line_is_followed_back_to_its_newline() -> None:
    """Its first character has only the newline before it, from which nothing is carried on."""
    text = lines(3, 5)
    first, last = origins(make_model("gru"), LINE, text, [5, 8])
    assert (first.sources, last.sources) == ((3,), (6, 5, 4, 3))
    with pytest.raises(DataError, match=r"^offset 4: this character has none before it"):
        origins(make_model("gru"), LINE, text, [4])


@pytest.mark.parametrize(
    ("codec", "text", "sources"),
    [
        (Codec(ByteTokenizer.fit(""), "stream"), "a안b", (None, None, 0, None)),
        (Codec(JamoTokenizer.fit("a한b"), "stream"), "a한b", (None, None, 0, None)),
    ],
    ids=["byte", "jamo"],
)
def test_a_character_of_several_tokens_is_read_with_its_last(
    codec: Codec, text: str, sources: tuple[int | None, ...]
) -> None:
    """States between its tokens belong to no character."""
    model = make_model("rnn")
    model = type(model)(model.config, codec.vocab_size, np.float64)
    model.initialise_(np.random.default_rng(0))
    (origin,) = origins(model, codec, text, [2])
    assert origin.sources == sources


def test_lags_are_bounded() -> None:
    (origin,) = origins(make_model("rnn"), STREAM, random_text(300), [250], max_lag=20)
    assert origin.norms.shape == (1, 20)
    assert origin.sources == tuple(range(248, 228, -1))


@pytest.mark.parametrize(
    ("offset", "why"),
    [
        (0, "this character has none before it: it has no gradient to follow"),
        (3, "this character is not in the vocabulary: it has no gradient to follow"),
        (5, "the text has 5 characters, counted from 0"),
    ],
)
def test_offsets_without_a_gradient(offset: int, why: str) -> None:
    with pytest.raises(DataError, match=f"^offset {offset}: {why}$"):
        origins(make_model("rnn"), STREAM, "abczd", [1, offset])


def test_places_of_a_character() -> None:
    """They are spread evenly; the first character of all has nothing before it."""
    assert places_of_char(STREAM, "abacada", "a") == [2, 4, 6]
    assert places_of_char(STREAM, "ba" * 50, "a", num=2) == [1, 99]
    with pytest.raises(DataError, match=r"^the character 'z' does not occur after another character$"):
        places_of_char(STREAM, "abcz", "z")
    with pytest.raises(DataError, match="'a'"):
        places_of_char(STREAM, "abc", "a")


@pytest.fixture
def checkpoint() -> Checkpoint:
    return trained()[1]


def test_the_hardest_places_are_those_of_the_scorer(checkpoint: Checkpoint) -> None:
    """The most surprising comes first; the first character of a text is none of them."""
    text = "".join(np.random.default_rng(0).choice(list(checkpoint.codec.tokenizer.vocab), 60).tolist())
    nats = Scorer(checkpoint.network, checkpoint.codec).score(text).nats
    found = hardest_places(checkpoint, text, 5)
    assert len(set(found)) == 5
    assert [nats[k] for k in found] == sorted((nats[k] for k in found), reverse=True)


def test_there_may_be_fewer_hard_places(checkpoint: Checkpoint) -> None:
    vocab = checkpoint.codec.tokenizer.vocab
    assert len(hardest_places(checkpoint, vocab[1] * 3, 9)) <= 3
    with pytest.raises(DataError, match=r"^too short for gradients"):
        hardest_places(checkpoint, "\x00\x00", 2)
