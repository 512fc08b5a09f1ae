"""Recording in batches."""

from __future__ import annotations

import math
from typing import Final

from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.recorders.background import BackgroundRecorder
from otel_executor_metrics.recorders.backlog import Entry, entry
from otel_executor_metrics.typing import UNKNOWN, ErrorType, Labels

LONGEST_INTERVAL: Final = 86_400.0
"""Seconds: a day."""


class BatchMetricsRecorder(BackgroundRecorder):
    """Keeps records until a batch is full or old enough, then records them together.

    It saves nothing: to put a record aside costs more than to record it, and what is put aside does
    not show yet, and is lost if the process is killed. Use it where a program was written for it;
    one that has a batch already passes it to ``metrics.record_batch_operations``.

    What waits is recorded when there are ``batch_size``, after ``flush_interval`` by a thread, and
    by ``flush`` and ``close``; also before ``metrics`` flushes or ends, at the interpreter's exit
    too, and when the recorder is forgotten. A forked child begins with an empty batch.

    Args:
        metrics: where it is recorded.
        batch_size: records of a batch.
        flush_interval: seconds that a record waits at most, up to a day.

    Raises:
        ValueError: an argument cannot be used.
    """

    def __init__(
        self, metrics: ExecutorMetrics, batch_size: int = 100, flush_interval: float = 5.0
    ) -> None:
        self.metrics = metrics
        self.batch_size = _count("batch_size", batch_size)
        self.flush_interval = _interval("flush_interval", flush_interval)
        super().__init__(metrics, self.batch_size, self.flush_interval)

    @property
    def batch(self) -> list[Entry]:
        """What waits, as ``record_batch_operations`` takes it; a copy."""
        return self._backlog.waiting()

    def add_metric(
        self,
        operation: str,
        success: bool = True,
        duration: float | None = None,
        labels: Labels | None = None,
        error_type: ErrorType = UNKNOWN,
    ) -> None:
        """Add a record to the batch; the arguments are those of ``record_operation``.

        Any thread may call it. After ``close`` it records at once.
        """
        self._backlog.put(entry(operation, success, duration, labels, error_type))


def _count(setting: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SettingError(setting, value, "must be a whole number of at least 1")
    return value


def _interval(setting: str, value: object) -> float:
    number = float(value) if isinstance(value, (int, float)) else math.nan
    if isinstance(value, bool) or not 0 < number <= LONGEST_INTERVAL:
        rule = f"must be a number of seconds above 0, at most {LONGEST_INTERVAL:g}"
        raise SettingError(setting, value, rule)
    return number
