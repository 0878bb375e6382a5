"""Novelty against plain searches in strings."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charseq.analysis import novelty as module
from charseq.analysis.novelty import LONGEST, compare_novelty, matches, novelty
from charseq.config import DataConfig
from charseq.errors import DataError
from charseq.text.split import CorpusParts

texts = st.text("ab한", max_size=90)


def plain_matches(text: str, corpus: str) -> list[int]:
    """Return the longest match at each place, by trying all lengths."""
    return [
        max(n for n in range(LONGEST + 1) if n <= len(text) - k and text[k : k + n] in corpus)
        for k in range(len(text))
    ]


def plain_longest(text: str, corpus: str) -> int:
    """Return the length of the longest common substring."""
    lengths = range(len(text) + 1)
    return max(n for n in lengths if any(text[k : k + n] in corpus for k in range(len(text) - n + 1)))


@settings(max_examples=60)
@given(text=texts, corpus=texts, repeats=st.integers(1, 4))
def test_matches_are_those_of_plain_searches(text: str, corpus: str, repeats: int) -> None:
    """Also where the corpus is long enough for the longest ones that are counted."""
    assert matches(text, corpus * repeats).tolist() == plain_matches(text, corpus * repeats)


def test_n_grams_may_be_too_many_for_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are then searched for."""
    rng = np.random.default_rng(0)
    text, corpus = ("".join(rng.choice(list("abcd "), size)) for size in (200, 900))
    expected = matches(text, corpus)
    monkeypatch.setattr(module, "MAX_TABLE", 10)
    assert matches(text, corpus).tolist() == expected.tolist() == plain_matches(text, corpus)


@settings(max_examples=60)
@given(text=texts, corpus=texts)
def test_the_shares_are_those_of_plain_counts(text: str, corpus: str) -> None:
    """Every occurrence counts; a text that is too short has no share."""
    for n, share in enumerate(novelty(text, corpus).shares.tolist(), start=1):
        grams = [text[k : k + n] for k in range(len(text) - n + 1)]
        if not grams:
            assert np.isnan(share)
        else:
            assert share == pytest.approx(np.mean([gram not in corpus for gram in grams]))


@settings(max_examples=60)
@given(parts=st.lists(st.sampled_from(["ab" * 40, "한a" * 30 + "b", "aab" * 21, "b", "aa"]), max_size=5))
def test_the_longest_span_is_the_longest_common_substring(parts: list[str]) -> None:
    """Copies run into each other, and are longer than n-grams that are counted."""
    text, corpus = "".join(parts), "ab" * 50 + "x" + "한a" * 40 + "bab" + "aab" * 30
    spans = novelty(text, corpus).spans
    assert (len(spans[0].text) if spans else 0) == plain_longest(text, corpus)
    for span in spans:
        assert text[span.place :].startswith(span.text)
        assert corpus.find(span.text) == span.corpus_place
    lengths = [len(span.text) for span in spans]
    assert lengths == sorted(lengths, reverse=True)
    places = sorted((span.place, span.place + len(span.text)) for span in spans)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(places))


def test_a_copy_within_a_run_of_copies_is_found() -> None:
    """The longest match need not begin where the first one does."""
    rng = np.random.default_rng(1)
    first, second = ("".join(rng.choice(list("abcdefgh"), 300)) for _ in range(2))
    text = first[:120] + second[:250]
    corpus = first + second + first[60:120] + second[:60]
    assert novelty(text, corpus).spans[0].text == second[:250]


def parts_of(text: str, tmp_path_factory: pytest.TempPathFactory) -> CorpusParts:
    path = tmp_path_factory.mktemp("novelty") / "corpus.txt"
    path.write_text(text)
    return CorpusParts.read(DataConfig(corpus=(str(path),)))


def test_a_sample_stands_beside_the_held_out_part(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Both are compared with the training part alone, in equal sizes."""
    words = "".join(np.random.default_rng(0).choice(["one ", "two ", "three "], 600))
    parts = parts_of(words, tmp_path_factory)
    found = compare_novelty("one two four " * 5, "mine", parts)
    assert (found.sample.name, found.held_out.name) == ("mine", "held out")
    assert found.held_out.num_chars == found.sample.num_chars == 65
    assert found.num_chars == len(parts.train)
    held_out = novelty(f"{parts.valid}{parts.test}"[:65], f"{parts.train}")
    assert [one.held_out_share for one in found.grams] == pytest.approx(held_out.shares.tolist(), nan_ok=True)
    assert found.grams[3].share > 0 == found.grams[3].held_out_share
    with pytest.raises(DataError, match="mine: empty"):
        compare_novelty("", "mine", parts)
