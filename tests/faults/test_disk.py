"""Disks that refuse: training goes on and saves later, or ends with one line; what was there is intact."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from charseq.runs.checkpoint import Checkpoint
from charseq.runs.metrics import read_metrics
from tests.cli.conftest import TALES, surroundings
from tests.faults.harness import STEPS, VARIANTS, begun, command, content, finish, train
from tests.forks import python

FAILING = """
import errno, os, sys
name, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
real, calls = getattr(os, name), 0
def fail(*arguments, **options):
    global calls
    calls += 1
    if first <= calls < last:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return real(*arguments, **options)
setattr(os, name, fail)
sys.argv[1:] = sys.argv[4:]
from charseq.__main__ import main
main()
"""
EVER = 10**9
OFTEN = ("--save-every", "0.1s")


def run_with(name: str, first: int, last: int, words: list[str], path: Path) -> tuple[int, str]:
    """Run charseq while calls `first` to `last` of os.NAME fail; return its exit code and its stderr."""
    failing = [*python(), "-c", FAILING, name, f"{first}", f"{last}", *words[len(command()) :]]
    done = subprocess.run(
        failing, cwd=path, env=surroundings(), capture_output=True, text=True, timeout=120, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train in one go, on a disk that works."""
    path = tmp_path_factory.mktemp("whole")
    (path / "text.txt").write_bytes(TALES[:4000].encode())
    finish(train(VARIANTS[0], "whole"), path)
    return path


def test_what_a_full_disk_refused_is_saved_later(whole: Path, tmp_path: Path) -> None:
    """What could not be saved is saved later: the run is as if nothing had happened."""
    run = tmp_path / "run"
    code, err = run_with("replace", 8, 14, train(VARIANTS[0], str(run)), whole)
    assert code == 0, err
    assert "not saved: " in err
    assert "No space left on device; trying again later" in err
    assert content(run) == content(whole / "whole")


def test_a_disk_that_stays_full_ends_training_with_an_error(whole: Path, tmp_path: Path) -> None:
    """The end of training is an error of one line; the last good files are there, and go on."""
    run = tmp_path / "run"
    code, err = run_with("fsync", 12, EVER, train(VARIANTS[0], str(run)), whole)
    assert code == 1
    assert err.splitlines()[-1].startswith("charseq: error: ")
    assert "cannot be written: No space left on device" in err.splitlines()[-1]
    assert Checkpoint.load(run / "last.safetensors").results.step < STEPS
    finish(command("train", "--resume", str(run), "--quiet"), whole)
    assert content(run) == content(whole / "whole")


def test_a_disk_that_is_full_from_the_start_refuses_training(whole: Path, tmp_path: Path) -> None:
    """Nothing is trained that could not be saved at all."""
    code, err = run_with("replace", 1, EVER, train(VARIANTS[0], str(tmp_path / "run")), whole)
    assert code == 1
    assert err.splitlines()[-1].startswith("charseq: error: ")
    assert "No space left on device" in err


@contextlib.contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    """Mount a real file system of that size, where this is allowed."""
    disk = path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a file system cannot be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_small_file_system_that_is_full_keeps_the_last_good_file(whole: Path, tmp_path: Path) -> None:
    """On a file system with no room for a second file the first one stays whole, and the end is an error."""
    with small_disk(tmp_path, "100k") as disk:
        words = train(VARIANTS[0], str(disk / "run"))
        done = subprocess.run(
            words, cwd=whole, env=surroundings(), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 1
        assert "No space left on device" in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
        assert Checkpoint.load(disk / "run" / "last.safetensors").training is not None


def test_training_saves_again_once_a_disk_may_be_written(whole: Path, tmp_path: Path) -> None:
    """Training goes on, says so, and saves again as soon as it may."""
    with small_disk(tmp_path, "10m") as disk, begun(disk, *OFTEN) as process:
        for mode, sign in (("ro", "Read-only file system; trying again later"), ("rw", "")):
            step = Checkpoint.load(disk / "run" / "last.safetensors").results.step
            subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)
            if sign:
                assert process.stderr is not None
                assert any(sign in line for line in process.stderr)
        while Checkpoint.load(disk / "run" / "last.safetensors").results.step == step:
            assert process.poll() is None
        process.kill()
        process.communicate(timeout=30)


def test_a_directory_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    """It is made anew with all that is known, and that can be resumed."""
    with begun(tmp_path, *OFTEN) as process:
        (tmp_path / "run").rename(tmp_path / "gone")  # at once: the process may be writing into it
        shutil.rmtree(tmp_path / "gone", ignore_errors=True)
        assert process.stderr is not None
        assert any("the run directory was gone; it was made anew" in line for line in process.stderr)
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 143
    step = Checkpoint.load(tmp_path / "run" / "last.safetensors").results.step
    assert read_metrics(tmp_path / "run")[0]["step"] < step
    Checkpoint.load(tmp_path / "run" / "model.safetensors")
    limits = ("--max-steps", f"{step + 5}", "--max-time", "0")
    finish(command("train", "--resume", "run", *limits, "--quiet"), tmp_path)


@pytest.mark.parametrize("size", [0, 4096])
def test_a_limit_on_the_size_of_files_is_one_line_and_leaves_no_part_of_a_file(
    whole: Path, size: int, tmp_path: Path
) -> None:
    """A quota is an error of one line, and leaves no file that is not whole."""
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n{FAILING}"
    words = train(VARIANTS[0], str(tmp_path / "run"))
    done = subprocess.run(
        [*python(), "-c", limited, "fsync", "0", "0", *words[len(command()) :]],
        cwd=whole,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("charseq: error: ")
    assert "File too large" in done.stderr
    assert not list((tmp_path / "run").glob("*.safetensors"))
