"""Targets of lines as wholes, against twins that decode line by line."""

from collections import Counter
from functools import cache

import pytest

from charseq.analysis.reading import NamedModel, scored_texts
from charseq.analysis.targets import MAX_LABELS, Judge, TargetCounts, edit_distance
from charseq.config import ModelConfig, SampleConfig
from charseq.network import CharModel
from charseq.sampling import Order, Start, sampled
from charseq.scoring import Scorer
from charseq.text import CharTokenizer
from charseq.text.codec import Codec
from tests.builders import with_random_parameters

TEXT = "ab=ba\nb=a\n=b\naab=\nba=ab\nbb=b\n" * 12
CODEC = Codec(CharTokenizer.fit(TEXT), "line", target_after="=")


@cache
def model() -> CharModel:
    """Return a network with random weights."""
    return with_random_parameters(CharModel(ModelConfig(hidden_size=5), CODEC.vocab_size))


def answer(source: str, length: int) -> str:
    """Return what the model writes after a source, always the likeliest character."""
    config = SampleConfig(temperature=0, length=length)
    (text,) = sampled(Start(model(), CODEC, CODEC.completed(source)), Order.of(config, CODEC))
    return text.text


@pytest.mark.parametrize(
    ("a", "b", "edits"),
    [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2), ("a", "a", 0)],
)
def test_the_edit_distance_is_that_of_levenshtein(a: str, b: str, edits: int) -> None:
    """Insertions, deletions and replacements count one each, in either direction."""
    assert edit_distance(a, b) == edit_distance(b, a) == edits


def test_the_counts_are_those_of_answers_written_line_by_line() -> None:
    """A twin writes the answer to each source, and compares it with the target."""
    counts = Judge(model(), CODEC).counts(TEXT, Scorer(model(), CODEC).score(TEXT))
    pairs = [line.split("=") for line in TEXT.splitlines()]
    answers = [answer(source, 16) for source, _ in pairs]
    targets = [target for _, target in pairs]
    assert counts.num_targets == len(pairs)
    assert counts.num_exact == sum(map(str.__eq__, answers, targets))
    assert counts.num_edits == sum(map(edit_distance, answers, targets))
    assert counts.num_chars == sum(map(len, targets))
    assert counts.confusions == Counter(zip(targets, answers, strict=True))


def test_counts_do_not_depend_on_the_pieces_of_a_text() -> None:
    """A text that arrives character by character is counted by whole lines."""
    reading = [NamedModel("", model(), CODEC)]
    found = []
    for pieces in ([TEXT], list(TEXT)):
        total = TargetCounts()
        for _, scored in scored_texts(reading, [("a", pieces)]):
            for piece in scored:
                assert piece.targets[0] is not None
                total += piece.targets[0]
        found.append(total)
    assert found[0] == found[1]


def test_confusions_are_counted_for_few_targets_only() -> None:
    """One more target than is allowed, and there is no table."""
    few = TargetCounts(1, 1, 1, 0, {(f"{k}", "a"): 1 for k in range(MAX_LABELS)})
    assert (few + few).confusions == dict.fromkeys(few.confusions or {}, 2)
    assert (few + TargetCounts(1, 1, 1, 0, {("x", "a"): 1})).confusions is None


def test_figures_are_about_the_targets_alone() -> None:
    """Nats, bytes, unseen characters and first guesses of the sources are in no figure."""
    whole = Scorer(model(), Codec(CODEC.tokenizer, "line", target_after="=", loss_on="all")).score(TEXT)
    counted = CODEC.counted(TEXT)
    assert counted is not None
    score, ranks = Scorer(model(), CODEC).score(TEXT).score(), whole.ranks
    assert ranks is not None
    assert score.nats == pytest.approx(whole.nats[counted].sum(), abs=1e-9)
    assert score.num_chars == score.num_bytes == counted.sum()
    assert score.num_top1 == (ranks[counted] == 1).sum()
    assert score.num_words is None
