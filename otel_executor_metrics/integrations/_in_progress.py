"""What is in progress, moved apart from outcomes: for work whose labels show only at its end."""

from __future__ import annotations

from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.typing import Labels


class InProgress:
    """The gauge ``<operation>_in_progress`` of one label set; a no-op where there is none."""

    def __init__(
        self, metrics: ExecutorMetrics, operation: str, labels: Labels | None = None
    ) -> None:
        metrics.operation(operation, labels=labels)  # its families exist once it is used
        family = metrics.metrics.get(f"{operation}_in_progress")
        self._gauge = None if family is None else family.labels(**(labels or {}))

    def add(self, by: int) -> None:
        """Count so many more in progress, or fewer."""
        if self._gauge is None:
            return
        if by > 0:
            self._gauge.inc(by)
        else:
            self._gauge.dec(-by)
