"""Health as the metrics port tells it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from otel_executor_metrics._throttle import Throttle
from otel_executor_metrics.config import Settings
from otel_executor_metrics.errors import show
from otel_executor_metrics.judging import Criteria, SlidingWindow, judge, thresholds_of
from otel_executor_metrics.pipeline import Source
from otel_executor_metrics.snapshots import snapshot_of

_logger = logging.getLogger(__name__)

_FRESH: Final = 1.0
"""Seconds that a verdict stands: however many ask, a whole fleet is not read for each."""


class Readiness:
    """Judges what is recorded, for all who ask the port.

    Args:
        source: returns what is recorded, by the whole fleet where there is one, if it can be read.
        available: counts the metrics that there are.
        settings: say by what is judged.
    """

    def __init__(
        self, source: Callable[[], Source | None], available: Callable[[], int], settings: Settings
    ) -> None:
        self._source = source
        self._available = available
        self._seconds = settings.health_window
        self._criteria = Criteria(thresholds_of(settings))
        self._throttle = Throttle()

    def begin(self) -> None:
        """Begin a window; called before the port is served, also by a forked child."""
        self._lock = threading.Lock()
        self._judged_at = -_FRESH
        self._verdict: Mapping[str, Any] = {}
        self._window = SlidingWindow(
            lambda: snapshot_of(self._source()), self._seconds, time.monotonic
        )

    def look(self) -> None:
        """Take note of what is recorded: with every scrape, so that the first who asks is told."""
        try:
            with self._lock:
                self._window.look()
        except Exception as error:  # a scrape goes on without it
            if self._throttle.admit("look") is not None:
                _logger.warning("no note could be taken for /readyz: %s", show(error))

    def check(self) -> tuple[bool, Mapping[str, Any]]:
        """Return whether work may be sent here, and the verdict with its figures."""
        with self._lock:
            if time.monotonic() - self._judged_at >= _FRESH:
                self._verdict = {
                    **judge(self._window.latest(), self._criteria),
                    "metrics_enabled": True,
                    "available_metrics": self._available(),
                }
                self._judged_at = time.monotonic()
            return self._verdict["status"] in ("healthy", "no_data"), self._verdict
