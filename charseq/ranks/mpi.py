"""The communicator of MPI, through mpi4py (`charseq[mpi]`).

Sources: the MPI standard; Dalcin and Fang 2021, "mpi4py: status update after 12 years of development".
"""

import os
import time
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, NoReturn

from charseq.errors import ConfigError
from charseq.ranks.communicator import Communicator, Message

SPIN_SECONDS, LONGEST_SLEEP, SLEEP_SHARE = 1e-3, 5e-3, 1 / 16
"""A wait begins without sleep; then each sleep is a share of the time waited so far, up to the longest."""


def connect(size: int) -> "MPICommunicator":
    """Connect this process with the others, `size` ranks in all, that an MPI launcher has started.

    Raises ConfigError if mpi4py is missing, or if its MPI library is not that of the launcher.
    """
    if find_spec("mpi4py") is None:
        raise ConfigError(f"{size} ranks were started, but mpi4py is missing: pip install 'charseq[mpi]'")
    import mpi4py

    mpi4py.rc.thread_level = "funneled"
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"{size} ranks were started, but MPI cannot be loaded: {reason}") from None
    found = MPI.COMM_WORLD.Get_size()
    if found != size:
        raise ConfigError(
            f"{size} ranks were started, but the MPI library of mpi4py sees {found}: "
            "start them with the mpiexec of that library"
        )
    return MPICommunicator(MPI)


class MPICommunicator(Communicator):
    """All ranks that the launcher has started; `MPI` is the module of mpi4py."""

    def __init__(self, MPI: Any) -> None:
        self._MPI = MPI
        self._world = MPI.COMM_WORLD.Dup()
        self.rank, self.size = self._world.Get_rank(), self._world.Get_size()

    def exchange(self, sent: Sequence[Message], received: Sequence[Message]) -> None:
        """Send and receive arrays, as bytes; see `Communicator.exchange`."""
        bytes_of_all = self._MPI.BYTE
        requests = [self._world.Irecv([array, bytes_of_all], source=rank) for rank, array in received]
        requests += [self._world.Isend([array, bytes_of_all], dest=rank) for rank, array in sent]
        begin = time.perf_counter()
        while not self._MPI.Request.Testall(requests):
            waited = time.perf_counter() - begin
            if waited > SPIN_SECONDS:
                time.sleep(min(SLEEP_SHARE * waited, LONGEST_SLEEP))

    def abort(self, code: int) -> NoReturn:
        """End the processes of all ranks, without the line that a library would print."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        self._MPI.COMM_WORLD.Abort(code)
        os._exit(code)  # a library may return before the end
