"""An executor in a process of its own, and a Prometheus with the generated rules beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
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
    """Start a Prometheus that scrapes ``port`` as `JOB`, and another job that is gone.

    It applies the rules of `OPERATIONS`; their alerts wait for nothing.
    """
    rules = [rules_yaml(OPERATIONS), alerts_yaml(OPERATIONS, jobs=[JOB, "gone"], wait="0s")]
    jobs = [scrape_job(port, name=JOB, **job), scrape_job(1, name="gone")]
    return with_rules(folder, rules, jobs, config)


def with_rules(
    folder: Path,
    rules: Sequence[str],
    jobs: Sequence[Mapping[str, Any]],
    config: Mapping[str, Any] | None = None,
) -> PrometheusServer:
    """Start a Prometheus that applies these texts of rules, twice a second."""
    files = [folder / f"rules-{number}.yml" for number, _ in enumerate(rules)]
    for file, text in zip(files, rules, strict=True):
        file.write_text(text)
    sections = {
        "global": {"evaluation_interval": "500ms"},
        "rule_files": [str(file) for file in files],
    }
    return PrometheusServer(folder, jobs, config={**sections, **(config or {})})
