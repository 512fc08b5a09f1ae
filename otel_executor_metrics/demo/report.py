"""What the demo shows: the live view, and the summary at its end."""

from __future__ import annotations

from collections.abc import Sequence

from otel_executor_metrics.demo.incident import Incident
from otel_executor_metrics.demo.rows import Window, failures_by_type, rows
from otel_executor_metrics.demo.scrape import ScrapeError, Snapshot, health, scrape
from otel_executor_metrics.demo.table import LIVE, TOTALS, table


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
        return [line[:width] for line in lines]

    def _table(self, elapsed: float, width: int) -> list[str]:
        try:
            now = scrape(self._url)
        except ScrapeError as error:
            return [str(error)]
        found = self._window.add(elapsed, now)
        seconds = found[0].seconds if found else 0.0
        note = f"The last {seconds:.0f} s; retries since the start."
        return [*table(found, LIVE, width), "", note]


def summary(
    snapshot: Snapshot, *, requests: int, finished: int, seconds: float, width: int
) -> list[str]:
    """Return the closing lines: totals of the endpoint, next to what the workload counted."""
    told = sum(series.finished for series in snapshot.values())
    return [
        "",
        f"{requests} requests in {seconds:.1f} s",
        "",
        *table(rows(snapshot, {}, seconds), TOTALS, width),
        "",
        f"Failures: {_failures(snapshot)}",
        f"The workload finished {finished} operations; the endpoint says {told:.0f}.",
    ]


def _failures(snapshot: Snapshot) -> str:
    found = failures_by_type(snapshot)
    shown = ", ".join(f"{kind or 'unknown'} {count}" for kind, count in found.most_common())
    if "CancelledError" in found:
        shown += " (CancelledError: in progress at the end)"
    return shown or "none"
