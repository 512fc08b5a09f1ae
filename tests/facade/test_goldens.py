"""The exposition byte for byte. ``UPDATE_GOLDENS=1`` writes it anew; look at the difference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from otel_executor_metrics import ExecutorMetrics, Operation
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import OPENMETRICS, TEXT, fetch, url_of

GOLDENS = Path(__file__).parent.parent / "goldens"


def record(metrics: ExecutorMetrics) -> None:
    """Record a little of each kind, the same every time."""
    metrics.record_operation("intent", duration=0.04)
    metrics.record_operation("plan", success=False, error_type="TimeoutError", duration=2.5)
    for duration in (0.2, 0.25, 12.0):
        metrics.record_operation("execute", duration=duration, labels={"task_type": "report"})
    metrics.record_retry("execute", 2, labels={"task_type": "report"})
    metrics.record_operation("train", duration=42, labels={"model": "large"})
    metrics.record_operation("user_engagement", duration=1.5, labels={"action": "click"})
    metrics.record_operation_latency("intent", -1.0)


@pytest.mark.parametrize(
    ("accept", "golden"), [(TEXT, "exposition.txt"), (OPENMETRICS, "exposition.openmetrics.txt")]
)
def test_exposition_is_byte_for_byte_the_golden_one(
    make_metrics: MakeMetrics, accept: str, golden: str
) -> None:
    """Names, help, order, labels and numbers stay as users' tools know them."""
    train = Operation(
        "train",
        labels=("model",),
        buckets=(1, 10, 60, 600),
        help="model training",
        label_values={"model": ("small", "large")},
    )
    metrics = make_metrics(operations=[train])
    record(metrics)

    text = fetch(url_of(metrics), accept)

    path = GOLDENS / golden
    if os.environ.get("UPDATE_GOLDENS"):
        path.write_text(text)
    assert text == path.read_text()
