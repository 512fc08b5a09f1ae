"""Programs in the style of the old component, which know nothing beyond its document.

Each makes the calls of some code blocks of that document (sections 4, 6.3 to 6.5, 8.2 and
appendix C), with a clock that the test sets.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Optional

from otel_executor_metrics import ExecutorMetrics

logger = logging.getLogger(__name__)


class Clock:
    """Goes on by what each look costs: ``clock()`` after ``clock.takes(0.2)`` is 0.2 later."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def takes(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


async def pipeline(
    metrics: ExecutorMetrics,
    clock: Clock,
    steps: Mapping[str, Callable[[], Awaitable[Any]]],
    task_type: Optional[str] = None,  # noqa: UP045 - as the old programs are written
) -> Any:
    """Run intent, plan and execute in turn; record each, the failed one with its error (§4.3)."""
    result = None
    for name, step in steps.items():
        start = clock()
        labels = {"task_type": task_type} if name == "execute" and task_type else None
        try:
            result = await step()
        except Exception as error:
            metrics.record_operation(
                name,
                success=False,
                duration=clock() - start,
                error_type=type(error).__name__,
                labels=labels,
            )
            raise
        metrics.record_operation(name, success=True, duration=clock() - start, labels=labels)
    return result


def latencies(
    metrics: ExecutorMetrics, clock: Clock, durations: Iterable[tuple[str, float]]
) -> None:
    """Take the time of each operation by hand (§4.1)."""
    for operation, seconds in durations:
        start_time = clock()
        clock.takes(seconds)
        duration = clock() - start_time
        metrics.record_operation_latency(operation, duration)


async def guarded(metrics: ExecutorMetrics, work: Callable[[], Awaitable[Any]], kind: str) -> None:
    """Count success or failure of one piece of work by its kind (§4.1)."""
    try:
        await work()
        metrics.record_operation_success("execute", labels={"task_type": kind})
    except Exception:
        metrics.record_operation_failure("execute", "execution_error", labels={"task_type": kind})


async def with_retries(
    metrics: ExecutorMetrics, work: Callable[[], Awaitable[Any]], max_retries: int
) -> Any:
    """Try again and again, and record each attempt that failed (§4.1)."""
    for attempt in range(max_retries):
        try:
            return await work()
        except Exception:
            metrics.record_retry("execute", attempt + 1)
    return None


class BusinessMetrics:
    """Measures of a business, made of operations that no catalogue names (§4.4)."""

    def __init__(self, base_metrics: ExecutorMetrics) -> None:
        self.base_metrics = base_metrics

    async def engagement(self, user_id: str, action: str, duration: float) -> None:
        """Record what a user did, and how long."""
        self.base_metrics.record_operation(
            "user_engagement",
            success=True,
            duration=duration,
            labels={"action": action, "user_id": user_id},
        )

    async def volume(self, data_size: int, processing_time: float) -> None:
        """Record how long data of a size took."""
        self.base_metrics.record_operation(
            "data_processing",
            success=True,
            duration=processing_time,
            labels={"data_size_category": self._category(data_size)},
        )

    def _category(self, size: int) -> str:
        limits = {"small": 1024, "medium": 1024 * 1024}
        return next((name for name, limit in limits.items() if size < limit), "large")


def direct_handles(metrics: ExecutorMetrics, operation: str, labels: dict[str, str]) -> None:
    """Take the handles by key and use prometheus_client's verbs (§6.2, §6.3, §6.5)."""
    key = f"{operation}_success"
    if not metrics.enable_metrics or key not in metrics.metrics:
        return
    metric = metrics.metrics[key]
    if labels:
        metric = metric.labels(**labels)
    metric.inc()
    latency_key = f"{operation}_latency"
    if latency_key in metrics.metrics:
        latency = metrics.metrics[latency_key]
        if labels:
            latency = latency.labels(**labels)
        with latency.time():
            pass


def loop_over_batch(metrics: ExecutorMetrics, operations: list[dict[str, Any]]) -> None:
    """Record a batch entry by entry, as the document's own batch does (§6.5)."""
    for op in operations:
        if op.get("success", True):
            metrics.record_operation_success(op["operation"], op.get("labels"))
        else:
            metrics.record_operation_failure(
                op["operation"], op.get("error_type", "unknown"), op.get("labels")
            )
        if "duration" in op:
            metrics.record_operation_latency(op["operation"], op["duration"])


async def always_timed(
    metrics: ExecutorMetrics, clock: Clock, name: str, work: Callable[[], Awaitable[Any]]
) -> None:
    """Success or failure at its moment, the latency in any case (§8.2, appendix C)."""
    start_time = clock()
    try:
        await work()
        metrics.record_operation_success(name)
    except Exception as error:
        metrics.record_operation_failure(name, type(error).__name__)
    finally:
        metrics.record_operation_latency(name, clock() - start_time)


class LockedMetrics:
    """Records in a thread of its own, under a lock of its own (§8.2)."""

    def __init__(self, base_metrics: ExecutorMetrics) -> None:
        self.base_metrics = base_metrics
        self.lock = threading.Lock()
        self.executor = ThreadPoolExecutor(max_workers=1)

    def record_operation_async(
        self, operation: str, success: bool, duration: float
    ) -> Future[None]:
        """Leave the recording to the other thread."""
        return self.executor.submit(self._record_with_lock, operation, success, duration)

    def _record_with_lock(self, operation: str, success: bool, duration: float) -> None:
        with self.lock:
            if success:
                self.base_metrics.record_operation_success(operation)
            else:
                self.base_metrics.record_operation_failure(operation, "unknown")
            self.base_metrics.record_operation_latency(operation, duration)


class BatchRecorder:
    """Collects and records in batches (§8.3)."""

    def __init__(self, metrics: ExecutorMetrics, batch_size: int = 100) -> None:
        self.metrics = metrics
        self.batch_size = batch_size
        self.batch: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def add_metric(self, operation: str, success: bool, duration: float) -> None:
        """Add one, and record all when there are enough."""
        with self.lock:
            self.batch.append({"operation": operation, "success": success, "duration": duration})
            if len(self.batch) >= self.batch_size:
                self.flush()

    def flush(self) -> None:
        """Record what has been collected."""
        self.metrics.record_batch_operations(self.batch)
        self.batch.clear()


class QueueRecorder:
    """Records out of a queue, in a task (§8.3)."""

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self.metrics = metrics
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=1000)

    async def record_metric(self, operation: str, success: bool, duration: float) -> None:
        """Put one in."""
        await self.queue.put({"operation": operation, "success": success, "duration": duration})

    async def process(self) -> None:
        """Record whatever comes, until cancelled."""
        while True:
            metric = await self.queue.get()
            if metric["success"]:
                self.metrics.record_operation_success(metric["operation"])
            else:
                self.metrics.record_operation_failure(metric["operation"], "unknown")
            self.metrics.record_operation_latency(metric["operation"], metric["duration"])
            self.queue.task_done()


class Monitor:
    """Looks whether metrics are there (§8.1)."""

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self.metrics = metrics

    def check_health(self) -> dict[str, Any]:
        """Tell."""
        if not self.metrics.enable_metrics:
            return {"status": "disabled"}
        return {"status": "healthy", "available_metrics": len(self.metrics.metrics)}


def recording_works(metrics: ExecutorMetrics) -> bool:
    """Try whether anything can be recorded (§8.2)."""
    try:
        metrics.record_operation_success("test_operation")
        metrics.record_operation_latency("test_operation", 1.0)
    except Exception:
        logger.exception("no recording")
        return False
    return True
