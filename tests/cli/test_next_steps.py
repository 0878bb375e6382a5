"""charseq next --steps: a model unrolled in a terminal, on a page and for programs."""

import csv
import io
from pathlib import Path

import pytest

from charseq.registry import REPORTS
from tests.blend import Blend
from tests.builders import json_rows, refusal
from tests.cli.conftest import Call, Feed, Workshop, shell
from tests.reports.builders import words_of

NUMBERS = [
    *("prefix", "step", "token", "input", "order", "target", "probability", "rank", "bits", "entropy"),
    *("guess", "guess_probability"),
]
LISTS = ["top", "states", "gates", "candidate", "neurons", "members"]


def test_steps(call: Call, models: Workshop) -> None:
    """A row for the start and for each character; at the end it is what `next` says."""
    found = json_rows(call, "next", models.hello, "hell", "--steps")
    assert [list(row) for row in found] == [[*NUMBERS, *LISTS]] * 5
    assert [row["input"] for row in found] == ["\n", *"hell"]
    assert [row["target"] for row in found] == [*"hell", None]
    (last,) = json_rows(call, "next", models.hello, "hell")
    assert {key: found[-1][key] for key in last} == last


def test_the_arrays_of_a_step(call: Call, models: Workshop) -> None:
    """States, gates and candidate have a number for each neuron of each layer, a chosen neuron its own."""
    *_, row = json_rows(call, "next", models.hello, "he", "--steps", "--neuron", "1:7", "--neuron", "1:32")
    assert list(row["gates"]) == ["reset gate", "update gate"]
    assert {len(layer) for layer in (*row["gates"].values(), row["candidate"], row["states"]["h"])} == {1}
    assert len(row["states"]["h"][0]) == len(row["candidate"][0]) == 32
    seventh, last = row["neurons"]
    assert (seventh["layer"], seventh["neuron"], last["neuron"]) == (1, 7, 32)
    assert seventh["h"] == row["states"]["h"][0][6]
    assert last["update gate"] == row["gates"]["update gate"][0][31]


@pytest.mark.parametrize("name", ["tsv", "csv"])
def test_lines_have_no_arrays(call: Call, models: Workshop, name: str) -> None:
    """The numbers of each step are there, lists are not."""
    code, out, err = call("next", models.hello, "hell", "--steps", "--neuron", "1:7", "--format", name)
    assert (code, err) == (0, "")
    lines = list(csv.reader(io.StringIO(out), delimiter="\t" if name == "tsv" else ","))
    assert lines[0] == NUMBERS
    assert [len(line) for line in lines] == [len(NUMBERS)] * 6
    assert not any(cell.startswith(("[", "{")) for line in lines for cell in line)


def test_a_mixture_and_its_members(call: Call, blend: Blend) -> None:
    """Each step has the members; n-grams alone have the order that they used."""
    *_, row = json_rows(call, "next", blend.both, "the ", "--steps", "--top", "2")
    assert [(one["member"], len(one["top"])) for one in row["members"]] == [("gru 1 x 8", 2), ("ngram:3", 2)]
    assert [one["order"] for one in row["members"]] == [None, 3]
    *_, row = json_rows(call, "next", blend.ngram, "the ", "--steps")
    assert (row["order"], row["states"], row["members"]) == (3, None, [])


def test_prefixes_from_standard_input(call: Call, models: Workshop, feed: Feed) -> None:
    """Each line is unrolled, a target after a tab is rated at the last step."""
    feed(b"hell\to\nkin\n")
    found = json_rows(call, "next", models.hello, "--steps")
    assert [row["step"] for row in found] == [0, 1, 2, 3, 4, 0, 1, 2, 3]
    assert (found[4]["target"], found[4]["rank"], found[8]["target"]) == ("o", 1, None)


def test_the_picture_in_a_pipe(models: Workshop) -> None:
    """Strips of bars, no escape codes, and the table of the neuron."""
    done = shell("charseq next runs/hello hell --steps --neuron 1:7", models.path)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().splitlines()
    assert "\x1b" not in done.stdout.decode()
    assert lines[0] == "hell: gru 1 x 32"
    strips = [line for line in lines if line[7:39].strip(" ▁▂▃▄▅▆▇█") == "" and line[:1] in ("h", "e", "l")]
    assert len(strips) == 4
    assert "layer 1, neuron 7" in lines
    assert "input  reset gate  update gate  candidate       h" in lines


def test_a_page(call: Call, models: Workshop, tmp_path: Path) -> None:
    """It has the steps, a picture of the state, the neuron with a chart; without --steps the prefixes."""
    page = tmp_path / "steps.html"
    code, _, err = call("next", models.hello, "hell", "--steps", "--neuron", "1:7", "--html", str(page))
    assert (code, err) == (0, "")
    html = page.read_text(encoding="utf-8")
    words = words_of(html)
    assert {"hell: gru 1 x 32", "layer 1, hidden state h", "layer 1, neuron 7", "update gate"} <= {*words}
    assert html.count("<svg") == 3
    code, out, _ = call("next", models.hello, "hell", "--format", "html")
    assert code == 0
    assert "hell" in words_of(out)
    assert "o=0.9" in " ".join(words_of(out))


def test_pictures_as_files(call: Call, models: Workshop, tmp_path: Path) -> None:
    """Each has a file, and the numbers have one."""
    code, _, _ = call("next", models.hello, "hell", "--steps", "--export", str(tmp_path / "charts"))
    assert code == 0
    names = {path.name for path in (tmp_path / "charts").iterdir() if path.suffix != ".png"}
    assert names == {"steps.csv", "steps-1-what-comes-out.svg", "steps-2-layer-1-hidden-state-h.svg"}


def test_what_does_not_go_together(call: Call, models: Workshop) -> None:
    """A neuron is one of steps, and steps show a model that stays as it is."""
    assert call("next", models.hello, "hell", "--neuron", "1:7") == refusal("--neuron needs --steps")
    message = "--steps shows a model that does not change: leave out --adapt"
    assert call("next", models.hello, "hell", "--steps", "--adapt") == refusal(message)
    message = "neuron 2:1: the model has neurons 1:1 to 1:32"
    assert call("next", models.hello, "hell", "--steps", "--neuron", "2:1") == refusal(message)
    message = "--neuron must read LAYER:NEURON, such as 1:37; got '7'"
    assert call("next", models.hello, "hell", "--steps", "--neuron", "7") == refusal(message)


def test_the_fields_are_documented() -> None:
    """In the order of the rows."""
    assert [key for key, _ in REPORTS["steps"].fields()] == [*NUMBERS, *LISTS]
