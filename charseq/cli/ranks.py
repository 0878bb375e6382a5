"""A command that mpiexec starts once for each rank: only rank 0 reads options and shows anything.

An error that all ranks meet is shown by rank 0. An error that another rank alone meets is shown by that rank,
after a moment in which rank 0 could have shown the same one. Either ends all ranks.
"""

import io
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from charseq.ranks import World

VARIABLES = (
    ("PMI_RANK", "PMI_SIZE"),  # MPICH and its relatives, and Slurm with pmi2
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
)
"""The environment variables in which an MPI launcher tells a process its number and that of all ranks."""
COMMANDS = ("train", "evaluate")
"""The commands that ranks work on together; any other is for rank 0 alone."""
PATIENCE = 3.0
"""Seconds that other ranks leave to rank 0 to show an error and to end all ranks."""
PASSING_SECONDS = 0.2
"""The time for a launcher to pass on what was written last, before it ends all ranks."""
Place = tuple[int, int]
"""The number of a rank, and the number of all ranks."""


def launched(environment: Mapping[str, str] = os.environ) -> Place | None:
    """Return the rank of this process and the number of ranks, None if it was not started as one of several.

    MPI is not loaded for that.
    """
    for rank, size in VARIABLES:
        numbers = environment.get(rank, ""), environment.get(size, "")
        if all(number.isdecimal() for number in numbers) and int(numbers[1]) > 1:
            return int(numbers[0]), int(numbers[1])
    return None


class _Session:
    """The world of this process, once it is connected, and whether its work with the others is done."""

    world: "World | None" = None
    is_done = False


def run_as_rank(place: Place, arguments: list[str], run: Callable[[list[str]], int]) -> int:
    """Run a command as one of several ranks and return its exit code; only rank 0 has an output."""
    rank, errors = place[0], sys.stderr
    if rank and arguments[:1] not in [[name] for name in COMMANDS]:
        return 0
    if rank:
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    _Session.world, _Session.is_done = None, False
    said = sys.stderr
    try:
        code = run(arguments)
    except Exception:
        code = 1
        said.write(traceback.format_exc())
    world = _Session.world
    if world is None:  # all ranks have come to the same end, each by itself
        return code
    if _Session.is_done:
        world.communicator.gather(None)
        world.communicator.share(None)  # the others wait for rank 0, with little to do
    else:
        if isinstance(said, io.StringIO):
            time.sleep(PATIENCE)
            errors.write(f"rank {rank}: {said.getvalue()}")
        errors.flush()
        time.sleep(PASSING_SECONDS)
        world.communicator.abort(code)
    return code


def connected() -> "World | None":
    """Return the world of this command, connected with the other ranks; None for a process on its own.

    Raises ConfigError if MPI cannot be used.
    """
    place = launched()
    if place is None:
        return None
    if _Session.world is None:
        from charseq.ranks import World
        from charseq.ranks.mpi import connect

        _Session.world = World(connect(place[1]))
    return _Session.world


def is_idle() -> bool:
    """Return True in a rank that has nothing to do, since a command is for one process."""
    place = launched()
    return place is not None and place[0] > 0


def is_done() -> None:
    """Note that this rank has done its work together with the others, so that all end in order."""
    _Session.is_done = True


def follow(world: "World") -> None:
    """Take part in the training that rank 0 leads, until it ends."""
    from charseq.cli.console import PIPE, graceful_interrupt
    from charseq.cli.interrupting import Answer, answer
    from charseq.runs.follower import Follower

    with graceful_interrupt() as interrupted:
        world.heard = interrupted
        follower = Follower.join(world)
        if follower is None:
            is_done()
            return
        signum, how = 0, Answer.GO_ON
        for _ in follower.events():
            if signum or not follower.trainer.source.is_settled or not (signum := world.signal()):
                continue
            how = answer(signum, follower.trainer)
            if how is Answer.END:
                follower.save()
                break
            if how is Answer.COOL_DOWN:
                follower.interrupt()
    is_done()
    if how is not Answer.GO_ON and signum != PIPE:
        raise typer.Exit(128 + signum)
