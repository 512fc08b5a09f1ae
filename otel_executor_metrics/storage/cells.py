"""Cells: a block of doubles and a lock for each series.

A block is anything that is indexed like a list of floats: a list on the heap here, a view of a
mapped file where the state must outlive its process. The cells of one operation and label set
share a lock, so that an outcome is recorded under one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import MutableSequence, Sequence
from math import inf
from typing import Final, NamedTuple, TypeAlias

from otel_executor_metrics.typing import Lock

Block: TypeAlias = MutableSequence[float]

SUM: Final = 0
MIN: Final = 1
MAX: Final = 2
BUCKETS: Final = 3
"""Indices into a histogram's block; from BUCKETS on stand the counts, that of +Inf last."""


class SumCell:
    """A counter or gauge: a block of one double."""

    __slots__ = ("block", "lock")

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        self.block: Block = [0.0]

    def record(self, value: float, /) -> None:
        """Add ``value``."""
        with self.lock:
            self.block[0] += value

    def read(self) -> float:
        """Return the total."""
        return self.block[0]


class Distribution(NamedTuple):
    """What a histogram holds at one moment; ``counts`` are by bucket, not cumulative."""

    sum: float
    min: float
    max: float
    counts: Sequence[float]


class HistogramCell:
    """A histogram with inclusive upper ``bounds``; a last bucket without a bound is implied."""

    __slots__ = ("block", "bounds", "lock")

    def __init__(self, lock: Lock, bounds: Sequence[float]) -> None:
        self.lock = lock
        self.bounds = bounds
        self.block: Block = [0.0, inf, -inf, *[0.0] * (len(bounds) + 1)]

    def record(self, value: float, /) -> None:
        """Observe ``value``."""
        bucket = bisect_left(self.bounds, value) + BUCKETS
        block = self.block
        with self.lock:
            block[bucket] += 1.0
            block[SUM] += value
            if value < block[MIN]:
                block[MIN] = value
            if value > block[MAX]:
                block[MAX] = value

    def read(self) -> Distribution:
        """Return what has been observed."""
        with self.lock:
            block = self.block[:]
        return Distribution(block[SUM], block[MIN], block[MAX], block[BUCKETS:])
