"""charseq inspect: gradients, neurons and gates of trained models, in every format."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from threadpoolctl import threadpool_limits

from charseq.analysis.activations import PROPERTIES, all_states, gate_spreads, hidden_states, rank_neurons
from charseq.analysis.gradient_flow import gradient_flow
from charseq.cli import inspect
from charseq.cli.app import run
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.provenance import held_out_part
from tests.builders import json_rows, refusal
from tests.cli.conftest import TALES, TINY, Call, Feed, Outcome, Workshop

TEXT = 'He said: "ąbc"\nand went.\n\n  Then he "slept\n'
Rows = list[dict[str, Any]]


def rows(call: Call, *arguments: str) -> Rows:
    """Return the rows of an inspection that goes well, with nothing on stderr."""
    return json_rows(call, "inspect", *arguments)


def load(run: str) -> Checkpoint:
    return Checkpoint.load(Path(run) / "model.safetensors")


def reading(run: str, text: str) -> tuple[Any, ...]:
    """Return the arguments of an analysis of `text` by a model."""
    checkpoint = load(run)
    return checkpoint.network, checkpoint.codec, text


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Multiply on one thread, as the command does: two of them wait for each other on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def text(tmp_path: Path) -> str:
    """Write a short text with quotations, lines and an unseen character; return its name."""
    (tmp_path / "text.txt").write_bytes(TEXT.encode())
    return str(tmp_path / "text.txt")


@pytest.fixture(scope="module")
def zoo(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return small runs: a vanilla network, an LSTM of two layers, and n-grams."""
    path, runs = tmp_path_factory.mktemp("zoo"), {}
    corpus = str(workshop.path / "data" / "tales.txt")
    for name, options in (
        ("rnn", ("--cell", "rnn", *TINY)),
        ("lstm", ("--cell", "lstm", "--num-layers", "2", *TINY)),
        ("ngram", ("--ngram", "3")),
    ):
        runs[name] = str(path / name)
        assert run(["train", corpus, *options, "-o", runs[name], "-q"]) == 0
    return runs


# ---- gradient flow


@pytest.mark.parametrize("run", ["hello", "tales"])
def test_gradient_flow(call: Call, models: Workshop, run: str) -> None:
    """The rows are those of the analysis, of the text that is named."""
    model = getattr(models, run)
    found = rows(call, model, "data/hello.txt", "--gradient-flow")
    flow = gradient_flow(*reading(model, Path("data/hello.txt").read_text()))
    assert [row["lag"] for row in found] == list(flow.lags)
    assert [row["gradient_norm"] for row in found] == flow.median[0].tolist()
    assert [row["gradient_norm_q1"] for row in found] == flow.quantile(0.25)[0].tolist()
    assert [row["gradient_norm_q3"] for row in found] == flow.quantile(0.75)[0].tolist()
    assert {(row["model"], row["cell"], row["layer"]) for row in found} == {(model, "gru", 1)}


def test_gradient_flow_of_the_test_part(call: Call, models: Workshop) -> None:
    """Without a text it is that of the model's own test part."""
    found = rows(call, models.tales, "--gradient-flow")
    test_part = str(held_out_part(load(models.tales)))
    assert 100 < len(test_part) < 500
    flow = gradient_flow(*reading(models.tales, test_part))
    assert [row["gradient_norm"] for row in found] == flow.median[0].tolist()


def test_gradient_flow_of_several_models(call: Call, models: Workshop, zoo: dict[str, str]) -> None:
    """Several models have rows one after the other, all on the first one's test part."""
    runs = [models.tales, zoo["rnn"], zoo["lstm"], models.hello]
    found = rows(call, *runs, "--gradient-flow")
    keys = list(dict.fromkeys((row["model"], row["cell"], row["layer"]) for row in found))
    assert keys == [
        (models.tales, "gru", 1),
        (zoo["rnn"], "rnn", 1),
        (zoo["lstm"], "lstm", 1),
        (zoo["lstm"], "lstm", 2),
        (models.hello, "gru", 1),
    ]
    flow = gradient_flow(*reading(models.hello, str(held_out_part(load(models.tales)))))
    norms = [row["gradient_norm"] for row in found if row["model"] == models.hello]
    assert norms == flow.median[0].tolist()


def test_the_newest_model(call: Call, models: Workshop) -> None:
    """Without a model it is the newest run, which is named on stderr."""
    code, out, err = call("inspect", "data/tales.txt", "--gradient-flow", "-f", "json")
    assert code == 0
    assert err == f"charseq: using the newest model, {models.hello}/model.safetensors\n"
    assert json.loads(out) == rows(call, models.hello, "data/tales.txt", "--gradient-flow")


def test_a_model_file(call: Call, models: Workshop, tmp_path: Path) -> None:
    """A model file in a run is called as the run, any other by its own name."""
    shutil.copy(f"{models.tales}/model.safetensors", tmp_path / "mine.safetensors")
    files = [f"{models.tales}/model.safetensors", f"{tmp_path}/mine.safetensors"]
    found = rows(call, *files, "--gradient-flow")
    assert {row["model"] for row in found} == {models.tales, files[1]}


# ---- neurons


def test_neurons(call: Call, models: Workshop, zoo: dict[str, str], text: str) -> None:
    """Each neuron that is named has its state after each character."""
    found = rows(call, zoo["lstm"], text, "--neuron", "2:8", "--neuron", "1:1")
    states = hidden_states(*reading(zoo["lstm"], TEXT))
    assert [(row["offset"], row["char"], row["layer"], row["neuron"]) for row in found] == [
        (k, char, layer, neuron) for layer, neuron in ((2, 8), (1, 1)) for k, char in enumerate(TEXT)
    ]
    assert [row["activation"] for row in found] == [*states[1, :, 7].tolist(), *states[0, :, 0].tolist()]


@pytest.mark.parametrize("neuron", ["0:1", "1:0", "2:1", "1:33", "999999999:1"])
def test_a_neuron_that_is_not_there(call: Call, models: Workshop, text: str, neuron: str) -> None:
    """Layers and neurons are counted from 1, and the last ones are named."""
    message = f"neuron {neuron}: the model has neurons 1:1 to 1:32"
    assert call("inspect", models.tales, text, "--neuron", neuron) == refusal(message)


@pytest.mark.parametrize("neuron", ["", "1", "1:", ":1", "1:-1", "a:b", "1:2:3", "1:٣", "1:9999999999"])
def test_a_neuron_that_is_none(call: Call, models: Workshop, text: str, neuron: str) -> None:
    """What is not two numbers is refused with an example of what is."""
    message = f"--neuron must read LAYER:NEURON, such as 1:37; got {neuron!r}"
    assert call("inspect", models.tales, text, "--neuron", neuron) == refusal(message)


# ---- gates


@pytest.mark.parametrize("run", ["hello", "tales"])
def test_gates(call: Call, models: Workshop, text: str, run: str) -> None:
    """Each gate has its mean openness at each character, by the model's own unit."""
    model = getattr(models, run)
    found = rows(call, model, text, "--gates")
    spreads = gate_spreads(*reading(model, TEXT))
    assert [(row["offset"], row["char"], row["layer"], row["gate"]) for row in found] == [
        (k, char, 1, gate) for gate in ("reset gate", "update gate") for k, char in enumerate(TEXT)
    ]
    numbers = [list(row.values())[4:] for row in found]
    assert numbers == [row for gate in spreads.values() for row in gate[0].tolist()]


def test_the_gates_of_a_neuron(call: Call, models: Workshop, zoo: dict[str, str], text: str) -> None:
    """With --neuron they are those of this neuron, with its candidate and both states of an LSTM."""
    found = rows(call, zoo["lstm"], text, "--gates", "--neuron", "2:8")
    quantities = ["input gate", "forget gate", "output gate", "candidate", "c", "h"]
    assert list(dict.fromkeys(row["quantity"] for row in found)) == quantities
    states = all_states(*reading(zoo["lstm"], TEXT))
    for name, row in (("forget gate", states.gates["forget gate"]), ("c", states.states["c"])):
        assert [r["value"] for r in found if r["quantity"] == name] == row[1, :, 7].tolist()
    assert {(row["layer"], row["neuron"]) for row in found} == {(2, 8)}


# ---- whole states


def test_states(call: Call, models: Workshop, zoo: dict[str, str], text: str) -> None:
    """Each state of each layer has a row for each character, with a number for each neuron."""
    found = rows(call, zoo["lstm"], text, "--states")
    keys = [(layer, state) for layer in (1, 2) for state in ("h", "c")]
    assert [(row["layer"], row["state"], row["offset"], row["char"]) for row in found] == [
        (*key, k, char) for key in keys for k, char in enumerate(TEXT)
    ]
    states = all_states(*reading(zoo["lstm"], TEXT)).states
    assert [row["values"] for row in found] == [
        row for layer, state in keys for row in states[state][layer - 1].tolist()
    ]


@pytest.mark.parametrize("texts", [(), ("data/tales.txt",)])
def test_the_beginning_is_shown_in_strips(call: Call, models: Workshop, texts: tuple[str, ...]) -> None:
    """If no number is given, so many characters are looked at as a person looks at, and that is said."""
    code, out, err = call("inspect", models.tales, *texts, "--states", "--format", "json")
    assert (code, len(json.loads(out))) == (0, 200)
    assert err.endswith(": only the first 200 characters are looked at\n")


def test_a_cell_without_gates(call: Call, models: Workshop, zoo: dict[str, str], text: str) -> None:
    """A vanilla network has no gates to show."""
    assert call("inspect", zoo["rnn"], text, "--gates") == refusal("the cell rnn has no gates")


# ---- neurons that follow a property


@pytest.mark.parametrize("name", PROPERTIES)
def test_find(call: Call, models: Workshop, text: str, name: str) -> None:
    """The neurons are those of the analysis, ten of them."""
    found = rows(call, models.tales, text, "--find", name)
    ranked = rank_neurons(hidden_states(*reading(models.tales, TEXT)), PROPERTIES[name](TEXT), 10)
    assert [tuple(row.values()) for row in found] == [(name, *place) for place in ranked]
    assert list(found[0]) == ["property", "layer", "neuron", "correlation"]


def test_find_in_the_test_part(call: Call, models: Workshop) -> None:
    """Without a text neurons are looked for in the test part; --top says how many."""
    found = rows(call, models.tales, "--find", "position", "--top", "3")
    content = str(held_out_part(load(models.tales)))
    ranked = rank_neurons(hidden_states(*reading(models.tales, content)), PROPERTIES["position"](content), 3)
    assert [tuple(row.values())[1:] for row in found] == ranked


def test_an_unknown_property(call: Call, models: Workshop) -> None:
    """A property that does not exist is refused with the nearest that does."""
    message = "--find must be one of quote, newline, indent, position; got 'quotes' (did you mean 'quote'?)"
    assert call("inspect", models.tales, "--find", "quotes") == refusal(message)


def test_a_property_that_a_text_lacks(call: Call, models: Workshop, feed: Feed) -> None:
    """In a text without quotations no neuron can follow them."""
    feed(b"nobody speaks\n")
    message = "standard input: quote is the same at each of its characters: no neuron can follow it"
    assert call("inspect", models.tales, "-", "--find", "quote") == refusal(message, 1)


# ---- formats, pages and texts


@pytest.mark.parametrize(
    "view", [("--gates",), ("--neuron", "1:2"), ("--find", "quote"), ("--gradient-flow",)]
)
def test_every_format_has_the_same_rows(call: Call, models: Workshop, text: str, view: tuple[str]) -> None:
    """YAML and tab-separated values hold what JSON does."""
    expected = rows(call, models.tales, text, *view)
    out = call("inspect", models.tales, text, *view, "--format", "yaml").out
    assert yaml.safe_load(out) == expected
    header, *lines = call("inspect", models.tales, text, *view, "--format", "tsv").out.splitlines()
    assert header.split("\t") == list(expected[0])
    assert len(lines) == len(expected)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (("--gates",), ["layer 1, reset gate", "layer 1, update gate", "1 openness"]),
        (("--neuron", "1:2"), ["layer 1, neuron 2", "1 activation"]),
        (("--find", "quote"), ["Neurons that follow: quote", "correlation with quote"]),
        (("--gradient-flow",), ["Gradient flow", "<svg", "lag (steps back)", "factor per step"]),
    ],
)
def test_a_page(
    call: Call, models: Workshop, tmp_path: Path, text: str, view: tuple[str], expected: list[str]
) -> None:
    """With --html the same is written as a page, and shown nevertheless."""
    page = tmp_path / "page.html"
    outcome = call("inspect", models.tales, text, *view, "--html", str(page))
    assert outcome == call("inspect", models.tales, text, *view)
    html = page.read_text(encoding="utf-8")
    assert f"<title>Inside {models.tales}</title>" in html
    for part in expected:
        assert part in html


def test_a_page_that_cannot_be_written(call: Call, models: Workshop, text: str) -> None:
    """A page in a folder that is not there is an error, and nothing else is shown."""
    outcome = call("inspect", models.tales, text, "--gates", "--html", "nowhere/page.html")
    assert outcome == refusal("nowhere/page.html: cannot be written: No such file or directory", 1)


def test_a_long_text(
    call: Call, models: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, feed: Feed
) -> None:
    """Only the beginning of a long text is looked at, which is said; of one that just fits all is."""
    monkeypatch.setattr(inspect, "MAX_CHARS", 5000)
    view = ("--neuron", "1:1", "--format", "json")
    (tmp_path / "b.txt").write_bytes(TALES[4000:5001].encode())
    (tmp_path / "a.txt").write_bytes(TALES[:4000].encode())
    code, out, err = call("inspect", models.tales, str(tmp_path), *view)
    notes = f"charseq: {tmp_path}: 2 files: a.txt, b.txt\n"
    notes += f"charseq: {tmp_path}: only the first 5,000 characters are looked at\n"
    assert (code, err) == (0, notes)
    feed(TALES[:5000].encode())
    assert call("inspect", models.tales, "-", *view) == Outcome(0, out, "")
    assert "".join(row["char"] for row in json.loads(out)) == TALES[:5000]


def test_a_long_test_part(call: Call, models: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long test part the beginning is looked at, too."""
    monkeypatch.setattr(inspect, "MAX_CHARS", 100)
    view = ("--find", "position", "--format", "json")
    code, out, err = call("inspect", models.tales, *view)
    name = f"the test part of {models.tales}"
    assert (code, err) == (0, f"charseq: {name}: only the first 100 characters are looked at\n")
    content = str(held_out_part(load(models.tales)))[:100]
    ranked = rank_neurons(hidden_states(*reading(models.tales, content)), PROPERTIES["position"](content), 10)
    assert [tuple(row.values())[1:] for row in json.loads(out)] == ranked


def test_the_limit_is_not_small() -> None:
    """What is looked at of a text is enough for medians and correlations."""
    assert inspect.MAX_CHARS == 100_000


def test_an_empty_text(call: Call, models: Workshop, feed: Feed) -> None:
    """There is nothing to look at in an empty text."""
    feed(b"")
    message = "standard input: empty: there is nothing to read"
    assert call("inspect", models.tales, "-", "--gates") == refusal(message, 1)


def test_a_text_too_short_for_gradients(call: Call, models: Workshop, feed: Feed) -> None:
    """A text that gradients cannot flow in is named."""
    feed(b"a")
    code, out, err = call("inspect", models.tales, "-", "--gradient-flow")
    assert (code, out) == (1, "")
    assert err.startswith("charseq: error: standard input: too short for gradients: ")


# ---- bad requests


def test_something_to_look_at(call: Call, models: Workshop) -> None:
    """Without a view the choice is listed."""
    views = "--gradient-flow, --truncation, --neuron, --gates, --states, --embedding and --find"
    assert call("inspect", models.tales) == refusal(f"say what to look at: one of {views}")


@pytest.mark.parametrize(
    ("view", "named"),
    [
        (("--gates", "--gradient-flow"), "--gradient-flow and --gates"),
        (("--neuron", "1:1", "--find", "quote"), "--neuron and --find"),
        (("--find", "quote", "--neuron", "1:1", "--gates"), "--neuron and --find"),
        (("--find", "quote", "--states", "--gates"), "--gates and --states and --find"),
    ],
)
def test_one_view_at_a_time(call: Call, models: Workshop, view: tuple[str, ...], named: str) -> None:
    """Several views are refused by their names."""
    assert call("inspect", models.tales, *view) == refusal(f"{named}: inspect shows one of them at a time")


@pytest.mark.parametrize("view", [("--gates",), ("--neuron", "1:1"), ("--find", "quote"), ("--states",)])
def test_several_models(call: Call, models: Workshop, view: tuple[str, ...]) -> None:
    """Only gradients are shown of several models."""
    message = "only --gradient-flow and --truncation look at several models: name one"
    assert call("inspect", models.tales, models.hello, "data/hello.txt", *view) == refusal(message)


def test_several_texts(call: Call, models: Workshop) -> None:
    """One text is looked at."""
    message = "data/tales.txt: inspect looks at one text at a time"
    texts = ("data/hello.txt", "data/tales.txt")
    assert call("inspect", models.tales, *texts, "--gates") == refusal(message)


def test_a_model_after_a_text(call: Call, models: Workshop) -> None:
    """Models stand before the text."""
    arguments = (models.tales, "data/hello.txt", models.hello)
    message = f"{models.hello}: a model among the texts: give each by -m, or all first"
    assert call("inspect", *arguments, "--gradient-flow") == refusal(message)


def test_models_can_be_named_by_an_option(call: Call, models: Workshop) -> None:
    """Every -m is a model, and the argument the text."""
    view = ("data/hello.txt", "--gradient-flow")
    by_option = rows(call, "-m", models.tales, "-m", models.hello, *view)
    assert by_option == rows(call, models.tales, models.hello, *view)


@pytest.mark.parametrize("view", [("--gates",), ("--neuron", "1:1"), ("--gates", "--neuron", "1:1")])
def test_the_test_part_letter_by_letter(
    call: Call, models: Workshop, monkeypatch: pytest.MonkeyPatch, view: tuple[str, ...]
) -> None:
    """Without a text the beginning of the test part is shown, and that there is more of it is said."""
    monkeypatch.setattr(inspect, "MAX_LETTERS", 50)
    monkeypatch.setattr(inspect, "MAX_STRIPS", 50)
    code, out, err = call("inspect", models.tales, *view, "--format", "json")
    note = f"charseq: the test part of {models.tales}: only the first 50 characters are looked at\n"
    assert (code, err) == (0, note)
    content = str(held_out_part(load(models.tales)))[:50]
    shown = json.loads(out)
    assert "".join(row["char"] for row in shown[:50]) == content


@pytest.mark.parametrize("texts", [(), ("-",), ("data/tales.txt",)])
def test_the_first_characters(call: Call, models: Workshop, feed: Feed, texts: tuple[str, ...]) -> None:
    """With --chars so many are looked at, as was asked for, so nothing is said."""
    feed(TALES[:8000].encode())
    content = TALES[:7] if texts else str(held_out_part(load(models.tales)))[:7]
    found = rows(call, models.tales, *texts, "--neuron", "1:1", "--chars", "7")
    assert "".join(row["char"] for row in found) == content


@pytest.mark.parametrize("number", ["0", "100001"])
def test_a_number_of_characters_that_cannot_be(call: Call, models: Workshop, number: str) -> None:
    """At least one character is looked at, and no more than there is room for."""
    code, out, err = call("inspect", models.tales, "--gates", "--chars", number)
    assert (code, out) == (2, "")
    assert "--chars" in err


def test_a_cell_without_gates_is_named_before_a_text_is_read(
    call: Call, models: Workshop, zoo: dict[str, str], tmp_path: Path
) -> None:
    """A vanilla network has no gates, whatever becomes of its corpus."""
    assert call("inspect", zoo["rnn"], "--gates") == refusal("the cell rnn has no gates")


def test_a_model_that_is_not_there(call: Call, models: Workshop) -> None:
    """A misspelt model is refused as one."""
    message = "runs/tails: no such model; give a run directory or a .safetensors file"
    assert call("inspect", "runs/tails", "--gradient-flow") == refusal(message)


@pytest.mark.parametrize(
    "view", [("--gates",), ("--neuron", "1:1"), ("--find", "quote"), ("--gradient-flow",), ("--states",)]
)
def test_n_grams(call: Call, models: Workshop, zoo: dict[str, str], text: str, view: tuple[str, ...]) -> None:
    """There is nothing inside n-grams to look at."""
    message = "ngram:3: this kind of model has no states or gates"
    assert call("inspect", zoo["ngram"], text, *view) == refusal(message)


def test_an_unknown_format(call: Call, models: Workshop) -> None:
    """A format that does not exist is refused before anything is read."""
    code, out, err = call("inspect", "runs/nothing", "--gates", "--format", "xml")
    assert (code, out) == (2, "")
    assert err.startswith("charseq: error: --format must be one of table, json, ")


def test_rows_are_not_rounded(call: Call, models: Workshop, text: str) -> None:
    """Numbers are written so that they read back as they were."""
    found = rows(call, models.tales, text, "--neuron", "1:1")
    states = hidden_states(*reading(models.tales, TEXT))[0, :, 0]
    np.testing.assert_array_equal(np.array([row["activation"] for row in found], np.float32), states)
