"""The floor: the least plain Python that records an outcome with its duration.

A look-up by operation and labels, one lock, and the outcome, the sum and the bucket each raised.
It checks nothing, cleans nothing, bounds nothing, knows no minimum and no maximum, and raises
where something is missing: whoever does any of these costs more.

The lock is taken by ``with``. Its ``acquire`` and ``release``, kept and called, are a tenth
cheaper, but an interrupt (Ctrl-C) between the call and the ``try`` leaves it locked for ever.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from threading import Lock


class FloorSeries:
    """One operation and label set; its bounds are those of the floor."""

    __slots__ = ("block", "bounds", "failures", "lock")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.lock = Lock()
        self.bounds = bounds
        # Successes, the sum of durations, then the counts by bucket.
        self.block = [0.0] * (2 + len(bounds) + 1)
        self.failures: dict[str, float] = {}

    def success(self, duration: float) -> None:
        """Count a success that took ``duration`` seconds."""
        bucket = bisect_left(self.bounds, duration) + 2
        block = self.block
        with self.lock:
            block[0] += 1.0
            block[1] += duration
            block[bucket] += 1.0


class Floor:
    """Records what ``ExecutorMetrics.record_operation`` is called with, and no more."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._series: dict[str, dict[tuple[tuple[str, str], ...], FloorSeries]] = {}

    def add(self, operation: str, labels: Mapping[str, str]) -> FloorSeries:
        """Return a new series, found from now on by ``operation`` and ``labels``."""
        series = FloorSeries(self._bounds)
        self._series.setdefault(operation, {})[tuple(labels.items())] = series
        return series

    def record_operation(
        self,
        operation_type: str,
        success: bool = True,
        duration: float = 0.0,
        *,
        labels: Mapping[str, str],
        error_type: str = "unknown",
    ) -> None:
        """Record an outcome and how many seconds it took."""
        series = self._series[operation_type][tuple(labels.items())]
        bucket = bisect_left(series.bounds, duration) + 2
        block = series.block
        with series.lock:
            if success:
                block[0] += 1.0
            else:
                failures = series.failures
                failures[error_type] = failures.get(error_type, 0.0) + 1.0
            block[1] += duration
            block[bucket] += 1.0
