"""Slots: where recording writes, and the cells of single series in them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from otel_executor_metrics.storage.blocks import (
    BEGUN,
    BUCKETS,
    ENDED,
    MAX,
    MIN,
    SUM,
    Block,
    Series,
)
from otel_executor_metrics.typing import Lock


class Slot:
    """A block and its lock. Both may be replaced: look at ``block`` only under ``lock``.

    The block is a list on the heap, or a view of a file that other processes read.
    """

    __slots__ = ("block", "lock", "series")

    def __init__(self, series: Series, lock: Lock, block: Block) -> None:
        self.series = series
        self.lock = lock
        self.block = block


class SumCell:
    """A counter: one number of a slot."""

    __slots__ = ("_index", "_slot")

    def __init__(self, slot: Slot, index: int) -> None:
        self._slot = slot
        self._index = index

    def record(self, value: float, /) -> None:
        """Add ``value``."""
        with self._slot.lock:
            self._slot.block[self._index] += value


class ProgressCell:
    """A gauge of what is in progress: the difference of two numbers, each of which only grows."""

    __slots__ = ("_slot",)

    def __init__(self, slot: Slot) -> None:
        self._slot = slot

    def record(self, value: float, /) -> None:
        """Add ``value``, which may be negative."""
        with self._slot.lock:
            self._slot.block[BEGUN if value > 0 else ENDED] += abs(value)


def observe(block: Block, bounds: Sequence[float], value: float) -> None:
    """Add ``value`` to the histogram in ``block``, whose lock the caller holds.

    The upper ``bounds`` are inclusive; a last bucket without a bound is implied.
    """
    block[bisect_left(bounds, value) + BUCKETS] += 1.0
    block[SUM] += value
    block[MIN] = min(block[MIN], value)
    block[MAX] = max(block[MAX], value)
