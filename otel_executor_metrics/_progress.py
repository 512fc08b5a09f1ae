"""Says what is waited for, as soon as that takes more than a second."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Final, TextIO

from otel_executor_metrics._text import can_redraw

TICK: Final = 1.0


class Progress:
    """While entered, stderr says ``what`` is going on: on a terminal with the seconds so far.

    It begins after a second, and a terminal's line is gone at the end. ``seconds`` is how long it
    will take, where that is known.
    """

    def __init__(self, what: str, seconds: float | None = None) -> None:
        self._what = what
        self._seconds = f" of {seconds:g} s" if seconds else " s"
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        """Start the clock."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say no more."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        stream = sys.stderr
        if stream is None or self._done.wait(TICK):
            return
        if can_redraw(stream):
            self._count(stream)
        else:
            stream.write(f"{self._what} …\n")
            stream.flush()

    def _count(self, stream: TextIO) -> None:
        start = time.monotonic() - TICK
        while True:
            elapsed = time.monotonic() - start
            stream.write(f"\r\x1b[2K{self._what}: {elapsed:.0f}{self._seconds}")
            stream.flush()
            if self._done.wait(TICK):
                break
        stream.write("\r\x1b[2K")
        stream.flush()
