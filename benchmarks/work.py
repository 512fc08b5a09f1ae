"""What is recorded: the same work in every case, and buckets that are the same for all."""

from __future__ import annotations

from typing import Final

from otel_executor_metrics import DEFAULT_BUCKETS, Operation

BUCKETS: Final = DEFAULT_BUCKETS

D: Final = 0.2
"""Seconds; its bucket is the middle one. prometheus_client looks at the buckets from the first on,
so that a shorter duration would cost it less and a longer one more; to bisection all are alike."""

T: Final = "ml"

EXECUTE: Final = Operation(
    "execute",
    labels=("task_type",),
    help={
        "latency": "Latency of task execution",
        "success": "Number of successful executions",
        "retries": "Number of execution retries",
        "failures": "Number of failed executions",
        "in_progress": "Number of executions in progress",
        "lost": "Number of executions in progress when their process was killed",
    },
)
"""The only operation, where series are counted: no others stand beside it."""


def task_types(count: int) -> list[str]:
    """Return ``count`` values of the label."""
    return [f"type{number}" for number in range(count)]
