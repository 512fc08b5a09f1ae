"""Requests that a server answers, as one operation: what ASGI and WSGI have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.integrations._in_progress import InProgress
from otel_executor_metrics.metrics import ExecutorMetrics

_logger = logging.getLogger(__name__)

OPERATION: Final = "http_request"

HTTP_OPERATIONS: Final = (
    Operation(OPERATION, labels=("method", "route", "status_class"), help="HTTP request"),
)
"""To be passed to ``ExecutorMetrics(operations=...)``. The default buckets suit requests."""

UNMATCHED: Final = "unmatched"
"""The route of a request that no route matched."""

CLIENT_DISCONNECT: Final = "ClientDisconnect"
"""The ``error_type`` of a response that its client did not wait for."""

INCOMPLETE: Final = "IncompleteResponse"
"""The ``error_type`` of an application that ended before its response did."""

_METHODS: Final = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")
)


class Requests:
    """Records the requests of one application.

    What is in progress has no labels: which route it takes, and how it ends, shows later.
    """

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self._metrics = metrics
        self._in_progress = InProgress(metrics, OPERATION)

    @property
    def recorded(self) -> bool:
        """Whether anything is recorded; else a middleware leaves no trace."""
        return self._metrics.enable_metrics

    def begin(self) -> None:
        """Count one more in progress."""
        self._in_progress.add(1)

    def end(
        self, method: str, route: str, status: int, seconds: float, error_type: str | None
    ) -> None:
        """Count one fewer in progress, and its outcome; a status of 0 was never sent."""
        labels = {
            "method": method if method in _METHODS else "other",
            "route": route,
            "status_class": f"{status // 100}xx" if status else "none",
        }
        # In this order, so that a process that is killed in between has counted what it has done.
        self._metrics.record_operation(
            OPERATION, error_type is None, seconds, labels, error_type or ""
        )
        self._in_progress.add(-1)


class Route:
    """Tells the route of a request, or ``unmatched``; a label breaks no request."""

    def __init__(self, tell: Callable[[Any], str | None]) -> None:
        self._tell = tell
        self._warned = False

    def __call__(self, request: Any) -> str:
        """Return what the function of the user's says, unless it raises."""
        try:
            return self._tell(request) or UNMATCHED
        except Exception:
            if not self._warned:
                self._warned = True
                _logger.warning("the route of requests cannot be told", exc_info=True)
            return UNMATCHED


def status_of(answered: object) -> int:
    """Return the status of a response, or 0 where an application has given something else."""
    return int(answered) if isinstance(answered, int) and 100 <= answered <= 999 else 0


def failure_of(status: int) -> str | None:
    """Return the ``error_type`` of a response: a server's error is a failure, a client's is not."""
    return str(status) if status >= 500 else None
