"""Sparing the log: one line of a kind, then a count of those that were held back."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

from otel_executor_metrics.typing import Clock, Lock

LOG_INTERVAL = 60.0
_MAX_KEYS = 1000


class Throttle:
    """Lets one event of a kind through each ``interval`` seconds, and counts the others.

    At most 1 000 kinds are told apart; the rest share one.
    """

    def __init__(
        self,
        interval: float = LOG_INTERVAL,
        clock: Clock = time.monotonic,
        *,
        lock: Lock | None = None,
    ) -> None:
        self._lock = lock or threading.RLock()
        self._interval = interval
        self._clock = clock
        self._kinds: dict[Hashable, tuple[float, int]] = {}

    def admit(self, kind: Hashable) -> int | None:
        """Return how many were held back since the last one, or None to hold this one back."""
        with self._lock:
            if kind not in self._kinds and len(self._kinds) >= _MAX_KEYS:
                kind = None
            now = self._clock()
            last, held_back = self._kinds.get(kind, (None, 0))
            if last is not None and now - last < self._interval:
                self._kinds[kind] = (last, held_back + 1)
                return None
            self._kinds[kind] = (now, 0)
            return held_back
