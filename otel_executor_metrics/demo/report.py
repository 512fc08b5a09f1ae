"""What the demo shows: the live view, and the summary at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from otel_executor_metrics._text import cut
from otel_executor_metrics.demo.health import health
from otel_executor_metrics.demo.incident import Incident
from otel_executor_metrics.scraping import ScrapeError, scrape
from otel_executor_metrics.snapshot import Snapshot
from otel_executor_metrics.top.rows import Window, rows
from otel_executor_metrics.top.table import LIVE, TOTALS, table


class LiveView:
    """What the endpoint at ``url`` says, as lines under a ``heading`` of what is going on.

    ``page`` is where a browser shows the same, if anywhere.
    """

    def __init__(
        self, url: str, heading: str, *, incident: Incident | None = None, page: str | None = None
    ) -> None:
        self._url = url
        self._where = f"Scrape {url}" + (f", open {page}" if page else "")
        self._heading = heading
        self._incident = incident
        self._window = Window()

    def lines(self, elapsed: float, width: int, notes: Sequence[str] = ()) -> list[str]:
        """Return what to show after ``elapsed`` seconds, in lines of at most ``width``.

        Of ``notes`` the last one is shown.
        """
        lines = [self._where, f"{elapsed:.0f} s of {self._heading}"]
        lines += [] if self._incident is None else [self._incident.told(elapsed)]
        lines += [f"Health: {health(self._url)}", ""]
        lines += [*self._table(elapsed, width), *(f"note: {note}" for note in notes[-1:])]
        return [cut(line, width) for line in lines]

    def _table(self, elapsed: float, width: int) -> list[str]:
        try:
            now = scrape(self._url)
        except ScrapeError as error:
            return [str(error)]
        found = self._window.add(elapsed, now)
        return [*table(found, LIVE, width), "", f"The last {self._window.length:.0f} s."]


def summary(
    snapshot: Snapshot, *, requests: int, finished: int, seconds: float, width: int
) -> list[str]:
    """Return the closing lines: totals of the endpoint, next to what the workload counted."""
    told = sum(recorded.finished for recorded in snapshot.series.values())
    return [
        "",
        f"{requests} requests in {seconds:.1f} s",
        "",
        *table(rows(snapshot, seconds), TOTALS, width),
        "",
        f"Failures: {_failures(snapshot)}",
        f"The workload finished {finished} operations; the endpoint says {told:.0f}.",
    ]


def failures_by_type(snapshot: Snapshot) -> Counter[str]:
    """Return the failures of all operations by ``error_type``."""
    found: Counter[str] = Counter()
    for recorded in snapshot.series.values():
        found.update({kind: int(count) for kind, count in recorded.failures.items() if count})
    return found


def _failures(snapshot: Snapshot) -> str:
    found = failures_by_type(snapshot)
    shown = ", ".join(f"{kind} {count}" for kind, count in found.most_common())
    if "CancelledError" in found:
        shown += " (CancelledError: in progress at the end)"
    return shown or "none"
