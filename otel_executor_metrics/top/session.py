"""``top`` on a terminal, until a key or a signal ends it; and the one table of elsewhere."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Final

from otel_executor_metrics._progress import Progress
from otel_executor_metrics._signals import HasFileno, StopSignals
from otel_executor_metrics.scraping import Endpoint, ScrapeError
from otel_executor_metrics.snapshot import Snapshot
from otel_executor_metrics.top.keys import QUIT, Keys, keyboard
from otel_executor_metrics.top.poller import Look, Poller
from otel_executor_metrics.top.screen import Screen
from otel_executor_metrics.top.view import KEYS, View

TICK: Final = 1.0
"""Seconds after which the age of what is shown has changed."""


class Session:
    """One run of ``top``: ``endpoint`` is asked every ``interval`` seconds."""

    def __init__(
        self, endpoint: Endpoint, view: View, screen: Screen, *, interval: float, timeout: float
    ) -> None:
        self._endpoint = endpoint
        self._view = view
        self._screen = screen
        self._interval = interval
        self._timeout = timeout

    def once(self) -> None:
        """Show one table, of one interval.

        Raises:
            ScrapeError: there is no answer.
        """
        with Progress(f"reading {self._endpoint.url}"):
            self._view.add(self._look())
        with Progress("watching", self._interval):
            threading.Event().wait(self._interval)
            self._view.add(self._look())
        self._screen.show(self._view.lines(time.monotonic(), self._screen.width))

    def run(self) -> None:
        """Show table after table, until a signal or the key ``q`` ends it.

        Raises:
            ScrapeError: the first answer never came. Later on, what is shown says so.
        """
        with contextlib.ExitStack() as entered:
            signals = entered.enter_context(StopSignals())
            entered.enter_context(_resizing())
            poller = entered.enter_context(Poller(self._scrape, self._interval))
            terminal = keyboard()
            keys = entered.enter_context(Keys(terminal)) if terminal else None
            self._watch(signals, poller, keys)

    def _watch(self, signals: StopSignals, poller: Poller, keys: Keys | None) -> None:
        answered = False
        awaited: list[HasFileno] = [poller, keys] if keys else [poller]
        hint = KEYS if keys else "Ctrl-C ends"
        while True:
            for look in poller.take():
                if isinstance(look.found, ScrapeError) and not answered:
                    raise look.found
                answered = True
                self._view.add(look)
            size = (self._screen.width, self._screen.height)
            self._screen.show(self._view.lines(time.monotonic(), *size, hint))
            if signals.wait(TICK, awaited) or (keys and self._is_over(keys)):
                return

    def _is_over(self, keys: Keys) -> bool:
        """Do what the keys say that were pressed; tell whether to end."""
        for key in keys.read():
            if key == QUIT:
                return True
            self._view.press(key)
        return False

    def _look(self) -> Look:
        return Look(time.monotonic(), self._scrape())

    def _scrape(self) -> Snapshot:
        return self._endpoint.scrape(self._timeout)


@contextlib.contextmanager
def _resizing() -> Iterator[None]:
    """Let a terminal that changes its size end the wait for signals, early."""
    if sys.platform == "win32":
        yield
        return
    before = signal.signal(signal.SIGWINCH, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before or signal.SIG_DFL)
