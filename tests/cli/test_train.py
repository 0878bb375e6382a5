"""charseq train: end to end on 2 KB of text, refusals that leave everything as it was, Ctrl-C and after."""

import json
import random
import re
import signal
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from charseq.cells import CELLS
from charseq.cli.progress import HEADER, TrainingDisplay
from charseq.config import DataConfig, ModelConfig, Settings, Unit
from charseq.config.toml import load_toml
from charseq.errors import ConfigError
from charseq.models import Counting, fit_ngram
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.run import Run
from charseq.scoring.scorer import Scorer
from charseq.text import CharTokenizer
from charseq.text.batches import Examples
from charseq.text.codec import Codec
from charseq.text.symbols import EncodedText
from charseq.training.events import Event
from tests.builders import refusal, validations
from tests.cli.conftest import TALES, TINY, Call, Feed, Outcome, Workshop, start

PLAIN = ("--threads", "1", "--backend", "numpy")
SHORT = ("--hidden-size", "8", *PLAIN, "--schedule", "constant")
FIGURE = r"\d+\.\d{4} nats = \d+\.\d{4} bits per character, \d+\.\d{4} bits per byte, perplexity \d+\.\d{3}"


def contents(directory: Path) -> dict[str, bytes]:
    """Return what the files below a directory hold."""
    return {str(path): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def weights(path: str) -> np.ndarray:
    """Return the parameters of a model file."""
    return Checkpoint.load(Path(path)).model.params.flat


def assert_lines(text: str, *patterns: str) -> None:
    """Check each line against its regular expression; blanks at the ends of lines do not count."""
    lines = [line.rstrip() for line in text.splitlines()]
    assert len(lines) == len(patterns), text
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line), f"{line!r} is not {pattern!r}"


@pytest.fixture
def text(tmp_path: Path) -> str:
    """Return the name of a file of 2 KB."""
    (tmp_path / "text.txt").write_bytes(TALES[:2000].encode())
    return "text.txt"


@pytest.mark.parametrize("cell", CELLS)
def test_end_to_end(call: Call, text: str, cell: str) -> None:
    """Training writes a run, says on stderr in plain lines what it does, and sums up on stdout."""
    code, out, err = call("train", text, *SHORT, "--cell", cell, "--max-steps", "30")
    assert code == 0, err
    assert_lines(
        err,
        rf"charseq: {cell} 1 x 8, [\d,]+ parameters, vocabulary {len(set(TALES[:1800]))}",
        r"charseq: text\.txt: 1,800 characters to train, 100 to validate, 100 to test",
        r"charseq: the last 8 characters are left out, so that 16 streams are equally long",
        r" +time +epoch +step +chars/s +train nats +valid nats +bits/char +perplexity",
        r" +0:\d\d +15 +30 +[\d,]+ +\d\.\d{4} +\d\.\d{4} +\d\.\d{4} +\d+\.\d{3} +best",
        r"stopped at step 30: steps done: 30",
    )
    assert_lines(
        out,
        rf"model            runs/text-{cell}/model\.safetensors",
        rf"best validation  {FIGURE} \(100 characters(, \d+ of them unseen)?\), at step 30",
        rf"test             {FIGURE} \(100 characters(, \d+ of them unseen)?\)",
        r"training loss    ▁  \d\.\d{3} to \d\.\d{3} nats",
        rf"next             charseq sample runs/text-{cell}",
    )
    run = Path(f"runs/text-{cell}")
    assert {path.name for path in run.iterdir()} == {
        *("model.safetensors", "last.safetensors", "metrics.jsonl", "charseq.toml")
    }
    made = Settings().with_layer(load_toml(run / "charseq.toml"), "run")
    assert (made.model.cell, made.model.hidden_size, made.data.corpus) == (cell, 8, (text,))
    assert [record["step"] for record in validations(run)] == [30]
    assert call("sample", f"{run}", "--length", "10").code == 0
    assert call("evaluate", f"{run}").code == 0


def test_training_learns(call: Call, text: str) -> None:
    """The loss falls, and the last validation is better than the first."""
    assert call("train", text, *SHORT, "--max-steps", "60", "--eval-every", "10", "-o", "run").code == 0
    records = validations("run")
    assert [record["step"] for record in records] == [10, 20, 30, 40, 50, 60]
    assert records[-1]["train_nats_per_char"] < records[0]["train_nats_per_char"]
    assert records[-1]["valid_nats_per_char"] < records[0]["valid_nats_per_char"]


def test_epochs_are_counted_from_one(call: Call, text: str) -> None:
    """The epoch that is shown, and logged, is the one that the last window belonged to."""
    err = call("train", text, *SHORT, "--max-steps", "5", "--eval-every", "1", "-o", "run").err
    records = validations("run")
    assert [(record["step"], record["epoch"]) for record in records] == [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 3),
    ]
    shown = re.findall(r"^ +0:\d\d +(\d+) +(\d+) ", err, flags=re.MULTILINE)
    assert (shown[0], shown[-1]) == (("1", "1"), ("3", "5"))


def test_the_latest_model_knows_its_epoch(call: Call, text: str) -> None:
    """At the same step the best model and the latest one are of the same epoch."""
    assert call("train", text, *SHORT, "--max-steps", "3", "-o", "run").code == 0
    best, last = (Checkpoint.load(Path(f"run/{name}.safetensors")).results for name in ("model", "last"))
    assert (best.step, best.epoch) == (3, 2)
    assert (last.step, last.epoch) == (3, 2)


def test_same_seed_same_model(call: Call, text: str) -> None:
    """The same command gives the same weights; another seed gives other ones."""
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert call("train", text, *TINY, "--seed", seed, "-o", name).code == 0
    assert np.array_equal(weights("a/model.safetensors"), weights("b/model.safetensors"))
    assert not np.array_equal(weights("a/model.safetensors"), weights("c/model.safetensors"))


def test_lines_are_few(call: Call, text: str) -> None:
    """Validations that follow each other at once do not have a line each; the last one always has."""
    err = call("train", text, *SHORT, "--max-steps", "40", "--eval-every", "2", "-o", "run").err
    steps = re.findall(r"^ +0:\d\d +\d+ +(\d+) ", err, flags=re.MULTILINE)
    assert steps[0] == "2"
    assert steps[-1] == "40"
    assert len(steps) < 20


def test_samples_are_shown_unless_quiet(call: Call, text: str) -> None:
    """Every --sample-every there is a sample on stderr, with --quiet there is none."""
    often = ("--sample-every", "0.001", "--max-steps", "4", "-o")
    loud = call("train", text, *SHORT, *often, "loud")
    quiet = call("train", text, *SHORT, *often, "quiet", "--quiet")
    assert (loud.code, quiet.code) == (0, 0)
    assert len(loud.err) > len(quiet.err) + 160
    assert len(quiet.err.splitlines()) == 6
    lines = loud.err.splitlines()
    assert lines.index(HEADER) < next(number for number, line in enumerate(lines) if line.startswith("  |"))
    assert loud.err.splitlines()[-1] == quiet.err.splitlines()[-1] == "stopped at step 4: steps done: 4"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (("--num-epochs", "2"), "stopped at step 4: epochs done: 2"),
        (("--max-steps", "3"), "stopped at step 3: steps done: 3"),
        (("--max-time", "0.001"), r"stopped at step \d+: the time of 0.001s is up"),
        (
            ("--patience", "1", "--eval-every", "1", "--learning-rate", "1e-30"),
            r"stopped at step \d+: validations without improvement: 1",
        ),
    ],
)
def test_limits(call: Call, text: str, limits: tuple[str, ...], reason: str) -> None:
    """Whatever ends a run is named."""
    code, _, err = call("train", text, *SHORT, *limits, "-o", "run")
    assert code == 0
    assert re.fullmatch(reason, err.splitlines()[-1])


def test_default_directories(call: Call, text: str) -> None:
    """Without --output each run has a directory of its own, named after the text and the cell."""
    for name in ("text-gru", "text-gru-2", "text-gru-3"):
        assert call("train", text, *TINY).out.split()[1] == f"runs/{name}/model.safetensors"


def test_standard_input(call: Call, feed: Feed) -> None:
    """A corpus can come from a pipe."""
    feed(TALES[:2000].encode())
    code, out, err = call("train", "-", *TINY)
    assert code == 0
    assert "charseq: -: 1,800 characters to train" in err
    assert "runs/stdin-gru/model.safetensors" in out


def test_several_sources(call: Call, text: str, tmp_path: Path) -> None:
    """Several files make one corpus, in their order."""
    (tmp_path / "more.txt").write_text("and more")
    err = call("train", text, "more.txt", *TINY, "-o", "run").err
    assert "charseq: text.txt, more.txt: 1,807 characters to train, 100 to validate, 101 to test" in err


def test_a_short_text(call: Call, tmp_path: Path) -> None:
    """A text that is too short for all streams, or for validation, is learnt with a word about it."""
    (tmp_path / "text.txt").write_text("hello")
    none = ("--valid-fraction", "0", "--test-fraction", "0")
    code, out, err = call("train", "text.txt", *TINY, *none, "-o", "run")
    assert code == 0
    assert "charseq: the text is short: batch_size 1, not 16\n" in err
    assert (
        "charseq: nothing is held out for validation: the latest model counts as the best, "
        "no plateau is noticed\n"
    ) in err
    assert re.search(r"^ +0:\d\d +3 +3 +[\d,]+ +\d\.\d{4} no validation best$", err, flags=re.MULTILINE)
    assert_lines(
        out,
        r"model          run/model\.safetensors",
        r"training loss  ▁  \d\.\d{3} to \d\.\d{3} nats",
        r"next           charseq sample run",
    )


@pytest.mark.parametrize(("option", "expected"), [("1", 1), ("2", 2), ("auto", 1)])
def test_threads(call: Call, text: str, option: str, expected: int) -> None:
    """--threads says how many cores share a batch; auto is one for a model as small as this."""
    options = ("--hidden-size", "4", "--max-steps", "1", "--backend", "numpy", "-o", "run")
    assert call("train", text, *options, "--threads", option).code == 0
    snapshot = Checkpoint.load(Path("run/last.safetensors")).training
    assert snapshot is not None
    assert snapshot.record["plan"] == {"num_shards": expected}


def test_threads_leave_blas_as_it_was(call: Call, text: str) -> None:
    """After training NumPy multiplies on as many threads as before."""
    with threadpool_limits(2):
        call("train", text, "--hidden-size", "4", "--max-steps", "1", *PLAIN, "-o", "run")
        assert {library["num_threads"] for library in threadpool_info()} == {2}


@pytest.mark.parametrize("threads", ["-1", "many"])
def test_threads_are_auto_or_a_number(call: Call, text: str, threads: str) -> None:
    """A batch cannot be shared by fewer cores than none."""
    code, out, err = call("train", text, *SHORT, "--threads", threads, "-o", "run")
    assert (code, out) == (2, "")
    assert err.startswith("charseq: error: --threads: train.threads must be ")


# ---- refusals


def test_no_such_corpus(call: Call, tmp_path: Path) -> None:
    """A file that is not there is refused, and no run is begun."""
    assert call("train", "none.txt", *TINY) == refusal("none.txt: no such file or directory")
    assert list(tmp_path.iterdir()) == []


def test_a_corpus_without_a_name(call: Call, tmp_path: Path) -> None:
    """An empty name, as an unset variable leaves it, is shown in quotes."""
    assert call("train", "", *TINY) == refusal("'': no such file or directory")
    assert list(tmp_path.iterdir()) == []


def test_no_such_builtin(call: Call) -> None:
    """An unknown builtin corpus is refused with the known ones."""
    known = (
        "there are builtin:pydoc, builtin:stdlib, builtin:prose, builtin:copy:LAG, builtin:brackets:DEPTH, "
        "builtin:addition:DIGITS, builtin:dates"
    )
    assert call("train", "builtin:novel", *TINY) == refusal(f"builtin:novel: no such corpus; {known}")


def test_a_corpus_of_nothing(call: Call, tmp_path: Path) -> None:
    """An empty text is an error, and no run is begun."""
    (tmp_path / "text.txt").touch()
    code, out, err = call("train", "text.txt", *TINY)
    assert (code, out) == (1, "")
    assert err == "charseq: error: text.txt: too short: training needs at least 2 characters\n"
    assert not Path("runs").exists()


def test_a_validation_text_of_nothing(call: Call, text: str, tmp_path: Path) -> None:
    """An empty validation text is an error, and no run is begun."""
    (tmp_path / "x.txt").touch()
    message = "x.txt: empty: there is nothing to validate on"
    assert call("train", text, *TINY, "--valid", "x.txt") == refusal(message, 1)
    assert not Path("runs").exists()


def test_broken_utf8(call: Call, tmp_path: Path) -> None:
    """A byte that is not UTF-8 is named with its place."""
    (tmp_path / "text.txt").write_bytes(b"hello\xffhello")
    message = "text.txt: not UTF-8 at byte 5, in line 1, column 6: invalid start byte (the only such place)"
    message += "; convert it to UTF-8 first"
    assert call("train", "text.txt", *TINY) == refusal(message, 1)


def test_nothing_left_to_train_on(call: Call, text: str) -> None:
    """Fractions that eat up the corpus are refused."""
    fractions = ("--valid-fraction", "0.5", "--test-fraction", "0.5")
    message = "data.valid_fraction + data.test_fraction must be less than 1"
    assert call("train", text, *TINY, *fractions) == refusal(message)


def test_an_existing_run_is_not_touched(call: Call, tiny_run: Path) -> None:
    """Training into a directory that holds something is refused, and changes nothing there."""
    before = contents(tiny_run)
    message = "run: exists already; choose another output, or continue it with charseq train --resume run"
    assert call("train", "text.txt", *TINY, "-o", "run") == refusal(message)
    assert contents(tiny_run) == before


def test_a_validation_that_there_is_no_time_for_is_shortened(
    call: Call, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line says of how many characters the figures are, and the summary has them."""
    options = (*TINY, "--max-time", "1h", "-o", "run")
    said = "each validation scores 64 characters: there is no time for more"
    monkeypatch.setattr("charseq.training.timing.VALIDATION_SHARE", 1e-9)
    shortened = call("train", text, *options)
    assert said in shortened.err.splitlines()
    assert "(64 characters), at step" in shortened.out
    monkeypatch.undo()
    assert said not in call("train", text, *TINY, "--max-time", "1h", "-o", "whole").err


def test_a_run_that_has_just_begun_is_not_touched(
    call: Call, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its first step on a run holds what resumes it, and a second one into its directory is refused."""
    seen: list[tuple[set[str], int]] = []
    message = "run: exists already; choose another output, or continue it with charseq train --resume run"

    def show(self: TrainingDisplay, event: Event) -> None:
        if not seen:
            step = Checkpoint.load(Path("run/last.safetensors")).results.step
            seen.append(({path.name for path in Path("run").iterdir()}, step))
            with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
                Run.start(Path("run"), Settings(data=DataConfig(corpus=(text,))), command="")

    monkeypatch.setattr(TrainingDisplay, "show", show)
    assert call("train", text, *TINY, "--eval-every", "2", "-o", "run").code == 0
    assert seen == [({"charseq.toml", "last.safetensors"}, 0)]


def test_a_run_that_was_killed_at_once(call: Call, text: str) -> None:
    """A run that never came to save anything is resumed from its beginning, and ends as if never stopped."""

    class Killed(BaseException):
        """What nothing expects."""

    def show(self: TrainingDisplay, event: Event) -> None:
        raise Killed

    assert call("train", text, *TINY, "-o", "whole").code == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingDisplay, "show", show)
        with pytest.raises(Killed):
            call("train", text, *TINY, "-o", "run")
    message = "run: exists already; choose another output, or continue it with charseq train --resume run"
    assert call("train", text, *TINY, "-o", "run") == refusal(message)
    assert call("train", "--resume", "run").code == 0
    assert np.array_equal(weights("whole/last.safetensors"), weights("run/last.safetensors"))


def test_a_directory_with_settings_is_not_touched(call: Call, text: str) -> None:
    """A directory that holds nothing but settings holds something."""
    Path("run").mkdir()
    Path("run/charseq.toml").write_text("[model]\n")
    message = "run: exists already; choose another output"
    assert call("train", text, *TINY, "-o", "run") == refusal(message)
    assert contents(Path("run")) == {"run/charseq.toml": b"[model]\n"}


def test_an_empty_directory_will_do(call: Call, text: str) -> None:
    """A directory that holds nothing is taken."""
    Path("run").mkdir()
    assert call("train", text, *TINY, "-o", "run").code == 0


def test_a_file_is_no_directory(call: Call, text: str) -> None:
    """A run cannot be where a file is."""
    code, out, err = call("train", text, *TINY, "-o", text)
    assert (code, out) == (2, "")
    assert err.startswith("charseq: error: text.txt: exists already; ")


# ---- resuming


@pytest.mark.parametrize("cell", CELLS)
def test_resumed_is_uninterrupted(call: Call, text: str, cell: str) -> None:
    """Ten steps and ten more give the weights that twenty steps give, bit for bit."""
    options = (*SHORT, "--cell", cell, "--dropout", "0.2", "--num-layers", "2")
    assert call("train", text, *options, "--max-steps", "20", "-o", "whole").code == 0
    assert call("train", text, *options, "--max-steps", "10", "-o", "parts").code == 0
    code, _, err = call("train", "--resume", "parts", "--max-steps", "20")
    assert code == 0
    assert err.endswith("stopped at step 20: steps done: 20\n")
    assert np.array_equal(weights("whole/last.safetensors"), weights("parts/last.safetensors"))


@pytest.mark.parametrize("options", [(), ("--max-steps", "2"), ("--max-time", "1h")])
def test_a_finished_run_is_not_resumed_and_the_option_that_goes_on_is_named(
    options: tuple[str, ...], call: Call, tiny_run: Path
) -> None:
    """A run that has reached its limit is refused, and its settings stay as they were."""
    before = contents(tiny_run)
    code, out, err = call("train", "--resume", "run", *options)
    assert (code, out) == (2, "")
    way_on = "has done 3 steps; max_steps counts from the start of the run: 6 gives 3 more"
    assert err == f"charseq: error: run: {way_on}\n"
    assert contents(tiny_run) == before


def test_a_resumed_run_keeps_its_settings(
    call: Call, tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings lie in the run: neither a charseq.toml nor the environment changes them."""
    (tmp_path / "charseq.toml").write_text('[model]\ncell = "gru"\n[train]\nseed = 9\n')
    monkeypatch.setenv("CHARSEQ_MODEL_HIDDEN_SIZE", "9")
    assert call("train", "--resume", "run", "--max-steps", "5").code == 0
    made = Settings().with_layer(load_toml(tiny_run / "charseq.toml"), "run")
    assert (made.model.cell, made.model.hidden_size) == ("gru", 8)
    assert (made.train.seed, made.train.max_steps) == (1, 5)


def test_nothing_to_resume(call: Call, text: str) -> None:
    """A directory without a run is refused."""
    Path("run").mkdir()
    for name in ("run", "none"):
        message = f"{name}: no run to resume: there is no last.safetensors"
        assert call("train", "--resume", name) == refusal(message)


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        (("--cell", "rnn"), "model.cell"),
        (("--hidden-size", "9"), "model.hidden_size"),
        (("--unit", "line"), "data.unit"),
        (("--optimizer", "sgd"), "optim.optimizer"),
        (("--batch-size", "3"), "train.batch_size"),
        (("--seed", "7"), "train.seed"),
        (("--set", "optim.beta1=0.5"), "optim.beta1"),
    ],
)
def test_forbidden_changes(call: Call, tiny_run: Path, arguments: tuple[str, ...], setting: str) -> None:
    """What would make it another run is refused by name, and changes nothing."""
    before = contents(tiny_run)
    code, out, err = call("train", "--resume", "run", "--max-steps", "9", *arguments)
    assert (code, out) == (2, "")
    message = f"{setting} cannot change when a run is resumed; start a new one"
    assert err == f"charseq: error: {message}\n"
    assert contents(tiny_run) == before


@pytest.mark.parametrize(
    "option", [("--output", "other"), ("--init-from", "run"), ("--config", "run/charseq.toml")]
)
def test_resume_stands_alone(call: Call, tiny_run: Path, option: tuple[str, str]) -> None:
    """A run is resumed where it is, with its own weights and settings."""
    before = contents(tiny_run)
    message = "--resume goes on as the run was: leave out --output, --init-from and --config"
    assert call("train", "--resume", "run", *option) == refusal(message)
    assert contents(tiny_run) == before


def test_resumed_on_the_same_text_elsewhere(call: Call, text: str) -> None:
    """A corpus may have moved, as long as it is the same."""
    assert call("train", text, *SHORT, "--max-steps", "6", "-o", "whole").code == 0
    assert call("train", text, *SHORT, "--max-steps", "3", "-o", "run").code == 0
    Path("text.txt").rename("moved.txt")
    assert call("train", "--resume", "run", "--max-steps", "6") == refusal(
        "text.txt: no such file or directory, and the run goes on with its text only: "
        "name the text where it is now"
    )
    code, _, err = call("train", "--resume", "run", "moved.txt", "--max-steps", "6")
    assert code == 0
    assert "charseq: moved.txt: 1,800 characters to train" in err
    made = Settings().with_layer(load_toml(Path("run/charseq.toml")), "run")
    assert made.data.corpus == ("moved.txt",)
    assert np.array_equal(weights("whole/last.safetensors"), weights("run/last.safetensors"))


def test_a_moved_text_is_found_again(call: Call, tiny_run: Path) -> None:
    """After a run has gone on with its text in another place, evaluate and --resume look for it there."""
    Path("text.txt").rename("moved.txt")
    assert call("train", "--resume", "run", "moved.txt", "--max-steps", "6").code == 0
    assert call("train", "--resume", "run", "--max-steps", "7").code == 0
    assert call("evaluate", "run/last.safetensors") == Outcome(0, ANY, "")
    assert call("info", "run/last.safetensors").out.count("moved.txt, ") == 1


def test_resumed_on_another_text(call: Call, tiny_run: Path) -> None:
    """A corpus that has changed since is refused, and the run stays as it was."""
    before = contents(tiny_run)
    Path("other.txt").write_bytes(TALES[:2001].encode())
    for corpus in ((), ("other.txt",)):
        with Path("text.txt").open("a") as file:
            file.write("more")
        code, out, err = call("train", "--resume", "run", "--max-steps", "9", *corpus)
        assert (code, out) == (1, "")
        name = corpus[0] if corpus else "text.txt"
        assert re.fullmatch(
            rf"charseq: error: {re.escape(name)}: not the text that run was trained on: "
            r"[\d,]+ bytes, not [\d,]+; the SHA-256 is [0-9a-f]{12}, not [0-9a-f]{12}; "
            r"a new run with init_from trains on another text\n",
            err,
        )
        assert contents(tiny_run) == before


# ---- from another model


def test_init_from(call: Call, models: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that begins with another model's weights has its sizes, and begins where that one ended."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("charseq.runs.finish.choose_rates", lambda *arguments, **options: None)
    Path("text.txt").write_bytes(TALES[:8000].encode())
    old, steps = str(models.path / models.tales), ("--max-steps", "1", "--learning-rate", "1e-9", *PLAIN)
    code, _, err = call("train", "text.txt", *steps, "--init-from", old, "-o", "new")
    assert code == 0
    size = Checkpoint.load(Path("new") / "model.safetensors").codec.vocab_size
    taken = f"its sizes (gru 1 x 32) and its weights; {size} of {size} characters known"
    assert f"charseq: from {old}: {taken}\n" in err
    assert call("train", "text.txt", *steps, "--hidden-size", "32", "-o", "fresh").code == 0
    new, fresh, trained = (
        Checkpoint.load(Path(name) / "model.safetensors").results.valid for name in ("new", "fresh", old)
    )
    assert new is not None
    assert fresh is not None
    assert trained is not None
    assert new.num_chars == fresh.num_chars == trained.num_chars == 400
    assert new.nats_per_char == pytest.approx(trained.nats_per_char, rel=1e-3)
    assert trained.nats_per_char < fresh.nats_per_char / 1.2


def test_init_from_gives_sizes_alone(
    call: Call, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what the weights fit comes from the other model; all else is as for any new run."""
    shape = ("--cell", "rnn", "--num-layers", "2", "--embedding-size", "3", "--rms-norm")
    assert call("train", text, *TINY, *shape, "--dropout", "0.5", "-o", "old").code == 0
    (tmp_path / "charseq.toml").write_text('[model]\ncell = "lstm"\nhidden_size = 9\n')
    steps = ("--max-steps", "1", *PLAIN, "--init-from", "old", "-o")
    assert call("train", text, *steps, "new").code == 0
    monkeypatch.setenv("CHARSEQ_MODEL_DROPOUT", "0.25")
    monkeypatch.setenv("CHARSEQ_MODEL_NUM_LAYERS", "3")
    assert call("train", text, *steps, "environment").code == 0
    assert call("train", text, *steps, "option", "--dropout", "0.125").code == 0
    Path("other.txt").write_bytes(b"abc\xc2\xa7\n" * 300)
    code, _, err = call("train", "other.txt", *steps, "elsewhere")
    assert code == 0
    assert "; the others begin at random\n" in err
    for name, dropout in (("new", 0.0), ("environment", 0.25), ("option", 0.125)):
        made = Checkpoint.load(Path(name) / "model.safetensors").settings.model
        sizes = ModelConfig(cell="rnn", hidden_size=8, num_layers=2, embedding_size=3, rms_norm=True)
        assert made == sizes.model_copy(update={"dropout": dropout})


def test_init_from_has_the_sizes(call: Call, tiny_run: Path) -> None:
    """Other sizes than those of the model to begin with are refused."""
    message = "model.hidden_size is 8 in the model to start from; it cannot be 9"
    arguments = ("--init-from", "run", "--hidden-size", "9", "-o", "new")
    assert call("train", "text.txt", *arguments) == refusal(message)
    assert not Path("new").exists()


def test_init_from_takes_no_size_by_name(call: Call, tiny_run: Path) -> None:
    """A size of the ladder beside --init-from is refused: the other model has its own."""
    message = "--init-from: the model to start from has its sizes; leave model.size out"
    arguments = ("--init-from", "run", "--size", "large", "-o", "new")
    assert call("train", "text.txt", *arguments) == refusal(message)


def test_a_small_text_for_a_large_model(call: Call, text: str) -> None:
    """What will be learnt by heart is said, with what to do; not of a model that suits the text."""
    said = "the text is very small for this model, which will learn it by heart: try --ngram 5"
    for size, dropout, line in (
        ("100", "0", f"charseq: {said}, or --dropout 0.5"),
        ("100", "0.1", f"charseq: {said}"),
        ("8", "0", None),
    ):
        run = f"{size}-{dropout}"
        code, _, err = call("train", text, *TINY, "--hidden-size", size, "--dropout", dropout, "-o", run)
        assert code == 0
        assert [told for told in err.splitlines() if said in told] == ([line] if line else [])


def test_a_text_that_was_learnt_by_heart(call: Call) -> None:
    """Where the best validation was early, the summary says so, with what to do."""
    noise = "".join(random.Random(1).choices("abcdefgh", k=1000))
    for name, words, told in (("noise", noise, True), ("rhyme", "abcdefgh" * 125, False)):
        Path(name).write_text(words)
        options = (
            "--hidden-size",
            "32",
            "--learning-rate",
            "0.03",
            "--max-steps",
            "100",
            "--eval-every",
            "5",
        )
        code, out, _ = call("train", name, *options, *PLAIN, "-o", f"run-{name}")
        assert code == 0
        line = r"^note +after step \d+ of 100 the model only learnt the text by heart: try "
        assert (re.search(line, out, re.MULTILINE) is not None) is told, out


# ---- the recipe


def test_what_was_chosen_is_said_and_kept(call: Call, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing but the time, sizes and dropout are chosen, shown in a line and stored with the run."""
    monkeypatch.setattr("charseq.training.recipe.MIN_SECONDS", 0.01)
    monkeypatch.setattr("charseq.runs.making.training_speed", lambda train: 4e11)
    options = ("--threads", "1", "--backend", "numpy", "--max-time", "0.02")
    code, _, err = call("train", text, *options, "-o", "run")
    assert code == 0
    assert (
        "charseq: 1 x 128 with dropout 0.4, decay 0.1, nadamw at rate 0.042 and batches of 16 x 64 "
        "chosen for " in err
    )
    made = Settings().with_layer(load_toml(Path("run/charseq.toml")), "run")
    assert (made.model.size, made.model.hidden_size, made.model.dropout) == ("fixed", 128, 0.4)
    assert call("train", text, "--config", "run/charseq.toml", "-o", "again").code == 0
    again = Settings().with_layer(load_toml(Path("again/charseq.toml")), "again")
    assert again.model == made.model


def test_options_and_settings_files_win_over_the_recipe(
    call: Call, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What someone has set stays, in an option even if it is the default; the rest is chosen."""
    monkeypatch.setattr("charseq.training.recipe.MIN_SECONDS", 0.01)
    monkeypatch.setattr("charseq.runs.making.training_speed", lambda train: 4e11)
    Path("my.toml").write_text("[model]\ndropout = 0.125\n")
    options = ("--threads", "1", "--backend", "numpy", "--max-time", "0.02", "--config", "my.toml")
    assert call("train", text, *options, "--batch-size", "16", "--hidden-size", "16", "-o", "run").code == 0
    made = Settings().with_layer(load_toml(Path("run/charseq.toml")), "run")
    assert (made.model.hidden_size, made.model.dropout, made.train.batch_size) == (16, 0.125, 16)


# ---- Ctrl-C


@pytest.mark.parametrize(
    ("run", "shown", "backend"),
    [("run", "run", "auto"), ("my run", "'my run'", "numpy")],
    ids=["run", "my run"],
)
def test_interrupted_and_resumed(call: Call, tmp_path: Path, run: str, shown: str, backend: str) -> None:
    """Ctrl-C saves the run, says in a line how to go on, and exits with 130; the run then does go on."""
    (tmp_path / "text.txt").write_bytes(TALES[:8000].encode())
    options = ("--hidden-size", "16", "--threads", "1", "--eval-every", "1", "--max-time", "50s")
    options += ("--backend", backend, "--size", "fixed")
    process = start("train", "text.txt", *options, "-o", run, path=tmp_path)
    assert process.stderr is not None
    while "step" not in (line := process.stderr.readline()):
        assert line, "training ended before it began"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1] == f"interrupted; to go on: charseq train --resume {shown}"
    assert "Traceback" not in err
    step = json.loads(Path(f"{run}/metrics.jsonl").read_text().splitlines()[-1])["step"]
    code, _, err = call("train", "--resume", run, "--max-steps", f"{step + 5}")
    assert code == 0
    assert err.endswith(f"stopped at step {step + 5}: steps done: {step + 5}\n")


# ---- large texts


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take every text of 1000 bytes for a large one."""
    monkeypatch.setattr("charseq.text.corpus.LARGE_BYTES", 1000)
    monkeypatch.setattr("charseq.text.corpus.CORPUS_CHUNK_BYTES", 100)
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", str(tmp_path / "cache"))


@pytest.mark.usefixtures("large")
def test_a_large_text_shows_its_progress(call: Call, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal hashing and encoding a large text have a bar; once it is known, only hashing."""
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes any stream for a terminal
    monkeypatch.setenv("COLUMNS", "100")
    first, second = (call("train", text, *TINY, "-o", name) for name in ("first", "second"))
    assert (first.code, second.code) == (0, 0)
    assert "hashing the corpus" in first.err
    assert "encoding the corpus" in first.err
    assert "2.0/2.0 kB" in first.err
    assert "hashing the corpus" in second.err
    assert "encoding the corpus" not in second.err
    assert "hashing the corpus" in call("train", "--resume", "first", "--max-steps", "4").err


@pytest.mark.usefixtures("large")
def test_counting_ngrams_of_a_large_text_shows_its_progress(
    call: Call, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal each pass of the work has its bar."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    err = call("train", text, "--ngram", "3", "-o", "run").err
    assert "counting the corpus" in err
    assert "sorting the corpus" in err


def test_counting_ngrams_for_a_mixture_shows_its_progress(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal the live line says how far it is; elsewhere nothing is said before it is done."""
    event = Counting("counting", 30, 40)
    for terminal, expected in (("1", "counting the training part for n-grams: 75%"), ("", "")):
        monkeypatch.setenv("FORCE_COLOR", terminal)
        with TrainingDisplay(plain=False, codec=Codec(CharTokenizer.fit("ab"), "stream")) as display:
            display.show(event)
        assert expected in (err := capsys.readouterr().err)
        assert bool(err) == bool(expected)


@pytest.mark.usefixtures("large")
def test_progress_is_for_terminals(call: Call, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stderr is no terminal, or with --quiet, there is no bar."""
    assert "the corpus" not in call("train", text, *TINY, "-o", "pipe").err
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "the corpus" not in call("train", text, *TINY, "-o", "quiet", "--quiet").err


def test_a_small_text_shows_no_progress(call: Call, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal a small text has no bar, not even an empty one."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    err = call("train", text, *TINY, "-o", "run").err
    assert "the corpus" not in err
    assert err.startswith("charseq: gru")


@pytest.mark.usefixtures("large")
def test_a_large_text_trains_the_same_model(
    call: Call, text: str, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By way of the cache, from a file or a pipe, training gives the weights that it gives in memory."""
    feed(Path(text).read_bytes())
    for source, name in ((text, "cached"), (text, "found"), ("-", "pipe")):
        assert call("train", source, *SHORT, "--max-steps", "9", "-o", name).code == 0
    assert len(list(Path("cache").iterdir())) == 1
    monkeypatch.setattr("charseq.text.corpus.LARGE_BYTES", 1 << 25)
    assert call("train", text, *SHORT, "--max-steps", "9", "-o", "memory").code == 0
    for name in ("cached", "found", "pipe"):
        assert np.array_equal(weights(f"{name}/model.safetensors"), weights("memory/model.safetensors"))


@pytest.mark.usefixtures("large")
def test_a_run_without_a_cache(call: Call, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that cannot be written is one line, and no run is begun."""
    monkeypatch.setenv("CHARSEQ_CACHE_DIR", text)
    message = f"{text}: cannot hold the encoded text: File exists; CHARSEQ_CACHE_DIR names another directory"
    assert call("train", text, *TINY, "-o", "run") == refusal(message, code=1)
    assert not Path("run").exists()


# ---- n-grams


@pytest.fixture
def ngrams(call: Call, text: str) -> str:
    """Return the directory of a model of 4-grams of `text`."""
    outcome = call("train", text, "--ngram", "4", "-o", "ngrams")
    assert outcome.code == 0, outcome.err
    return "ngrams"


def fitted_scorer(text: str, order: int, unit: Unit = "stream") -> tuple[Scorer, int]:
    """Return what scores with the n-grams of the first nine tenths of `text`, and how many there are."""
    tokenizer = CharTokenizer.fit(text[:1800])
    model = fit_ngram(
        Examples(EncodedText.of(text[:1800]), Codec(tokenizer, unit)),
        vocab_size=tokenizer.vocab_size,
        order=order,
    )
    return Scorer(model, Codec(tokenizer, unit)), model.num_parameters


def test_ngrams_end_to_end(call: Call, text: str) -> None:
    """Counting says on stderr what was counted, and sums up on stdout as training does."""
    code, out, err = call("train", text, "--ngram", "4")
    scorer, num_ngrams = fitted_scorer(TALES[:2000], 4)
    assert code == 0, err
    assert err == (
        f"charseq: ngram:4, {num_ngrams:,} n-grams, vocabulary {len(set(TALES[:1800]))}\n"
        "charseq: text.txt: 1,800 characters to train, 100 to validate, 100 to test\n"
    )
    assert_lines(
        out,
        r"model            runs/text-ngram/model\.safetensors",
        rf"best validation  {FIGURE} \(100 characters(, \d+ of them unseen)?\)",
        rf"test             {re.escape(str(scorer.score(TALES[1900:2000]).score()))}",
        r"next             charseq sample runs/text-ngram",
    )
    names = {path.name for path in Path("runs/text-ngram").iterdir()}
    assert names == {"model.safetensors", "charseq.toml"}


def test_the_settings_of_ngrams(ngrams: str) -> None:
    """The settings beside the model are those that were in force."""
    made = Settings().with_layer(load_toml(Path(ngrams) / "charseq.toml"), "run")
    assert made == Checkpoint.load(Path(ngrams) / "model.safetensors").settings
    assert (made.model.kind, made.model.order, made.data.corpus) == ("ngram", 4, ("text.txt",))


def test_ngrams_write_text(call: Call, ngrams: str) -> None:
    """A model of n-grams continues a prompt, the same seed giving the same text, one or several of them."""
    wanted = ("sample", ngrams, "--prompt", "The ", "--length", "30", "--seed", "3")
    outcome = call(*wanted)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome == call(*wanted)
    assert len(outcome.out.removesuffix("\n")) == len("The ") + 30
    assert outcome.out.startswith("The ")
    several = call(*wanted, "-n", "3")
    assert several.code == 0
    assert several.out.startswith(outcome.out)
    assert several.out.count("The ") >= 3


def test_ngrams_are_evaluated(call: Call, ngrams: str) -> None:
    """A model of n-grams is evaluated on its test part, with the figures of the scorer."""
    outcome = call("evaluate", ngrams, "--format", "json")
    assert outcome.code == 0, outcome.err
    score = fitted_scorer(TALES[:2000], 4)[0].score(TALES[1900:2000]).score()
    (row,) = json.loads(outcome.out)
    assert (row["num_chars"], row["num_unseen"]) == (100, score.num_unseen)
    assert row["nats_per_char"] == pytest.approx(score.nats_per_char, rel=1e-9)


def test_ngrams_on_characters_they_never_met(call: Call, ngrams: str, tmp_path: Path) -> None:
    """A text with unseen characters has finite figures, and says how many they are."""
    (tmp_path / "other.txt").write_text("한글 😀\n")
    outcome = call("evaluate", ngrams, "other.txt", "--format", "json")
    assert outcome.code == 0, outcome.err
    (row,) = json.loads(outcome.out)
    assert (row["num_chars"], row["num_unseen"]) == (5, 3)
    score = fitted_scorer(TALES[:2000], 4)[0].score("한글 😀\n").score()
    assert row["nats_per_char"] == pytest.approx(score.nats_per_char, rel=1e-9)


def test_ngrams_know_what_comes_next(call: Call, ngrams: str) -> None:
    """A model of n-grams says what it expects after prefixes, unseen characters in them or not."""
    outcome = call("next", ngrams, "The", "", "한", "--format", "json")
    assert (outcome.code, outcome.err) == (0, "")
    rows = json.loads(outcome.out)
    assert [row["prefix"] for row in rows] == ["The", "", "한"]
    scorer, _ = fitted_scorer(TALES[:2000], 4)
    first = rows[0]["top"][0]
    assert first["probability"] == pytest.approx(np.exp(-scorer.score("The" + first["char"]).nats[-1]))


def test_the_newest_model_may_be_ngrams(call: Call, text: str) -> None:
    """Under runs/ a model of n-grams is found like any other."""
    assert call("train", text, "--ngram", "2").code == 0
    outcome = call("sample", "--length", "5")
    assert outcome.code == 0
    assert outcome.err == "charseq: using the newest model, runs/text-ngram/model.safetensors\n"


def test_directories_of_ngrams(call: Call, text: str, feed: Feed) -> None:
    """Without --output each has a directory of its own, named after the text; from a pipe after that."""
    feed(TALES[:2000].encode())
    for source, name in ((text, "text-ngram"), (text, "text-ngram-2"), ("-", "stdin-ngram")):
        outcome = call("train", source, "--ngram", "2")
        assert outcome.out.split()[1] == f"runs/{name}/model.safetensors"


def test_ngrams_of_lines(call: Call, text: str) -> None:
    """With --unit line every line is counted for itself, and a sample ends with its line."""
    assert call("train", text, "--ngram", "3", "--unit", "line", "-o", "lines").code == 0
    outcome = call("sample", "lines", "--length", "2000", "--seed", "1")
    assert outcome.code == 0
    assert outcome.out.count("\n") == 1
    checkpoint = Checkpoint.load(Path("lines/model.safetensors"))
    part = TALES[: checkpoint.provenance.train_end]
    assert part.endswith("\n")
    expected = fit_ngram(
        Examples(EncodedText.of(part), Codec(checkpoint.codec.tokenizer, "line")),
        vocab_size=checkpoint.codec.tokenizer.vocab_size,
        order=3,
    )
    scores = [Scorer(m, checkpoint.codec).score(part).score() for m in (checkpoint.model, expected)]
    assert scores[0] == scores[1]
    assert call("evaluate", "lines").code == 0


def test_ngrams_without_validation(call: Call, text: str) -> None:
    """Where nothing is held out, nothing is said of it."""
    none = ("--valid-fraction", "0", "--test-fraction", "0")
    code, out, err = call("train", text, "--ngram", "3", *none, "-o", "run")
    assert code == 0
    assert "charseq: text.txt: 2,000 characters to train, 0 to validate, 0 to test\n" in err
    assert_lines(out, r"model  run/model\.safetensors", r"next   charseq sample run")


def test_ngrams_by_any_setting(call: Call, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kind and order can come from --set, from the environment, or from a settings file."""
    assert call("train", text, "--set", "model.kind=ngram", "--set", "model.order=2", "-o", "a").code == 0
    Path("ngram.toml").write_text('[model]\nkind = "ngram"\norder = 2\n')
    assert call("train", text, "--config", "ngram.toml", "-o", "b").code == 0
    monkeypatch.setenv("CHARSEQ_MODEL_KIND", "ngram")
    monkeypatch.setenv("CHARSEQ_MODEL_ORDER", "2")
    assert call("train", text, "-o", "c").code == 0
    for name in "abc":
        assert Checkpoint.load(Path(name) / "model.safetensors").description == "ngram:2"


def test_the_option_kind_prevails_over_the_settings_file(call: Call, text: str) -> None:
    """A network is trained where the command line asks for one."""
    Path("charseq.toml").write_text('[model]\nkind = "ngram"\n')
    assert call("train", text, *TINY, "--kind", "recurrent", "-o", "run").code == 0
    assert Checkpoint.load(Path("run/model.safetensors")).description == "gru 1 x 8"


@pytest.mark.parametrize(
    "option",
    [
        *(("--cell", "lstm"), ("--hidden-size", "8"), ("--num-layers", "2"), ("--embedding-size", "4")),
        *(("--dropout", "0.1"), ("--learning-rate", "0.1"), ("--optimizer", "sgd"), ("--batch-size", "4")),
        *(("--max-steps", "9"), ("--max-time", "1m"), ("--seed", "3"), ("--threads", "1")),
    ],
    ids=lambda option: option[0],
)
def test_ngrams_need_no_network(call: Call, text: str, option: tuple[str, str]) -> None:
    """An option of a network, or of its training, is refused by name beside --ngram, and nothing written."""
    message = f"{option[0]} means nothing to a model of the kind ngram; leave it out"
    assert call("train", text, *option, "--ngram", "3", "-o", "run") == refusal(message)
    assert not Path("run").exists()


def test_ngrams_start_from_nothing(call: Call, text: str, ngrams: str) -> None:
    """N-grams are not counted on from a model."""
    message = "--init-from means nothing to a model of the kind ngram; leave it out"
    assert call("train", text, "--ngram", "3", "--init-from", ngrams, "-o", "run") == refusal(message)
    assert not Path("run").exists()


@pytest.mark.parametrize("options", [(), ("--hidden-size", "8")], ids=str)
def test_a_network_does_not_start_from_ngrams(
    call: Call, text: str, ngrams: str, options: tuple[str, ...]
) -> None:
    """A network of whatever size has nothing to take over from n-grams, and no run is begun."""
    message = "ngram:4: no run can start from this kind of model"
    assert call("train", text, *options, "--init-from", ngrams, "-o", "run") == refusal(message)
    assert not Path("run").exists()


def test_ngrams_are_not_resumed(call: Call, ngrams: str) -> None:
    """Counting was done in one go: there is nothing to resume, and the model stays as it is."""
    before = contents(Path(ngrams))
    message = "ngrams: no run to resume: there is no last.safetensors"
    assert call("train", "--resume", ngrams) == refusal(message)
    assert contents(Path(ngrams)) == before


def test_a_network_is_not_resumed_as_ngrams(call: Call, tiny_run: Path) -> None:
    """A run of a network goes on as one."""
    message = "model.kind cannot change when a run is resumed; start a new one"
    assert call("train", "--resume", f"{tiny_run}", "--ngram", "3") == refusal(message)


def test_an_existing_directory_is_no_place_for_ngrams(call: Call, tiny_run: Path) -> None:
    """Counting into a directory that holds something is refused, and changes nothing there."""
    before = contents(tiny_run)
    outcome = call("train", "text.txt", "--ngram", "3", "-o", f"{tiny_run}")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("charseq: error: run: exists already; choose another output")
    assert contents(tiny_run) == before


@pytest.mark.parametrize(
    ("order", "wants"), [("-1", "at least 1"), ("0", "at least 1"), ("100", "at most 99"), ("two", "a whole")]
)
def test_an_impossible_order_is_refused_with_the_bounds(
    call: Call, text: str, order: str, wants: str
) -> None:
    """An order is a whole number up to 99."""
    code, out, err = call("train", text, "--ngram", order, "-o", "run")
    assert (code, out) == (2, "")
    assert err.startswith(f"charseq: error: --ngram: model.order must be {wants}")


def test_ngrams_of_no_corpus(call: Call, tmp_path: Path) -> None:
    """A corpus that is missing or empty is refused as for a network, and no run is begun."""
    (tmp_path / "empty.txt").touch()
    assert call("train", "none.txt", "--ngram", "2") == refusal("none.txt: no such file or directory")
    message = "empty.txt: too short: training needs at least 2 characters"
    assert call("train", "empty.txt", "--ngram", "2") == refusal(message, 1)
    assert not Path("runs").exists()


@pytest.mark.parametrize("options", [(), ("--embedding-size", "0"), ("--unit", "line")])
def test_a_network_on_a_window_end_to_end(call: Call, text: str, options: tuple[str, ...]) -> None:
    """It is trained, resumed, scored, sampled and asked like any other model."""
    small = ("--hidden-size", "8", "--eval-every", "5")
    code, _, err = call("train", text, "--mlp", "3", *small, *options, "--max-steps", "10", "-o", "window")
    assert code == 0
    assert "charseq: mlp:3 x 8, " in err
    assert call("train", "--resume", "window", "--max-steps", "12").code == 0
    for words in (
        ["evaluate", "window", text],
        ["sample", "window", "--length", "5"],
        ["next", "window", "h"],
    ):
        assert call(*words).code == 0
    embedding = "one-hot" if "--embedding-size" in options else "embedding of 32"
    assert f"the last 3 character(s), 8 units, {embedding}" in call("info", "window").out
    assert "no states or gates" in call("inspect", "window", text, "--gates").err


def test_two_kinds_of_models_at_once_are_refused(call: Call, text: str) -> None:
    code, _, err = call("train", text, "--mlp", "3", "--ngram", "3")
    assert (code, err) == (
        2,
        "charseq: error: --ngram and --mlp are two kinds of models: leave out one of them\n",
    )


def test_freezing_and_rates_are_said(
    call: Call, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run says which parts do not learn, and which learn at a rate of their own."""
    monkeypatch.chdir(tmp_path)
    parts = (
        "--freeze",
        "layers.0.W,layers.0.b",
        "--rate-scale",
        "projection=0.1",
        "--rate-scale",
        "layers=2",
    )
    code, _, err = call("train", text, *TINY, *parts, "-o", "run")
    assert code == 0, err
    assert "charseq: frozen: layers.0.W, layers.0.b: " in err
    assert "charseq: rates of their own: projection=0.1, layers=2\n" in err


def test_a_part_that_does_not_exist(
    call: Call, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused with the list of parts, and no directory is left behind."""
    monkeypatch.chdir(tmp_path)
    code, _, err = call("train", text, *TINY, "--freeze", "layer.0", "-o", "run")
    assert code == 2
    assert "no part of this network is called 'layer.0' (did you mean 'layers.0'?): layers, layers.0, " in err
    assert not Path("run").exists()


def test_what_is_frozen_cannot_change_in_a_run(
    call: Call, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resuming with other parts is refused."""
    monkeypatch.chdir(tmp_path)
    assert call("train", text, *TINY, "-o", "run").code == 0
    code, _, err = call("train", "--resume", "run", "--freeze", "layers.0")
    assert code == 2
    assert "optim.freeze cannot change when a run is resumed" in err


@pytest.mark.parametrize("loss", ["sampled", "negative"])
def test_a_loss_on_candidates(
    call: Call, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    """The number of candidates is said, and what can be compared; info shows the loss."""
    monkeypatch.chdir(tmp_path)
    code, _, err = call("train", text, *TINY, "--loss", loss, "--num-negatives", "7", "-o", "run")
    assert code == 0, err
    assert f"charseq: {loss}: 7 tokens are drawn for each step, from " in err
    assert ("is no price" in err) == (loss == "negative")
    assert f"{loss}, 7 tokens drawn for each step\n" in call("info", "run").out


def test_the_number_of_candidates_is_at_least_one(call: Call, text: str) -> None:
    """None is refused, and so is a loss that does not exist."""
    assert "train.num_negatives must be at least 1; got 0" in call("train", text, "--num-negatives", "0").err
    message = call("train", text, "--loss", "sample").err
    assert (
        "train.loss must be one of softmax, sampled, negative; got 'sample' (did you mean 'sampled'?)"
        in message
    )
