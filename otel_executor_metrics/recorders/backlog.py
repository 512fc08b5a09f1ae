"""Records that wait to be made."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.typing import ErrorType, Labels

Entry: TypeAlias = dict[str, Any]
"""The arguments of one ``record_operation``, as ``record_batch_operations`` takes them."""

PATIENCE: Final = 5.0
"""Seconds; a backlog is recorded in a few milliseconds."""


class Backlog:
    """Records that wait; any thread may add some, and make them.

    ``metrics`` has them made before it flushes and before it ends, in whatever way that happens.
    In a forked child there are none: they are the parent's, which will make them.

    Args:
        metrics: where they are recorded.
        maxsize: for how many there should be room; whoever adds looks after it.

    Raises:
        ValueError: ``metrics`` is no ExecutorMetrics.
    """

    def __init__(self, metrics: ExecutorMetrics, maxsize: int) -> None:
        if not isinstance(metrics, ExecutorMetrics):
            raise SettingError("metrics", metrics, "must be an ExecutorMetrics")
        self.metrics = metrics
        self.maxsize = maxsize
        self._entries: deque[Entry] = deque()
        # Held while some are recorded. Reentrant: a signal handler may come between, and record.
        self._lock = threading.RLock()
        metrics.attach(self)

    def qsize(self) -> int:
        """Return how many wait."""
        return len(self._entries)

    def full(self) -> bool:
        """Tell whether as many wait as there is room for."""
        return len(self._entries) >= self.maxsize

    def waiting(self) -> list[Entry]:
        """Return those that wait, the oldest first."""
        return list(self._entries.copy())  # a copy first: others add meanwhile

    def put(self, entry: Entry) -> None:
        """Add one."""
        self._entries.append(entry)

    def drain(self, patience: float = PATIENCE) -> None:
        """Record all that wait; those that another thread has just taken are recorded as well.

        Args:
            patience: seconds to wait for that other thread; no longer, since it may itself wait for
                a recording that the caller, a signal handler say, has interrupted.
        """
        held = self._lock.acquire(timeout=patience)
        try:
            self.metrics.record_batch_operations(self._taken())
        finally:
            if held:
                self._lock.release()

    def start_anew(self) -> None:
        """Forget what waits, in a forked child."""
        self._entries.clear()
        self._lock = threading.RLock()

    def _taken(self) -> Iterator[Entry]:
        """Take one after the other, each as it is recorded; not those that come meanwhile."""
        for _ in range(len(self._entries)):
            try:
                yield self._entries.popleft()
            except IndexError:  # a signal handler came between, and took the rest
                return


def entry(
    operation: str,
    success: bool,
    duration: float | None,
    labels: Labels | None,
    error_type: ErrorType,
) -> Entry:
    """Return what is to be recorded, unchanged by what becomes of the arguments meanwhile."""
    try:
        kept: Any = dict(labels) if labels else None
    except Exception:  # no mapping, or one that raises; the facade counts that
        kept = labels
    if isinstance(error_type, BaseException):  # which holds its frames, and all that is in them
        error_type = type(error_type)
    return {
        "operation": operation,
        "success": success,
        "duration": duration,
        "labels": kept,
        "error_type": error_type,
    }
