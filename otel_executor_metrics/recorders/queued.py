"""Recording in a task of an event loop."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Final, TypeVar

from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.recorders.backlog import Backlog, entry
from otel_executor_metrics.typing import UNKNOWN, ErrorType, Labels

if TYPE_CHECKING:
    from otel_executor_metrics.recorders.task import DrainingTask

_Self = TypeVar("_Self", bound="AsyncMetricsRecorder")

QUEUE_SIZE: Final = 1000


class AsyncMetricsRecorder:
    """Leaves recording to a task of the event loop.

    It saves nothing: ``ExecutorMetrics`` never waits for I/O, and its calls may be made in a
    coroutine as they are, in less time than it takes to put a record into a queue. Use it where a
    program was written for it.

    The queue has room for 1 000 records; beyond that they are dropped, counted in ``dropped`` and
    as ``queue_full`` in ``executor_metrics_dropped_total``, and a warning says so. The task empties
    it as soon as the event loop has a turn, so that only more than 1 000 records between two turns
    are too many; to await ``record_metric`` gives it none.

    What waits is recorded by ``stop``, when the task is cancelled, as ``asyncio.run`` does at its
    end, and before ``metrics`` flushes or ends. A forked child begins with an empty queue.

    Args:
        metrics: where it is recorded.

    Attributes:
        queue: what waits; ``queue.qsize()`` tells how many.
        dropped: how many found no room.

    Raises:
        ValueError: ``metrics`` is no ExecutorMetrics.
    """

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self.metrics = metrics
        self.queue = Backlog(metrics, QUEUE_SIZE)
        self.dropped = 0
        self._task: DrainingTask | None = None

    @property
    def running(self) -> bool:
        """Whether there is a task that records; without one, all is recorded at once."""
        return self._task is not None and self._task.running

    @running.setter
    def running(self, wanted: bool) -> None:
        """End the task, which records what waits first; only :meth:`start` makes one."""
        if self._task is not None and not wanted:
            self._task.cancel()

    async def start(self) -> None:
        """Start the task, in the event loop that runs. Calling it twice is harmless."""
        from otel_executor_metrics.recorders.task import DrainingTask

        if not self.running:
            self._task = DrainingTask(self.queue)
            await self._task.begin()

    async def record_metric(
        self,
        operation: str,
        success: bool = True,
        duration: float | None = None,
        labels: Labels | None = None,
        error_type: ErrorType = UNKNOWN,
    ) -> None:
        """Have the task call ``record_operation`` with these arguments.

        Before ``start``, after ``stop`` and in another event loop it records at once.
        """
        if self._task is None or not self._task.is_here():
            self.metrics.record_operation(operation, success, duration, labels, error_type)
        elif self.queue.full():
            self.dropped += 1
            self.metrics.record_dropped(
                type(self).__name__,
                operation,
                f"its queue has room for {QUEUE_SIZE}; give the event loop a turn in between",
            )
        else:
            self.queue.put(entry(operation, success, duration, labels, error_type))
            self._task.wake()

    async def stop(self) -> None:
        """Record what waits, and end the task. Calling it twice is harmless."""
        task, self._task = self._task, None
        if task is not None:
            await task.end()
        self.queue.drain()

    async def __aenter__(self: _Self) -> _Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()
