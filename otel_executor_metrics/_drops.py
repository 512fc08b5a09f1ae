"""What could not be recorded: counted every time, logged sparingly."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping

from otel_executor_metrics.errors import show
from otel_executor_metrics.typing import Cell, Clock, Lock

_logger = logging.getLogger(__name__)

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


class Drops:
    """Counts drops in the cell of their reason, and warns of them."""

    def __init__(self, cells: Mapping[str, Cell], lock: Lock) -> None:
        self._cells = cells
        self._counts = dict.fromkeys(cells, 0)
        self._lock = lock
        self._throttle = Throttle(lock=lock)

    @property
    def counts(self) -> dict[str, int]:
        """The drops so far by reason, reasons without any left out."""
        return {reason: count for reason, count in self._counts.items() if count}

    def of(self, operation: str) -> Callable[[str, object, str], None]:
        """Return the counting of one operation's drops: by reason, value and rule."""
        where = in_operation(operation)
        return lambda reason, value, rule: self.count(reason, where, value, rule)

    def count(self, reason: str, where: str, value: object, rule: str) -> None:
        """Count one drop; ``value`` and ``rule`` go to the log, once for a reason and place."""
        with self._lock:
            self._counts[reason] += 1
        self._cells[reason].record(1)
        held_back = self._throttle.admit((reason, where))
        if held_back is not None:
            more = f" ({held_back} more since the last such line)" if held_back else ""
            # A log handler of the program may raise; recording does not.
            with contextlib.suppress(Exception):
                _logger.warning(
                    "dropped (%s) in %s: %s: %s%s", reason, where, show(value), rule, more
                )


def in_operation(name: object) -> str:
    """Return how a log line says that it is about the operation ``name``."""
    return f"operation {show(name)}"
