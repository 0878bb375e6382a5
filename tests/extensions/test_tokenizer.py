"""A tokenizer that makes two tokens of every character, registered and taken through the whole program."""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charseq.analysis.groups import GROUPINGS
from charseq.analysis.streaming import EACH_KINDS
from charseq.cli.app import run
from charseq.models import LanguageModel
from charseq.registry import TOKENIZERS
from charseq.runs.checkpoint import Checkpoint
from tests.builders import validations
from tests.cli.conftest import TINY, Call
from tests.extensions.twin_tokenizer import PairTokenizer

CORPUS = 'hello world\nkin and kith\nexpert in line\n\nshe said "no" to him\n' * 40
TEXT = 'hello kin,\nand "Q" 😀\n\nexpert line'
"""Some characters of it are not in the corpus: Q, a comma, and one of four bytes."""
ALPHABET = sorted(set(CORPUS))
NUM_ROWS = math.ceil(len(ALPHABET) / 8)
SPELLED = {char: (k // 8, NUM_ROWS + k % 8) for k, char in enumerate(ALPHABET)}
MODELS = {
    "stream": ("--tokenizer", "pair", *TINY),
    "line": ("--tokenizer", "pair", "--unit", "line", "--cell", "lstm", *TINY),
    "ngram": ("--tokenizer", "pair", "--kind", "ngram", "--order", "5"),
    "char": TINY,
}
each_model = pytest.mark.parametrize("model", ["stream", "line", "ngram"])
each_network = pytest.mark.parametrize("model", ["stream", "line"])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Register the tokenizer, train the models, and return the directory where they stand beside a text."""
    path = tmp_path_factory.mktemp("pair")
    (path / "corpus.txt").write_text(CORPUS)
    (path / "text.txt").write_text(TEXT)
    (path / "cases.yaml").write_text("- {prefix: hell, target: o, expect: {rank: 40}}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TOKENIZERS, "pair", PairTokenizer)
        patch.chdir(path)
        for name, options in MODELS.items():
            arguments = ["train", "corpus.txt", *options, "-o", name]
            patch.setattr(sys, "argv", ["charseq", *arguments])
            assert run(arguments) == 0
        yield path


@pytest.fixture
def rows(runs: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs a command beside the models and returns its rows."""
    monkeypatch.chdir(runs)

    def rows(*arguments: str) -> list[Any]:
        outcome = call(*arguments, "--format", "jsonl")
        assert outcome.code == 0, outcome.err
        return [json.loads(line) for line in outcome.out.splitlines()]

    return rows


# The equivalent model by hand


def restarts_of(model: str) -> bool:
    return model == "line"


class Hand:
    """A model that is read one token at a time, with `forward` alone."""

    def __init__(self, path: Path, name: str) -> None:
        checkpoint = Checkpoint.load(path / name / "model.safetensors")
        self.model: LanguageModel = checkpoint.model
        self.eps = 1 / (checkpoint.provenance.train_end + 1)  # Good and Turing; none occurs once
        self._restarts = restarts_of(name)
        self._work = self.model.workspace(1, 1, backward=False)
        self.reset()

    def reset(self) -> None:
        self.state, self._last = self.model.initial_state(1), -1
        if self._restarts:
            self._last = SPELLED["\n"][-1]

    def p(self) -> NDArray[np.float64]:
        """Read the last token; return the distribution of the next one."""
        logits = self.model.forward(np.array([[self._last]], np.int32), self.state, self._work)[0, 0]
        weights = np.exp(logits.astype(np.float64) - logits.max())
        weights[~self._possible()] = 0
        return weights / weights.sum()

    def _possible(self) -> NDArray[np.bool_]:
        """Return the tokens that may follow the last one: the places of a row, else the rows."""
        if not 0 <= self._last < NUM_ROWS:
            return np.arange(NUM_ROWS + 8) < NUM_ROWS
        places = {place for row, place in SPELLED.values() if row == self._last}
        return np.isin(np.arange(NUM_ROWS + 8), list(places))

    def read(self, char: str) -> float:
        """Return what the next character costs in nats, and go on after it."""
        known, nats = char in SPELLED, 0.0
        for token in SPELLED.get(char, (-1,)):
            p = self.p()
            nats -= math.log(p[token]) if known else 0
            self._last = token
        if self._restarts and char == "\n":
            self.reset()
        if known:
            return nats - math.log(1 - self.eps)
        return nats - math.log(self.eps) + len(char.encode()) * math.log(256)


def by_hand(path: Path, name: str, text: str) -> list[float]:
    """Return the nats of each character of a text."""
    hand = Hand(path, name)
    return [hand.read(char) for char in text]


# Train, info


@each_network
def test_training_counts_characters(runs: Path, model: str) -> None:
    """The nats per character of the first steps are those of two uniform tokens, or a little less."""
    (record,) = validations(runs / model)
    uniform = 2 * math.log(NUM_ROWS + 8)
    assert 0.9 * uniform < record["train_nats_per_char"] < 1.05 * uniform


@each_model
def test_a_models_validation_is_the_price_by_hand(runs: Path, model: str) -> None:
    """The validation that a run keeps is what the validation part costs by hand, per character."""
    checkpoint = Checkpoint.load(runs / model / "model.safetensors")
    made_of, valid = checkpoint.provenance, checkpoint.results.valid
    part = CORPUS[made_of.train_end : made_of.valid_end]
    assert valid is not None
    assert valid.num_chars == len(part)
    tolerance = 1e-4 if model == "stream" else 1e-6  # whose parts begin from a warmed up state
    assert valid.nats == pytest.approx(sum(by_hand(runs, model, part)), rel=tolerance)


@each_model
def test_info_tells_of_the_tokens(runs: Path, rows: Any, model: str) -> None:
    """A model's facts name the tokenizer and the number of its tokens."""
    (facts,) = rows("info", model)
    assert (facts["tokenizer"], facts["vocab_size"]) == ("pair", NUM_ROWS + 8)
    assert facts["unit"] == ("line" if restarts_of(model) else "stream")


@each_model
def test_info_is_printed(runs: Path, call: Call, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    """The facts of such a model are also there for people."""
    monkeypatch.chdir(runs)
    outcome = call("info", model)
    assert outcome.code == 0
    assert f"{NUM_ROWS + 8} tokens for {len(ALPHABET)} characters: " in outcome.out
    (row,) = json.loads(call("info", model, "--format", "json").out)
    assert (row["vocab_size"], row["vocab"]) == (NUM_ROWS + 8, "".join(ALPHABET))


def test_a_uniform_guess_is_one_of_characters(runs: Path, call: Call, tmp_path: Path) -> None:
    """A model that pays more for a character than a uniform guess pays for a token has not diverged."""
    (tmp_path / "corpus.txt").write_text(CORPUS)
    outcome = call("train", "corpus.txt", "--tokenizer", "pair", "--ngram", "2", "-o", "run")
    assert outcome.code == 0, outcome.err
    checkpoint = Checkpoint.load(tmp_path / "run" / "model.safetensors")
    codec, valid = checkpoint.codec, checkpoint.results.valid
    assert valid is not None
    assert codec.uniform_bits == math.log2(len(ALPHABET))
    assert math.log2(codec.vocab_size) < valid.bits_per_char < codec.uniform_bits
    assert not valid.is_worse_than_uniform(codec)
    assert "uniform guess" not in outcome.out + outcome.err


def test_a_run_can_be_continued(call: Call, runs: Path, tmp_path: Path) -> None:
    """A run of such tokens is resumed where it stopped."""
    (tmp_path / "corpus.txt").write_text(CORPUS)
    assert call("train", "corpus.txt", "--tokenizer", "pair", *TINY, "-o", "run").code == 0
    outcome = call("train", "--resume", "run", "--max-steps", "5")
    assert outcome.code == 0, outcome.err
    assert "step 5" in outcome.err + outcome.out


# Evaluate


@each_model
def test_bits_per_character_are_those_by_hand(runs: Path, rows: Any, model: str) -> None:
    """The figures of a text are the sum over both tokens of each character, with the rule for unseen ones."""
    (row,) = rows("evaluate", model, "text.txt")
    nats = sum(by_hand(runs, model, TEXT))
    assert row["num_chars"] == len(TEXT)
    assert row["num_unseen"] == sum(char not in SPELLED for char in TEXT) > 0
    assert row["nats_per_char"] == pytest.approx(nats / len(TEXT), rel=1e-5)
    assert row["bits_per_char"] == pytest.approx(nats / len(TEXT) / math.log(2), rel=1e-5)
    assert row["bits_per_byte"] == pytest.approx(nats / len(TEXT.encode()) / math.log(2), rel=1e-5)


@each_model
def test_every_character_costs_what_it_costs_by_hand(runs: Path, rows: Any, model: str) -> None:
    """The rows of --each char have the characters of the text and their prices by hand."""
    found = rows("evaluate", model, "text.txt", "--each", "char")
    assert "".join(row["char"] for row in found) == TEXT
    assert [row["nats"] for row in found] == pytest.approx(by_hand(runs, model, TEXT), rel=1e-4)
    assert [row["rank"] == 0 for row in found] == [char not in SPELLED for char in TEXT]
    assert all(row["alternative"] in ALPHABET and row["alternative"] != row["char"] for row in found)


@each_model
@pytest.mark.parametrize("kind", [kind for kind in EACH_KINDS if kind != "char"])
def test_rows_of_each_kind_add_up(runs: Path, rows: Any, model: str, kind: str) -> None:
    """The rows of words, lines and files together are the whole text."""
    found = rows("evaluate", model, "text.txt", "--each", kind)
    assert sum(row["num_chars"] for row in found) == len(TEXT)
    assert sum(row["nats"] for row in found) == pytest.approx(sum(by_hand(runs, model, TEXT)), rel=1e-5)


@each_model
def test_every_grouping_adds_up(runs: Path, rows: Any, model: str) -> None:
    """The groups of every --by, all rows of them, are the whole text."""
    found = rows("evaluate", model, "text.txt", "--by", ",".join(GROUPINGS), "--rows", "0")
    total = sum(by_hand(runs, model, TEXT))
    for by in GROUPINGS:
        groups = [row for row in found if row["report"] == by]
        assert sum(row["num_chars"] for row in groups) == len(TEXT), by
        assert sum(row["nats"] for row in groups) == pytest.approx(total, rel=1e-5), by


@each_model
def test_reports_beside_the_figures_are_there(runs: Path, rows: Any, model: str) -> None:
    """The hardest characters, the calibration and baselines of such tokens are told like any others."""
    options = ("--hardest", "3", "--calibration", "--baseline", "uniform,ngram:3")
    found = rows("evaluate", model, "text.txt", *options)
    prices = sorted(set(by_hand(runs, model, TEXT)), reverse=True)
    hardest = [row for row in found if row["report"] == "hardest"]
    assert hardest[0]["bits"] == pytest.approx(prices[0] / math.log(2), rel=1e-5)
    assert len(hardest) == 3
    all_prices = zip(TEXT, by_hand(runs, model, TEXT), strict=True)
    uniform = sum(_uniform(char, runs, model) if char in SPELLED else nats for char, nats in all_prices)
    baseline = next(row for row in found if row["report"] == "text" and row["model"] == "uniform")
    assert baseline["nats_per_char"] == pytest.approx(uniform / len(TEXT), rel=1e-9)
    counted = [row["num_chars"] for row in found if row["report"] == "calibration"]
    assert sum(counted) == len(TEXT)


def _uniform(char: str, runs: Path, model: str) -> float:
    """Return the nats of a character whose row is one of all, and whose place is one of its row."""
    width = sum(row == SPELLED[char][0] for row, _ in SPELLED.values())
    return math.log(NUM_ROWS) + math.log(width) - math.log(1 - Hand(runs, model).eps)


@each_network
def test_a_page_and_a_heat_map_are_made(
    runs: Path, call: Call, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """The page and the coloured text are made of characters, whatever their tokens."""
    monkeypatch.chdir(runs)
    page = call("evaluate", model, "text.txt", "--format", "html")
    assert page.code == 0, page.err
    assert "expert" in call("evaluate", model, "text.txt", "--heatmap").out


@each_model
def test_cases_are_judged(runs: Path, rows: Any, model: str) -> None:
    """A case has the price of its target by hand, at every step on the way."""
    found = rows("evaluate", model, "--cases", "cases.yaml", "--steps")
    bits = [nats / math.log(2) for nats in by_hand(runs, model, "hello")]
    assert [row["target"] for row in found] == [*"ello"]
    assert [row["bits"] for row in found] == pytest.approx(bits[1:], rel=1e-4)
    assert found[-1]["passed"] is True


# Next, sample


@each_model
def test_the_next_character_has_the_product_of_its_tokens(runs: Path, rows: Any, model: str) -> None:
    """The likeliest characters after a prefix are those of the whole alphabet by hand."""
    (row,) = rows("next", model, "the ki", "--top", "4")
    costs = {char: by_hand(runs, model, "the ki" + char)[-1] for char in ALPHABET}
    likeliest = sorted(costs.values())[:4]
    probabilities = [guess["probability"] for guess in row["top"]]
    assert probabilities == pytest.approx(np.exp(-np.array(likeliest)), rel=1e-4)
    assert [costs[guess["char"]] for guess in row["top"]] == pytest.approx(likeliest, rel=1e-4)


@each_model
def test_samples_are_whole_characters(
    runs: Path, call: Call, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """As many characters of the alphabet are written as were asked for, up to the end of a line."""
    monkeypatch.chdir(runs)
    outcome = call("sample", model, "--prompt", "hel", "--length", "60", "--seed", "1", "--hide-prompt")
    assert outcome.code == 0, outcome.err
    assert set(outcome.out) <= set(ALPHABET)
    if restarts_of(model):
        assert outcome.out.index("\n") == len(outcome.out) - 1 < 60
    else:
        assert len(outcome.out) in (60, 61)  # a newline is added to a text that does not end with one
    several = call("sample", model, "-n", "3", "--length", "20", "--seed", "1")
    assert several.code == 0
    assert set(several.out) <= set(ALPHABET)


# Compare


def test_it_is_compared_with_a_model_of_single_characters(runs: Path, rows: Any) -> None:
    """Two models of different tokens are compared on the same characters, each with its own prices."""
    found = rows("compare", "stream", "char", "text.txt")
    figures = {row["model"]: row for row in found if row["report"] == "model"}
    bits = sum(by_hand(runs, "stream", TEXT)) / math.log(2) / len(TEXT)
    (alone,) = rows("evaluate", "char", "text.txt")
    assert {row["num_chars"] for row in figures.values()} == {len(TEXT)}
    assert figures["stream"]["bits_per_char"] == pytest.approx(bits, rel=1e-5)
    assert figures["char"]["bits_per_char"] == pytest.approx(alone["bits_per_char"], rel=1e-9)
    (pair,) = (row for row in found if row["report"] == "pair")
    expected = figures["stream"]["bits_per_char"] - figures["char"]["bits_per_char"]
    assert pair["bits_per_char_difference"] == pytest.approx(expected, rel=1e-9)


# Inspect


@each_network
def test_a_neuron_has_its_state_after_the_last_token_of_each_character(
    runs: Path, rows: Any, model: str
) -> None:
    """Each character has the state after its last token, a newline that of the line it begins."""
    found, hand = rows("inspect", model, "text.txt", "--neuron", "1:3"), Hand(runs, model)
    assert "".join(row["char"] for row in found) == TEXT
    expected = []
    for char in TEXT:
        hand.read(char)
        state = [array.copy() for array in hand.state.arrays.values()]
        hand.p()  # the last token is read when the next one is asked for
        expected.append(float(hand.state.arrays["layers.0.h"][0, 2]))
        for array, before in zip(hand.state.arrays.values(), state, strict=True):
            array[...] = before
    assert [row["activation"] for row in found] == pytest.approx(expected, abs=1e-5)


@each_network
def test_gates_are_those_of_every_character(runs: Path, rows: Any, model: str) -> None:
    """Each gate has a row for each character of the text."""
    found = rows("inspect", model, "text.txt", "--gates")
    gates = {row["gate"] for row in found}
    assert len(gates) == (2 if model == "stream" else 3)
    for gate in gates:
        assert "".join(row["char"] for row in found if row["gate"] == gate) == TEXT
    assert all(0 < row["openness"] < 1 for row in found)


@each_network
@pytest.mark.parametrize("find", ["quote", "newline", "position"])
def test_neurons_are_found(runs: Path, rows: Any, model: str, find: str) -> None:
    """Neurons are correlated with a property of the characters."""
    found = rows("inspect", model, "text.txt", "--find", find, "--top", "8")
    assert len(found) == 8
    assert all(-1 <= row["correlation"] <= 1 for row in found)


@each_network
def test_gradients_flow_back_over_tokens(runs: Path, rows: Any, model: str) -> None:
    """The gradient of such a network is measured, and fades with the distance."""
    found = rows("inspect", model, "corpus.txt", "--gradient-flow")
    norms = [row["gradient_norm"] for row in found if row["layer"] == 1]
    assert len(norms) > 3
    assert norms[0] > norms[-1] > 0


@each_network
def test_its_tokens_have_steps_and_vectors(rows: Any, model: str) -> None:
    """Each character is two steps, and each token has neighbours; their class is not known."""
    steps = rows("next", model, "he", "--steps")
    assert len(steps) == 1 + 2 * len("he")
    assert [row["target"] for row in steps] == ["h", "h", "e", "e", None]
    tokens = rows("inspect", model, "--embedding")
    assert len(tokens) == NUM_ROWS + 8
    assert {row["class"] for row in tokens} == {"part"}
