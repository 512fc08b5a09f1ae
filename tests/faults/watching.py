"""Scrapes while something goes on: what no scrape may show."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.facade.scraping import Scrape
from tests.faults.application import Application, total
from tests.faults.page import ACKNOWLEDGED, ANNOUNCED

_FALLING = ("_in_progress",)


class Watch:
    """Scrapes again and again; ``wrong`` tells what should not have been seen."""

    def __init__(self, application: Application, *, measured: str | None) -> None:
        self._application = application
        self._measured = measured
        self._last: Scrape | None = None
        self.scrapes = 0
        self.unanswered = 0
        self.wrong: list[str] = []

    def look(self) -> None:
        """Scrape once, if somebody answers."""
        page = self._application.page
        begun = page.total(ACKNOWLEDGED)
        found = self._application.try_scrape()
        if found is None:
            self.unanswered += 1
            return
        self.scrapes += 1
        if self._measured:
            self._check_sum(found, begun, page.total(ANNOUNCED))
        self._check_rise(found)
        self._last = found

    def _check_sum(self, found: Scrape, least: int, most: int) -> None:
        roles = ("success_total", "failures_total", "lost_total", "in_progress")
        parts = {role: total(found, f"{self._measured}_{role}") for role in roles}
        if not least <= sum(parts.values()) <= most or min(parts.values()) < 0:
            self.wrong.append(f"{parts}: not between {least} and {most} begun")

    def _check_rise(self, found: Scrape) -> None:
        before = self._last.samples if self._last else {}
        for key, value in before.items():
            if not key[0].endswith(_FALLING) and found.samples.get(key, -1.0) < value:
                self.wrong.append(f"{key}: {value}, then {found.samples.get(key)}")


@contextmanager
def watching(application: Application, *, measured: str | None = None) -> Iterator[Watch]:
    """Scrape all the while; what is begun of the operation ``measured`` is counted in the page."""
    watch, ended = Watch(application, measured=measured), threading.Event()

    def scrape() -> None:
        while not ended.wait(0.01):
            watch.look()

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()
