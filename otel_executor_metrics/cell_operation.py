"""The recording path written out: one operation and label set whose state is a slot.

A million calls a minute go through here, so there is one lock for an outcome and its duration and
no call in between. Whatever is out of the ordinary goes a longer way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import inf

from otel_executor_metrics.bound import BoundOperation
from otel_executor_metrics.catalog import Role
from otel_executor_metrics.instruments import CountDrop
from otel_executor_metrics.storage.blocks import (
    BEGUN,
    BUCKETS,
    ENDED,
    FINISHED,
    LOST,
    MAX,
    MIN,
    OUTCOME,
    RETRIES,
    SUM,
)
from otel_executor_metrics.storage.slots import ProgressCell, Slot, observe
from otel_executor_metrics.storage.store import Store
from otel_executor_metrics.typing import UNKNOWN, Cell, Clock, ErrorType

_COUNTERS: dict[Role, int] = {"success": OUTCOME, "retries": RETRIES, "lost": LOST}


class CounterCell:
    """A counter of an operation: one number of one of its slots."""

    __slots__ = ("_index", "_operation", "slot")

    def __init__(self, operation: CellOperation, slot: Slot, index: int) -> None:
        self._operation = operation
        self.slot = slot
        self._index = index

    def record(self, value: float, /) -> None:
        """Add ``value``."""
        self._operation.add(self.slot, self._index, value)


class LatencyCell:
    """The histogram of an operation."""

    __slots__ = ("_operation",)

    def __init__(self, operation: CellOperation) -> None:
        self._operation = operation

    def record(self, value: float, /) -> None:
        """Observe ``value``."""
        self._operation.observe_number(value)


class CellOperation(BoundOperation[CounterCell]):
    """A :class:`BoundOperation` that writes to its slot directly.

    All that is recorded passes through its methods, that of its cells as well: where somebody
    traces, it becomes a ``TracedOperation``.
    """

    __slots__ = ("_bounds", "_slot", "_store")

    def __init__(
        self,
        slot: Slot,
        bounds: Sequence[float],
        store: Store,
        *,
        failures: Callable[[object], CounterCell],
        drop: CountDrop,
        clock: Clock,
    ) -> None:
        super().__init__(failures, drop, clock)
        self._slot = slot
        self._bounds = bounds
        self._store = store

    def cell(self, role: Role) -> Cell:
        """Return the cell of one role."""
        if role == "latency":
            return LatencyCell(self)
        if role == "in_progress":
            return ProgressCell(self._slot)
        return CounterCell(self, self._slot, _COUNTERS[role])

    def new_failure(self, error_type: str) -> CounterCell:
        """Make the series of the failures of one type."""
        return CounterCell(self, self._store.failure(self._slot, error_type), OUTCOME)

    def success(self, duration: float | None = None) -> None:
        """Count a success; observe ``duration`` seconds if given."""
        if type(duration) is not float or not 0.0 <= duration < inf:
            self._count_unusual(self._slot, OUTCOME, duration)
            return
        # _count written out: this is the call that is made most.
        bucket = bisect_left(self._bounds, duration) + BUCKETS
        slot = self._slot
        with slot.lock:
            block = slot.block
            block[OUTCOME] += 1.0
            block[bucket] += 1.0
            block[SUM] += duration
            if duration < block[MIN]:
                block[MIN] = duration
            if duration > block[MAX]:
                block[MAX] = duration

    def failure(self, error_type: ErrorType = UNKNOWN, duration: float | None = None) -> None:
        """Count a failure by its type; observe ``duration`` seconds if given."""
        self._count(self.failures(error_type).slot, OUTCOME, duration)

    def begin(self) -> None:
        """Count one more in progress."""
        slot = self._slot
        with slot.lock:
            slot.block[BEGUN] += 1.0

    def finish(self, duration: float | None = None, error_type: str | None = None) -> None:
        """Count one fewer in progress, and how it ended: both by one write."""
        try:
            ended = self._slot if error_type is None else self.failures(error_type).slot
            self._count(ended, FINISHED, duration)
        except Exception:
            # So near to the recursion limit that there are no frames to count the outcome. What
            # has begun ends all the same: this takes no more of them than ``begin``.
            slot = self._slot
            with slot.lock:
                slot.block[ENDED] += 1.0

    def add(self, counted: Slot, index: int, amount: float) -> None:
        """Add to a number of ``counted``, which shares our lock."""
        with counted.lock:
            counted.block[index] += amount

    def observe_number(self, number: float) -> None:
        """Observe a number of seconds that is known to be one."""
        slot = self._slot
        with slot.lock:
            observe(slot.block, self._bounds, number)

    def _count(self, counted: Slot, index: int, duration: float | None) -> None:
        """Add 1 to a number of ``counted``, which shares our lock; observe the duration if any."""
        if type(duration) is not float or not 0.0 <= duration < inf:
            self._count_unusual(counted, index, duration)
            return
        # observe written out: it is called nearly as often.
        bucket = bisect_left(self._bounds, duration) + BUCKETS
        slot = self._slot
        with slot.lock:
            block = slot.block
            block[bucket] += 1.0
            block[SUM] += duration
            if duration < block[MIN]:
                block[MIN] = duration
            if duration > block[MAX]:
                block[MAX] = duration
            counted.block[index] += 1.0

    def _count_unusual(self, counted: Slot, index: int, duration: object) -> None:
        """Do the same where there is no duration, or one that has to be looked at."""
        number = None if duration is None else self._readable(duration)
        slot = self._slot
        with slot.lock:
            if number is not None:
                observe(slot.block, self._bounds, number)
            counted.block[index] += 1.0
