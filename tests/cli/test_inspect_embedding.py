"""charseq inspect --embedding: neighbours, map and classes of the tokens of a model."""

from pathlib import Path

import numpy as np
import pytest

from charseq.analysis.embedding import embedding_of
from charseq.registry import REPORTS
from charseq.runs.checkpoint import Checkpoint
from tests.blend import Blend
from tests.builders import json_rows, refusal
from tests.cli.conftest import Call, Workshop
from tests.reports.builders import words_of

KEYS = [key for key, _ in REPORTS["embedding"].fields()]


def test_rows(call: Call, models: Workshop) -> None:
    """A row for each token, with the numbers of the analysis."""
    found = json_rows(call, "inspect", models.tales, "--embedding")
    made = embedding_of(Checkpoint.load(Path(models.tales) / "model.safetensors"))
    assert [list(row) for row in found] == [KEYS] * len(made.tokens)
    assert sorted(row["number"] for row in found) == list(range(len(made.tokens)))
    for row in found:
        k = row["number"]
        assert (row["token"], row["class"]) == (made.tokens[k], made.classes[k])
        assert [one["token"] for one in row["neighbours"]] == [made.tokens[n] for n in made.neighbours[k]]
        assert [one["similarity"] for one in row["neighbours"]] == made.similarities[k].tolist()
        assert [row["x"], row["y"]] == made.places[k].tolist()
        assert row["length"] == pytest.approx(np.linalg.norm(made.vectors[:, k]))
    classes = {one.name: one for one in made.by_class()}
    for row in found:
        one = classes[row["class"]]
        numbers = [row[f"class_{what}"] for what in ("size", "purity", "chance")]
        assert numbers == [one.num, one.purity, one.chance]


def test_the_number_of_neighbours(call: Call, models: Workshop) -> None:
    """--top asks for it; purity counts the nearest five in any case."""
    two = json_rows(call, "inspect", models.tales, "--embedding", "--top", "2")
    nine = json_rows(call, "inspect", models.tales, "--embedding", "--top", "9")
    assert {len(row["neighbours"]) for row in two} == {2}
    assert {len(row["neighbours"]) for row in nine} == {9}
    assert [row["purity"] for row in two] == [row["purity"] for row in nine]


def test_the_picture(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A terminal gets neighbours, map and classes; a page the same with a chart."""
    page = tmp_path / "map.html"
    export = ("--export", str(tmp_path / "charts"))
    code, out, _ = call("inspect", models.hello, "--embedding", "--html", str(page), *export)
    assert code == 0
    assert "vowel" in (tmp_path / "charts" / "embedding.svg").read_text(encoding="utf-8")
    assert "as vectors of 96 numbers, the columns of U in gru 1 x 32" in out
    assert "first principal component" in out
    assert max(map(len, out[out.index("┌") : out.index("┘")].splitlines())) == 80
    html = page.read_text(encoding="utf-8")
    assert html.count("<svg") == 1
    assert {"Embedding", "Neighbours", "by chance", "vowel"} <= {*words_of(html)}


def test_a_mixture(call: Call, blend: Blend) -> None:
    """It shows that of its network; n-grams have none."""
    assert json_rows(call, "inspect", blend.both, "--embedding") == json_rows(
        call, "inspect", blend.gru, "--embedding"
    )
    message = "ngram:3: this kind of model has no embedding"
    assert call("inspect", blend.ngram, "--embedding") == refusal(message)


def test_no_text_is_read(call: Call, models: Workshop) -> None:
    """A text beside it is a mistake."""
    message = "data/hello.txt: --embedding reads no text: leave it out"
    assert call("inspect", models.hello, "data/hello.txt", "--embedding") == refusal(message)
    message = "--chars: --embedding reads no text: leave it out"
    assert call("inspect", models.hello, "--embedding", "--chars", "9") == refusal(message)
