"""One client's socket, with its deadlines."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from enum import Enum, auto

from otel_executor_metrics.server.limits import Limits

_CHUNK = 65_536
_LINGER_SECONDS = 1.0
_LINGER_BYTES = 1_048_576


class Phase(Enum):
    """What a connection is busy with; it decides whether it may be closed to make room."""

    HEAD = auto()
    ROUTE = auto()
    ANSWER = auto()
    LINGER = auto()


class Connection:
    """A socket used by one handler thread, which any thread may abort.

    Every wait has a deadline that was fixed when the connection was accepted, so that a client
    who sends or reads a byte now and then wins nothing. Whatever it waits for raises OSError
    (TimeoutError included) when the deadline passes, the client leaves, or it is aborted.
    """

    def __init__(self, accepted: socket.socket, limits: Limits) -> None:
        self._socket = accepted
        self._limits = limits
        # Held while the socket is closed or replaced, so that an abort can never hit a file
        # descriptor that has just been given to somebody else.
        self._lock = threading.Lock()
        self._phase = Phase.HEAD
        self._opened = self._moved = self._entered = time.monotonic()
        self._aborted = False

    @property
    def aborted(self) -> bool:
        """Tell whether the connection was aborted; its handler is then about to end."""
        return self._aborted

    def enter(self, phase: Phase) -> None:
        """Go on to ``phase``; raises ConnectionAbortedError when aborted meanwhile."""
        with self._lock:
            self._refuse_if_aborted()
            self._phase = phase
            self._moved = self._entered = time.monotonic()

    def secure(self, context: ssl.SSLContext) -> None:
        """Shake hands within the time that the head has; ssl.SSLError when that fails."""
        with self._lock:
            self._refuse_if_aborted()
            self._socket = context.wrap_socket(
                self._socket, server_side=True, do_handshake_on_connect=False
            )
        self._arm(self._head_deadline)
        self._socket.do_handshake()

    def unsecure(self) -> None:
        """Go back to plain bytes after a handshake that failed because there was none."""
        with self._lock:
            self._refuse_if_aborted()
            self._socket = socket.socket(fileno=self._socket.detach())

    def receive(self) -> bytes:
        """Return what has come of the request head; empty when the client closed."""
        self._arm(self._head_deadline)
        return self._socket.recv(_CHUNK)

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        rest = memoryview(data)
        while rest:
            self._arm(self._opened + self._limits.total_timeout)
            rest = rest[self._socket.send(rest[:_CHUNK]) :]
            self._moved = time.monotonic()

    def finish(self) -> None:
        """Close so that the client can still read the answer; raises nothing.

        Closing a socket with unread input resets it and may take the answer along, so what
        still comes (a body, the rest of an oversized head) is read and dropped for a while.
        """
        with contextlib.suppress(OSError, ValueError):
            self.enter(Phase.LINGER)
            self._say_goodbye()
            self._drain()
        self.close()

    def close(self) -> None:
        """Close the socket at once."""
        with self._lock:
            self._socket.close()

    def abort(self) -> None:
        """Make whatever the handler thread waits for fail now."""
        with self._lock:
            self._abort()

    def abort_if_answered(self) -> bool:
        """Abort if the answer is out and only the client's end is waited for; tell whether."""
        return self._abort_if(lambda: self._phase is Phase.LINGER)

    def abort_if_dawdling(self) -> bool:
        """Abort if the client uses its slot too slowly, as Limits has it; tell whether."""
        return self._abort_if(self._dawdles)

    def abort_unless_answering(self) -> bool:
        """Abort if no request has come yet, or it has been answered; tell whether."""
        return self._abort_if(lambda: self._phase in (Phase.HEAD, Phase.LINGER))

    def close_inherited(self) -> None:
        """Close the copy that a forked child has; takes no lock, as its holder may be gone."""
        self._socket.close()

    @property
    def _head_deadline(self) -> float:
        limits = self._limits
        return self._opened + min(limits.head_timeout, limits.total_timeout)

    def _dawdles(self) -> bool:
        now = time.monotonic()
        if self._phase is Phase.HEAD:
            return now >= self._opened + self._limits.grace
        if self._phase is Phase.ANSWER:
            stall = self._limits.stall
            return now >= min(self._moved + stall, self._entered + 5 * stall)
        return False

    def _abort_if(self, condition: Callable[[], bool]) -> bool:
        with self._lock:
            met = condition()
            if met:
                self._abort()
            return met

    def _abort(self) -> None:
        self._aborted = True
        with contextlib.suppress(OSError):
            # The base class's: ssl's own would take its state away under the handler's feet.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _refuse_if_aborted(self) -> None:
        if self._aborted:
            raise ConnectionAbortedError("closed to make room, or because the server stops")

    def _arm(self, deadline: float) -> None:
        """Let the next wait end at ``deadline``."""
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the connection has had its time")
        self._socket.settimeout(remaining)

    def _say_goodbye(self) -> None:
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(0)  # send the closing alert, do not wait for the client's
            with contextlib.suppress(OSError, ValueError):
                self._socket.unwrap()
        socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def _drain(self) -> None:
        deadline = self._entered + _LINGER_SECONDS
        budget = _LINGER_BYTES
        while budget > 0:
            self._arm(deadline)
            received = len(socket.socket.recv(self._socket, _CHUNK))
            budget -= received or budget
