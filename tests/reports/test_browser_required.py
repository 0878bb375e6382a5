"""Where a browser is required, as in CI, its absence is a failure; for a user it is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = "tests/reports/test_browser.py"


@pytest.mark.parametrize(("wish", "code", "outcome"), [("required", 1, "error"), ("", 0, "skipped")])
def test_a_missing_driver_fails_only_where_a_browser_is_required(
    wish: str, code: int, outcome: str, tmp_path: Path
) -> None:
    """With a Chromium but no chromedriver in the PATH, the tests of pages fail, or are skipped."""
    (tmp_path / "chromium").touch(mode=0o755)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", TESTS, "-q", "-p", "no:cacheprovider", "-k", "unasked", "-rs"],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PATH": f"{tmp_path}", "CHROME": "", "CHARSEQ_BROWSER": wish},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert f"1 {outcome}" in done.stdout.splitlines()[-1]
    assert "chromedriver missing" in done.stdout
