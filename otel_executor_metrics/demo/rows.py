"""From two snapshots of an endpoint to the rows of a table."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

from otel_executor_metrics.demo.scrape import Series, Snapshot
from otel_executor_metrics.snapshot import Recorded

QUANTILES: Final = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Row:
    """One operation with one label set, over a stretch of time.

    ``seconds`` is its length; ``finished``, ``failed`` and the quantiles (in seconds, NaN where
    nothing was observed) are of that stretch, ``retries`` and ``in_progress`` as of its end.
    """

    name: str
    seconds: float
    finished: float
    failed: float
    quantiles: tuple[float, ...]
    retries: float
    in_progress: float


def rows(now: Snapshot, before: Snapshot, seconds: float) -> list[Row]:
    """Return a row for each operation and label set of ``now``.

    What was not there ``before`` was at 0 then.
    """
    return [
        _row(" ".join([operation, *(value for _, value in labels)]), series, earlier, seconds)
        for (operation, labels), series in now.items()
        for earlier in [before.get((operation, labels), Series())]
    ]


def _row(name: str, now: Series, before: Series, seconds: float) -> Row:
    durations = Recorded(
        buckets=tuple(
            (bound, count - before.buckets.get(bound, 0.0))
            for bound, count in sorted(now.buckets.items())
        )
    )
    return Row(
        name,
        seconds,
        finished=now.finished - before.finished,
        failed=now.failed - before.failed,
        quantiles=tuple(durations.quantile(quantile) for quantile in QUANTILES),
        retries=now.retries,
        in_progress=now.in_progress,
    )


def failures_by_type(snapshot: Snapshot) -> Counter[str]:
    """Return the failures of all operations by ``error_type``."""
    found: Counter[str] = Counter()
    for series in snapshot.values():
        found.update({kind: int(count) for kind, count in series.failures.items() if count})
    return found


class Window:
    """The snapshots of the last ``seconds`` seconds."""

    def __init__(self, seconds: float = 30.0) -> None:
        self.seconds = seconds
        self._kept: deque[tuple[float, Snapshot]] = deque()

    def add(self, at: float, snapshot: Snapshot) -> list[Row]:
        """Take in the snapshot of the time ``at``, and return the rows from the oldest to it."""
        self._kept.append((at, snapshot))
        # The second one may be as old as the window is long: then the first is not needed.
        while len(self._kept) > 2 and at - self._kept[1][0] >= self.seconds:
            self._kept.popleft()
        then, before = self._kept[0]
        return rows(snapshot, before, at - then)
