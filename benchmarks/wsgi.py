"""The case of WSGI: what a request costs with the middleware, without, and with one by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from benchmarks.cases import Case
from benchmarks.loops import Contestant
from benchmarks.ours import Facade
from benchmarks.work import BUCKETS
from otel_executor_metrics.integrations.wsgi import MetricsMiddleware

TITLE = "a request through a WSGI middleware"
OURS = "MetricsMiddleware around an application"
BARE = "the application alone"
PEER = "prometheus_client by hand around it"
OURS_STREAM = "MetricsMiddleware around a generator"
STREAM = "the generator alone"

LINE: Final = 'b"".join(app(dict(environ), start_response))'

_ROUTE: Final = "/items/{number}"
_ENVIRON: Final = {"REQUEST_METHOD": "GET", "PATH_INFO": "/items/7"}
_LABELS: Final = ("method", "route", "status_class")

App = Callable[[Any, Any], Iterable[bytes]]


def answer(environ: Any, start_response: Any) -> list[bytes]:
    """Answer with a list, as Flask and Django do."""
    start_response("200 OK", [])
    return [b""]


def stream(environ: Any, start_response: Any) -> Iterator[bytes]:
    """Answer block by block."""
    start_response("200 OK", [])
    yield b""


def start_response(status: str, headers: Any) -> None:
    """Take the beginning of a response."""


class ByHand:
    """What one would write for the same series with prometheus_client, for lists alone."""

    def __init__(self, app: App) -> None:
        self.registry = CollectorRegistry()
        name, held = "http_request", self.registry
        self._app = app
        self._latency = Histogram(
            f"{name}_latency_seconds", "Latency", _LABELS, buckets=BUCKETS, registry=held
        )
        self._success = Counter(f"{name}_success_total", "Successes", _LABELS, registry=held)
        self._failures = Counter(
            f"{name}_failures_total", "Failures", ("error_type", *_LABELS), registry=held
        )
        self._in_progress = Gauge(f"{name}_in_progress", "In progress", registry=held)

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Measure one request; an exception has no outcome here."""
        statuses: list[str] = []

        def started(status: str, *rest: Any) -> Any:
            statuses.append(status)
            return start_response(status, *rest)

        start = time.perf_counter()
        with self._in_progress.track_inprogress():
            body = self._app(environ, started)
        labels = (environ["REQUEST_METHOD"], _ROUTE, f"{statuses[-1][0]}xx")
        self._latency.labels(*labels).observe(time.perf_counter() - start)
        if statuses[-1] >= "500":
            self._failures.labels(statuses[-1][:3], *labels).inc()
        else:
            self._success.labels(*labels).inc()
        return body


def wsgi_case(facade: Facade) -> Case:
    """Return the case, ours recorded into ``facade``; no server, no socket."""
    return Case(
        TITLE,
        OURS,
        (
            _request(OURS, measured(answer, facade)),
            _request(BARE, answer),
            _request(PEER, ByHand(answer)),
            _request(OURS_STREAM, measured(stream, facade)),
            _request(STREAM, stream),
        ),
        own={OURS_STREAM: OURS_STREAM, STREAM: OURS_STREAM},
        note="Ours and the peer record latency and outcome by method, route and class of status,"
        " and what is in progress; the peer knows neither exceptions nor generators.",
    )


def measured(app: App, facade: Facade) -> App:
    """Return ``app`` with our middleware around it."""
    return MetricsMiddleware(app, facade.metrics, route=lambda environ: _ROUTE)


def names(app: App) -> dict[str, Any]:
    """Return what the line uses."""
    return {"app": app, "environ": _ENVIRON, "start_response": start_response}


def _request(name: str, app: App) -> Contestant:
    return Contestant(name, LINE, names(app))
