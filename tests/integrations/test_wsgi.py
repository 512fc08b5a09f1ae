"""WSGI applications: each request counts once, by its route and its end."""

from __future__ import annotations

import gc
import threading
import wsgiref.simple_server
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from flask import Flask, Response

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.wsgi import MetricsMiddleware, metrics_app
from tests.facade.outcomes import Outcomes
from tests.facade.scraping import fetch, label_set, scrape, url_of
from tests.integrations.serving import client
from tests.integrations.test_asgi import ended, in_progress
from tests.support.waiting import wait_until


class Server(ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    """The standard library's server, a thread for each request."""

    daemon_threads = True
    request_queue_size = 64


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, *args: object) -> None:
        """Do nothing."""


class QuietErrors(wsgiref.simple_server.ServerHandler):
    """Writes no traceback."""

    def log_exception(self, exc_info: object) -> None:
        """Do nothing."""


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve a WSGI application; yield its address, without a scheme."""
    with wsgiref.simple_server.make_server("127.0.0.1", 0, app, Server, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(60)


def flask(metrics: ExecutorMetrics) -> Flask:
    """Return an application with the middleware, and a route for each kind of end."""
    app = Flask("app")
    app.wsgi_app = MetricsMiddleware(app.wsgi_app, metrics)  # type: ignore[method-assign]

    @app.get("/items/<int:number>")
    def item(number: int) -> str:
        return str(number)

    @app.get("/busy")
    def busy() -> tuple[str, int]:
        return "busy", 503

    return app


def test_each_request_of_many_clients_counts_once(metrics: ExecutorMetrics) -> None:
    """Requests of eight clients at once are all there, under Flask's rules."""
    paths = ["/items/{}", "/busy", "/nowhere/{}"]
    with serving(flask(metrics)) as address, client(address) as http:

        def ask(number: int) -> int:
            return http.get(paths[number % 3].format(number)).status_code

        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(ask, range(300)))
        wait_until(lambda: in_progress(metrics) == 0, what="the end of all requests")

    assert sorted(set(statuses)) == [200, 404, 503]
    assert ended(metrics, "GET", "/items/<int:number>", "2xx") == Outcomes(100, observed=100)
    assert ended(metrics, "GET", "unmatched", "4xx") == Outcomes(100, observed=100)
    assert ended(metrics, "GET", "/busy", "5xx") == Outcomes(failures={"503": 100}, observed=100)


def test_a_client_that_leaves_a_stream_is_counted(metrics: ExecutorMetrics) -> None:
    """A server closes what its client does not take; until then the request is in progress."""
    go_on, app = threading.Event(), flask(metrics)

    @app.get("/stream")
    def stream() -> Response:
        def blocks() -> Iterator[bytes]:
            yield b"first"
            assert go_on.wait(60)
            while True:
                yield b"more" * 10_000

        return Response(blocks())

    with serving(app) as address, client(address) as http:
        with http.stream("GET", "/stream") as answer:
            assert next(answer.iter_raw()) == b"first"
            assert in_progress(metrics) == 1
        go_on.set()
        wait_until(lambda: in_progress(metrics) == 0, what="the end of the request")

    assert ended(metrics, "GET", "/stream", "2xx").failures == {"ClientDisconnect": 1}


def call(app: Any, **variables: str) -> list[bytes]:
    """Ask an application as a server does: take all blocks, then close."""
    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    blocks = app(environ | variables, nothing)
    try:
        return list(blocks)
    finally:
        if hasattr(blocks, "close"):
            blocks.close()


def nothing(status: str, headers: Any, exc_info: Any = None) -> None:
    """Take the beginning of a response."""


def page(environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with a list."""
    start_response("200 OK", [])
    return [b"page"]


def lazy(environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with a generator, which names its status when it is asked for the first block."""
    start_response("200 OK", [])
    yield b"lazy"
    if environ["PATH_INFO"] == "/broken":
        raise LookupError("on purpose")


def test_a_generator_is_measured_to_its_end(metrics: ExecutorMetrics) -> None:
    """Its status, too, comes with its first block."""
    assert call(MetricsMiddleware(lazy, metrics)) == [b"lazy"]

    assert ended(metrics, "GET", "unmatched", "2xx") == Outcomes(1, observed=1)
    assert in_progress(metrics) == 0


def test_a_response_without_a_body_need_not_be_asked_for_one(metrics: ExecutorMetrics) -> None:
    """A server that closes the blocks of a HEAD at once has lost no client."""
    environ: dict[str, Any] = {"REQUEST_METHOD": "HEAD", "PATH_INFO": "/"}
    blocks = MetricsMiddleware(lambda *given: iter(page(*given)), metrics)(environ, nothing)
    blocks.close()  # type: ignore[attr-defined]

    assert ended(metrics, "HEAD", "unmatched", "2xx") == Outcomes(1, observed=1)


def test_a_response_that_is_dropped_is_over(metrics: ExecutorMetrics) -> None:
    """A server that forgets to close the blocks leaves no request in progress."""
    blocks = MetricsMiddleware(lazy, metrics)({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, nothing)
    assert next(iter(blocks)) == b"lazy"
    assert in_progress(metrics) == 1

    del blocks
    gc.collect()

    assert in_progress(metrics) == 0
    assert ended(metrics, "GET", "unmatched", "2xx").failures == {"ClientDisconnect": 1}


def test_what_an_application_raises_goes_on_up(metrics: ExecutorMetrics) -> None:
    """Before its response and in the middle of it: once each, by its class."""

    def broken(environ: Any, start_response: Any) -> Iterable[bytes]:
        raise LookupError("on purpose")

    with pytest.raises(LookupError):
        call(MetricsMiddleware(broken, metrics))
    with pytest.raises(LookupError):
        call(MetricsMiddleware(lazy, metrics), PATH_INFO="/broken")

    assert ended(metrics, "GET", "unmatched", "5xx").failures == {"LookupError": 1}
    assert ended(metrics, "GET", "unmatched", "2xx").failures == {"LookupError": 1}


def test_an_application_that_names_no_status_fails(metrics: ExecutorMetrics) -> None:
    """Servers answer 500 for it."""
    call(MetricsMiddleware(lambda environ, start_response: [], metrics))

    assert ended(metrics, "GET", "unmatched", "5xx").failures == {"IncompleteResponse": 1}


def test_a_list_of_blocks_stays_what_it_is(metrics: ExecutorMetrics) -> None:
    """Servers make a Content-Length of the length of a single block."""
    with serving(MetricsMiddleware(page, metrics)) as address, client(address) as http:
        assert http.get("/").headers["content-length"] == "4"

    assert ended(metrics, "GET", "unmatched", "2xx").successes == 1


def test_a_thousand_paths_make_no_more_series(metrics: ExecutorMetrics) -> None:
    """Neither paths nor methods that a client makes up become label values."""
    app = flask(metrics)
    for number in range(1000):
        call(app, PATH_INFO=f"/p{number}", REQUEST_METHOD=f"M{number}" if number % 2 else "GET")

    assert set(scrape(metrics).series("http_request_success_total")) == {
        label_set(labels)
        for labels in (
            {},
            {"method": "GET", "route": "unmatched", "status_class": "4xx"},
            {"method": "other", "route": "unmatched", "status_class": "4xx"},
        )
    }
    assert scrape(metrics).total("http_request_success_total") == 1000


def test_a_route_can_be_told_by_the_user(
    metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """A function of the user's gives the label; what it raises is logged, and breaks nothing."""

    def broken(environ: Any) -> str:
        raise LookupError

    call(MetricsMiddleware(page, metrics, route=lambda environ: "/mine"))
    assert call(MetricsMiddleware(page, metrics, route=broken)) == [b"page"]

    assert ended(metrics, "GET", "/mine", "2xx").successes == 1
    assert ended(metrics, "GET", "unmatched", "2xx").successes == 1
    assert "cannot be told" in caplog.text


def test_switched_off_the_application_is_called_as_if_nothing_was_there(
    metrics: ExecutorMetrics,
) -> None:
    """After a shutdown it gets the server's own function; and the way back is one line."""
    got: list[Any] = []

    def keep(environ: Any, start_response: Any) -> Iterable[bytes]:
        got.append(start_response)
        return iter(got)

    app = MetricsMiddleware(keep, metrics)
    metrics.shutdown()

    assert app({}, print) is not got
    assert got == [print]
    assert app.app is keep


def test_metrics_are_shown(metrics: ExecutorMetrics) -> None:
    """What the port shows, compressed where that is wanted; HEAD without a body; no POST."""
    with serving(metrics_app(metrics)) as address, client(address) as http:
        shown = http.get("/")
        head = http.head("/")
        assert http.post("/").status_code == 405

    assert shown.headers["content-encoding"] == "gzip"
    assert shown.text == fetch(url_of(metrics))
    assert head.headers["content-length"] == shown.headers["content-length"]
    assert head.content == b""


@pytest.mark.parametrize("status", ["²00 OK", "", "abc", "000 No"])
def test_a_status_that_is_none_breaks_no_request(metrics: ExecutorMetrics, status: str) -> None:
    """What to make of it is the server's business; the request is over all the same."""

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response(status, [])
        return [b"x"]

    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    body = MetricsMiddleware(app, metrics)(environ, lambda *given: None)

    assert list(body) == [b"x"]
    assert ended(metrics, "GET", "unmatched", "5xx").failures == {"IncompleteResponse": 1}
    assert in_progress(metrics) == 0
