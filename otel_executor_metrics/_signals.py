"""Waiting for Ctrl-C or SIGTERM."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Protocol

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class HasFileno(Protocol):
    """What ``select`` can wait for."""

    def fileno(self) -> int:
        """Return its descriptor."""


class StopSignals:
    """While entered, SIGINT and SIGTERM end :meth:`wait` instead of the process.

    A second signal of the same kind ends the process at once. For the main thread only, as
    Python's signal handlers are.
    """

    def __enter__(self) -> StopSignals:
        """Take the signals over."""
        # A threading.Event cannot be used: set() in a handler can meet wait() holding the event's
        # lock, in the same thread, for ever. The interpreter itself writes to this socket.
        self._received, self._waker = socket.socketpair()
        for end in (self._received, self._waker):
            end.setblocking(False)
        self._stopped = False
        self._fd_before = signal.set_wakeup_fd(self._waker.fileno())
        self._before = {number: signal.signal(number, _only_once) for number in STOP_SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for number, before in self._before.items():
            signal.signal(number, before or signal.SIG_DFL)  # None: not set by Python
        signal.set_wakeup_fd(self._fd_before)
        self._received.close()
        self._waker.close()

    def wait(self, timeout: float | None = None, others: Iterable[HasFileno] = ()) -> bool:
        """Tell whether a signal has come, as soon as one does or ``timeout`` seconds are over.

        May return False early: when another signal that the program handles came, or one of
        ``others`` can be read.
        """
        if not self._stopped:
            select.select([self._received, *others], [], [], timeout)
            with contextlib.suppress(BlockingIOError):
                self._stopped = not set(STOP_SIGNALS).isdisjoint(self._received.recv(64))
        return self._stopped


def _only_once(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
