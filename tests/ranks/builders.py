"""Real ranks, started by mpiexec; the tests that need them are skipped where there is no MPI."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.conftest import surroundings

_BESIDE = Path(sys.executable).with_name("mpiexec")
MPIEXEC = str(_BESIDE) if _BESIDE.exists() else shutil.which("mpiexec")
needs_mpi = pytest.mark.skipif(
    MPIEXEC is None or find_spec("mpi4py") is None,
    reason="there is no MPI here: pip install 'charseq[mpi]' mpich",
)


def mpiexec(num_ranks: int, *arguments: str, path: Path) -> "subprocess.Popen[str]":
    """Start so many ranks of a Python command in `path`, its two streams in pipes."""
    return subprocess.Popen(
        [str(MPIEXEC), "-n", f"{num_ranks}", sys.executable, *arguments],
        cwd=path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=surroundings(),
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Wait for the end of all ranks; return the exit code and the two streams."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err
