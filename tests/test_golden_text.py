"""The check against golden texts can fail, and its switch rewrites them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import golden_text
from tests.golden_text import SWITCH, assert_golden


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have one golden file in a folder of the test's own, and rewriting off."""
    monkeypatch.setattr(golden_text, "FOLDER", tmp_path)
    monkeypatch.setattr(golden_text, "REWRITE", False)
    (tmp_path / "a.txt").write_bytes("żółw\r\n".encode())
    return tmp_path


def test_the_same_text_passes() -> None:
    """A text that is the file's, character by character, line ends among them, is accepted."""
    assert_golden("a.txt", "żółw\r\n")


@pytest.mark.parametrize("text", ["żółw\n", "żółw\r\n\n", "zolw\r\n", ""])
def test_any_other_text_fails_and_leaves_the_file(text: str, folder: Path) -> None:
    """Another text is an error that names the switch; the file stays as it is."""
    with pytest.raises(AssertionError, match=SWITCH):
        assert_golden("a.txt", text)
    assert (folder / "a.txt").read_bytes() == "żółw\r\n".encode()


def test_a_missing_file_fails_and_is_not_written(folder: Path) -> None:
    """A text without a golden file is an error too."""
    with pytest.raises(AssertionError, match=f"is missing; {SWITCH}=1"):
        assert_golden("b.txt", "text")
    assert not (folder / "b.txt").exists()


def test_with_the_switch_files_are_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rewriting is on, old files are replaced, new ones made, and both pass afterwards."""
    monkeypatch.setattr(golden_text, "REWRITE", True)
    for name in ("a.txt", "report/b.txt"):
        assert_golden(name, "new\r\n")
    monkeypatch.setattr(golden_text, "REWRITE", False)
    for name in ("a.txt", "report/b.txt"):
        assert (folder / name).read_bytes() == b"new\r\n"
        assert_golden(name, "new\r\n")


@pytest.mark.parametrize(("value", "expected"), [("1", "True"), ("0", "False"), ("", "False")])
def test_the_switch_is_a_variable_of_the_environment(value: str, expected: str) -> None:
    """Rewriting is on where the variable is 1, and off for any other value."""
    done = subprocess.run(
        [sys.executable, "-c", "from tests import golden_text; print(golden_text.REWRITE)"],
        cwd=Path(__file__).parents[1],
        env=os.environ | {SWITCH: value},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected
