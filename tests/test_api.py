"""The door for Python: what a notebook does, with nothing printed and errors of one sentence."""

import inspect
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import charseq
from charseq.analysis.groups import GROUPINGS
from charseq.analysis.uncertainty import UNITS
from charseq.runs.checkpoint import Checkpoint
from charseq.scoring import Score
from charseq.training.events import StepDone, Stopped, Validated

ROOT = Path(__file__).parents[1]
HELLO = ROOT / "data" / "hello.txt"
TINY: dict[str, Any] = {"hidden_size": 8, "max_steps": 5, "threads": 1, "backend": "numpy", "unit": "line"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> charseq.Model:
    """Return a small LSTM of lines, trained through the door."""
    output = tmp_path_factory.mktemp("runs") / "hello"
    return charseq.train(HELLO, cell="lstm", output=output, **TINY)


@pytest.fixture
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# ---- the package


def test_dir_lists_exactly_the_public_names() -> None:
    """What is listed is what is promised, and all of it is there."""
    assert dir(charseq) == sorted(charseq.__all__)
    assert all(getattr(charseq, name) is not None for name in dir(charseq))
    assert "CharseqError" in dir(charseq)


def test_an_unknown_name_is_an_attribute_error_that_lists_the_known_ones() -> None:
    """A misspelt name is refused as Python does."""
    with pytest.raises(AttributeError, match=r"module 'charseq' has no attribute 'lode'; it has .*load"):
        charseq.lode  # noqa: B018


def test_every_public_name_is_documented() -> None:
    """Each has a docstring, and each public method of a model, too."""
    for name in set(dir(charseq)) - {"__version__"}:
        assert inspect.getdoc(getattr(charseq, name)), name
    for name, member in inspect.getmembers(charseq.Model):
        if not name.startswith("_"):
            assert inspect.getdoc(member), name


def test_importing_changes_no_signal_handler_and_loads_no_numpy() -> None:
    """A program that imports charseq is as it was, and as quick."""
    program = (
        "import signal, sys; before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)];"
        "import charseq;"
        "assert before == [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)];"
        "assert 'numpy' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == 0


# ---- load


@pytest.mark.parametrize("kind", [str, Path])
def test_a_directory_or_a_file_is_loaded_by_string_or_path(model: charseq.Model, kind: type) -> None:
    """The same model comes from its directory and from its file."""
    for place in (model.path.parent, model.path):
        assert charseq.load(kind(place)).score("hell") == model.score("hell")


@pytest.mark.usefixtures("_elsewhere")
def test_without_a_path_the_newest_run_is_loaded() -> None:
    """As on the command line, but without a word."""
    charseq.train(HELLO, output="runs/old", **TINY)
    charseq.train(HELLO, output="runs/new", **TINY)
    os.utime("runs/old/model.safetensors", (1, 1))
    assert charseq.load().name == "runs/new"


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(("path", "message"), [("nope", "nope: no such model; "), (None, "no model given, ")])
def test_no_model_is_an_error_of_one_sentence(path: str | None, message: str) -> None:
    """It says what is missing."""
    with pytest.raises(charseq.CharseqError) as caught:
        charseq.load(path)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


# ---- a model


def test_the_repr_says_what_it_is(model: charseq.Model) -> None:
    """Its name, its kind and sizes, and its vocabulary."""
    assert repr(model) == f"<charseq.Model {model.name}: lstm 1 x 8, vocabulary of 25>"
    assert repr(model.codec) == "<Codec: char tokens, lines, vocabulary of 25>"


def test_what_a_model_gives_has_a_repr_of_one_line(model: charseq.Model) -> None:
    """It tells the kind, the sizes, and the figures that help; no arrays."""
    assert repr(model.network) == "<CharModel: lstm 1 x 8, vocabulary of 25, 1,313 parameters>"
    assert re.fullmatch(
        r"<Checkpoint: lstm 1 x 8, vocabulary of 25, after 5 steps, "
        r"\d\.\d{4} bits per character on validation>",
        repr(model.checkpoint),
    )
    assert repr(model.states("hello")) == (
        "<States: h, c and input gate, forget gate, output gate; 1 layer x 5 characters x 8 neurons>"
    )
    surprisal = model.surprisal("hellŻ", num_guesses=2)
    assert repr(surprisal) == f"<Surprisal: {surprisal.score()}>"
    assert "(5 characters, 1 of them unseen)" in repr(surprisal)
    assert repr(surprisal.expected) == "<Expectations: 2 guesses at each of 5 characters>"
    assert repr(model.surprisal("")).startswith("<Surprisal: ")


@pytest.mark.usefixtures("_elsewhere")
def test_the_repr_of_a_counted_model() -> None:
    """Its order, and how many n-grams it has."""
    model = charseq.train(HELLO, kind="ngram", order=2, unit="line", output="n")
    num = model.checkpoint.model.num_parameters
    assert repr(model.checkpoint.model) == f"<NGram: order 2, vocabulary of 25, {num} n-grams>"
    assert repr(model.checkpoint).startswith("<Checkpoint: ngram:2, vocabulary of 25")


def test_a_stream_has_no_empty_pieces(model: charseq.Model) -> None:
    """Neither without a stop nor with one."""
    for stop in ((), "e"):
        assert "" not in list(model.stream("he", length=50, temperature=1.0, seed=3, stop=stop))


def test_score_is_the_sum_of_the_surprisal(model: charseq.Model) -> None:
    """One number and its parts agree."""
    text, surprisal = "hello\nking\n", model.surprisal("hello\nking\n")
    score = model.score(text)
    assert isinstance(score, Score)
    assert score.num_chars == len(text) == len(surprisal.nats)
    assert score.nats == pytest.approx(surprisal.nats.sum(), rel=1e-12)
    assert score.bits_per_char == pytest.approx(surprisal.bits.mean(), rel=1e-12)
    assert score.perplexity == pytest.approx(np.exp(surprisal.nats.mean()), rel=1e-12)


def test_surprisal_has_ranks_and_on_request_guesses(model: charseq.Model) -> None:
    """Guesses are places in the alphabet, with their probabilities."""
    surprisal = model.surprisal("hell", num_guesses=2)
    assert surprisal.ranks is not None
    assert surprisal.ranks.min() >= 1
    assert surprisal.expected is not None
    assert surprisal.expected.guesses.shape == (4, 2)
    assert model.surprisal("hell").expected is None


def test_next_agrees_with_surprisal(model: charseq.Model) -> None:
    """What comes next costs what it costs in a text."""
    prediction = model.next("hel", "l", top=3)
    assert prediction.bits == pytest.approx(model.surprisal("hell").bits[-1], rel=1e-9)
    assert len(prediction.top) == 3
    assert prediction.top[0].probability >= prediction.top[1].probability


def test_predictions_are_those_of_next_one_by_one(model: charseq.Model) -> None:
    """Each question is read when its answer is asked for."""
    asked = iter([("hel", "l"), ("", None)])
    answers = model.predictions(asked, top=3)
    assert next(answers) == model.next("hel", "l", top=3)
    assert list(asked) == [("", None)]


def test_a_wrong_number_of_predictions_is_refused_at_once(model: charseq.Model) -> None:
    """Before the first prefix is read."""
    with pytest.raises(charseq.CharseqError, match=r"^top: must be a whole number, at least 0; got -1$"):
        model.predictions([], top=-1)


def test_a_target_may_have_several_characters(model: charseq.Model) -> None:
    """Their bits are summed up, and they have no rank; an empty one is refused in a sentence."""
    whole, first, second = model.next("hel", "lo"), model.next("hel", "l"), model.next("hell", "o")
    assert whole.bits == pytest.approx((first.bits or 0) + (second.bits or 0), rel=1e-5)
    assert whole.rank is None
    with pytest.raises(charseq.CharseqError, match=r"^a target is one character or more; got ''$"):
        model.next("hel", "")


def test_sample_is_new_text_that_the_seed_decides(model: charseq.Model) -> None:
    """The prompt is not repeated, and the same seed gives the same text."""
    text = model.sample("he", length=20, temperature=1.0, seed=3)
    assert text == model.sample("he", length=20, temperature=1.0, seed=3)
    assert text == "".join(model.stream("he", length=20, temperature=1.0, seed=3))
    assert len(text) <= 20
    assert "\n" not in text


def test_sample_ends_before_a_stop(model: charseq.Model) -> None:
    """A stop string is not part of the text."""
    text = model.sample("", length=200, temperature=1.0, seed=3)
    stop = text[2]
    assert model.sample("", length=200, temperature=1.0, seed=3, stop=stop) == text[: text.index(stop)]


def test_many_samples_have_figures(model: charseq.Model) -> None:
    """The first is that of `sample`; each is made again by its index; a stop may be kept."""
    common: dict[str, Any] = {"length": 20, "temperature": 1.0, "seed": 3}
    found = list(model.samples("he", num_samples=5, **common))
    assert [text.index for text in found] == list(range(5))
    assert found[0].text == model.sample("he", **common)
    assert list(model.samples("he", first=4, **common)) == found[4:]
    end = "\n" if found[1].reason == "end" else ""
    nats = model.surprisal(f"he{found[1].text}{end}").nats[2:].sum()
    assert found[1].nats == pytest.approx(nats, abs=1e-3)
    (kept,) = model.samples("he", stop=found[0].text[2], keep_stop=True, **common)
    assert (kept.text, kept.reason) == (found[0].text[: found[0].text.index(kept.stop) + 1], "stop")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temprature": 1.0}, "unknown setting temprature (did you mean 'temperature'?); known: length, "),
        ({"temperature": -1.0}, "temperature: sample.temperature must be at least 0; got -1.0"),
        ({"num_samples": 2}, "num_samples: must be 1"),
    ],
)
def test_a_wrong_setting_of_sample_is_refused_at_once(
    model: charseq.Model, settings: dict[str, Any], message: str
) -> None:
    """Before anything is drawn, by name."""
    with pytest.raises(charseq.CharseqError) as caught:
        model.stream("", **settings)
    assert str(caught.value).startswith(message)


def test_states_are_arrays_by_name(model: charseq.Model) -> None:
    """Hidden and cell states, and how open each gate was, (layers, L, H) each."""
    states = model.states("hello\nking")
    assert {name: array.shape for name, array in states.states.items()} == {"h": (1, 10, 8), "c": (1, 10, 8)}
    assert list(states.gates) == ["input gate", "forget gate", "output gate"]
    for gate in states.gates.values():
        assert gate.shape == (1, 10, 8)
        assert (gate >= 0).all()
        assert (gate <= 1).all()
    c, o = states.states["c"], states.gates["output gate"]
    assert states.hidden == pytest.approx(o * np.tanh(c), abs=1e-6)


def test_unrolling_has_a_step_for_the_start_and_for_each_character(model: charseq.Model) -> None:
    """Each with its prediction, and all states after the start as after the text."""
    unrolled = model.unroll("hell", "o", top=3)
    assert [step.input for step in unrolled.steps][1:] == [*"hell"]
    expected = model.next("hell", "o", top=3)
    assert unrolled.steps[-1].prediction == expected
    assert unrolled.states is not None
    np.testing.assert_array_equal(unrolled.states.hidden[:, 1:], model.states("hell").hidden)
    with pytest.raises(charseq.CharseqError, match="a target is one character or more"):
        model.unroll("hell", "")


def test_an_embedding_has_neighbours_and_a_map(model: charseq.Model) -> None:
    """Of each token as many as are asked for."""
    embedding = model.embedding(neighbours=2)
    num = len(embedding.tokens)
    assert embedding.neighbours.shape == embedding.places.shape == (num, 2)
    assert sum(one.num for one in embedding.by_class()) == num


def test_the_network_has_the_parameters_by_name(model: charseq.Model) -> None:
    """The matrices of the lecture are there."""
    assert model.network.params["layers.0.W"].shape == (32, 8)


# ---- train


@pytest.mark.usefixtures("_elsewhere")
def test_training_tells_events_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Each step, each validation and the end are heard; stdout and stderr stay empty."""
    events: list[object] = []
    charseq.train(HELLO, output="r", on_event=events.append, **TINY)
    assert [type(event) for event in events].count(StepDone) == 5
    assert any(isinstance(event, Validated) for event in events)
    assert isinstance(events[-1], Stopped)
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("_elsewhere")
def test_training_leaves_signal_handlers_alone() -> None:
    """They are the program's own."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    charseq.train(HELLO, output="r", **TINY)
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


@pytest.mark.usefixtures("_elsewhere")
def test_the_default_output_is_that_of_the_command() -> None:
    """runs/<corpus>-<cell>."""
    assert charseq.train(HELLO, cell="rnn", **TINY).name == "runs/hello-rnn"


@pytest.mark.usefixtures("_elsewhere")
def test_several_corpora_are_one_text() -> None:
    """Strings and paths may be mixed."""
    model = charseq.train([HELLO, str(HELLO)], output="r", **TINY)
    assert model.checkpoint.provenance.sources == (str(HELLO), str(HELLO))


@pytest.mark.usefixtures("_elsewhere")
def test_a_model_can_start_from_another(model: charseq.Model) -> None:
    """With no step taken it gives the figures of the other one; a path will do, too."""
    for start in (model, str(model.path)):
        settings = TINY | {"max_steps": 1, "learning_rate": 1e-30, "optimizer": "sgd"}
        output = f"r{type(start).__name__}"
        new = charseq.train(HELLO, cell="lstm", output=output, init_from=start, **settings)
        assert new.score("hell").nats == pytest.approx(model.score("hell").nats, rel=1e-6)


@pytest.mark.usefixtures("_elsewhere")
def test_ngrams_are_counted_through_the_same_door() -> None:
    """A kind that is not trained needs no other function."""
    model = charseq.train(HELLO, kind="ngram", order=3, unit="line", output="n")
    assert model.description == "ngram:3"
    assert Checkpoint.load(model.path).settings.model.order == 3
    with pytest.raises(charseq.CharseqError, match=r"^ngram:3: this kind of model has no states or gates"):
        model.states("hell")


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"cel": "lstm"}, "unknown setting cel (did you mean 'cell'?); known: corpus, "),
        (
            {"cell": "lstn"},
            "cell: model.cell must be one of gru, lstm, rnn; got 'lstn'",
        ),
        (
            {"max_time": "soon"},
            "max_time: train.max_time must be a duration such as 90s, ",
        ),
        (
            {"kind": "ngram", "hidden_size": 7},
            "hidden_size means nothing to a model of the kind ngram; leave it out",
        ),
        (
            {"kind": "ngram", "init_from": "x"},
            "init_from means nothing to a model of the kind ngram; leave it out",
        ),
    ],
)
def test_a_wrong_keyword_is_an_error_of_one_sentence(keywords: dict[str, Any], message: str) -> None:
    """It names the keyword, and nothing is written."""
    with pytest.raises(charseq.CharseqError) as caught:
        charseq.train(HELLO, output="r", **keywords)
    assert str(caught.value).startswith(message)
    assert not Path("r").exists()


# ---- evaluate and compare


@pytest.mark.usefixtures("_elsewhere")
def test_evaluate_gives_the_totals_that_score_gives(model: charseq.Model) -> None:
    """The object of the command has the same figures."""
    Path("new.txt").write_text("hello\nking\nexpert\n")
    evaluation = charseq.evaluate(model, "new.txt", by=["class"], hardest=2, calibration=True)
    assert evaluation.total == model.score(Path("new.txt").read_text())
    assert {group.name for group in evaluation.groups["class"].groups} == {"letter", "newline"}
    assert len(evaluation.hardest) == 2
    assert len(evaluation.calibration) == 10


def test_evaluate_without_a_text_reads_the_test_part(model: charseq.Model) -> None:
    """With baselines beside the model, made of its training part."""
    evaluation = charseq.evaluate(model.path, baselines=["unigram", "ngram:3"])
    assert [one.model for one in evaluation.texts] == [model.name, "unigram", "ngram:3"]
    assert {one.text for one in evaluation.texts} == {"test part"}


@pytest.mark.usefixtures("_elsewhere")
def test_compare_gives_the_difference_of_every_pair(model: charseq.Model) -> None:
    """A model compared with itself differs by nothing."""
    Path("new.txt").write_text("hello\nking\nexpert\n" * 200)
    comparison = charseq.compare([model, model.path], "new.txt", passages=0)
    (difference,) = comparison.differences
    assert difference.bits_per_char.value == 0


@pytest.mark.usefixtures("_elsewhere")
def test_texts_are_read_from_directories_in_any_encoding(model: charseq.Model) -> None:
    """With the patterns, the encoding and the treatment of bad bytes that the commands take."""
    Path("texts").mkdir()
    Path("texts/a.txt").write_bytes("hello\n".encode("utf-16") + b"\0\xd8")
    Path("texts/b.log").write_bytes(b"\xff")
    how: dict[str, Any] = {"include": "*.txt", "encoding": "utf-16", "errors": "ignore"}
    found, alone = charseq.evaluate(model, "texts", **how).total, model.score("hello\n")
    assert (found.num_chars, found.nats, found.num_bytes) == (6, pytest.approx(alone.nats), 12)
    comparison = charseq.compare([model, model], "texts", passages=0, **how)
    assert [totals.score.num_chars for totals in comparison.totals] == [6, 6]


def test_one_name_may_stand_for_a_list_of_one(model: charseq.Model) -> None:
    """A string is a name, not its characters."""
    evaluation = charseq.evaluate(model, HELLO, by="char", baselines="unigram")
    assert list(evaluation.groups) == ["char"]
    assert [one.model for one in evaluation.texts] == [model.name, "unigram"]


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda model: charseq.compare([model]), "compare takes two models or more, in one list; got 1"),
        (lambda model: charseq.compare(model, model), "compare takes two models or more, in one list; got 1"),
        (lambda model: charseq.compare("runs/a"), "compare takes two models or more, in one list; got 1"),
        (lambda model: charseq.compare(5), "models: must be a list of models and of paths to models; got 5"),
        (
            lambda model: charseq.compare([model, None]),
            "models: must be a list of models and of paths to models; got None",
        ),
        (
            lambda model: charseq.compare([model, model], passages=-1),
            "passages: must be a whole number, at least 0; got -1",
        ),
        (
            lambda model: charseq.evaluate(model, hardest=-1),
            "hardest: must be a whole number, at least 0; got -1",
        ),
        (
            lambda model: charseq.evaluate(model, by="clas"),
            f"by: must be one of {', '.join(GROUPINGS)}; got 'clas' (did you mean 'class'?)",
        ),
        (
            lambda model: charseq.evaluate(model, by=[["class"]]),
            "by: must be a string or a list of strings; got ['class']",
        ),
        (
            lambda model: charseq.evaluate(model, baselines="unigrm"),
            "baseline must be uniform, unigram or ngram:K with K from 1 to 99; got 'unigrm' "
            "(did you mean 'unigram'?)",
        ),
        (
            lambda model: charseq.evaluate(model, resample=[]),
            f"resample: must be one of {', '.join(UNITS)}; got []",
        ),
        (
            lambda model: charseq.compare([model, model], "a", errors="skip"),
            "errors: must be one of strict, replace, ignore; got 'skip'",
        ),
        (
            lambda model: charseq.evaluate(model, "a", encoding="utf-61"),
            "'utf-61': no such encoding; try utf-8, utf-16, cp1252, cp949, gb18030",
        ),
        (
            lambda model: charseq.attribute([model], "a"),
            "attribute takes two models or more, in one list; got 1",
        ),
        (lambda model: charseq.evaluate(model, []), "texts: must not be empty"),
        (lambda model: charseq.compare([model, model], []), "texts: must not be empty"),
        (
            lambda model: charseq.evaluate(model, 5),
            "texts: must be a path or a list of paths, strings or Path objects; got 5",
        ),
        (lambda model: charseq.evaluate(5), "model: must be a path, a string or a Path object; got 5"),
        (lambda model: charseq.load(5), "path: must be a path, a string or a Path object; got 5"),
        (lambda model: charseq.load(b""), "path: must be a path, a string or a Path object; got b''"),
        (
            lambda model: charseq.load("a\0b"),
            "a\0b: no such model; give a run directory or a .safetensors file",
        ),
        (
            lambda model: charseq.train(5),
            "corpus: must be a path or a list of paths, strings or Path objects; got 5",
        ),
        (lambda model: charseq.train([]), "corpus: must not be empty"),
        (lambda model: charseq.train(HELLO, output="r", on_event=5), "on_event: must be a function; got 5"),
        (
            lambda model: charseq.evaluate(model, calibration="no"),
            "calibration: must be True or False; got 'no'",
        ),
        (
            lambda model: charseq.train(HELLO, output=5),
            "output: must be a path, a string or a Path object; got 5",
        ),
        (
            lambda model: charseq.train(HELLO, output="r", init_from=5),
            "init_from: must be a path, a string or a Path object; got 5",
        ),
        (lambda model: model.score(5), "text: must be a string; got 5"),
        (lambda model: model.score(None), "text: must be a string; got None"),
        (lambda model: model.score(b"he"), "text: must be a string; got b'he'"),
        (lambda model: model.states(5), "text: must be a string; got 5"),
        (
            lambda model: model.surprisal("he", num_guesses=-1),
            "num_guesses: must be a whole number, at least 0; got -1",
        ),
        (lambda model: model.next(5), "prefix: must be a string; got 5"),
        (lambda model: model.next("he", 5), "target: must be a string; got 5"),
        (lambda model: model.next("he", top=-1), "top: must be a whole number, at least 0; got -1"),
        (lambda model: model.next("he", top="3"), "top: must be a whole number, at least 0; got '3'"),
        (
            lambda model: model.predictions("he"),
            "questions: must be pairs of a prefix and a target; got 'he'",
        ),
        (lambda model: model.predictions([("he", "")]), "a target is one character or more; got ''"),
        (lambda model: model.sample(5), "prompt: must be a string; got 5"),
        (lambda model: model.sample(stop=5), "stop: must be a string or a list of strings; got 5"),
        (lambda model: charseq.evaluate(model, "nowhere.txt"), "nowhere.txt: no such file or directory"),
    ],
)
def test_a_wrong_request_is_an_error_of_one_sentence(ask: Any, message: str, model: charseq.Model) -> None:
    """It names the argument, and nothing is written."""
    with pytest.raises(charseq.CharseqError) as caught:
        for _ in ask(model):  # what is an iterator complains when it is asked
            pass
    assert str(caught.value) == message
    assert not Path("r").exists()
