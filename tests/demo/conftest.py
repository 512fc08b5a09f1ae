"""Fixtures of the tests of the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.demo.processes import Running


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start commands, with the arguments of `Running` after the folder; they end with the test."""
    with ExitStack() as started:

        def start(*arguments: str, env: dict[str, str] | None = None) -> Running:
            folder = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            running = Running(folder, *arguments, env=env)
            started.callback(lambda: print(running.stdout, running.stderr))
            started.callback(running.kill)
            return running

        yield start


@pytest.fixture
def metrics() -> Iterator[ExecutorMetrics]:
    """Metrics that are served on a free port of this machine."""
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1") as enabled:
        yield enabled
