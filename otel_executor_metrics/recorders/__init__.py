"""Recording later: in batches, in a task of an event loop, in a thread.

To record at once costs about a microsecond, which is less than each of these takes to put a record
aside. They are for programs that were written for them, or that have batches anyway.
"""

from otel_executor_metrics.recorders.batch import BatchMetricsRecorder
from otel_executor_metrics.recorders.queued import AsyncMetricsRecorder
from otel_executor_metrics.recorders.threads import ThreadSafeMetrics

__all__ = ["AsyncMetricsRecorder", "BatchMetricsRecorder", "ThreadSafeMetrics"]
