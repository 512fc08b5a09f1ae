"""An executor in a process of its own, and a Prometheus with the generated rules beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from otel_executor_metrics.artifacts import alerts_yaml, rules_yaml
from tests.artifacts.catalogue import OPERATIONS
from tests.support.collector import Collector
from tests.support.prometheus import PrometheusServer, scrape_job

ROOT = Path(__file__).parent.parent.parent
JOB = "executor-metrics"


class Driven:
    """A running `tests.artifacts.executor`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    def does(self, *actions: str) -> None:
        """Let it do something, and wait until it is done."""
        assert self._process.stdin
        for action in actions:
            print(action, file=self._process.stdin, flush=True)
            assert self._line() == "done"

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@contextmanager
def driven(**environment: str) -> Iterator[Driven]:
    """Run an executor until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.artifacts.executor"],
        cwd=ROOT,
        env={**os.environ, "METRICS_EXPORTER": "prometheus", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Driven(process)
    finally:
        process.communicate(timeout=60)


@contextmanager
def sent_to(collector: Collector) -> Iterator[Driven]:
    """Run an executor that sends to a Collector."""
    with driven(
        METRICS_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.http_url,
        OTEL_SERVICE_NAME="sending",
    ) as executor:
        yield executor


def watching(
    folder: Path, port: int, config: Mapping[str, Any] | None = None, **job: Any
) -> PrometheusServer:
    """Start a Prometheus that scrapes ``port`` as `JOB`, and applies the generated rules."""
    jobs = [JOB, "gone"]
    for name, text in {
        "rules.yml": rules_yaml(OPERATIONS),
        "alerts.yml": alerts_yaml(OPERATIONS, jobs=jobs, wait="0s"),
    }.items():
        (folder / name).write_text(text)
    return PrometheusServer(
        folder,
        [scrape_job(port, name=JOB, **job), scrape_job(1, name="gone")],
        config={
            "global": {"evaluation_interval": "500ms"},
            "rule_files": [str(folder / "rules.yml"), str(folder / "alerts.yml")],
            **(config or {}),
        },
    )
