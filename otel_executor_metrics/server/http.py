"""The HTTP server: a listening socket, a thread that accepts, a bounded number that serve."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from otel_executor_metrics._sockets import bind, check_port, connectable_name
from otel_executor_metrics._throttle import Throttle
from otel_executor_metrics.server.auth import Authorizer
from otel_executor_metrics.server.connection import Connection
from otel_executor_metrics.server.handler import Handler
from otel_executor_metrics.server.limits import Limits
from otel_executor_metrics.server.messages import Route
from otel_executor_metrics.server.router import Router
from otel_executor_metrics.server.slots import Slots, join

_logger = logging.getLogger(__name__)
_BACKLOG = 128
_PAUSE_AFTER_FAILURE = 0.1

# poll keeps no state in the kernel that a forked child could change for its parent; epoll does.
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)


class _Sockets(NamedTuple):
    listener: socket.socket
    waker: socket.socket
    """Written to, it ends the waiting for connections."""
    woken: socket.socket


class MetricsServer:
    """Serve ``routes`` (path to route) over HTTP, or HTTPS with an ``ssl_context``.

    With an ``authorizer`` every path asks for credentials, except the ``open_paths``. Port 0
    takes a free one. ``on_connection`` is called, and must not raise, before one is served. An
    idle server is one thread that waits; a stopped one is not restarted.

    Raises:
        SettingError: the port is not an integer from 0 to 65535, or an open path has no route.
    """

    def __init__(
        self,
        routes: Mapping[str, Route],
        *,
        host: str = "0.0.0.0",  # noqa: S104 - containers are scraped from outside
        port: int = 8001,
        ssl_context: ssl.SSLContext | None = None,
        authorizer: Authorizer | None = None,
        open_paths: Collection[str] = (),
        limits: Limits | None = None,
        on_connection: Callable[[], None] = lambda: None,
    ) -> None:
        check_port(port, lowest=0)
        self._host = host
        self._port = port
        self._scheme = "https" if ssl_context else "http"
        self._limits = limits or Limits()
        self._handle = Handler(
            Router(routes, authorizer=authorizer, open_paths=open_paths).answer,
            ssl_context=ssl_context,
            max_head_bytes=self._limits.max_head_bytes,
        )
        self._slots = Slots(self._limits.max_connections)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._sockets: _Sockets | None = None  # once started
        self._accepting: threading.Thread | None = None
        self._url_host = connectable_name(host)
        self._on_connection = on_connection
        self._throttle = Throttle()
        self._owner = os.getpid()

    @property
    def port(self) -> int:
        """The port; once started the real one, also when 0 was asked for."""
        return self._port

    @property
    def url(self) -> str:
        """The URL of the server without a path, connectable from this machine."""
        return f"{self._scheme}://{self._url_host}:{self._port}"

    def start(self) -> None:
        """Bind in this thread, then serve in daemon threads.

        Raises:
            OSError: the address cannot be bound.
            RuntimeError: it was started or stopped before.
        """
        with self._lock:
            if self._accepting is not None or self._stopping.is_set():
                raise RuntimeError("a server starts once: make a new one")
            self._owner = os.getpid()
            listener = bind(self._host, self._port)
            try:
                self._sockets = _Sockets(listener, *socket.socketpair())
                self._listen(self._sockets)
            except BaseException:
                listener.close()
                self._close_sockets()
                raise

    def stop(self, timeout: float = 5.0) -> None:
        """Close the port and end all connections within ``timeout`` seconds; twice is harmless."""
        if os.getpid() != self._owner:
            self.close_after_fork()
            return
        deadline = time.monotonic() + timeout
        with self._lock:
            self._stopping.set()
            self._slots.refuse_newcomers()
            with contextlib.suppress(OSError):  # closed by somebody else, as daemons do
                if self._sockets is not None:
                    self._sockets.waker.send(b"!")
            if self._accepting is not None:
                join([self._accepting], deadline)
            self._close_sockets()
            self._slots.end(deadline)

    def close_after_fork(self) -> None:
        """Close, in a forked child, its copies of the parent's sockets; the parent serves on.

        Without it the port stays taken for as long as the child lives. Takes no lock: the
        thread that held it may not exist here. ``stop`` in a child does no more than this.
        """
        self._stopping.set()
        self._close_sockets()
        self._slots.close_inherited()

    def _listen(self, sockets: _Sockets) -> None:
        listener = sockets.listener
        listener.setblocking(False)  # a client may be gone again between poll and accept
        listener.listen(_BACKLOG)
        self._port = listener.getsockname()[1]
        accepting = threading.Thread(
            target=self._accept_until_stopped,
            args=(listener, sockets.woken),
            daemon=True,
            name="executor-metrics-accept",
        )
        accepting.start()
        self._accepting = accepting

    def _close_sockets(self) -> None:
        sockets, self._sockets = self._sockets, None
        for each in sockets or ():
            each.close()

    def _accept_until_stopped(self, listener: socket.socket, woken: socket.socket) -> None:
        with _Selector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(woken, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                if self._slots.wait_for_room() and not self._stopping.is_set():
                    self._accept(listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            accepted, _ = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            # Most likely no file descriptor is left. The client stays in the queue, so that
            # without a pause this would spin.
            self._report("no connection can be accepted", error)
            self._stopping.wait(_PAUSE_AFTER_FAILURE)
            return
        self._on_connection()
        self._serve(Connection(accepted, self._limits))

    def _serve(self, connection: Connection) -> None:
        thread = threading.Thread(
            target=self._run, args=(connection,), daemon=True, name="executor-metrics-request"
        )
        self._slots.take(connection, thread)
        try:
            thread.start()
        except RuntimeError as error:
            self._report("no thread can be started", error)
            connection.close()
            self._slots.give_back(connection)

    def _run(self, connection: Connection) -> None:
        try:
            self._handle(connection)
        finally:
            self._slots.give_back(connection)

    def _report(self, what: str, error: Exception) -> None:
        if self._throttle.admit(what) is not None:
            _logger.warning("%s on %s: %s", what, self.url, error)
