"""Executors of ``concurrent.futures``, and tasks of asyncio: how long work waits, and runs.

On: ``executor = InstrumentedExecutor(executor, metrics, "reports")``. Off: ``executor =
executor.executor``, or without that line.

Two operations, both with the label ``executor``: ``executor_queue`` is the waiting for a worker
(in progress: what is queued), ``executor_task`` the work itself (in progress: what runs). The
latter, beside the number of workers, is the saturation.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.errors import class_name
from otel_executor_metrics.integrations._elsewhere import CANCELLED, Elsewhere
from otel_executor_metrics.integrations._in_progress import InProgress
from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.typing import OperationHandle

P = ParamSpec("P")
T = TypeVar("T")

QUEUE: Final = "executor_queue"
TASK: Final = "executor_task"

_SECONDS: Final = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800)
EXECUTOR_OPERATIONS: Final = (
    Operation(QUEUE, labels=("executor",), buckets=_SECONDS, help="executor queue"),
    Operation(TASK, labels=("executor",), buckets=_SECONDS, help="executor task"),
)
"""To be passed to ``ExecutorMetrics(operations=...)``: tasks may wait and run for minutes."""


class InstrumentedExecutor(Executor):
    """An executor that measures what is submitted to another.

    A task that raises is a failure of ``executor_task``; one that is cancelled or refused before
    it began is one of ``executor_queue``. In a pool of threads each step is seen when it happens.
    Tasks of other executors run where ``metrics`` is not: they bring their times back with their
    results, and as many are taken to be running as there are workers.

    ``map`` submits each item by itself: a ``chunksize`` is of no effect.

    Args:
        executor: what does the work; also the way back, ``executor = executor.executor``.
        metrics: where is recorded.
        name: the label ``executor``.
        workers: how many tasks run at once, of an executor that does not say so.
    """

    def __init__(
        self, executor: Executor, metrics: ExecutorMetrics, name: str, *, workers: int | None = None
    ) -> None:
        self.executor = executor
        self._handles = _handles(metrics, name)
        self._elsewhere: Elsewhere | None = None
        if not _runs_here(executor):
            count: int = workers or getattr(executor, "_max_workers", None) or 1
            progress = [
                InProgress(metrics, operation, {"executor": name}) for operation in (QUEUE, TASK)
            ]
            self._elsewhere = Elsewhere(executor, self._handles, progress, count)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit a task, as the executor does; raises what it raises."""
        if self._elsewhere is not None:
            return self._elsewhere.submit(fn, args, kwargs)
        work = _Work(*self._handles)
        try:
            future = self.executor.submit(work.run, fn, args, kwargs)
        except BaseException as error:
            work.never_began(class_name(type(error)))
            raise
        future.add_done_callback(work.done)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Shut the executor down."""
        self.executor.shutdown(wait, cancel_futures=cancel_futures)


def instrumented_task(
    coroutine: Coroutine[Any, Any, T],
    metrics: ExecutorMetrics,
    executor: str,
    /,
    *,
    create_task: Callable[..., asyncio.Task[T]] = asyncio.create_task,
    **options: Any,
) -> asyncio.Task[T]:
    """Return a task of asyncio that is measured under the label ``executor``.

    In a task group, pass ``create_task=group.create_task``. ``options`` go to ``create_task``. A
    task that is cancelled is a failure: of ``executor_queue`` if it had not begun.
    """
    work = _Work(*_handles(metrics, executor))
    measured = work.run_coroutine(coroutine)
    try:
        task = create_task(measured, **options)
    except BaseException as error:
        measured.close()
        work.never_began(class_name(type(error)))
        raise

    def done(ended: asyncio.Task[T]) -> None:
        if not work.began:
            coroutine.close()  # nobody will await it any more
        work.done(ended)

    task.add_done_callback(done)
    return task


class _Work:
    """One task, from its submission on: the end of its waiting and of its work, each once."""

    __slots__ = ("_process", "_queue", "_since", "_task", "_waits", "began")

    def __init__(self, queue: OperationHandle, task: OperationHandle) -> None:
        self._queue = queue
        self._task = task
        self.began = False
        self._process = os.getpid()
        # Taken by whoever ends the waiting. A pool that cannot start a thread refuses a task, and
        # may run it all the same: it is queued already.
        self._waits = [True]
        self._queue.begin()
        self._since = time.perf_counter()

    def run(self, fn: Callable[..., T], args: Any, kwargs: Any) -> T:
        """Call ``fn``, measured."""
        self._begin()
        try:
            result = fn(*args, **kwargs)
        except BaseException as error:
            self._end(class_name(type(error)))
            raise
        self._end(None)
        return result

    async def run_coroutine(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Await ``coroutine``, measured."""
        self._begin()
        try:
            result = await coroutine
        except BaseException as error:
            self._end(class_name(type(error)))
            raise
        self._end(None)
        return result

    def done(self, future: Future[Any] | asyncio.Task[Any]) -> None:
        """Count what ended without having begun."""
        if not self.began:
            error = None if future.cancelled() else future.exception()
            self.never_began(CANCELLED if error is None else class_name(type(error)))

    def never_began(self, error_type: str) -> None:
        """End the waiting with a failure, unless the task has begun in the meantime."""
        self._end_waiting(time.perf_counter(), error_type)

    def _begin(self) -> None:
        self.began = True
        now = time.perf_counter()
        self._end_waiting(now, None)
        self._since = now
        self._task.begin()

    def _end_waiting(self, now: float, error_type: str | None) -> None:
        try:
            self._waits.pop()
        except IndexError:
            return
        if self._process == os.getpid():  # not in a child that was forked meanwhile
            self._queue.finish(now - self._since, error_type)

    def _end(self, error_type: str | None) -> None:
        if self._process == os.getpid():
            self._task.finish(time.perf_counter() - self._since, error_type)


def _handles(metrics: ExecutorMetrics, name: str) -> tuple[OperationHandle, OperationHandle]:
    return metrics.operation(QUEUE, executor=name), metrics.operation(TASK, executor=name)


def _runs_here(executor: Executor) -> bool:
    # Python 3.14 has a pool of threads whose tasks run in other interpreters.
    kind = type(executor).__name__
    return isinstance(executor, ThreadPoolExecutor) and kind != "InterpreterPoolExecutor"
