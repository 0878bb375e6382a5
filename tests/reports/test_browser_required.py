"""A missing browser is a failure if one is required, as in CI; otherwise the tests in it are skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reports.test_browser import marks


def test_a_missing_driver_fails_where_a_browser_is_required(tmp_path: Path) -> None:
    """With a Chromium in the PATH but no chromedriver, a test of pages is an error that says so."""
    (tmp_path / "chromium").touch(mode=0o755)
    words = ("tests/reports/test_browser.py", "-q", "-p", "no:cacheprovider", "-k", "unasked")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PATH": f"{tmp_path}", "CHROME": "", "BROWSER_TESTS": "required"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "1 error" in done.stdout.splitlines()[-1]
    assert "AssertionError: chromedriver missing" in done.stdout


@pytest.mark.parametrize(
    ("missing", "required", "skipped"),
    [("chromedriver", False, True), ("chromedriver", True, False), ("", False, False), ("", True, False)],
)
def test_tests_of_pages_are_skipped_where_nothing_requires_a_browser(
    missing: str, required: bool, skipped: bool
) -> None:
    """A user without a browser can run the suite."""
    browser, skip = marks(missing, required=required)
    assert browser.name == "browser"
    assert skip.args == (skipped,)
