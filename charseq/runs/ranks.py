"""The parts of a run that are other ones on several ranks: its source, validator and clock, what it saves."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from charseq.arrays import FloatArray
from charseq.config import Settings
from charseq.errors import ConfigError
from charseq.gradients import SOURCES, SourceFactory
from charseq.gradients.local import LocalSteps
from charseq.gradients.ranks import Ranks
from charseq.ranks import World
from charseq.scoring import Score, Validator
from charseq.training.progress import Snapshot
from charseq.training.trainer import Trainer

OWN = "training.optimizer."
"""The beginning of the names of those arrays that every rank has for itself, if it makes steps on its own."""


def source_of(settings: Settings, world: World | None, num_streams: int) -> SourceFactory:
    """Return the maker of the gradient source. Raises ConfigError for settings that ranks cannot follow."""
    train = settings.train
    if world is None:
        if train.sync_every > 1:
            raise ConfigError(
                f"train.sync_every = {train.sync_every} is for several ranks: start them with mpiexec -n N"
            )
        source: SourceFactory = SOURCES[train.gradient]
        return source
    if train.gradient != "bptt":
        raise ConfigError(f"train.gradient = {train.gradient} works in one process: leave mpiexec out")
    if train.threads not in (0, 1, world.size):
        raise ConfigError(
            f"train.threads = {train.threads}: each of the {world.size} ranks has one core; leave it out"
        )
    if "-" in (*settings.data.corpus, settings.data.valid):
        raise ConfigError(
            "standard input is for rank 0 alone: save the text in a file that all ranks can read"
        )
    if num_streams < world.size:
        raise ConfigError(
            f"{world.size} ranks cannot share a batch of {num_streams} streams: start fewer ranks, or raise "
            "train.batch_size if the text is long enough"
        )
    if train.sync_every == 1:
        return lambda job, state, plan: Ranks(job, state, world)
    if train.loss != "softmax":
        raise ConfigError(f"train.sync_every = {train.sync_every} needs train.loss = softmax")
    return lambda job, state, plan: LocalSteps(job, state, world, train.sync_every)


def how_to_train(world: World | None, settings: Settings, num_streams: int) -> dict[str, Any]:
    """Return those arguments of a trainer that are settings, or its clock.

    On several ranks the plan is known, a part of the batch for each, and the time is that of rank 0.
    """
    train = settings.train
    return {
        "optim": settings.optim,
        "train": train if world is None else train.model_copy(update={"threads": world.size}),
        "source": source_of(settings, world, num_streams),
        "targets": settings.data.loss_on,
        "clock": time.monotonic if world is None else world.clock,
    }


class SharedValidator(Validator):
    """A validator whose scores are those of rank 0 of a `world`; the other ranks wait for them."""

    def __init__(self, world: World, own: Validator) -> None:
        self._world, self._own = world, own
        self.shorten_(own.part_length)

    def shorten_(self, part_length: int) -> None:
        """Score so many tokens of each part from now on."""
        own = self._own
        own.shorten_(part_length)
        self.part_length, self.num_chars, self.num_tokens = own.part_length, own.num_chars, own.num_tokens

    def score(self, *, num_steps: int | None = None) -> Score:
        """Return the score that rank 0 has computed."""
        own = self._own.score(num_steps=num_steps) if self._world.leads else None
        score: Score = self._world.share(own)
        return score


def shared_by(world: World | None, validator: Validator | None) -> Validator | None:
    """Return the validator by which a trainer scores, given that of this rank."""
    return validator if world is None or validator is None else SharedValidator(world, validator)


def own_arrays(world: World | None, trainer: Trainer) -> dict[str, FloatArray]:
    """Complete the state of all streams; return at rank 0 the arrays that other ranks have for themselves.

    All ranks call it before rank 0 saves the run.
    """
    trainer.source.gather_()
    if world is None or trainer.source.period == 1:
        return {}
    arrays = trainer.snapshot().arrays
    of_all = world.communicator.gather({key: array for key, array in arrays.items() if key.startswith(OWN)})
    return {
        _own_name(key, rank): array for rank, own in enumerate(of_all) for key, array in own.items() if rank
    }


def kept_arrays(arrays: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return those of the arrays of a saved run that belong to ranks other than 0."""
    return {key: array for key, array in arrays.items() if key.startswith("training.rank.")}


def _own_name(key: str, rank: int) -> str:
    return f"training.rank.{rank}.{key.removeprefix('training.')}"


def of_rank(snapshot: Snapshot, rank: int) -> Snapshot:
    """Return a snapshot with the own arrays of a rank; one that had none begins with those of rank 0."""
    arrays = snapshot.arrays
    own = {
        key: arrays.get(_own_name(key, rank), array) for key, array in arrays.items() if key.startswith(OWN)
    }
    return replace(snapshot, arrays=arrays | own)
