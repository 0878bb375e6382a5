"""From settings to a new model: counted or trained, with the sizes of another one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charseq.config import Layers, Settings
from charseq.errors import ConfigError
from charseq.models import MODELS
from charseq.runs.checkpoint import Checkpoint
from charseq.runs.directory import MODEL
from charseq.runs.making import Counted, Origin, check_uses, for_task, make
from charseq.runs.mixing import NamedMember, mix_and_save
from charseq.runs.run import Run
from tests.blend import Blend

TEXT = "hello king,\nthe expert is hell for kin\n" * 20
SMALL = {"hidden_size": 4, "max_steps": 1, "threads": 1, "backend": "numpy"}
OWNERS = {"hidden_size": "model", "cell": "model", "kind": "model", "order": "model", "dropout": "model"}


@pytest.fixture(autouse=True)
def _corpus(clean_surroundings: None) -> None:
    """Stand in an empty directory with one corpus in it."""
    Path("text.txt").write_text(TEXT)


def layers(**settings: Any) -> Layers:
    return [({OWNERS.get(key, "train"): {key: value}}, f"--{key}") for key, value in settings.items()]


def base(**model: Any) -> Settings:
    return Settings().with_layer({"data": {"corpus": "text.txt"}, "model": model}, "test")


def made(given: Layers, *, over: Settings | None = None, **options: Any) -> Run | Counted:
    return make(over or base(), given, command="charseq train", **options)


def trained(name: str, **settings: Any) -> Checkpoint:
    run = made(layers(**SMALL, **settings), directory=Path(name))
    assert isinstance(run, Run)
    for _ in run.events():
        pass
    return Checkpoint.load(Path(name) / MODEL)


def test_the_kind_decides_between_training_and_counting() -> None:
    """A network is a run to be done, n-grams are there at once; both stand under runs/."""
    run = made(layers(**SMALL))
    counted = made(layers(kind="ngram", order=2))
    assert isinstance(run, Run)
    assert isinstance(counted, Counted)
    assert (run.directory, counted.directory) == (Path("runs/text-gru"), Path("runs/text-ngram"))
    assert Checkpoint.load(counted.directory / MODEL).description == "ngram:2"


def of_task(corpus: str, given: Layers | None = None, **data: Any) -> tuple[str, str]:
    """Return the unit and the separator with which a corpus is learnt."""
    settings = for_task(Settings().with_layer({"data": {"corpus": corpus, **data}}, "test"), given or [])
    learnt = settings.with_layers(given or []).data
    return learnt.unit, learnt.target_after


def data(**settings: str) -> Layers:
    return [({"data": settings}, "--data")]


def test_a_task_is_read_as_it_is_meant() -> None:
    """The sum of an addition is a target; other texts are streams."""
    assert of_task("builtin:addition") == ("line", "=")
    assert of_task("builtin:copy:3") == ("line", "")
    assert of_task("text.txt") == of_task("builtin:pydoc") == ("stream", "")


def test_settings_that_someone_chose_stay() -> None:
    """A stream has no targets; an empty separator means none; settings of a file count as well."""
    assert of_task("builtin:addition", data(unit="stream")) == ("stream", "")
    assert of_task("builtin:addition", data(target_after="")) == ("line", "")
    assert of_task("builtin:addition", data(unit="line")) == ("line", "=")
    assert of_task("builtin:addition", target_after="+") == ("line", "+")
    assert of_task("builtin:addition", unit="document") == ("document", "")


def test_a_run_on_a_task_has_its_settings() -> None:
    """They are kept with the run."""
    over = Settings().with_layer({"data": {"corpus": "builtin:addition,lines=50"}}, "test")
    run = made(layers(**SMALL), over=over)
    assert isinstance(run, Run)
    assert (run.settings.data.unit, run.settings.data.target_after) == ("line", "=")
    assert run.directory == Path("runs/addition-gru")


def test_a_given_setting_must_be_used() -> None:
    """One that is given for this model is refused; one of the base may be for other models."""
    with pytest.raises(ConfigError, match=r"^--hidden_size means nothing to a model of the kind ngram; "):
        made(layers(kind="ngram", hidden_size=7))
    assert not Path("runs").exists()
    assert isinstance(made(layers(kind="ngram"), over=base(hidden_size=7)), Counted)


@pytest.mark.parametrize("name", MODELS)
def test_a_kind_takes_the_settings_that_it_lists(name: str) -> None:
    """No listed setting is refused, and the kind itself never is."""
    kind = MODELS[name]
    check_uses(kind, [({"model": {"kind": name}}, "--kind"), ({"data": {"unit": "line"}}, "--unit")])
    for section, keys in kind.settings.items():
        check_uses(kind, [({section: {key: None}}, key) for key in keys])


@pytest.mark.parametrize("by_name", [False, True])
def test_the_sizes_of_another_model_are_taken_over(by_name: bool) -> None:
    """They replace those of the base; what is no size does not."""
    old = trained("old", cell="rnn")
    origin = Origin("old" if by_name else old, "--init-from")
    run = made(layers(max_steps=1), over=base(hidden_size=9, dropout=0.25), init_from=origin)
    model = run.settings.model if isinstance(run, Run) else None
    assert model is not None
    assert (model.cell, model.hidden_size, model.dropout) == ("rnn", 4, 0.25)


def test_given_sizes_must_be_those_of_the_model_to_start_from() -> None:
    """Others are refused by name."""
    origin = Origin(trained("old"), "init_from")
    with pytest.raises(ConfigError, match=r"^model.hidden_size is 4 in the model to start from; it cannot "):
        made(layers(hidden_size=5), init_from=origin)


def test_counts_do_not_start_from_a_model() -> None:
    """Neither can n-grams start from one, nor anything from them; the file need not even be there."""
    with pytest.raises(ConfigError, match=r"^init_from means nothing to a model of the kind ngram; leave"):
        made(layers(kind="ngram"), init_from=Origin("nowhere", "init_from"))
    counted = made(layers(kind="ngram", order=2))
    assert isinstance(counted, Counted)
    with pytest.raises(ConfigError, match=r"^ngram:2: no run can start from this kind of model$"):
        made(layers(hidden_size=5), init_from=Origin(counted.checkpoint, "init_from"))


def test_a_run_starts_from_the_network_of_a_mixture(blend: Blend) -> None:
    """With its sizes and its weights, as from the network itself."""
    both, gru = (
        made(layers(max_steps=1, threads=1, backend="numpy"), init_from=Origin(name, "--init-from"))
        for name in (blend.both, blend.gru)
    )
    assert isinstance(both, Run)
    assert isinstance(gru, Run)
    assert both.settings.model == gru.settings.model
    np.testing.assert_array_equal(both.checkpoint.network.params.flat, gru.checkpoint.network.params.flat)


def test_no_run_starts_from_a_mixture_of_counts() -> None:
    """There is no network in it."""
    named = [made(layers(kind="ngram", order=order), directory=Path(f"n{order}")) for order in (1, 2)]
    assert all(isinstance(one, Counted) for one in named)
    mix_and_save([NamedMember.load(name) for name in ("n1", "n2")], "linear", command="", directory=Path("m"))
    with pytest.raises(ConfigError, match=r"^ngram:1 \+ ngram:2: no run can start from this kind of model$"):
        made(layers(), init_from=Origin("m", "--init-from"))


def test_a_mixture_is_not_made_from_settings() -> None:
    """It is refused, and no directory is left behind."""
    with pytest.raises(ConfigError, match=r"^a mixture is made of models that are there already, by "):
        made(layers(kind="mixture"), directory=Path("m"))
    assert not Path("m").exists()


def test_a_mixture_is_not_resumed(blend: Blend) -> None:
    """It has been made once and for all."""
    with pytest.raises(ConfigError, match=r": no run to resume: there is no last\.safetensors$"):
        Run.resume(Path(blend.both), [])
