"""The connections being served: how many there may be, and which one goes to make room."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from weakref import WeakSet

from otel_executor_metrics.server.connection import Connection

_LOOK_AGAIN = 0.05
_PATIENCE = 1.0


class Slots:
    """At most ``limit`` connections at a time, each with its thread.

    Connections that hold a slot without using it cannot lock a scraper out: when a newcomer
    needs the slot, one that has its answer is aborted, or else the oldest that dawdles. One
    whose response is being computed stays.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._taken: dict[Connection, None] = {}  # oldest first
        self._threads: WeakSet[threading.Thread] = WeakSet()
        self._closed = False

    def wait_for_room(self) -> bool:
        """Wait until a slot is free, making one free if need be; False once closed.

        Waiting happens before the newcomer is accepted: until then the system keeps it.
        """
        with self._changed:
            while len(self._taken) >= self._limit and not self._closed:
                self._make_room()
                self._changed.wait(_LOOK_AGAIN)
            return not self._closed

    def take(self, connection: Connection, thread: threading.Thread) -> None:
        """Count ``connection``, whose handler will run in ``thread``."""
        with self._changed:
            self._taken[connection] = None
            self._threads.add(thread)

    def give_back(self, connection: Connection) -> None:
        """Free the slot of ``connection``."""
        with self._changed:
            self._taken.pop(connection, None)
            self._changed.notify_all()

    def refuse_newcomers(self) -> None:
        """Let nobody in any more; who waits for room is told so."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def end(self, deadline: float) -> None:
        """End all connections and their threads before ``deadline`` (of time.monotonic).

        Answers under way get half of the time, but no more than one second, to be read.
        """
        patience = min((deadline - time.monotonic()) / 2, _PATIENCE)
        with self._changed:
            for connection in self._taken:
                connection.abort_unless_answering()
            self._changed.wait_for(lambda: not self._taken, patience)
            for connection in self._taken:
                connection.abort()
        join(self._threads, deadline)

    def close_inherited(self) -> None:
        """Close a forked child's copies of the sockets; takes no lock."""
        for connection in self._taken:
            connection.close_inherited()

    def _make_room(self) -> None:
        if any(connection.aborted for connection in self._taken):
            return  # that slot is about to be given back
        # any() stops at the first that was aborted: the oldest of its kind.
        if not any(connection.abort_if_answered() for connection in self._taken):
            any(connection.abort_if_dawdling() for connection in self._taken)


def join(threads: Iterable[threading.Thread], deadline: float) -> None:
    """Wait for ``threads`` until ``deadline`` (of time.monotonic), except for the caller's own."""
    for thread in list(threads):
        if thread.is_alive() and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
