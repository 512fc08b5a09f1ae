"""ASGI, and with it Starlette and FastAPI: requests, websockets, ``/metrics`` and the lifespan.

On: ``app = MetricsMiddleware(app, metrics)``, or ``app.add_middleware(MetricsMiddleware,
metrics=metrics)``. Off: without that line, or ``metrics.shutdown()``. Nothing is imported but
this package: any ASGI framework will do.
"""

from __future__ import annotations

import asyncio
import functools
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeAlias

from otel_executor_metrics.errors import class_name
from otel_executor_metrics.integrations._routes import RouteTemplates, Scope
from otel_executor_metrics.integrations.http import (
    CLIENT_DISCONNECT,
    HTTP_OPERATIONS,
    INCOMPLETE,
    Requests,
    Route,
    failure_of,
    status_of,
)
from otel_executor_metrics.integrations.websocket import WEBSOCKET_OPERATIONS, ASGIWebSocket
from otel_executor_metrics.metrics import ExecutorMetrics

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
RouteOf: TypeAlias = Callable[[Scope], str | None]

ASGI_OPERATIONS: Final = (*HTTP_OPERATIONS, *WEBSOCKET_OPERATIONS)
"""To be passed to ``ExecutorMetrics(operations=...)``."""

_BODIES: Final = frozenset(("http.response.body", "http.response.zerocopysend"))
_WHOLE_BODY: Final = "http.response.pathsend"


class MetricsMiddleware:
    """Measures each request, until its response is sent, and each websocket connection.

    Requests are the operation ``http_request`` with ``method``, ``route`` (a template, never a
    path) and ``status_class``. Statuses from 500 on are failures, by their number; so are
    exceptions, cancellation included, by their class. A client that is seen to go before it has
    the whole response is one of ``ClientDisconnect``.

    Args:
        app: what is measured; also the way back, ``app = app.app``.
        metrics: where is recorded.
        route: returns the template of a scope when the application is done with it, for
            frameworks other than Starlette and FastAPI; None for none. There must be few.
    """

    def __init__(
        self, app: Application, metrics: ExecutorMetrics, *, route: RouteOf | None = None
    ) -> None:
        self.app = app
        self._metrics = metrics
        self._requests = Requests(metrics)
        self._route = Route(RouteTemplates() if route is None else route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; whatever it raises passes through."""
        if scope["type"] == "http" and self._requests.recorded:
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket" and self._requests.recorded:
            route = functools.partial(self._route, scope)
            socket = ASGIWebSocket(self._metrics, route, receive, send)
            await socket.run(self.app, scope)
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = _Exchange(self._requests, scope, self._route, receive, send)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except BaseException as error:
            exchange.end(error)
            raise
        exchange.end(None)


class _Exchange:
    """One request and its response, seen from between the server and the application."""

    __slots__ = (
        "_complete",
        "_gone",
        "_process",
        "_receive",
        "_recorded",
        "_requests",
        "_route",
        "_scope",
        "_seconds",
        "_send",
        "_start",
        "_status",
    )

    def __init__(
        self,
        requests: Requests,
        scope: Scope,
        route: Route,
        receive: Receive,
        send: Send,
    ) -> None:
        self._requests = requests
        self._scope = scope
        self._route = route
        self._receive = receive
        self._send = send
        self._status = 0
        self._seconds = 0.0
        self._complete = self._gone = self._recorded = False
        self._process = os.getpid()
        requests.begin()
        self._start = time.perf_counter()

    async def receive(self) -> Message:
        """Hand on what the server has, and notice a client that is gone."""
        message = await self._receive()
        # Once the response is complete servers say so of every client.
        if message["type"] == "http.disconnect" and not self._complete:
            self._gone = True
        return message

    async def send(self, message: Message) -> None:
        """Hand on a part of the response, and notice which."""
        try:
            await self._send(message)
        except OSError:  # what ASGI 2.4 has servers raise when the client is gone
            self._gone = True
            raise
        kind = message["type"]
        if kind == "http.response.start":
            self._status = status_of(message.get("status"))
        elif kind == _WHOLE_BODY or (kind in _BODIES and not message.get("more_body")):
            self._completed()

    def end(self, error: BaseException | None) -> None:
        """Record how it ended, unless that was clear before the application was done."""
        if self._recorded:
            return
        if not self._complete:
            self._seconds = time.perf_counter() - self._start
        if self._gone:
            self._record(CLIENT_DISCONNECT)
        elif error is not None:
            # A server answers 500 for an application, but nothing where it was cancelled.
            self._status = self._status or (500 if isinstance(error, Exception) else 0)
            self._record(class_name(type(error)))
        else:
            self._status = self._status or 500
            self._record(failure_of(self._status) if self._complete else INCOMPLETE)

    def _completed(self) -> None:
        self._seconds = time.perf_counter() - self._start
        self._complete = True
        # A failure waits for the exception that explains it, which is raised after a response of
        # 500; anything else is over, whatever the application does in the background.
        if not self._gone and failure_of(self._status) is None:
            self._record(None)

    def _record(self, error_type: str | None) -> None:
        self._recorded = True
        if self._process != os.getpid():  # forked meanwhile: it ends where it began
            return
        method, route = self._scope["method"], self._route(self._scope)
        self._requests.end(method, route, self._status, self._seconds, error_type)


class MetricsApp:
    """Answers GET and HEAD with what the port of ``metrics`` answers, its whole fleet included.

    It collects in a thread, so that the event loop goes on. Who may ask is the application's to
    decide: ``basic_auth`` and the like guard the port only.
    """

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever its path."""
        if scope["type"] != "http":
            raise ValueError(f"{scope['type']}: only http is answered here")
        status, headers, body = await self._answer(scope)
        whole = [*headers, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": whole})
        sent = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": sent})

    async def _answer(self, scope: Scope) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        if scope["method"] not in ("GET", "HEAD"):
            return 405, [(b"allow", b"GET, HEAD")], b""
        given = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = scope.get("query_string", b"").decode("latin-1")
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(None, self._metrics.scrape, given, query)
        headers = (("content-type", found.content_type), *found.headers)
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers]
        return found.status, encoded, found.body


def metrics_app(metrics: ExecutorMetrics) -> MetricsApp:
    """Return an ASGI application for ``/metrics``, to be given a route of another."""
    return MetricsApp(metrics)


Lifespan: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Any]]


def metrics_lifespan(metrics: ExecutorMetrics, inner: Lifespan | None = None) -> Lifespan:
    """Return a lifespan for Starlette or FastAPI that shuts ``metrics`` down after ``inner``.

    A server that ends by a signal, as uvicorn does, runs no exit hooks: without it what an
    exporter had not sent is lost.
    """

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        try:
            if inner is None:
                yield
            else:
                async with inner(app) as state:
                    yield state
        finally:
            await asyncio.get_running_loop().run_in_executor(None, metrics.shutdown)

    return lifespan
