"""Programs of the documents, and beside them, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.collector import Collector
from tests.support.documents import ROOT

_BOTH_ROADS = """
from otel_executor_metrics import ExecutorMetrics
with ExecutorMetrics(host="127.0.0.1", exporter="prometheus,otlp") as metrics:
    metrics.record_operation("execute", duration=0.2, labels={"task_type": "report"})
    assert metrics.flush(20)
    print(metrics.metrics_port, flush=True)
    input()
"""


def start(program: str, **environment: str) -> subprocess.Popen[str]:
    """Run ``program`` as a user would, but on a free port."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env={**os.environ, "METRICS_PORT": "0", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def both_roads(collector: Collector) -> Iterator[str]:
    """Run an executor that has sent all to a Collector; yield the URL where it is scraped."""
    process = start(_BOTH_ROADS, OTEL_EXPORTER_OTLP_ENDPOINT=collector.http_url)
    try:
        assert process.stdout
        yield f"http://localhost:{process.stdout.readline().strip()}/metrics"
    finally:
        process.communicate("\n", timeout=60)
