"""One run of the demo: the workload in the background, the table in front, a summary at the end."""

from __future__ import annotations

import math
import random
import sys
import time

from otel_executor_metrics._notes import Notes
from otel_executor_metrics._signals import StopSignals
from otel_executor_metrics.demo.background import InBackground
from otel_executor_metrics.demo.incident import Incident
from otel_executor_metrics.demo.report import LiveView, summary
from otel_executor_metrics.demo.workload import Workload
from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.scraping import ScrapeError, scrape
from otel_executor_metrics.top.screen import screen_for


class Session:
    """A workload recorded with ``metrics``, shown from what ``url`` says."""

    def __init__(
        self,
        metrics: ExecutorMetrics,
        url: str,
        signals: StopSignals,
        notes: Notes,
        *,
        seed: int | None = None,
        incident: Incident | None = None,
    ) -> None:
        self._url = url
        self._page = metrics.get_metrics_summary()["page"]
        self._signals = signals
        self._notes = notes
        self._seed = random.SystemRandom().randrange(2**32) if seed is None else seed
        self._incident = incident
        self._workload = Workload(metrics, seed=self._seed, keep_durations=False, incident=incident)
        self._screen = screen_for(sys.stdout)

    def run(
        self, *, rate: float, workers: int, duration: float | None, interval: float | None
    ) -> None:
        """Run until a signal comes or ``duration`` seconds are over, then sum up."""
        start = time.monotonic()
        length = f"{duration:g} s, " if duration else ""
        heading = f"{length}{rate:g} requests/s, seed {self._seed}; Ctrl-C ends"
        view = LiveView(self._url, heading, incident=self._incident, page=self._page)
        with InBackground(self._workload, rate=rate, workers=workers) as working:
            self._watch(working, view, start, duration or math.inf, interval)
        self._sum_up(time.monotonic() - start)

    def _watch(
        self,
        working: InBackground,
        view: LiveView,
        start: float,
        duration: float,
        interval: float | None,
    ) -> None:
        pause = interval or self._screen.interval
        stopped = False
        while not stopped and not working.failed:
            elapsed = time.monotonic() - start
            self._screen.show(view.lines(elapsed, self._screen.width, self._notes.texts))
            left = duration - elapsed
            stopped = left <= 0 or self._signals.wait(min(pause, left))

    def _sum_up(self, seconds: float) -> None:
        try:
            snapshot = scrape(self._url)
        except ScrapeError as error:
            lines = [str(error)]
        else:
            lines = summary(
                snapshot,
                requests=self._workload.requests,
                finished=self._workload.truth.finished,
                seconds=seconds,
                width=self._screen.width,
            )
        print(*lines, *(f"note: {note}" for note in self._notes.taken()), sep="\n", flush=True)
