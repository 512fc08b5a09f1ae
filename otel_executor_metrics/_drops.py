"""What could not be recorded: counted every time, logged sparingly."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping

from otel_executor_metrics._throttle import Throttle
from otel_executor_metrics.errors import show
from otel_executor_metrics.typing import Cell, Lock

_logger = logging.getLogger(__name__)

_LOG_PATIENCE = 1.0  # seconds; who has waited that long for another's line leaves theirs out


class Drops:
    """Counts drops in the cell of their reason, and warns of them."""

    def __init__(self, cells: Mapping[str, Cell], lock: Lock) -> None:
        self._cells = cells
        self._counts = dict.fromkeys(cells, 0)
        self._lock = lock
        self._throttle = Throttle(lock=lock)
        self.log_lock = threading.RLock()
        """Held while a line is written. Whoever forks holds it meanwhile: Python gives a child the
        locks of files as they are, for ever taken if another thread was writing just then."""

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
            self._log(f"dropped ({reason}) in {where}: {show(value)}: {rule}{more}")

    def _log(self, line: str) -> None:
        if not self.log_lock.acquire(timeout=_LOG_PATIENCE):
            return
        try:
            # A log handler of the program may raise; recording does not.
            with contextlib.suppress(Exception):
                _logger.warning("%s", line)
        finally:
            self.log_lock.release()


def in_operation(name: object) -> str:
    """Return how a log line says that it is about the operation ``name``."""
    return f"operation {show(name)}"
