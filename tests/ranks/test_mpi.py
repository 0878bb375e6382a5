"""The communicator of MPI, on real ranks."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from charseq.errors import ConfigError
from charseq.ranks import mpi
from tests.ranks.builders import ended, mpiexec, needs_mpi

CONTRACT = """
import sys
from charseq.ranks.mpi import connect
from tests.ranks.test_communicator import check_contract
check_contract(connect(3))
sys.stdout.write("kept\\n")
"""


@needs_mpi
def test_mpi_keeps_the_contract(tmp_path: Path) -> None:
    """Three processes exchange arrays and objects in every way."""
    assert ended(mpiexec(3, "-c", CONTRACT, path=tmp_path)) == (0, "kept\n" * 3, "")


def test_a_missing_mpi4py_is_an_error_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra, which the plain install lacks."""
    monkeypatch.setattr(mpi, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"2 ranks were started, but mpi4py is missing: pip install 'charseq\[mpi\]'"
    ):
        mpi.connect(2)


def test_another_mpi_than_that_of_mpiexec_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its library thinks that each process is alone, and ranks would train beside each other."""
    alone: Any = SimpleNamespace(COMM_WORLD=SimpleNamespace(Get_size=lambda: 1))
    package: Any = SimpleNamespace(rc=SimpleNamespace(), MPI=alone)
    monkeypatch.setattr(mpi, "find_spec", lambda name: object())
    monkeypatch.setitem(sys.modules, "mpi4py", package)
    monkeypatch.setitem(sys.modules, "mpi4py.MPI", alone)
    with pytest.raises(
        ConfigError, match="2 ranks were started, but the MPI library of mpi4py sees 1: start them"
    ):
        mpi.connect(2)
