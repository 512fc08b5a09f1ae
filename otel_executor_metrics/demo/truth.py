"""What a workload did, counted by itself and not by the library."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Key: TypeAlias = tuple[str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class SeriesTruth:
    """What was done of one operation with one label set.

    ``durations`` holds, in seconds, those that the workload passed to the library. Where the
    library measured itself, there is none: only their number, ``finished``, is known exactly.
    """

    successes: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    durations: list[float] = field(default_factory=list)

    @property
    def finished(self) -> int:
        """Return how many attempts ended, either way: the histogram's count."""
        return self.successes + self.failures.total()

    def bucket_counts(self, bounds: Sequence[float]) -> list[int]:
        """Return how many durations are at most each of the rising ``bounds``, and then all."""
        counts = Counter(bisect_left(bounds, duration) for duration in self.durations)
        below, cumulative = 0, []
        for index in range(len(bounds) + 1):
            below += counts[index]
            cumulative.append(below)
        return cumulative

    def quantile_bucket(self, quantile: float, bounds: Sequence[float]) -> tuple[float, float]:
        """Return the bounds of the bucket in which the ``quantile`` of the durations lies.

        Raises:
            ValueError: there are no durations, or the quantile is not between 0 and 1.
        """
        if not self.durations or not 0 < quantile < 1:
            raise ValueError(f"no {quantile} quantile of {len(self.durations)} durations")
        rank = math.ceil(quantile * len(self.durations))
        index = bisect_left(bounds, sorted(self.durations)[rank - 1])
        edges = (0.0, *bounds, math.inf)
        return edges[index], edges[index + 1]


class Truth:
    """The series of a workload. Written by the one thread that runs the workload.

    Without ``keep_durations`` it stays small, however long the workload runs.
    """

    def __init__(self, *, keep_durations: bool = True) -> None:
        self._keep_durations = keep_durations
        self._series: dict[Key, SeriesTruth] = {}

    def __iter__(self) -> Iterator[tuple[str, dict[str, str], SeriesTruth]]:
        """Iterate over operation, labels and what was done."""
        for (operation, labels), series in list(self._series.items()):
            yield operation, dict(labels), series

    def of(self, operation: str, labels: Mapping[str, str] | None = None) -> SeriesTruth:
        """Return what was done of ``operation`` with exactly these labels."""
        return self._series.get(_key(operation, labels or {})) or SeriesTruth()

    @property
    def finished(self) -> int:
        """Return how many attempts ended, of all operations."""
        return sum(series.finished for _, _, series in self)

    def started(self, operation: str, number: int, labels: Mapping[str, str]) -> None:
        """Note that an attempt was begun; from the second on it is a retry."""
        self._at(operation, labels).retries += number > 1

    def ended(
        self,
        operation: str,
        labels: Mapping[str, str],
        *,
        error_type: str | None = None,
        duration: float | None = None,
    ) -> None:
        """Note an attempt's outcome, and its duration if the library was told it."""
        series = self._at(operation, labels)
        if error_type is None:
            series.successes += 1
        else:
            series.failures[error_type] += 1
        if duration is not None and self._keep_durations:
            series.durations.append(duration)

    def _at(self, operation: str, labels: Mapping[str, str]) -> SeriesTruth:
        return self._series.setdefault(_key(operation, labels), SeriesTruth())


def _key(operation: str, labels: Mapping[str, str]) -> Key:
    return operation, frozenset(labels.items())
