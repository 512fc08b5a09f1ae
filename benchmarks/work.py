"""What is recorded: the same work in every case, and buckets that are the same for all."""

from __future__ import annotations

from typing import Final

from otel_executor_metrics import BUILTIN_OPERATIONS, DEFAULT_BUCKETS

BUCKETS: Final = DEFAULT_BUCKETS

D: Final = 0.2
"""Seconds; its bucket is the middle one. prometheus_client looks at the buckets from the first on,
so that a shorter duration would cost it less and a longer one more; to bisection all are alike."""

T: Final = "ml"

(EXECUTE,) = (operation for operation in BUILTIN_OPERATIONS if operation.name == "execute")
"""The only operation, where series are counted: no others stand beside it."""


def task_types(count: int) -> list[str]:
    """Return ``count`` values of the label."""
    return [f"type{number}" for number in range(count)]
