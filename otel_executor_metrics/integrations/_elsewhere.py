"""Tasks that run in another process or interpreter, where what is recorded would stay."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import Any, Final, Generic, NamedTuple, TypeVar

from otel_executor_metrics.errors import class_name
from otel_executor_metrics.integrations._in_progress import InProgress
from otel_executor_metrics.typing import OperationHandle

T = TypeVar("T")

CANCELLED: Final = "CancelledError"
"""The ``error_type``, in ``executor_queue``, of work that was cancelled before it began."""

_TIMES: Final = "_executor_metrics_times"
"""The attribute by which an exception brings the times of its task back."""


class _Times(NamedTuple):
    """When a task began, by the clock of the machine, and how many seconds it ran."""

    began: float
    seconds: float


class _Result(NamedTuple):
    value: Any
    times: _Times


def _timed(fn: Callable[..., Any], args: Any, kwargs: Any) -> _Result:
    """Run a task where it runs."""
    began = time.perf_counter()
    try:
        value = fn(*args, **kwargs)
    except BaseException as error:
        if _is_pickled_plainly(type(error)):
            with contextlib.suppress(Exception):  # an exception of the user's may refuse
                setattr(error, _TIMES, tuple(_Times(began, time.perf_counter() - began)))
        raise
    return _Result(value, _Times(began, time.perf_counter() - began))


def _is_pickled_plainly(kind: type[BaseException]) -> bool:
    """Tell whether attributes come along and harm nobody.

    What methods of the user's own make of one too many may raise in the thread that unpickles
    results, and that is the end of a whole pool.
    """
    methods = ("__reduce__", "__reduce_ex__", "__setstate__")
    owners = (next(base for base in kind.__mro__ if name in vars(base)) for name in methods)
    return all(owner.__module__ == "builtins" for owner in owners)


class _Relayed(Future[T], Generic[T]):
    """The user's future of a task; it ends when the executor's own does, recorded by then."""

    def __init__(self) -> None:
        super().__init__()
        self.inner: Future[_Result]

    def cancel(self) -> bool:
        """Cancel the task, if it can be; the executor's future tells us."""
        return self.inner.cancel()

    def running(self) -> bool:
        """Tell whether the executor has begun with the task."""
        return self.inner.running()

    def relay(self) -> None:
        """End as the executor's future did."""
        if self.inner.cancelled():
            super().cancel()
            self.set_running_or_notify_cancel()
            return
        self.set_running_or_notify_cancel()
        error = self.inner.exception()
        if error is None:
            self.set_result(self.inner.result().value)
        else:
            self.set_exception(error)


class Elsewhere:
    """Submits tasks to an executor, and records them when they are done.

    Nobody tells when a task begins: of those that are not done, as many as there are workers are
    taken to be running, the others to be waiting.

    Args:
        executor: what does the work.
        handles: of the waiting, and of the work.
        progress: of both.
        workers: how many tasks the executor runs at once.
    """

    def __init__(
        self,
        executor: Executor,
        handles: tuple[OperationHandle, OperationHandle],
        progress: Iterable[InProgress],
        workers: int,
    ) -> None:
        self._executor = executor
        self._queue, self._task = handles
        self._queued, self._running = progress
        self._workers = workers
        self._lock = threading.Lock()
        self._pending = 0

    def submit(self, fn: Callable[..., T], args: Any, kwargs: Any) -> Future[T]:
        """Submit a task; raises what the executor raises."""
        submitted = time.perf_counter()
        self._move(1)
        future: _Relayed[T] = _Relayed()
        try:
            future.inner = self._executor.submit(_timed, fn, args, kwargs)
        except BaseException as error:
            self._move(-1)
            self._queue.failure(error, time.perf_counter() - submitted)
            raise
        future.inner.add_done_callback(functools.partial(self._done, future, submitted))
        return future

    def _move(self, by: int) -> None:
        with self._lock:
            running = min(self._pending, self._workers)
            self._pending += by
            more_running = min(self._pending, self._workers) - running
            self._running.add(more_running)
            self._queued.add(by - more_running)

    def _done(self, future: _Relayed[Any], submitted: float, inner: Future[_Result]) -> None:
        try:
            self._move(-1)
            if inner.cancelled():
                self._queue.failure(CANCELLED, time.perf_counter() - submitted)
            else:
                self._record(inner, submitted)
        finally:  # somebody may wait for it
            future.relay()

    def _record(self, inner: Future[_Result], submitted: float) -> None:
        error = inner.exception()
        times = inner.result().times if error is None else _times_of(error)
        if times is not None:
            self._queue.success(max(0.0, times.began - submitted))
        seconds = None if times is None else times.seconds
        if error is None:
            self._task.success(seconds)
        else:  # without times where its worker died, or it could not be sent
            self._task.failure(class_name(type(error)), seconds)


def _times_of(error: BaseException) -> _Times | None:
    with contextlib.suppress(Exception):  # it is the user's, and has come through pickle
        began, seconds = error.__dict__.pop(_TIMES)
        return _Times(float(began), float(seconds))
    return None
