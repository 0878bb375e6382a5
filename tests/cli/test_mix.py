"""charseq mix, and every other command with a mixture: it is a model like any other."""

import json
import math
import re
import shlex
from pathlib import Path

import pytest

import charseq
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import MODEL
from tests.blend import Blend
from tests.builders import json_rows, refusal, refused
from tests.cli.conftest import Call


def facts(out: str) -> dict[str, str]:
    """Return the facts that a command shows, by name."""
    pairs = [re.split(r"  +", line, maxsplit=1) for line in out.splitlines()]
    assert all(len(pair) == 2 for pair in pairs), out
    return {pair[0]: pair[1] for pair in pairs}


# ---- mix


@pytest.mark.parametrize("rule", ["log-linear", "linear"])
def test_whole_output(call: Call, blend: Blend, rule: str) -> None:
    """The file, the validation of the mixture, that of each member with its weight, and what to do next."""
    code, out, err = call("mix", blend.gru, blend.ngram, "-o", "both", "--rule", rule)
    assert (code, err) == (0, "")
    shown, made = facts(out), charseq.load("both").checkpoint
    assert list(shown) == ["model", "best validation", "gru 1 x 8 alone", "ngram:3 alone", "next"]
    assert (shown["model"], shown["next"]) == (f"both/{MODEL}", "charseq sample both")
    assert shown["best validation"] == str(made.results.valid)
    for name, path in (("gru 1 x 8", blend.gru), ("ngram:3", blend.ngram)):
        alone = charseq.load(path).checkpoint.results.valid
        assert alone is not None
        assert re.fullmatch(rf"{alone.nats_per_char:.4f} nats, weight \d\.\d{{3}}", shown[f"{name} alone"])


def test_by_default_the_run_is_named_after_the_corpus(call: Call, blend: Blend) -> None:
    """The second one gets a number; the command is recorded."""
    for name in ("runs/tales-mixture", "runs/tales-mixture-2"):
        arguments = ["mix", blend.gru, "-m", blend.ngram]
        assert call(*arguments).code == 0
        assert charseq.load(name).checkpoint.provenance.command == shlex.join(["charseq", *arguments])


@pytest.mark.parametrize("names", [[], ["{gru}"], ["-m", "{gru}"]], ids=str)
def test_fewer_than_two_models_are_refused(call: Call, blend: Blend, names: list[str]) -> None:
    """The sentence says how many there are."""
    num = min(1, len(names))
    arguments = [name.format(gru=blend.gru) for name in names]
    assert call("mix", *arguments) == refusal(f"a mixture takes two models or more; got {num}")


def test_what_is_no_model_is_refused(call: Call, blend: Blend) -> None:
    """A text beside the models has no meaning here."""
    refused(call("mix", blend.gru, blend.ngram, blend.text), f"{blend.text}: not a model; give a run", code=2)
    refused(call("mix", blend.gru, "nowhere"), "nowhere: no such model; give a run directory", code=2)
    assert not Path("runs").exists()


def test_an_unknown_rule_is_refused(call: Call, blend: Blend) -> None:
    """With what was probably meant."""
    assert call("mix", blend.gru, blend.ngram, "--rule", "log_linear") == refusal(
        "--rule must be one of log-linear, linear; got 'log_linear' (did you mean 'log-linear'?)"
    )


def test_a_directory_with_something_in_it_is_refused(call: Call, blend: Blend) -> None:
    """Nothing is overwritten."""
    refused(
        call("mix", blend.gru, blend.ngram, "-o", blend.ngram), f"{blend.ngram}: exists already; ", code=2
    )


def test_remarks_go_to_stderr(call: Call, blend: Blend) -> None:
    """The result is the same with them."""
    arguments = ("--ngram", "2", "--valid-fraction", "0.01", "-o", "more")
    assert call("train", blend.text, *arguments).code == 0
    code, out, err = call("mix", blend.gru, "more", "-o", "both")
    assert code == 0
    assert "best validation" in facts(out)
    assert err == (
        f"charseq: more/{MODEL} was trained on a part of the text that the weights are fitted on: "
        "its weight is too large\n"
    )


# ---- every command takes a mixture


def test_sample_writes_text_that_the_seed_decides(call: Call, blend: Blend) -> None:
    """As with any model."""
    arguments = ("sample", blend.both, "--length", "40", "--seed", "1", "--prompt", "The ")
    code, out, err = call(*arguments)
    assert (code, err) == (0, "")
    assert len(out) >= 40
    assert call(*arguments).out == out


def test_evaluate_scores_it_better_than_its_members(call: Call, blend: Blend) -> None:
    """On its test part, which nothing was fitted to."""
    bits = [json_rows(call, "evaluate", name)[0]["bits_per_char"] for name in blend[1:]]
    assert bits[2] < min(bits[:2])


def test_evaluate_groups_by_class_and_lists_lines(call: Call, blend: Blend) -> None:
    """The parts sum to the whole."""
    Path("new.txt").write_text("The king\nwas here.\n")
    whole = charseq.load(blend.both).score("The king\nwas here.\n").bits_per_char * 19
    groups = json_rows(call, "evaluate", blend.both, "new.txt", "--report", "class", "--by", "class")
    lines = call("evaluate", blend.both, "new.txt", "--each", "line", "--format", "jsonl").out.splitlines()
    assert math.fsum(row["bits"] for row in groups) == pytest.approx(whole)
    assert math.fsum(json.loads(line)["bits"] for line in lines) == pytest.approx(whole)


def test_next_gives_a_distribution(call: Call, blend: Blend) -> None:
    """Of all characters together it is what the escape leaves."""
    model = charseq.load(blend.both)
    (row,) = json_rows(call, "next", blend.both, "Th", "--top", "500")
    left = 1 - model.codec.tokenizer.escape_probability
    assert math.fsum(guess["probability"] for guess in row["top"]) == pytest.approx(left, abs=1e-9)


def test_compare_puts_it_beside_its_members(call: Call, blend: Blend) -> None:
    """On the test part that they share."""
    rows = json_rows(call, "compare", blend.both, blend.gru, blend.ngram, "--report", "model")
    assert [row["kind"] for row in rows] == ["gru 1 x 8 + ngram:3", "gru 1 x 8", "ngram:3"]


def test_info_shows_members_weights_and_the_rule(call: Call, blend: Blend) -> None:
    """The figures of training are not its own."""
    code, out, err = call("info", blend.both)
    assert (code, err) == (0, "")
    shown = facts(out)
    assert list(shown)[:4] == ["file", "member 1", "member 2", "rule"]
    assert "reached at" not in shown
    assert re.fullmatch(
        rf"gru 1 x 8, weight \d\.\d{{3}}, from {re.escape(blend.gru)}/{MODEL} \(SHA-256 [0-9a-f]{{12}}\)",
        shown["member 1"],
    )
    assert shown["rule"] == "log-linear"
    (row,) = json_rows(call, "info", blend.both)
    assert (row["kind"], row["cell"], row["order"]) == ("mixture", None, None)


def test_inspect_shows_the_network_in_it(call: Call, blend: Blend) -> None:
    """Its neurons are those of the member."""
    arguments = (blend.text, "--neuron", "1:2", "--format", "json")
    both, gru = (call("inspect", name, *arguments) for name in (blend.both, blend.gru))
    assert both.code == 0
    assert json.loads(both.out) == json.loads(gru.out)


def test_inspect_names_the_cell_of_the_network_in_it(call: Call) -> None:
    """A mixture has none of its own."""
    text = "hello king,\nthe expert is hell for kin\n" * 20
    Path("text.txt").write_text(text)
    small = {"cell": "lstm", "hidden_size": 3, "max_steps": 2, "threads": 1, "backend": "numpy"}
    charseq.train("text.txt", output="lstm", **small)
    charseq.train("text.txt", output="ngram", kind="ngram", order=2)
    charseq.mix(["ngram", "lstm"], output="both")
    rows = json_rows(call, "inspect", "both", "text.txt", "--gradient-flow")
    assert {row["cell"] for row in rows} == {"lstm"}


def test_train_starts_from_the_network_in_it(call: Call, blend: Blend) -> None:
    """Its sizes are those of the network."""
    limits = ("--max-steps", "1", "--threads", "1", "--backend", "numpy")
    code, _, err = call("train", blend.text, "--init-from", blend.both, *limits, "-o", "on")
    assert code == 0
    assert f"charseq: from {blend.both}: its sizes (gru 1 x 8) and its weights; " in err
    assert Checkpoint.load(Path("on") / MODEL).description == "gru 1 x 8"


def test_train_makes_no_mixture(call: Call, blend: Blend) -> None:
    """The sentence says what does, and nothing is left behind."""
    assert call("train", blend.text, "--set", "model.kind=mixture", "-o", "m") == refusal(
        "a mixture is made of models that are there already, by charseq mix"
    )
    assert not Path("m").exists()


def test_train_resumes_no_mixture(call: Call, blend: Blend) -> None:
    """It has no training of its own."""
    refused(call("train", "--resume", blend.both), f"{blend.both}: no run to resume: ", code=2)
