"""The recording path written out: one operation and label set whose series live in cells.

A million calls a minute go through here, so there is one lock for an outcome and its duration and
no call in between. Whatever is out of the ordinary goes the ordinary way, by the handles.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

from otel_executor_metrics.bound import BoundOperation
from otel_executor_metrics.catalog import Role
from otel_executor_metrics.instruments import CounterHandle, Drop
from otel_executor_metrics.storage import BUCKETS, MAX, MIN, SUM, Block, HistogramCell, SumCell
from otel_executor_metrics.typing import Cell, Lock


class CellOperation(BoundOperation):
    """A :class:`BoundOperation` that writes to its cells directly; they share one lock."""

    __slots__ = ("_bounds", "_in_progress_block", "_latency_block", "_lock", "_success_block")

    def __init__(
        self,
        cells: Mapping[Role, Any],
        *,
        failures: Callable[[object], CounterHandle],
        drop: Drop,
    ) -> None:
        super().__init__(cells, failures=failures, drop=drop)
        self._lock: Lock = cells["latency"].lock
        self._bounds: Sequence[float] = cells["latency"].bounds
        self._latency_block: Block = cells["latency"].block
        self._success_block: Block = cells["success"].block
        self._in_progress_block: Block = cells["in_progress"].block

    @staticmethod
    def takes(cells: Mapping[Role, Cell]) -> bool:
        """Tell whether ``cells`` can be written to directly: of storage's kinds, with one lock."""
        held = [cell for cell in cells.values() if isinstance(cell, (SumCell, HistogramCell))]
        return len(held) == len(cells) and len({id(cell.lock) for cell in held}) == 1

    def success(self, duration: float | None = None) -> None:
        """Count a success; observe ``duration`` seconds if given."""
        if type(duration) is not float or not 0.0 <= duration < inf:
            super().success(duration)
            return
        bucket = bisect_left(self._bounds, duration) + BUCKETS
        block = self._latency_block
        with self._lock:
            self._success_block[0] += 1.0
            block[bucket] += 1.0
            block[SUM] += duration
            if duration < block[MIN]:
                block[MIN] = duration
            if duration > block[MAX]:
                block[MAX] = duration

    def begin(self) -> None:
        """Count one more in progress."""
        with self._lock:
            self._in_progress_block[0] += 1.0

    def end(self) -> None:
        """Count one fewer in progress."""
        with self._lock:
            self._in_progress_block[0] -= 1.0
