"""A clock that stands still until it is told."""

from __future__ import annotations

import math
import threading


class ManualClock:
    """A :class:`~otel_executor_metrics.typing.Clock` that goes on by what :meth:`advance` says."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the seconds so far."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass.

        Raises:
            ValueError: they are negative or infinite; time does not go back.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"seconds={seconds!r}: must be finite, and not negative")
        with self._lock:
            self._now += seconds
