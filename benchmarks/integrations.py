"""Cases of integrations: what a request, a websocket, and a task of an executor cost with them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator.middleware import PrometheusInstrumentatorMiddleware
from starlette.applications import Starlette
from starlette.routing import Route

from benchmarks.cases import Case
from benchmarks.loops import Contestant
from benchmarks.ours import Facade
from otel_executor_metrics.integrations.asgi import MetricsMiddleware
from otel_executor_metrics.integrations.futures import InstrumentedExecutor

ASGI = "a request through an ASGI middleware"
WEBSOCKET = "a websocket connection through an ASGI middleware"
FUTURES = "a task of a pool of threads, submitted and waited for"

OURS = "MetricsMiddleware around Starlette"
STARLETTE = "Starlette alone"
PEER = "prometheus-fastapi-instrumentator around Starlette"
OURS_EMPTY = "MetricsMiddleware around an empty application"
EMPTY = "an empty application alone"

CONNECTION = "MetricsMiddleware, a connection and no message"
CONNECTION_ALONE = "the application alone, no message"
MESSAGES = "MetricsMiddleware, 100 messages echoed"
MESSAGES_ALONE = "the application alone, 100 messages echoed"

INSTRUMENTED = "InstrumentedExecutor"
PLAIN = "ThreadPoolExecutor"

_SCOPE: Final = {
    "type": "http",
    "method": "GET",
    "path": "/items/7",
    "root_path": "",
    "query_string": b"",
    "headers": [],
}


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answer with nothing."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def receive() -> Any:
    """Have nothing to receive."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def hear() -> Any:
    """Receive a message of a websocket."""
    return {"type": "websocket.receive", "text": "hello"}


def echo(messages: int) -> Any:
    """Return an application that accepts a websocket, echoes messages, and closes."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        for _ in range(messages):
            message = await receive()
            await send({"type": "websocket.send", "text": message["text"]})
        await send({"type": "websocket.close", "code": 1000})

    return app


async def send(message: Any) -> None:
    """Send to nobody."""


class Endpoint:
    """What Starlette takes for an application, and does not wrap."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer with nothing."""
        await answer(scope, receive, send)


def asgi_case(facade: Facade) -> Case:
    """Return the case of requests, ours recorded into ``facade``; no server, no socket."""
    return Case(
        ASGI,
        OURS,
        (
            _request(OURS, MetricsMiddleware(_starlette(), facade.metrics)),
            _request(STARLETTE, _starlette()),
            _request(PEER, _peer()),
            _request(OURS_EMPTY, MetricsMiddleware(answer, facade.metrics)),
            _request(EMPTY, answer),
        ),
        own={OURS_EMPTY: OURS_EMPTY, EMPTY: OURS_EMPTY},
        note="Ours records latency and outcome by method, route and class of status, and what is in"
        " progress; the peer its default metrics.",
    )


def websocket_case(facade: Facade) -> Case:
    """Return the case of websockets, ours recorded into ``facade``; no server, no socket."""
    pairs = ((CONNECTION, CONNECTION_ALONE, 0), (MESSAGES, MESSAGES_ALONE, 100))
    contestants = [
        _websocket(name, app)
        for ours, alone, messages in pairs
        for name, app in (
            (ours, MetricsMiddleware(echo(messages), facade.metrics)),
            (alone, echo(messages)),
        )
    ]
    return Case(
        WEBSOCKET,
        CONNECTION,
        tuple(contestants),
        own={MESSAGES: MESSAGES, MESSAGES_ALONE: MESSAGES},
        note="Ours records how long a connection is open and how it ends, what is open, and"
        " messages by direction, with how long sending takes. The applications do nothing else, and"
        " nothing travels. No peer is known to us that measures websockets.",
    )


def futures_case(facade: Facade, executor: ThreadPoolExecutor) -> Case:
    """Return the case of tasks in ``executor``; the time of its threads is in the rows."""
    code = "executor.submit(int).result()"
    measured = InstrumentedExecutor(executor, facade.metrics, "bench")
    return Case(
        FUTURES,
        INSTRUMENTED,
        (
            Contestant(INSTRUMENTED, code, {"executor": measured}),
            Contestant(PLAIN, code, {"executor": executor}),
        ),
        note="Ours records how long a task waited and ran, how it ended, what waits and what runs.",
    )


def _websocket(name: str, app: Any) -> Contestant:
    names = {"app": app, "scope": {**_SCOPE, "type": "websocket"}, "receive": hear, "send": send}
    return Contestant(name, "await app(dict(scope), receive, send)", names)


def _request(name: str, app: Any) -> Contestant:
    names = {"app": app, "scope": _SCOPE, "receive": receive, "send": send}
    return Contestant(name, "await app(dict(scope), receive, send)", names)


def _starlette() -> Starlette:
    return Starlette(routes=[Route("/items/{number}", Endpoint())])


def _peer() -> Starlette:
    app = _starlette()
    app.add_middleware(PrometheusInstrumentatorMiddleware, registry=CollectorRegistry())
    return app
