"""Where records wait before they are made, for code that is built on the facade."""

from __future__ import annotations

import contextlib
import os
from weakref import WeakSet

from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.typing import Buffer, Lock


class Buffers:
    """The buffers of one facade, each for as long as somebody else keeps it.

    Args:
        lock: a reentrant one; whoever forks holds it meanwhile.
    """

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._pid = os.getpid()
        self._attached: WeakSet[Buffer] = WeakSet()

    def attach(self, buffer: Buffer) -> None:
        """Have ``buffer`` drained from now on.

        Raises:
            SettingError: it is no `Buffer`, or nobody can hold it weakly.
        """
        methods = (getattr(buffer, name, None) for name in ("drain", "start_anew"))
        if not all(map(callable, methods)):
            raise SettingError("buffer", buffer, "must have the methods drain() and start_anew()")
        try:
            with self._lock:
                self._attached.add(buffer)
        except TypeError:
            rule = "must be hashable, and have __weakref__ if it has __slots__"
            raise SettingError("buffer", buffer, rule) from None

    def drain(self) -> None:
        """Let all buffers record what waits in them."""
        if os.getpid() != self._pid:
            return  # forked without our notice: what waits is the parent's
        for buffer in self._present():
            with contextlib.suppress(Exception):  # they are code of others
                buffer.drain()

    def start_anew(self) -> None:
        """Let all buffers forget what waits, in a forked child."""
        self._pid = os.getpid()
        for buffer in self._present():
            with contextlib.suppress(Exception):
                buffer.start_anew()

    def _present(self) -> list[Buffer]:
        with self._lock:
            return list(self._attached)
