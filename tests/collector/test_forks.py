"""Forked workers that send to a Collector: each as itself, and all that it recorded."""

from __future__ import annotations

import os

import pytest

from tests.collector.conftest import StartCollector
from tests.facade.programs import run_program
from tests.support.collected import instances, of_all_instances

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
]

WORKERS = """
import multiprocessing, warnings
warnings.simplefilter("ignore")  # newer Pythons warn of forking with threads
from otel_executor_metrics import ExecutorMetrics

metrics = ExecutorMetrics(exporter="otlp", export_interval_millis=3_600_000)

def work(count):
    for _ in range(count):
        metrics.record_operation("execute", duration=0.5, labels={"task_type": "ml"})

work(1)
metrics.flush(20)  # what the parent's exporter has opened must not harm the children's
context = multiprocessing.get_context("fork")
for lives in range(3):
    workers = [context.Process(target=work, args=(10,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0, worker.exitcode
work(1)
metrics.shutdown()
"""


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_recycled_workers_lose_nothing(start_collector: StartCollector, protocol: str) -> None:
    """Twelve lives end between two exports: the sum is exact, and no two share an identity."""
    collector = start_collector()
    url = collector.grpc_url if protocol == "grpc" else collector.http_url
    done = run_program(
        WORKERS,
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_SERVICE_NAME": "forked",
            "PYTHONWARNINGS": "ignore",
        },
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    seen = of_all_instances(collector, "forked")
    assert seen.total("execute_success_total", task_type="ml") == 2 + 3 * 4 * 10
    assert len(instances(collector, "forked")) == 1 + 3 * 4
