"""A real Prometheus has an answer to each query of the documents."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.documents import ROOT, Block, all_blocks
from tests.support.prometheus import Sample, scrape_job

BLOCKS = [block for block in all_blocks() if block.language == "promql"]
# Records whatever has a series, again for each line; processes end in the middle of its work.
EXECUTOR = """
import os, sys
from otel_executor_metrics import BUILTIN_OPERATIONS, ExecutorMetrics
from otel_executor_metrics.integrations.celery import CELERY_OPERATIONS

OPERATIONS = (*BUILTIN_OPERATIONS, *CELERY_OPERATIONS)
VALUES = {"task_type": "report", "task": "charge", "queue": "mail"}
metrics = ExecutorMetrics(host="127.0.0.1", metrics_port=0, operations=OPERATIONS,
                          max_label_values=8, include_builtin=False)
print(metrics.metrics_port, flush=True)
for line in sys.stdin:
    for operation in OPERATIONS:
        labels = {label: VALUES[label] for label in operation.labels}
        reason = {"retry_reason": "Timeout"} if operation.name == "celery_task" else {}
        metrics.record_operation(operation.name, duration=0.2, labels=labels)
        metrics.record_operation_failure(operation.name, "Timeout", labels)
        metrics.record_retry(operation.name, 2, {**labels, **reason})
        if (child := os.fork()) == 0:
            metrics.measure(operation.name, labels=labels).__enter__()
            os._exit(1)
        os.waitpid(child, 0)
    for number in range(10):
        metrics.record_operation("execute", duration=0.2, labels={"task_type": f"t{number}"})
    metrics.record_operation("", duration=0.2)
    print("done", flush=True)
metrics.shutdown()
"""


def queries(block: Block) -> list[str]:
    """Return the queries of a block: each begins a line, and goes on in those that are indented."""
    found: list[str] = []
    for line in block.code.splitlines():
        if line.startswith(" "):
            found[-1] += f"\n{line}"
        elif line and not line.startswith("#"):
            found.append(line)
    return found


@contextmanager
def executor() -> Iterator[subprocess.Popen[str]]:
    """Run the executor until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error::UserWarning", "-c", EXECUTOR],
        cwd=ROOT,
        env=dict(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.communicate(timeout=30)


@pytest.mark.real
def test_each_query_has_an_answer(start_prometheus):
    """Of an executor that did what is asked about, each tells something."""
    asked = [query for block in BLOCKS for query in queries(block)]
    assert len(asked) > 8
    with executor() as process:
        assert process.stdin
        assert process.stdout
        prometheus = start_prometheus([scrape_job(int(process.stdout.readline()))])
        prometheus.wait_for("up == 1")
        for _ in range(2):  # what exists from its first event on rises with the second
            print("once more", file=process.stdin, flush=True)
            assert process.stdout.readline() == "done\n"
            prometheus.wait_for("celery_task_lost_total > 0")
        for query in asked:
            prometheus.wait_for(query, tells_something)


def tells_something(answer: list[Sample]) -> bool:
    """Return whether there is a number in an answer."""
    return any(not math.isnan(sample.value) for sample in answer)
