"""What was recorded in the last seconds, by differences between looks at the totals."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from otel_executor_metrics.objective import Objective
from otel_executor_metrics.snapshot import NOTHING, Recorded, Snapshot
from otel_executor_metrics.typing import Clock

Totals: TypeAlias = Mapping[str, Recorded]

_LOOKS: Final = 30
"""How many looks a window keeps at most: so often is its edge on the mark to a thirtieth."""

_STRETCH: Final = 2
"""How many windows may lie between two looks that are compared."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was recorded over ``seconds``, by operation, its label sets added up.

    Where the last look was too long ago to compare with, ``seconds`` is 0, there are no
    operations, and ``unseen`` tells how many seconds ago it was.
    """

    seconds: float
    operations: Totals
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    unseen: float = 0.0


class SlidingWindow:
    """The last ``seconds`` of what ``read`` returns.

    The looks are the callers' own: no thread takes any. A difference is taken from the look whose
    age is nearest to ``seconds``, and never from one of more than twice that age. Kept of each look
    are the totals of the operations, not those of the label sets, of which there may be thousands.
    The first look is the making of the window. Not for several threads at once.
    """

    def __init__(self, read: Callable[[], Snapshot], seconds: float, clock: Clock) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._looks: deque[tuple[float, Totals]] = deque()
        self.look()

    def look(self) -> None:
        """Take note of the totals, unless that was done a moment ago."""
        now = self._clock()
        self._forget_later_than(now)
        if self._is_due(now):
            self._keep(now, self._read().operations)

    def latest(self) -> Stretch:
        """Return what was recorded in the last seconds."""
        snapshot, now = self._read(), self._clock()
        totals = snapshot.operations
        self._forget_later_than(now)
        usable = [look for look in self._looks if now - look[0] <= _STRETCH * self._seconds]
        unseen = 0.0 if usable or not self._looks else now - self._looks[-1][0]
        then, before = min(
            usable, key=lambda look: abs(now - look[0] - self._seconds), default=(now, totals)
        )
        if self._is_due(now):
            self._keep(now, totals)
        between = {name: of.since(before.get(name, NOTHING)) for name, of in totals.items()}
        return Stretch(float(now - then), between, snapshot.objectives, unseen)

    def from_zero(self) -> SlidingWindow:
        """Return a window for a forked child that began at zero after our last look."""
        window = SlidingWindow(self._read, self._seconds, self._clock)
        window._looks.appendleft((self._looks[-1][0], {}))
        return window

    def _forget_later_than(self, now: float) -> None:
        # A clock that was set back says nothing of what came before; it may take days to catch up.
        if self._looks and not now >= self._looks[-1][0]:
            self._looks.clear()

    def _is_due(self, now: float) -> bool:
        return not self._looks or now - self._looks[-1][0] >= self._seconds / _LOOKS

    def _keep(self, now: float, totals: Totals) -> None:
        self._looks.append((now, totals))
        while now - self._looks[0][0] > _STRETCH * self._seconds:
            self._looks.popleft()
