"""Records that a thread makes."""

from __future__ import annotations

import contextlib
import logging
import threading
import weakref
from types import TracebackType
from typing import TypeVar

from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.recorders.backlog import PATIENCE, Backlog, Entry

_logger = logging.getLogger(__name__)

_Self = TypeVar("_Self", bound="BackgroundRecorder")


class BackgroundBacklog(Backlog):
    """A backlog that a thread of its own drains; it starts with the first record.

    Args:
        metrics: where they are recorded.
        maxsize: how many may wait; whoever adds the last of them records them all.
        interval: seconds between two drains; None for one whenever something comes.

    Raises:
        ValueError: ``metrics`` is no ExecutorMetrics.
    """

    def __init__(
        self, metrics: ExecutorMetrics, maxsize: int, interval: float | None = None
    ) -> None:
        super().__init__(metrics, maxsize)
        self._interval = interval
        self._worker: _Worker | None = None
        self._starting = threading.RLock()  # reentrant, as the other
        self.closed = False

    def put(self, entry: Entry) -> None:
        """Add one, to be recorded soon; at once where there is no room or no thread for it."""
        if not self.metrics.enable_metrics:
            return
        super().put(entry)
        if self.closed or self.full() or not self._started():
            self.drain(patience=0)
        elif self._interval is None and self._worker is not None:
            self._worker.wake()

    def start_anew(self) -> None:
        """Forget what waits, and the thread, which the fork did not take along."""
        super().start_anew()
        self._worker = None
        self._starting = threading.RLock()

    def close(self, patience: float = PATIENCE) -> None:
        """End the thread and record what waits; from then on all is recorded at once.

        Args:
            patience: seconds to wait for the thread, which has at most a batch to record.
        """
        self.closed = True  # a thread that is started at this moment sees it
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end(patience)
        self.drain(patience)

    def ended(self, worker: _Worker) -> None:
        """Have the next record start another thread, unless there is one."""
        if self._worker is worker:
            self._worker = None

    def _started(self) -> bool:
        """Tell whether there is a thread, now or soon."""
        if self._worker is not None:
            return True
        with self._starting:
            if self._worker is None:
                # First kept, then started: a signal handler may come between, and record.
                worker = self._worker = _Worker(self, self._interval)
                try:
                    worker.start()
                except RuntimeError as error:  # no thread is left, or the interpreter ends
                    self._worker = None
                    _logger.debug("recording at once: %s", error)
        return self._worker is not None


class _Worker(threading.Thread):
    """Drains a backlog until it is told to end, or nothing is recorded any more."""

    def __init__(self, backlog: BackgroundBacklog, interval: float | None) -> None:
        super().__init__(name="executor-metrics-recorder", daemon=True)
        self._backlog = backlog
        self._interval = -1.0 if interval is None else interval
        # Released to wake the thread. An Event's own lock is not reentrant: a signal handler that
        # records while its thread is inside set() would stand still for ever.
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def run(self) -> None:
        """Drain, until the end."""
        try:
            while not self._backlog.closed and self._backlog.metrics.enable_metrics:
                self._asleep.acquire(timeout=self._interval)
                self._backlog.drain()
        finally:  # also by a SystemExit that some object raised while it was recorded
            self._backlog.ended(self)

    def wake(self) -> None:
        """Have it drain now."""
        with contextlib.suppress(RuntimeError):  # it is awake
            self._asleep.release()

    def end(self, patience: float) -> None:
        """Have it see that the backlog is closed, and wait for its end as many seconds."""
        self.wake()
        if self.is_alive() and self is not threading.current_thread():
            self.join(patience)


class BackgroundRecorder:
    """What has a backlog with a thread: to be flushed, closed, or entered.

    Args:
        metrics: where it is recorded.
        maxsize: how many may wait.
        interval: seconds between two drains; None for one whenever something comes.
    """

    def __init__(
        self, metrics: ExecutorMetrics, maxsize: int, interval: float | None = None
    ) -> None:
        self._backlog = BackgroundBacklog(metrics, maxsize, interval)
        # Without patience: it is called wherever the program happens to be, in the midst of a
        # recording that the thread waits for, perhaps. At exit the metrics see to it.
        weakref.finalize(self, self._backlog.close, patience=0).atexit = False

    def flush(self) -> None:
        """Record what waits now."""
        self._backlog.drain()

    def close(self) -> None:
        """Record what waits, and end the thread. Calling it twice is harmless."""
        self._backlog.close()

    def __enter__(self: _Self) -> _Self:
        """Return the recorder itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
