"""The parts of a run on several ranks: what they can do, whose scores count, whose arrays are saved."""

from typing import Any

import numpy as np
import pytest

from charseq.config import Settings
from charseq.errors import ConfigError
from charseq.gradients import Plan
from charseq.gradients.local import LocalSteps
from charseq.gradients.ranks import Ranks
from charseq.ranks import World
from charseq.runs.ranks import SharedValidator, kept_arrays, of_rank, shared_by, source_of
from charseq.scoring import Validator
from charseq.scoring.score import Score
from charseq.text.symbols import EncodedText
from charseq.training.progress import Snapshot
from tests.gradients.builders import make_job
from tests.ranks.threads import on_ranks
from tests.training.test_trainer import VALID, make_batches, make_model


def settings_with(**train: Any) -> Settings:
    """Return settings with these of the section train."""
    return Settings().with_layer({"train": train}, "test")


@pytest.mark.parametrize(
    ("train", "num_streams", "message"),
    [
        ({"threads": 3}, 16, r"train.threads = 3: each of the 2 ranks has one core; leave it out"),
        ({"gradient": "rtrl"}, 16, "train.gradient = rtrl works in one process: leave mpiexec out"),
        ({}, 1, "2 ranks cannot share a batch of 1 streams: start fewer ranks, or raise train.batch_size"),
        ({"loss": "sampled", "sync_every": 4}, 16, "train.sync_every = 4 needs train.loss = softmax"),
    ],
)
def test_what_ranks_cannot_do_is_refused(train: dict[str, Any], num_streams: int, message: str) -> None:
    """The error says why, and what to do."""
    with pytest.raises(ConfigError, match=message):
        on_ranks(2, lambda world: source_of(settings_with(**train), world, num_streams) and None)


def test_standard_input_is_refused() -> None:
    """Only rank 0 has it, and the others would read nothing."""
    settings = Settings().with_layer({"data": {"corpus": ["-"]}}, "test")
    with pytest.raises(ConfigError, match="standard input is for rank 0 alone: save the text in a file"):
        on_ranks(2, lambda world: source_of(settings, world, 16) and None)


def test_rounds_need_ranks() -> None:
    """A single process has nobody to exchange weights with."""
    with pytest.raises(
        ConfigError, match=r"train.sync_every = 4 is for several ranks: start them with mpiexec"
    ):
        source_of(settings_with(sync_every=4), None, 16)


@pytest.mark.parametrize(("sync_every", "kind"), [(1, Ranks), (4, LocalSteps)])
@pytest.mark.parametrize("threads", [0, 1, 2])
def test_the_settings_choose_the_source(sync_every: int, kind: type, threads: int) -> None:
    """The number of threads may be left out, or be that of a run on as many shards."""

    def work(world: World) -> tuple[type, int]:
        job, settings = make_job(), settings_with(sync_every=sync_every, threads=threads)
        source = source_of(settings, world, 6)(job, job.model.initial_state(6), Plan())
        return type(source), source.period

    assert on_ranks(2, work) == [(kind, sync_every)] * 2


def test_the_scores_of_rank_0_are_those_of_all() -> None:
    """Another rank, whose machine may round differently, scores nothing itself."""

    def work(world: World) -> tuple[Score, int]:
        model = make_model(seed=world.rank)
        own = Validator(model, make_batches().codec, EncodedText.of(VALID))
        shared = shared_by(world, own)
        assert isinstance(shared, SharedValidator)
        shared.shorten_(3)
        assert (own.part_length, shared.num_chars) == (shared.part_length, own.num_chars)
        return shared.score(), shared.num_tokens

    first, second = on_ranks(2, work)
    assert first == second
    assert first[0].num_chars == 3


def test_a_single_process_scores_by_itself() -> None:
    """Without other ranks the validator stays as it is."""
    own = Validator(make_model(), make_batches().codec, EncodedText.of(VALID))
    assert shared_by(None, own) is own


def test_each_rank_gets_its_own_moments_back() -> None:
    """Those that were kept for it, or, for a rank that the run had not, those of rank 0."""
    arrays = {
        "training.best": np.zeros(1),
        "training.optimizer.mean": np.full(1, 10.0),
        "training.rank.1.optimizer.mean": np.full(1, 11.0),
    }
    kept = kept_arrays(arrays)
    assert list(kept) == ["training.rank.1.optimizer.mean"]
    means = [of_rank(Snapshot(arrays, {}), rank).arrays["training.optimizer.mean"][0] for rank in range(3)]
    assert means == [10.0, 11.0, 10.0]
