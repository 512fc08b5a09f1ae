"""The pytest plugin, in runs of pytest of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.facade.programs import environment

USERS_TESTS = """
import sys

def test_of_something_else():
    # Neither is paid for by who does not ask for the fixture.
    assert "otel_executor_metrics" not in sys.modules
    assert "opentelemetry" not in sys.modules

def test_of_code_that_records(executor_metrics):
    with executor_metrics.measure("plan"):
        executor_metrics.clock.advance(0.5)
    executor_metrics.assert_recorded("plan", success=1, seconds=0.5)

def test_that_begins_at_nothing(executor_metrics):
    executor_metrics.assert_nothing_recorded()

def test_that_fails(executor_metrics):
    executor_metrics.record_operation("execute", duration=0.2, labels={"task_type": "ml"})
    executor_metrics.assert_recorded("execute", success=3)
"""


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in ``folder`` with the plugins that are installed, warnings being errors."""
    (folder / "test_users.py").write_text(USERS_TESTS)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "--rootdir", str(folder), *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_fixture_is_there_without_an_import(tmp_path: Path) -> None:
    """Users get it by installing; what is not asked for is not imported; a failure is readable."""
    done = run_pytest(tmp_path)

    assert "1 failed, 3 passed" in done.stdout, done.stdout + done.stderr
    assert "E         success: 1, not 3" in done.stdout
    assert 'execute{task_type="ml"}: success 1, durations 1, seconds 0.2' in done.stdout
    assert "asserts.py" not in done.stdout  # the user's line is shown, not ours
    last_line = len(USERS_TESTS.splitlines())
    assert f"test_users.py:{last_line}: AssertionError" in done.stdout


def test_it_can_be_left_out(tmp_path: Path) -> None:
    """By its name, like any plugin."""
    done = run_pytest(tmp_path, "-p", "no:otel_executor_metrics")

    assert "fixture 'executor_metrics' not found" in done.stdout, done.stdout + done.stderr
    assert "1 passed, 3 errors" in done.stdout
