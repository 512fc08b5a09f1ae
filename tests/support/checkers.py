"""The checkers that come with Prometheus and Alertmanager."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.alertmanager import alertmanager_program
from tests.support.prometheus import prometheus_programs


def promtool(*arguments: str | Path) -> str:
    """Return what promtool says when it is content."""
    programs = prometheus_programs()
    return _run(programs.paths["promtool"], *arguments, environment=programs.environment())


def amtool(*arguments: str | Path) -> str:
    """Return what amtool says when it is content."""
    return _run(alertmanager_program("amtool"), *arguments)


def _run(program: Path, *arguments: str | Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
