"""The demo, at work as long as the tests of the documents run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.support.ports import free_ports
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Demo:
    """Where the demo serves."""

    port: int

    @property
    def url(self) -> str:
        """What is scraped."""
        return f"http://localhost:{self.port}/metrics"

    def has(self, start: str) -> bool:
        """Tell whether a line that begins so has a value above 0."""
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return any(line.startswith(start) and not line.endswith(" 0.0") for line in lines)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run ``demo``, and wait until it has something of everything that samples show."""
    (port,) = free_ports(1)
    log: Path = tmp_path_factory.mktemp("demo") / "log"
    command = ["-m", "otel_executor_metrics", "demo", "--port", str(port), "--rate", "60"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            env={name: value for name, value in os.environ.items() if "METRICS_" not in name},
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        return f":{port}/metrics" in log.read_text()

    try:
        wait_until(answers, 30, "the demo serves")
        demo = Demo(port)
        for what in (
            'plan_failures_total{error_type="PlanningError"',
            'plan_failures_total{error_type="RateLimitError"',
            'execute_success_total{task_type="data_processing"',
            'execute_success_total{task_type="ml_training"',
            'execute_success_total{task_type="report"',
        ):
            wait_until(partial(demo.has, what), 60, what, interval=0.2)
        yield demo
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
