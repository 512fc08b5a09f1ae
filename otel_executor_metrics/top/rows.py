"""From the snapshots of an endpoint to the rows of a table."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from otel_executor_metrics._text import visible
from otel_executor_metrics.snapshot import LabelSet, Recorded, Snapshot


@dataclass(frozen=True, slots=True)
class Row:
    """One operation with one label set, and what was ``recorded`` of it in so many seconds."""

    operation: str
    labels: LabelSet
    seconds: float
    recorded: Recorded

    @property
    def name(self) -> str:
        """The operation and the values of its labels."""
        return visible(" ".join([self.operation, *(value for _, value in self.labels)]))


def rows(recorded: Snapshot, seconds: float) -> list[Row]:
    """Return a row for each operation and label set that was recorded in ``seconds`` seconds."""
    return [
        Row(operation, labels, seconds, part)
        for (operation, labels), part in recorded.series.items()
    ]


class Window:
    """The snapshots of the last ``seconds`` seconds.

    Attributes:
        length: how many seconds lie between the oldest of them and the newest.
        began_anew: when counts were last seen to be lower than before, if ever: all of them count
            from zero since then.
    """

    def __init__(self, seconds: float = 30.0) -> None:
        self.seconds = seconds
        self.length = 0.0
        self.began_anew: float | None = None
        self._kept: deque[tuple[float, Snapshot]] = deque()

    def add(self, at: float, snapshot: Snapshot) -> list[Row]:
        """Take in the snapshot of the time ``at``, and return the rows from the oldest to it."""
        if self._kept and snapshot.restarted_after(self._kept[-1][1]):
            self._kept = deque([(self._kept[-1][0], Snapshot())])
            self.began_anew = at
        self._kept.append((at, snapshot))
        # The second one may be as old as the window is long: then the first is not needed.
        while len(self._kept) > 2 and at - self._kept[1][0] >= self.seconds:
            self._kept.popleft()
        then, before = self._kept[0]
        self.length = at - then
        return rows(snapshot.since(before), self.length)
