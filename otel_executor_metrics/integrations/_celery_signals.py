"""The signals of Celery that say how the tasks of one app fare, recorded as they come.

A task is measured where it runs, from ``task_prerun`` to ``task_postrun``. What becomes of one that
does not run, or whose process is gone, says the worker's main process. In a prefork pool these are
two processes, in the others one; what both would tell of is recorded once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias
from weakref import WeakValueDictionary

from otel_executor_metrics.errors import class_name
from otel_executor_metrics.integrations._celery_messages import queue_of, stamp, waited
from otel_executor_metrics.integrations._in_progress import InProgress
from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.typing import OperationHandle

_Labels: TypeAlias = dict[str, str]

_ANNOUNCED_TWICE: Final = 1.0
"""Seconds within which a second hard time limit of one task is the first one told again."""

_LISTENING: Final = "_OTEL_EXECUTOR_METRICS_CELERY"
"""The environment variable that names the process by whose signals its children are recorded."""

# What the main process says of a task whose process is gone: older Celery says how it left.
_OF_PROCESSES: Final = {
    "KeyboardInterrupt": "WorkerLostError",
    "SystemExit": "WorkerLostError",
    "TimeLimitExceeded": "TimeLimitExceeded",
    "WorkerLostError": "WorkerLostError",
}
# What ends a task from outside where it is a greenlet, and what it is called in a prefork pool.
_OF_GREENLETS: Final = {
    "gevent.timeout.Timeout": "TimeLimitExceeded",
    "greenlet.GreenletExit": "Terminated",
}


class _Attempt(NamedTuple):
    """One run of a task: what it is recorded by, when it began, and what was being handled then."""

    operation: OperationHandle
    labels: _Labels
    start: float
    handled: BaseException | None
    eager: bool


class TaskSignals:
    """Records the tasks of ``app`` into ``metrics``.

    Celery catches and logs what a receiver raises, so that no task fails by being measured.

    Args:
        app: the app itself; tasks of others pass by.
        metrics: has the operations.
        task: the name of the operation of tasks.
        queue_wait: the name of the operation of waits.
    """

    def __init__(self, app: Any, metrics: ExecutorMetrics, *, task: str, queue_wait: str) -> None:
        self._app = app
        self.metrics = metrics
        self._task = task
        self._queue_wait = queue_wait
        # By process and request: what a fork copies is the parent's to end.
        self._running: dict[tuple[int, int], _Attempt] = {}
        self._runs_in = 0
        self._connected_in = 0
        self._parent_records = False
        self._timed_out: tuple[object, float] = (None, 0.0)
        # By id, for as long as the worker itself knows them: signals of failures tell no queue.
        self._received: WeakValueDictionary[object, Any] = WeakValueDictionary()

    @property
    def names(self) -> tuple[str, str]:
        """The operations of tasks and of waits."""
        return self._task, self._queue_wait

    def connect(self) -> None:
        """Begin to listen, for as long as the process lives or until :meth:`disconnect`."""
        self._connected_in = os.getpid()
        for signal, receiver in self._receivers():
            signal.connect(receiver, weak=False, dispatch_uid=(id(self), receiver.__name__))

    def disconnect(self) -> None:
        """Listen no more. What runs in this process is in progress no longer."""
        for signal, receiver in self._receivers():
            signal.disconnect(dispatch_uid=(id(self), receiver.__name__))
        for key in tuple(self._running):
            attempt = self._running.pop(key, None)
            if attempt is not None and key[0] == os.getpid():
                self._withdraw(attempt)

    def _receivers(self) -> list[tuple[Any, Callable[..., None]]]:
        from celery import signals

        return [
            (signals.before_task_publish, stamp),
            (signals.worker_before_create_process, self.spawning),
            (signals.worker_process_init, self.forked),
            (signals.task_received, self.received),
            (signals.task_prerun, self.begun),
            (signals.task_postrun, self.ended),
            (signals.task_revoked, self.revoked),
            (signals.task_failure, self.failed),
            (signals.task_retry, self.retried),
            (signals.task_unknown, self.unknown),
            (signals.task_rejected, self.rejected),
        ]

    def forked(self, **_: object) -> None:
        """Know that this is a process of a pool, and that the main process listens, too.

        In the pool ``solo`` they are one.
        """
        self._parent_records = self._connected_in != os.getpid()

    def spawning(self, **_: object) -> None:
        """Let a process know that is about to be made, and will share nothing else with this."""
        os.environ[_LISTENING] = str(os.getpid())

    def received(self, sender: Any = None, request: Any = None, **_: object) -> None:
        """Know by which queue a task came."""
        if self._concerns(sender):
            self._received[request.id] = request

    def begun(self, sender: Any = None, **_: object) -> None:
        """Begin an attempt; its wait ends."""
        if not self._concerns(sender):
            return
        request = sender.request
        labels = self._labels(sender, request.delivery_info)
        operation = self.metrics.operation(self._task, labels=labels)
        wait = waited(request)
        if wait is not None:
            self.metrics.operation(self._queue_wait, labels=labels).success(wait)
        if not request.is_eager:
            self._runs_in = os.getpid()
        operation.begin()
        self._running[_key(request)] = _Attempt(
            operation, labels, time.perf_counter(), sys.exc_info()[1], bool(request.is_eager)
        )

    def ended(
        self, sender: Any = None, state: object = None, retval: object = None, **_: object
    ) -> None:
        """End an attempt by what it raised, or else by its state."""
        now = time.perf_counter()
        attempt = self._running.pop(_key(sender.request), None)
        if attempt is None:
            return  # of another app, or begun before we listened
        seconds = now - attempt.start
        raised = sys.exc_info()[1]  # passes through Celery, as what is no Exception does
        if state is not None and raised is attempt.handled:
            raised = retval if state != "SUCCESS" and isinstance(retval, BaseException) else None
        if raised is None:
            attempt.operation.finish(seconds)
        elif _is_retry(raised):
            self._withdraw(attempt)
            self._count_retry(attempt.labels, raised, seconds)
        elif not self._takes_process_along(raised, attempt):
            attempt.operation.finish(seconds, _error_type(raised))

    def revoked(
        self,
        sender: Any = None,
        request: Any = None,
        terminated: bool = False,
        expired: bool = False,
        **_: object,
    ) -> None:
        """Count a task that was not begun any more, or whose process was ended for it."""
        if not self._concerns(sender) or (terminated and self._runs_here):
            return
        error_type = "Expired" if expired else "Terminated" if terminated else "TaskRevokedError"
        self._count_failure(self._labels(sender, request.delivery_info), error_type)

    def failed(
        self,
        sender: Any = None,
        task_id: object = None,
        exception: BaseException | None = None,
        **_: object,
    ) -> None:
        """Count a task whose process is gone, or is about to be."""
        error_type = _OF_PROCESSES.get(class_name(type(exception)))
        if error_type is None:
            return  # raised by the task itself: counted where it ran
        if self._concerns(sender) and not self._runs_here and not self._told(task_id, error_type):
            delivery_info = getattr(self._received.get(task_id), "delivery_info", None)
            self._count_failure(self._labels(sender, delivery_info), error_type)

    def retried(
        self, sender: Any = None, request: Any = None, reason: object = None, **_: object
    ) -> None:
        """Count a retry for which the main process decided, not the task."""
        if self._concerns(sender) and not self._runs_here and not request.is_eager:
            self._count_retry(self._labels(sender, request.delivery_info), reason)

    def unknown(self, sender: Any = None, message: Any = None, **_: object) -> None:
        """Count a message whose task nobody has registered; its name may be anything."""
        if self._concerns(sender):
            self._count_failure(self._queue(message.delivery_info), "NotRegistered")

    def rejected(self, sender: Any = None, message: Any = None, **_: object) -> None:
        """Count a message that is none of a task, or none that can be read."""
        if self._concerns(sender):
            self._count_failure(self._queue(message.delivery_info), "InvalidTaskError")

    @property
    def _runs_here(self) -> bool:
        """Whether tasks run in this process, and not in others that belong to its pool."""
        return self._runs_in == os.getpid()

    def _concerns(self, sender: Any) -> bool:
        """Tell whether a task, or a worker's consumer, is of this app."""
        return getattr(sender, "app", None) is self._app

    def _takes_process_along(self, raised: BaseException, attempt: _Attempt) -> bool:
        """Tell whether a process of a pool ends by ``raised``, of which the main process tells."""
        ends = isinstance(raised, (KeyboardInterrupt, SystemExit))
        if not ends or attempt.eager:
            return False
        return self._parent_records or os.environ.get(_LISTENING) == str(os.getppid())

    def _told(self, task_id: object, error_type: str) -> bool:
        """Tell whether this was told a moment ago, as newer Celery does of hard time limits."""
        if error_type != "TimeLimitExceeded":
            return False
        now = time.monotonic()
        before, at = self._timed_out
        self._timed_out = (task_id, now)
        return before == task_id and now - at < _ANNOUNCED_TWICE

    def _labels(self, task: Any, delivery_info: Any) -> _Labels:
        return {"task": task.name, **self._queue(delivery_info)}

    def _queue(self, delivery_info: Any) -> _Labels:
        queue = queue_of(self._app, delivery_info)
        return {} if queue is None else {"queue": queue}

    def _count_failure(self, labels: _Labels, error_type: str) -> None:
        self.metrics.operation(self._task, labels=labels).failure(error_type)

    def _count_retry(self, labels: _Labels, retry: Any, seconds: float | None = None) -> None:
        """Count a retry by the class of its reason, with the duration of the attempt if known."""
        reason = getattr(retry, "exc", None)
        kind = "Retry" if reason is None else class_name(type(reason))
        operation = self.metrics.operation(self._task, labels={**labels, "retry_reason": kind})
        operation.retry()
        if seconds is not None:
            operation.observe(seconds)

    def _withdraw(self, attempt: _Attempt) -> None:
        """Count one fewer in progress, and no outcome."""
        InProgress(self.metrics, self._task, attempt.labels).add(-1)


def _key(request: Any) -> tuple[int, int]:
    """Return what tells the attempts apart, as long as one runs: an id may run twice at once."""
    return os.getpid(), id(request)


def _is_retry(raised: object) -> bool:
    from celery.exceptions import Retry

    return isinstance(raised, Retry)


def _error_type(raised: BaseException) -> str:
    kind = type(raised)
    name = class_name(kind)
    return _OF_GREENLETS.get(f"{kind.__module__}.{name}", name)
