"""Health of the operations, by what was really recorded in the last minutes."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from otel_executor_metrics.errors import show
from otel_executor_metrics.judging import (
    LEAST_JUDGED,
    Criteria,
    SlidingWindow,
    Stretch,
    checked_count,
    checked_overrides,
    checked_seconds,
    checked_thresholds,
    judge,
    usable_thresholds,
)
from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.objective import thresholds_with
from otel_executor_metrics.typing import Clock, Lock

_logger = logging.getLogger(__name__)


class _Watched(NamedTuple):
    """What one process looks through, and who looks."""

    lock: Lock
    window: SlidingWindow


class MetricsMonitor:
    """Judges what ``metrics`` has recorded, by all processes that share its port.

    No thread takes samples: each check does, and so does the making of the monitor. Make it when
    the program starts, keep it, and check at least once in two windows.

    Args:
        metrics: what records.
        thresholds: in place of those of ``metrics`` (its settings ``health_…``). Of ``error_rate``
            and ``success_rate`` one alone decides the other.
        operations: thresholds of single operations: ``{"train": {"latency_p95": 600}}``. They go
            before the operation's objective, which goes before the thresholds of all.
        window: seconds that are judged; ``health_window`` of ``metrics`` otherwise.
        min_finished: how many must have finished in the window for an operation to be judged. Of
            fewer than 20, one alone is more than 5 %.
        clock: tells the seconds.

    Attributes:
        alert_thresholds: the thresholds of every operation, a dict to be changed at will; they are
            read at each check. One that is deleted is not asked for.

    Raises:
        SettingError: a ``ValueError``: a threshold, a name or a number cannot be used.

    Source: docs/health.md.
    """

    def __init__(
        self,
        metrics: ExecutorMetrics,
        *,
        thresholds: Mapping[str, float] | None = None,
        operations: Mapping[str, Mapping[str, float]] | None = None,
        window: float | None = None,
        min_finished: int = LEAST_JUDGED,
        clock: Clock = time.monotonic,
    ) -> None:
        self.metrics = metrics
        settings = metrics.health_settings
        standard = settings.pop("window")
        seconds = standard if window is None else checked_seconds("window", window)
        given = checked_thresholds("thresholds", {} if thresholds is None else thresholds)
        self.alert_thresholds: dict[str, float] = thresholds_with(given, settings)
        self._overrides = checked_overrides("operations", {} if operations is None else operations)
        self._least = checked_count("min_finished", min_finished)
        # By process: in a forked child another begins, and the lock is of a thread of its parent's.
        looks = SlidingWindow(metrics.snapshot, seconds, clock)
        self._watched = {os.getpid(): _Watched(threading.RLock(), looks)}

    def check_health(self) -> dict[str, Any]:
        """Return how things are; raises nothing.

        ``status`` is ``healthy``, ``degraded`` (a threshold is crossed), ``unhealthy`` (of an
        operation, or of everything together, at least half fails), ``no_data`` (too little has
        finished to tell) or ``disabled``. ``reasons`` says in words why; ``operations`` has, by
        name, ``status``, ``finished``, ``failed``, ``lost``, ``error_rate``, ``success_rate`` and
        ``latency_p95`` (seconds; None where there is none), all of the last ``window_seconds``.
        ``metrics_enabled`` and ``available_metrics`` (how many) are of the facade. When disabled,
        ``message`` says so.
        """
        if not self.metrics.enable_metrics:
            why = "Metrics could not be started" if self.metrics.degraded else "Metrics disabled"
            return {**_nothing(), "status": "disabled", "message": why, "metrics_enabled": False}
        try:
            verdict = self._verdict()
        except Exception as error:  # a subclass of the facade may raise anything
            _logger.debug("health cannot be judged", exc_info=True)
            verdict = _nothing(f"health cannot be judged: {show(error)}")
        available = len(self.metrics.metrics)
        return {**verdict, "metrics_enabled": True, "available_metrics": available}

    def _verdict(self) -> dict[str, Any]:
        usable, complaints = usable_thresholds("alert_thresholds", self.alert_thresholds)
        verdict = judge(self._latest(), Criteria(usable, self._overrides, self._least))
        return {**verdict, "reasons": [*verdict["reasons"], *complaints]}

    def _latest(self) -> Stretch:
        process = os.getpid()
        # Of several threads that come here first in a child, the first one's stays.
        seen = self._watched.get(process) or self._watched.setdefault(process, self._anew())
        with seen.lock:
            return seen.window.latest()

    def _anew(self) -> _Watched:
        (*_, last) = self._watched.values()
        window = last.window.from_zero() if self._begins_at_zero() else last.window
        return _Watched(threading.RLock(), window)

    def _begins_at_zero(self) -> bool:
        """Tell whether a forked child counts alone, from zero, and not with its fleet."""
        fleet = self.metrics.get_metrics_summary()["fleet"]
        return fleet is None or fleet["directory"] is None


def _nothing(*reasons: str) -> dict[str, Any]:
    return {
        "status": "no_data",
        "reasons": [*reasons],
        "operations": {},
        "window_seconds": 0.0,
        "available_metrics": 0,
    }
