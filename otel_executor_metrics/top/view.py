"""What ``top`` shows: the state of the endpoint, and the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from otel_executor_metrics._text import cut, visible
from otel_executor_metrics.snapshot import Snapshot
from otel_executor_metrics.top.keys import LEFT, RIGHT
from otel_executor_metrics.top.order import Order, matches
from otel_executor_metrics.top.poller import Look
from otel_executor_metrics.top.rows import Row, Window
from otel_executor_metrics.top.table import FAILED, LIVE, table

COLUMNS: Final = (*LIVE[:-1], FAILED, *LIVE[-1:])
KEYS: Final = "< > sort by another column, r reverse, q quit"
_LONG_AGO: Final = 60.0


class View:
    """The table of what an endpoint says, as lines.

    Args:
        url: of the endpoint.
        window: over how many seconds rates, percentages and quantiles are taken.
        order: of the rows.
        filters: what the rows shown must meet; see :func:`~.order.matches`.
    """

    def __init__(self, url: str, window: float, order: Order, filters: Sequence[str]) -> None:
        self._url = url
        self._window = Window(window)
        self._order = order
        self._filters = filters
        self._rows: list[Row] = []
        self._last = Snapshot()
        self._answered: float | None = None
        self._failure = ""

    def add(self, look: Look) -> None:
        """Take in what the endpoint said."""
        if isinstance(look.found, Snapshot):
            self._rows = self._window.add(look.at, look.found)
            self._last, self._answered, self._failure = look.found, look.at, ""
        else:
            self._failure = str(look.found).removeprefix(f"{self._url}: ")

    def press(self, key: str) -> None:
        """Do what ``key`` means, if anything."""
        if key in (LEFT, RIGHT):
            self._order = self._order.moved(1 if key == RIGHT else -1)
        elif key == "r":
            self._order = Order(self._order.by, not self._order.reverse)

    def lines(self, now: float, width: int, height: int | None = None, hint: str = "") -> list[str]:
        """Return what to show at the time ``now``; ``hint`` is the last line, if any.

        Args:
            now: on the clock of what was added.
            width: columns of the longest line.
            height: lines at most; rows that find no room are counted instead.
            hint: what the user can do.
        """
        found = [row for row in self._rows if matches(row, self._filters)]
        head = [self._state(now), self._about(len(found)), ""]
        foot = ["", hint] if hint else []
        shown = self._order.sorted(found)
        if height is not None and (room := height - len(head) - len(foot) - 1) < len(shown):
            shown = shown[: max(0, room - 1)]
            foot = [f"… {len(found) - len(shown)} more", *foot]
        return [cut(line, width) for line in (*head, *table(shown, COLUMNS, width), *foot)]

    def _state(self, now: float) -> str:
        if self._failure:
            since = "" if self._answered is None else f" for {now - self._answered:.0f} s"
            return visible(f"NO ANSWER{since}: {self._failure} ({self._url})")
        if self._answered is None:
            return f"{self._url}: waiting for the first answer"
        anew = self._window.began_anew
        if anew is not None and now - anew < _LONG_AGO:
            return f"{self._url}: BEGAN ANEW {now - anew:.0f} s ago"
        return self._url

    def _about(self, shown: int) -> str:
        parts = [f"last {self._window.length:.0f} s", f"sorted by {self._order.by}"]
        if self._order.reverse:
            parts.append("reversed")
        if self._filters:
            parts.append(f"{shown} of {len(self._rows)} rows: {', '.join(self._filters)}")
        if dropped := sum(self._last.dropped.values()):
            parts.append(f"dropped since the start: {dropped:.0f}")
        if self._answered is not None and not self._rows:
            parts.append("no operation of this package yet")
        return visible("; ".join(parts))
