"""An endpoint asked again and again, in a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from otel_executor_metrics.errors import show
from otel_executor_metrics.scraping import ScrapeError
from otel_executor_metrics.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Look:
    """What the endpoint said ``at`` that time (monotonic), or why it said nothing."""

    at: float
    found: Snapshot | ScrapeError


class Poller:
    """While entered, asks every ``interval`` seconds; one that hangs holds nobody else up."""

    def __init__(self, scrape: Callable[[], Snapshot], interval: float) -> None:
        self._scrape = scrape
        self._interval = interval
        self._looks: deque[Look] = deque()
        self._stopping = threading.Event()
        self._news, self._bell = socket.socketpair()
        self._news.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="top-poller", daemon=True)

    def __enter__(self) -> Poller:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop; an answer that is waited for is not waited for any longer."""
        self._stopping.set()
        self._news.close()

    def fileno(self) -> int:
        """Return the descriptor that can be read when there is news."""
        return self._news.fileno()

    def take(self) -> list[Look]:
        """Return the news, oldest first."""
        with contextlib.suppress(BlockingIOError):
            self._news.recv(4096)
        return [self._looks.popleft() for _ in range(len(self._looks))]

    def _run(self) -> None:
        with self._bell:
            while not self._stopping.is_set():
                start = time.monotonic()
                self._looks.append(self._look())
                with contextlib.suppress(OSError):  # nobody listens any more
                    self._bell.send(b"!")
                self._stopping.wait(self._interval - (time.monotonic() - start))

    def _look(self) -> Look:
        try:
            found: Snapshot | ScrapeError = self._scrape()
        except ScrapeError as error:
            found = error
        except Exception as error:  # a thread that ends would look like an executor at rest
            found = ScrapeError(f"cannot be read: {show(error)}")
        return Look(time.monotonic(), found)
