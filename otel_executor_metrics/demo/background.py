"""A workload in a thread of its own, beside the one that draws the table."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType

from otel_executor_metrics.demo.workload import Workload


class InBackground:
    """While entered, ``workload`` runs; on leaving, it has stopped and its truth is final.

    ``failed`` is set when it ended with an error, which leaving then raises.
    """

    def __init__(self, workload: Workload, *, rate: float, workers: int) -> None:
        self._workload = workload
        self._rate = rate
        self._workers = workers
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="demo-workload", daemon=True)

    @property
    def failed(self) -> bool:
        """Whether the workload ended with an error."""
        return self._error is not None

    def __enter__(self) -> InBackground:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, wait for the end, and raise what went wrong."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        working = self._workload.run(self._stop, rate=self._rate, workers=self._workers)
        try:
            self._loop.run_until_complete(working)
        except BaseException as error:
            self._error = error
