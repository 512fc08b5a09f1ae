"""WSGI, and with it Flask and Django: requests, and ``/metrics``.

On: ``app = MetricsMiddleware(app, metrics)``. Off: without that line, ``app = app.app``, or
``metrics.shutdown()``. Nothing is imported but this package.
"""

from __future__ import annotations

import contextlib
import http
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from otel_executor_metrics.errors import class_name
from otel_executor_metrics.integrations.http import (
    CLIENT_DISCONNECT,
    INCOMPLETE,
    Requests,
    Route,
    failure_of,
    status_of,
)
from otel_executor_metrics.metrics import ExecutorMetrics

Environ: TypeAlias = dict[str, Any]
Application: TypeAlias = Callable[[Environ, Any], Iterable[bytes]]
RouteOf: TypeAlias = Callable[[Environ], str | None]


def flask_rule(environ: Environ) -> str | None:
    """Return the rule of the route that Flask took, such as ``/items/<int:id>``."""
    request = environ.get("werkzeug.request")
    rule = getattr(getattr(request, "url_rule", None), "rule", None)
    return rule if isinstance(rule, str) else None


class MetricsMiddleware:
    """Measures each request until its response is sent: the operation ``http_request``.

    Statuses from 500 on are failures, by their number; so are exceptions, by their class. A
    response that is closed before its end counts as ``ClientDisconnect``.

    Args:
        app: what is measured; also the way back, ``app = app.app``.
        metrics: where is recorded.
        route: returns the template of an environ's route when the response begins, or None. There
            must be few. That of Flask is found without it; elsewhere the route is ``unmatched``.
    """

    def __init__(
        self, app: Application, metrics: ExecutorMetrics, *, route: RouteOf = flask_rule
    ) -> None:
        self.app = app
        self._requests = Requests(metrics)
        self._route = Route(route)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Run the application; whatever it raises passes through."""
        if not self._requests.recorded:
            return self.app(environ, start_response)
        exchange = _Exchange(self._requests, environ, self._route, start_response)
        try:
            body = self.app(environ, exchange.start_response)
        except BaseException as error:
            exchange.end(class_name(type(error)))
            raise
        if type(body) in (list, tuple):  # complete; and servers make a length of one block
            exchange.end(None)
            return body
        return _Body(body, exchange)


class _Exchange:
    """One request and its response."""

    __slots__ = (
        "_environ",
        "_process",
        "_recorded",
        "_requests",
        "_route",
        "_start",
        "_start_response",
        "_status",
        "_template",
    )

    def __init__(
        self, requests: Requests, environ: Environ, route: Route, start_response: Any
    ) -> None:
        self._requests = requests
        self._environ = environ
        self._route = route
        self._start_response = start_response
        self._status = 0
        self._template = ""
        self._recorded = False
        self._process = os.getpid()
        requests.begin()
        self._start = time.perf_counter()

    def start_response(self, status: str, *rest: Any) -> Any:
        """Hand on the status, and notice it."""
        write = self._start_response(status, *rest)
        self._template = self._route(self._environ)  # Flask forgets it before the response ends
        with contextlib.suppress(TypeError, ValueError):
            self._status = status_of(int(status[:3]))
        return write

    def closed(self) -> None:
        """Record that nobody asks for more: its client is gone, unless there is no body to want."""
        bodiless = self._environ.get("REQUEST_METHOD") == "HEAD" or self._status in (204, 304)
        self.end(None if bodiless else CLIENT_DISCONNECT)

    def end(self, error_type: str | None) -> None:
        """Record how it ended, the first time only: with its status where nothing is said.

        Not in a child that was forked meanwhile: it ends in the process where it began.
        """
        if self._recorded or self._process != os.getpid():
            return
        self._recorded = True
        seconds = time.perf_counter() - self._start
        if error_type is None:
            error_type = failure_of(self._status) if self._status else INCOMPLETE
        method = self._environ.get("REQUEST_METHOD", "")
        template = self._template or self._route(self._environ)
        # A server answers 500 for an application that has not answered.
        self._requests.end(method, template, self._status or 500, seconds, error_type)


class _Body:
    """The blocks of a response; their end, or ``close``, is the end of the request."""

    def __init__(self, blocks: Iterable[bytes], exchange: _Exchange) -> None:
        self._blocks = blocks
        self._iterator: Iterator[bytes] | None = None
        self._exchange = exchange

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        try:
            if self._iterator is None:
                self._iterator = iter(self._blocks)
            return next(self._iterator)
        except StopIteration:
            self._exchange.end(None)
            raise
        except BaseException as error:
            self._exchange.end(class_name(type(error)))
            raise

    def close(self) -> None:
        """Close the blocks, as a server does in the end, or before it."""
        try:
            close = getattr(self._blocks, "close", None)
            if close is not None:
                close()
        finally:
            self._exchange.closed()

    def __del__(self) -> None:
        """End the request of a server that drops the blocks, and never closes them."""
        self._exchange.closed()


def metrics_app(metrics: ExecutorMetrics) -> Application:
    """Return a WSGI application that answers GET and HEAD as the port of ``metrics`` does.

    Who may ask is the server's to decide: ``basic_auth`` and the like guard the port only.
    """

    def answer(environ: Environ, start_response: Any) -> list[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD"):
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD")])
            return []
        given = {
            name[5:].lower().replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        found = metrics.scrape(given, environ.get("QUERY_STRING", ""))
        length = ("Content-Length", str(len(found.body)))
        headers = [("Content-Type", found.content_type), *found.headers, length]
        start_response(f"{found.status} {http.HTTPStatus(found.status).phrase}", headers)
        return [] if method == "HEAD" else [found.body]

    return answer
