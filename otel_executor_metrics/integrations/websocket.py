"""Websocket connections: those of ASGI applications, and of the library ``websockets``.

ASGI: ``MetricsMiddleware`` of ``integrations.asgi`` measures them. The library: ``serve(handler,
create_connection=measured_connection(ServerConnection, metrics))``; off without that argument.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.errors import class_name
from otel_executor_metrics.metrics import ExecutorMetrics
from otel_executor_metrics.typing import OperationHandle

CONNECTION: Final = "websocket_connection"
MESSAGE: Final = "websocket_message"

_SECONDS: Final = (0.1, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400)
WEBSOCKET_OPERATIONS: Final = (
    Operation(CONNECTION, labels=("route",), buckets=_SECONDS, help="websocket connection"),
    Operation(MESSAGE, labels=("direction", "route"), help="websocket message"),
)
"""To be passed to ``ExecutorMetrics(operations=...)``: connections last longer than requests."""

REJECTED: Final = "Rejected"
"""The ``error_type`` of a connection that the application did not accept."""

_ABNORMAL: Final = 1006
_WELL: Final = frozenset((1000, 1001, 1005))  # closed, going away, closed without a code


def close_failure(code: object) -> str | None:
    """Return the ``error_type`` of a close code, or None where the connection ended well.

    Those of an application are told by their thousand: there may be any number.

    Source: RFC 6455, section 7.4.
    """
    if not isinstance(code, int) or not 1000 <= code < 5000:
        return str(_ABNORMAL)
    if code in _WELL:
        return None
    return str(code) if code <= 1015 else f"{code // 1000}xxx"


class Connection:
    """Records one connection: from :meth:`opened` to the first :meth:`closed`, and its messages.

    Messages in are counted; those out are timed as well: where a client is slow, sending waits.
    """

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self._metrics = metrics
        self._start = 0.0
        self._open = self._ended = False
        self._process = os.getpid()
        self._connection: OperationHandle | None = None  # once it was open
        self._in: OperationHandle | None = None
        self._out: OperationHandle | None = None

    def opened(self, route: str) -> None:
        """Count one more open connection, of a route of which there must be few."""
        bind = self._metrics.operation
        self._connection = bind(CONNECTION, labels={"route": route})
        self._in = bind(MESSAGE, labels={"direction": "in", "route": route})
        self._out = bind(MESSAGE, labels={"direction": "out", "route": route})
        self._start = time.perf_counter()
        self._open = True
        self._connection.begin()

    def refused(self, route: str, error_type: str) -> None:
        """Count a connection that was never open."""
        self._ended = True
        self._metrics.record_operation_failure(CONNECTION, error_type, {"route": route})

    def closed(self, error_type: str | None) -> None:
        """Count one fewer open connection, and how it ended; the first time only."""
        if self._connection is not None and self._open:
            self._open, self._ended = False, True
            if self._process != os.getpid():  # forked meanwhile: it ends where it began
                return
            self._connection.finish(time.perf_counter() - self._start, error_type)

    @property
    def ended(self) -> bool:
        """Whether the connection is over, or was never to be."""
        return self._ended

    @property
    def is_open(self) -> bool:
        """Whether messages can be exchanged."""
        return self._open

    def received(self) -> None:
        """Count a message from the other side; it may be read when that is gone."""
        if self._in is not None:
            self._in.success()

    async def sending(self, sent: Awaitable[None]) -> None:
        """Await the sending of a message; count it with how long that took."""
        start = time.perf_counter()
        try:
            await sent
        except BaseException as error:
            if self._out is not None:
                self._out.failure(error, time.perf_counter() - start)
            raise
        if self._out is not None:
            self._out.success(time.perf_counter() - start)


class ASGIWebSocket:
    """One connection, seen from between the server and the application.

    Args:
        metrics: where is recorded.
        route: returns the template of the connection's route, once it was accepted or refused.
        receive: the server's.
        send: the server's.
    """

    def __init__(
        self,
        metrics: ExecutorMetrics,
        route: Callable[[], str],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        self._connection = Connection(metrics)
        self._route = route
        self._receive = receive
        self._send = send

    async def run(self, app: Callable[[Any, Any, Any], Awaitable[None]], scope: Any) -> None:
        """Run the application; whatever it raises passes through."""
        try:
            await app(scope, self.receive, self.send)
        except BaseException as error:
            self._end(class_name(type(error)))
            raise
        if self._connection.is_open:  # a server closes what its application left open
            self._connection.closed(None)
        else:
            self._end(REJECTED)

    async def receive(self) -> Any:
        """Hand on what the server has, and notice messages and the end."""
        message = await self._receive()
        if message["type"] == "websocket.receive":
            self._connection.received()
        elif message["type"] == "websocket.disconnect":
            self._end(close_failure(message.get("code", 1005)))
        return message

    async def send(self, message: Any) -> None:
        """Hand on what the application sends, and notice messages and the end."""
        kind = message["type"]
        try:
            if kind == "websocket.send":
                await self._connection.sending(self._send(message))
            else:
                await self._send(message)
        except OSError:  # what ASGI 2.4 has servers raise when the client is gone
            self._end(close_failure(_ABNORMAL))
            raise
        if kind == "websocket.accept":
            self._connection.opened(self._route())
        elif kind == "websocket.close" and self._connection.is_open:
            self._connection.closed(close_failure(message.get("code", 1000)))
        elif kind in ("websocket.close", "websocket.http.response.start"):
            self._end(REJECTED)

    def _end(self, error_type: str | None) -> None:
        if self._connection.is_open:
            self._connection.closed(error_type)
        elif not self._connection.ended:
            self._connection.refused(self._route(), error_type or REJECTED)


ConnectionT = TypeVar("ConnectionT", bound=type)


def measured_connection(
    base: ConnectionT, metrics: ExecutorMetrics, *, route: str = "websocket"
) -> ConnectionT:
    """Return ``ServerConnection`` or ``ClientConnection`` of ``websockets.asyncio``, measured.

    Pass it to ``serve`` or ``connect`` as ``create_connection``. ``route`` is the label of all its
    connections. Messages are those of ``recv``, ``send`` and ``async for``.
    """
    made: Any = base

    class Measured(made):  # type: ignore[misc]
        """A connection that records itself."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._recorded = Connection(metrics)

        async def handshake(self, *args: Any, **kwargs: Any) -> None:
            """Count the connection if it is open after that."""
            try:
                await super().handshake(*args, **kwargs)
            except BaseException as error:
                self._recorded.refused(route, class_name(type(error)))
                raise
            if self.state.name == "OPEN":
                self._recorded.opened(route)
            else:
                self._recorded.refused(route, REJECTED)

        async def recv(self, *args: Any, **kwargs: Any) -> Any:
            """Count the message."""
            message = await super().recv(*args, **kwargs)
            self._recorded.received()
            return message

        async def send(self, *args: Any, **kwargs: Any) -> None:
            """Count the message, and time it."""
            await self._recorded.sending(super().send(*args, **kwargs))

        def connection_lost(self, exc: Exception | None) -> None:
            """Count the end by its close code."""
            super().connection_lost(exc)
            self._recorded.closed(close_failure(self.protocol.close_code))

    return Measured  # type: ignore[return-value]
