"""Recording in a thread of its own."""

from __future__ import annotations

from typing import Final

from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.recorders.background import BackgroundRecorder
from otel_executor_metrics.recorders.backlog import entry
from otel_executor_metrics.typing import UNKNOWN, ErrorType, Labels

ROOM: Final = 1000
"""Records that may wait; whoever adds the last of them records them all."""


class ThreadSafeMetrics(BackgroundRecorder):
    """Leaves recording to a thread of its own.

    It helps nowhere: ``ExecutorMetrics`` is safe to use from any thread, never waits for I/O, and
    records in less time than it takes to wake another thread. It is here for programs that were
    written for it.

    At most 1 000 records wait; the call that adds the last of them records them all. What waits is
    recorded before ``base_metrics`` flushes or ends, at the interpreter's exit too, and when the
    object is forgotten. A forked child begins with nothing that waits.

    Args:
        base_metrics: where it is recorded.

    Raises:
        ValueError: ``base_metrics`` is no ExecutorMetrics.
    """

    def __init__(self, base_metrics: ExecutorMetrics) -> None:
        self.base_metrics = base_metrics
        super().__init__(base_metrics, ROOM)

    @property
    def waiting(self) -> int:
        """How many records wait for the thread."""
        return self._backlog.qsize()

    def record_operation_async(
        self,
        operation: str,
        success: bool = True,
        duration: float | None = None,
        labels: Labels | None = None,
        error_type: ErrorType = UNKNOWN,
    ) -> None:
        """Have the thread call ``record_operation`` with these arguments.

        After ``close`` it records at once.
        """
        self._backlog.put(entry(operation, success, duration, labels, error_type))
