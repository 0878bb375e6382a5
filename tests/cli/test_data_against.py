"""charseq data --against: copied spans and new n-grams."""

import json
from pathlib import Path

import pytest

from tests.builders import refused
from tests.cli.conftest import TALES, Call, Feed


def test_novelty_of_a_sample(call: Call, tmp_path: Path, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence of the corpus is found with its places in both; n-grams stand beside those held out."""
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text(TALES[:8000])
    sample = f"Yesterday {TALES[3000:3100]} and xyz"
    feed(sample.encode())
    code, out, err = call("data", "corpus.txt", "--against", "-", "--format", "json")
    assert (code, err) == (0, "")
    rows = json.loads(out)
    grams = [row for row in rows if row["report"] == "novelty"]
    assert [row["n"] for row in grams] == list(range(1, 51))
    assert 0 < grams[2]["share"] < grams[20]["share"] < 1
    assert grams[20]["held_out_share"] > 0.5
    spans = [row for row in rows if row["report"] == "copied"]
    longest = spans[0]
    assert longest["num_chars"] >= 100
    assert TALES[3000:3100] in longest["span"]
    assert sample[longest["offset"] :].startswith(longest["span"])
    assert TALES[longest["corpus_offset"] :].startswith(longest["span"])
    assert {row["text"] for row in spans} == {"standard input", "held out"}
    Path("sample.txt").write_text(sample)
    table = call("data", "corpus.txt", "--against", "sample.txt").out
    assert f"sample.txt: {len(sample):,} characters" in table
    assert max(map(len, table.splitlines())) <= 80
    page = call("data", "corpus.txt", "--against", "sample.txt", "--format", "html").out
    assert "Copied spans" in page


def test_what_is_refused(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No corpus, a missing sample, an empty one, and two reports in one table."""
    refused(call("data", "--against", "corpus.txt"), "--against needs a corpus", code=2)
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text(TALES[:800])
    Path("empty.txt").write_text("")
    refused(call("data", "corpus.txt", "--against", "none.txt"), "none.txt: no such file", code=2)
    refused(call("data", "corpus.txt", "--against", "empty.txt"), "empty.txt: empty")
    one = call("data", "corpus.txt", "--against", "corpus.txt", "-f", "tsv")
    refused(one, "tsv holds one report", code=2)
