"""The end of a run: n-grams mixed in, rates chosen, and runs that were stopped before it."""

import itertools
import math
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from safetensors.numpy import load_file

from charseq.config import Settings
from charseq.errors import CharseqError, ConfigError
from charseq.models import Counting, NGram, fit_ngram
from charseq.models.mixture import Mixture
from charseq.runs import finish
from charseq.runs import run as run_module
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.checks import read_parts
from charseq.runs.directory import LAST, MODEL
from charseq.runs.metrics import read_metrics
from charseq.runs.run import Run
from charseq.scoring import Validator
from charseq.training.events import Counted, Event, Mixed, StepDone, Stopped, Validated
from charseq.training.trainer import Trainer

TEXT = "the rain in spain stays\nmainly in the plain\nand the king sings in the rain\n" * 24
VALID = "the king in spain sings\nand stays in the rain\n" * 14  # enough to choose rates from


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory with a corpus and a validation text in it."""
    monkeypatch.chdir(tmp_path)
    _write_texts()


def _write_texts() -> None:
    Path("corpus.txt").write_text(TEXT)
    Path("valid.txt").write_text(VALID)
    Path("short.txt").write_text(VALID[:200])


def settings(**train: Any) -> Settings:
    sections = {
        "data": {"corpus": "corpus.txt", "valid": "valid.txt", "test_fraction": 0.0},
        "model": {"cell": "gru", "hidden_size": 6},
        "optim": {"learning_rate": 0.02},
        "train": {"batch_size": 4, "seq_length": 10, "eval_every": 4, "threads": 1, "with_ngram": 3, **train},
    }
    return Settings().with_layer(sections, "test")


def start(directory: str = "run", *, data: dict[str, Any] | None = None, **train: Any) -> Run:
    base = settings(**{"max_steps": 8, **train}).with_layer({"data": data or {}}, "test")
    return Run.start(Path(directory), base, command="charseq train")


def finished(directory: str = "run", **options: Any) -> list[Event]:
    return _without_progress(start(directory, **options))


WITHOUT_RATES = {"valid": "short.txt"}
"""A validation text from which no rates can be chosen, which takes longer than all the rest."""


def resumed(directory: str = "run", **train: Any) -> list[Event]:
    return _without_progress(Run.resume(Path(directory), [({"train": train}, "option")]))


def _without_progress(run: Run) -> list[Event]:
    """Return the events of a run, but for the progress of counting."""
    return [event for event in run.events() if not isinstance(event, Counting)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the directory of a run in one go, with n-grams and rates; nothing is to be written there."""
    path = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        _write_texts()
        finished()
    return str(path / "run")


def model_in(directory: str = "run") -> Checkpoint:
    return Checkpoint.load(Path(directory) / MODEL)


def assert_same_models(one: str, other: str) -> None:
    """Compare two model files bit for bit, but for the seconds and the settings."""
    ours, theirs = load_file(f"{one}/{MODEL}"), load_file(f"{other}/{MODEL}")
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array, err_msg=name)
    a, b = model_in(one), model_in(other)
    assert a.rates == b.rates
    assert {**asdict(a.results), "train_seconds": 0} == {**asdict(b.results), "train_seconds": 0}


# ---- what is made


def test_there_is_one_model_at_the_end_a_mixture() -> None:
    """Its members are the best network of the run and the n-grams of the same training part."""
    events = finished(data=WITHOUT_RATES)
    kept = model_in()
    assert isinstance(kept.model, Mixture)
    assert kept.model.description == "gru 1 x 6 + ngram:3"
    run = Run.resume(Path("run"), [({"train": {"max_steps": 9}}, "option")])
    np.testing.assert_array_equal(kept.network.params.flat, run.trainer.best)
    counted = fit_ngram(run.examples, vocab_size=kept.codec.vocab_size, order=3)
    for name, array in counted.tensors().items():
        np.testing.assert_array_equal(kept.model.models[1].tensors()[name], array)
    assert [type(event) for event in events if isinstance(event, Counted | Stopped | Mixed)] == [
        *(Counted, Stopped, Mixed)
    ]


def test_the_events_tell_the_figures() -> None:
    """The n-grams counted; then the mixture's score, which is the file's, and each member's alone."""
    counted, *_, mixed = finished(data=WITHOUT_RATES)
    kept = model_in()
    mixture = cast(Mixture, kept.model)
    assert isinstance(counted, Counted)
    assert (counted.order, counted.num_ngrams) == (3, mixture.models[1].num_parameters)
    assert isinstance(mixed, Mixed)
    assert mixed.valid == kept.results.valid
    assert mixed.weights == tuple(mixture.weights.tolist())
    texts = Run.resume(Path("run"), [({"train": {"max_steps": 9}}, "option")]).texts
    alone = [Validator(model, kept.codec, texts.valid).score().nats_per_char for model in mixture.models]
    assert list(mixed.alone) == ["gru 1 x 6", "ngram:3"]
    assert list(mixed.alone.values()) == pytest.approx(alone, rel=1e-12)
    assert mixed.valid.nats_per_char < min(alone)


def test_the_network_is_that_of_a_run_without_ngrams() -> None:
    """Counting changes nothing of the training."""
    finished("with")
    finished("without", with_ngram=0)
    alone = model_in("without")
    np.testing.assert_array_equal(model_in("with").network.params.flat, alone.network.params.flat)
    assert not isinstance(alone.model, Mixture)
    assert alone.rates is not None
    assert model_in("with").rates is not None


def test_rates_are_those_of_each_member(whole: str) -> None:
    """The network's rate and scales, a weight for each member, and one for the cache."""
    rates = model_in(whole).rates
    assert rates is not None
    rates.check(2)
    assert rates.scales[0].keys() == model_in(whole).network.params.keys()
    assert rates.scales[1] == {}


def test_without_a_validation_text_nothing_is_mixed() -> None:
    """There is nothing to fit weights on: no n-grams are counted, and the network is kept."""
    events = finished(data={"valid": "", "valid_fraction": 0.0})
    assert not any(isinstance(event, Counted | Mixed) for event in events)
    assert not isinstance(model_in().model, Mixture)
    assert model_in().rates is None


def test_a_short_validation_text_gives_a_mixture_without_rates() -> None:
    """Weights can be fitted on it, rates cannot be chosen; the run counts as finished all the same."""
    finished(data=WITHOUT_RATES)
    assert isinstance(model_in().model, Mixture)
    assert model_in().rates is None
    with pytest.raises(ConfigError, match="max_steps counts from the start"):
        resumed()


# ---- interrupted and resumed


@pytest.mark.parametrize("num_events", [1, 4, 6, 9, 13])
def test_a_resumed_run_ends_with_the_same_bits(whole: str, num_events: int) -> None:
    """Stopped while counting, in training, or at its last validation: network, n-grams, weights and rates."""
    run = start("parts")
    list(itertools.islice(run.events(), num_events))
    run.save()
    assert not isinstance(model_in("parts").model, Mixture)
    events = resumed("parts")
    assert isinstance(events[0], Counted)
    assert isinstance(events[-1], Mixed)
    assert_same_models("parts", whole)


@pytest.mark.parametrize(
    ("module", "name"),
    [(NGram, "count_"), (finish, "mixture_of"), (finish, "choose_rates")],
    ids=["counting", "mixing", "choosing rates"],
)
def test_a_run_killed_in_its_own_work_is_resumed(
    whole: str, module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while counting, or between training and the mixture: the resumed run has the same bits."""

    class Killed(BaseException):
        """What no handler catches, as a kill."""

    def kill(*arguments: Any, **options: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, name, kill)
        with pytest.raises(Killed):
            finished("parts")
    resumed("parts")
    assert_same_models("parts", whole)


def test_a_run_killed_before_its_rates_were_chosen_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one without n-grams: its limits are reached, and resuming it does the rest."""
    finished("whole", with_ngram=0)
    with monkeypatch.context() as patch:
        patch.setattr(finish, "choose_rates", lambda *arguments, **options: None)
        finished("parts", with_ngram=0)
    assert model_in("parts").rates is None
    resumed("parts")
    assert_same_models("parts", "whole")


def test_a_finished_run_has_nothing_left_to_do(whole: str) -> None:
    """Resuming it without more steps is refused, and the file stays as it is."""
    shutil.copytree(whole, "run")
    before = (Path("run") / MODEL).read_bytes()
    with pytest.raises(ConfigError, match="max_steps counts from the start"):
        resumed()
    assert (Path("run") / MODEL).read_bytes() == before


def test_a_finished_run_goes_on_with_more_steps() -> None:
    """It ends with the mixture of the run in one go."""
    finished("parts", data=WITHOUT_RATES)
    resumed("parts", max_steps=12)
    kept = model_in("parts")
    assert isinstance(kept.model, Mixture)
    run = Run.resume(Path("parts"), [({"train": {"max_steps": 13}}, "option")])
    np.testing.assert_array_equal(kept.network.params.flat, run.trainer.best)
    assert kept.results.step == run.trainer.progress.best_step > 8


def test_an_interrupted_run_leaves_the_network_alone() -> None:
    """Its best one so far, which can be used, and takes the usual rates."""
    run = start(max_steps=99)
    list(itertools.takewhile(lambda event: not isinstance(event, Validated), run.events()))
    run.save()
    assert not isinstance(model_in().model, Mixture)


def test_ngrams_can_be_mixed_into_a_run_that_had_none(whole: str) -> None:
    """A finished run resumed with --with-ngram trains no further and becomes the same mixture."""
    finished("parts", with_ngram=0)
    events = resumed("parts", with_ngram=3)
    assert [type(event) for event in events] == [Counted, Stopped, Mixed]
    assert_same_models("parts", whole)


def test_a_disk_that_is_full_at_the_last_save_loses_nothing(
    whole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is that of every save that fails; the network is there, and resuming mixes the n-grams in."""
    save = Checkpoint.save

    def full(self: Checkpoint, path: Path) -> None:
        if isinstance(self.model, Mixture):
            raise CharseqError(f"{path}: No space left on device")
        save(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", full)
        with pytest.raises(CharseqError, match="No space left"):
            finished("parts")
    assert not isinstance(model_in("parts").model, Mixture)
    resumed("parts")
    assert_same_models("parts", whole)


def test_the_best_results_are_kept_across_a_pause() -> None:
    """A resumed run tells the epoch of its best validation, not the one in which it was paused."""
    run = start(max_steps=40)
    list(itertools.islice(run.events(), 30))
    run.save()
    record = Checkpoint.load(Path("run") / LAST).training
    assert record is not None
    again = Run.resume(Path("run"), [])
    assert again.checkpoint.results == run.checkpoint.results


# ---- ended before its limits


def interrupted_after(num_steps: int, directory: str = "parts", **options: Any) -> list[Event]:
    """Interrupt a run after some steps, and return the events that follow."""
    run = start(directory, **options)
    events = run.events()
    for event in events:
        if isinstance(event, StepDone) and event.step == num_steps:
            break
    run.interrupt()
    return list(events)


LONG: dict[str, Any] = {"max_steps": 40, "eval_every": 15}


def test_an_interrupted_run_ends_with_a_finished_model() -> None:
    """Its network was validated when the rate had fallen; n-grams are mixed in, and rates are chosen."""
    events = interrupted_after(20, **LONG)
    assert [type(event) for event in events] == [StepDone] * 4 + [Validated, Stopped, Mixed]
    kept = model_in("parts")
    assert isinstance(kept.model, Mixture)
    assert kept.rates is not None
    assert kept.results.step == 24


@pytest.mark.parametrize("num_steps", [3, 20], ids=["before any validation", "after one"])
def test_a_run_goes_on_as_if_it_had_not_been_interrupted(num_steps: int) -> None:
    """To the last bit: what it did after the interruption is left out of its files, and done anew."""
    finished("whole", **LONG)
    interrupted_after(num_steps, **LONG)
    resumed("parts")
    assert_same_models("parts", "whole")
    ours, theirs = load_file(f"parts/{LAST}"), load_file(f"whole/{LAST}")
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array, err_msg=name)
    steps = [[record["step"] for record in read_metrics(Path(run))] for run in ("parts", "whole")]
    assert steps[0] == steps[1]


def test_a_run_that_goes_on_keeps_the_model_of_its_interruption_until_its_end() -> None:
    """The networks of its first validations alone are worse than that mixture."""
    interrupted_after(20, **LONG)
    before = (Path("parts") / MODEL).read_bytes()
    kept = list[bool]()
    for event in Run.resume(Path("parts"), []).events():
        if isinstance(event, Validated):
            kept.append((Path("parts") / MODEL).read_bytes() == before)
    assert len(kept) == 2
    assert all(kept)
    assert (Path("parts") / MODEL).read_bytes() != before


@pytest.mark.parametrize("num_steps", [20, 36], ids=["half", "a fall to the last step"])
def test_a_run_killed_before_its_end_is_not_taken_for_finished_by_the_model_of_its_interruption(
    num_steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That model has n-grams and rates, but is not the best of the run."""
    finished("whole", **LONG)
    interrupted_after(num_steps, **LONG)

    class Killed(BaseException):
        """What no handler catches, as a kill."""

    def kill(*arguments: Any, **options: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(finish, "mixture_of", kill)
        with pytest.raises(Killed):
            resumed("parts")
    resumed("parts")
    assert_same_models("parts", "whole")


def test_a_directory_that_disappears_while_the_rate_falls_is_one_to_resume_again() -> None:
    """What the run knows is written anew, as of now."""
    run = start("parts", **LONG)
    events = run.events()
    for event in events:
        if isinstance(event, StepDone) and event.step == 20:
            run.interrupt()
            shutil.rmtree("parts")
    assert isinstance(resumed("parts")[-1], Mixed)


def test_an_interrupted_run_takes_the_time_of_one_that_was_planned_for_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For choosing rates and fitting weights; a run without a limit in time would have no end otherwise."""
    given = dict[str, float]()
    mixture_of = finish.mixture_of

    def mix(*arguments: Any, **options: Any) -> Any:
        given.update(options)
        return mixture_of(*arguments, **options)

    monkeypatch.setattr(finish, "mixture_of", mix)
    monkeypatch.setattr(finish, "choose_rates", lambda *_, seconds: given.update(rates=seconds))
    run = start(max_steps=40)
    events = run.events()
    for event in events:
        if isinstance(event, StepDone) and event.step == 9:
            run.trainer.progress.elapsed = 100.0
            break
    run.interrupt()
    list(events)
    assert given["seconds"] == pytest.approx(finish.MIXING_SHARE * 100.0)
    assert given["rates"] == pytest.approx(finish.SHARE * 100.0)


# ---- time


def closing(run: Run) -> float:
    return run.trainer.timing.closing(run.trainer.progress)


def test_counting_and_the_end_have_their_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training ends so early that counting, mixing and choosing rates fit in before max_time."""
    clock = [1000.0]
    monkeypatch.setattr(finish.time, "monotonic", lambda: clock[0])
    run = start(max_steps=0, max_time=300.0)
    without = start("without", max_steps=0, max_time=300.0, with_ngram=0)
    assert closing(run) - closing(without) == pytest.approx(9.0, abs=2.0)
    for one in (run, without):
        one.trainer._validations.seconds = 2.0
    assert closing(run) - closing(without) == pytest.approx(9.0 + 3 * 2.0, abs=2.0)

    def count(*arguments: Any) -> Any:
        clock[0] += 20.0
        yield from counting(*arguments)

    counting = NGram.count_
    monkeypatch.setattr(NGram, "count_", count)
    run.trainer._validations.seconds = 0.0
    before, events = closing(run), run.events()
    counted = next(event for event in events if isinstance(event, Counted))
    assert counted.seconds == 20
    next(events)
    run.trainer._validations.seconds = 0.0
    assert closing(run) - before == pytest.approx(20.0, abs=5.0)


def test_all_that_is_done_before_training_counts_towards_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the text, say; the time for it is not there for training."""
    clock = [1000.0]
    monkeypatch.setattr(finish.time, "monotonic", lambda: clock[0])

    def read(*arguments: Any, **options: Any) -> Any:
        clock[0] += 25.0
        return read_parts(*arguments, **options)

    monkeypatch.setattr(run_module, "read_parts", read)
    run = start(max_steps=0, max_time=300.0, with_ngram=0)
    before = closing(run)
    next(run.events())
    assert closing(run) - before == pytest.approx(25.0, abs=5.0)


@pytest.mark.parametrize(("late", "seconds"), [(0.0, 5.0), (296.0, 4.0), (400.0, 0.0)])
def test_the_test_has_its_share_or_what_is_left(
    late: float, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is late makes up for it there."""
    clock = [1000.0]
    monkeypatch.setattr(finish.time, "monotonic", lambda: clock[0])
    run = start(max_steps=0, max_time=300.0, with_ngram=0)
    next(run.events())
    clock[0] += late
    assert run.test_seconds == pytest.approx(seconds)


def test_a_resumed_run_has_the_time_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was trained before counts, the pause does not."""
    clock = [1000.0]
    monkeypatch.setattr(finish.time, "monotonic", lambda: clock[0])
    run = start(max_steps=0, max_time=300.0, with_ngram=0)
    next(run.events())
    run.trainer.progress.elapsed = 290.0
    run.save()
    clock[0] += 10**6
    again = Run.resume(Path("run"), [({"train": {"max_time": 310.0}}, "option")])
    next(again.events())
    assert again.test_seconds == pytest.approx(5.0)
    clock[0] += 17.0
    assert again.test_seconds == pytest.approx(3.0)


def test_the_rates_are_chosen_within_the_seconds_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A share of max_time, at most some seconds; without such a limit as long as it takes."""
    given = list[float]()
    monkeypatch.setattr(finish, "choose_rates", lambda *arguments, seconds: given.append(seconds))
    for train in ({"max_time": 100.0}, {"max_time": 36000.0}, {"max_time": 0.0}):
        texts = start(f"run{len(given)}", max_steps=4, **train)
        texts._finish.finished(texts.checkpoint)
    assert given == [3.0, finish.SECONDS, float("inf")]


def test_a_mixture_is_scored_in_the_time_that_is_left_if_validations_had_none_for_the_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise the whole text is scored, with a limit in time, too: the figure is that of validations."""
    given = list[dict[str, float]]()

    def mix(*arguments: Any, **options: Any) -> Any:
        given.append(options)
        return mixture_of(*arguments, **options)

    mixture_of = finish.mixture_of
    monkeypatch.setattr(finish, "mixture_of", mix)
    finished(max_steps=4, data=WITHOUT_RATES)
    finished("limited", max_steps=4, max_time=100.0, data=WITHOUT_RATES)
    monkeypatch.setattr(Trainer, "num_valid_chars", 100)
    finished("short", max_steps=4, max_time=100.0, data=WITHOUT_RATES)
    assert given[0] == {"seconds": math.inf, "scoring_seconds": math.inf}
    assert given[1] == {"seconds": pytest.approx(3.0), "scoring_seconds": math.inf}
    assert given[2]["scoring_seconds"] == pytest.approx(100 - 3 - 3, abs=20)


@pytest.mark.parametrize(("seconds", "num_chars"), [(0.0, 256), (1e9, len(VALID))])
def test_the_scored_text_is_short_if_the_time_is(
    seconds: float, num_chars: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The figures of the mixture and of its members are of the same characters, as many as are said."""
    mixture_of = finish.mixture_of
    monkeypatch.setattr(
        finish, "mixture_of", lambda *a, **options: mixture_of(*a, **{**options, "scoring_seconds": seconds})
    )
    monkeypatch.setattr(finish, "choose_rates", lambda *arguments, **options: None)
    *_, mixed = finished(max_steps=4)
    assert isinstance(mixed, Mixed)
    assert mixed.valid.num_chars == num_chars
    model, texts = cast(Mixture, model_in().model), start("other").texts
    alone = [Validator(one, model_in().codec, texts.valid[:num_chars]).score() for one in model.models]
    assert list(mixed.alone.values()) == pytest.approx([one.nats_per_char for one in alone])


def test_a_long_validation_text_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mixture is fitted and scored on its beginning, so that the time for that is bounded."""
    monkeypatch.setattr(finish, "MAX_VALID_CHARS", 100)
    *_, mixed = finished(data=WITHOUT_RATES)
    assert isinstance(mixed, Mixed)
    assert mixed.valid.num_chars == 100
    assert run_module.MAX_VALID_TOKENS == 1 << 18
