"""The exposition after a fixed program, to the byte.

After a change that is meant, write the files anew with ``UPDATE_GOLDENS=1`` in the environment,
and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from otel_executor_metrics import ExecutorMetrics, Operation
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import OPENMETRICS, TEXT, fetch, url_of

GOLDENS = Path(__file__).parent.parent / "goldens"
TRAIN = Operation(
    "train",
    labels=("model",),
    buckets=(1, 10, 60),
    help="model training",
    label_values={"model": ["big", "small"]},
    error_types=("OutOfMemory",),
)


def record(metrics: ExecutorMetrics) -> None:
    """Record something of everything, with durations that binary fractions hold exactly."""
    for duration in (0.0078125, 0.25, 0.25, 12.5):
        metrics.record_operation("intent", duration=duration)
    metrics.record_operation("plan", success=False, duration=2.5, error_type="Timeout")
    metrics.record_retry("plan", 2)
    for task_type in ("report", "ml training", "report"):
        metrics.record_operation("execute", duration=0.5, labels={"task_type": task_type})
    metrics.record_operation_failure("execute", "OSError", {"task_type": "report"})
    metrics.record_operation("train", duration=30, labels={"model": "big"})
    metrics.record_operation("UserLogin", duration=0.125, labels={"via": "größe", "le": "x"})
    metrics.record_operation_latency("intent", -1)
    metrics.metrics["plan_in_progress"].inc(2)
    for index in range(5):
        metrics.record_operation_success("sync", {"shard": f"s{index}"})


@pytest.mark.parametrize(
    ("accept", "name"), [(TEXT, "exposition.txt"), (OPENMETRICS, "exposition.openmetrics.txt")]
)
def test_the_exposition_is_byte_for_byte_the_golden_one(
    make_metrics: MakeMetrics, accept: str, name: str
) -> None:
    """Names, help, types, order, numbers and escapes: nothing changes unseen."""
    metrics = make_metrics(operations=[TRAIN], max_label_values=3)
    record(metrics)

    text = fetch(url_of(metrics), accept)

    golden = GOLDENS / name
    if os.environ.get("UPDATE_GOLDENS"):
        golden.write_bytes(text.encode())
    assert text.encode() == golden.read_bytes()
