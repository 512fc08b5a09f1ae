"""``/metrics`` in an application of the user's: what the port shows, without the port."""

from __future__ import annotations

import asyncio
import gzip
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client.parser import text_string_to_metric_families

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.asgi import metrics_app, metrics_lifespan
from tests.facade.scraping import OPENMETRICS, TEXT, Scrape, fetch, url_of
from tests.faults.conftest import MakeApplication, make_application  # noqa: F401 - a fixture
from tests.integrations.serving import client, serving
from tests.integrations.test_asgi import drop, nothing, run
from tests.support.ports import free_ports
from tests.support.waiting import wait_until


@pytest.mark.parametrize("accept", [TEXT, OPENMETRICS])
def test_it_shows_what_the_port_shows(metrics: ExecutorMetrics, accept: str) -> None:
    """To the letter, in either format."""
    metrics.record_operation("execute", duration=0.2, labels={"task_type": "ml"})
    app = FastAPI()
    app.add_route("/metrics", metrics_app(metrics))  # type: ignore[arg-type]

    with serving(app) as address, client(address) as http:
        shown = http.get("/metrics", headers={"Accept": accept})

    assert shown.status_code == 200
    assert shown.headers["content-type"].startswith(accept.partition(";")[0])
    assert shown.headers["content-encoding"] == "gzip"
    assert shown.text == fetch(url_of(metrics), accept)
    assert "execute_success_total" in shown.text


def test_only_what_the_query_names_is_shown(metrics: ExecutorMetrics) -> None:
    """``name[]`` filters, as at the port; HEAD has no body; nothing else is answered."""
    with serving(metrics_app(metrics)) as address, client(address) as http:
        named = http.get("/", params={"name[]": "plan_success_total"}).text
        head = http.head("/", headers={"Accept-Encoding": "identity"})
        post = http.post("/")

    assert "plan_success_total" in named
    assert "intent" not in named
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > len(named)
    assert (post.status_code, post.headers["allow"]) == (405, "GET, HEAD")


def test_a_scrape_does_not_stop_the_event_loop() -> None:
    """What is collected, is collected in a thread."""
    waits, goes_on = threading.Event(), threading.Event()

    class Slow(ExecutorMetrics):
        def scrape(self, headers: Mapping[str, str] | None = None, query: str = "") -> Any:
            waits.set()
            assert goes_on.wait(60)
            return super().scrape(headers, query)

    async def both(app: Any) -> None:
        scraping = asyncio.ensure_future(run(app))
        assert await asyncio.to_thread(waits.wait, 60)
        goes_on.set()
        await scraping

    with Slow(metrics_port=0, host="127.0.0.1") as metrics:
        asyncio.run(both(metrics_app(metrics)))

    assert goes_on.is_set()


def test_without_a_port_there_is_something_to_show() -> None:
    """With no exporter at all, or only one that sends."""
    with ExecutorMetrics(exporter="none") as metrics:
        metrics.record_operation("plan", duration=0.2)
        assert b"plan_success_total 1.0" in metrics.scrape().body
        packed = metrics.scrape({"accept-encoding": "gzip"}).body
        assert b"plan_success_total 1.0" in gzip.decompress(packed)


def test_where_there_is_nothing_to_show_a_status_says_so() -> None:
    """Metrics that are off, and those that are in a MeterProvider alone, are no empty page."""
    metrics = ExecutorMetrics(enable_metrics=False)
    with ExecutorMetrics(meter_provider=MeterProvider()) as foreign:
        assert foreign.scrape().status == 501
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    asyncio.run(run(metrics_app(metrics), keep))
    assert metrics.scrape().status == sent[0]["status"] == 503
    assert b"metrics are off" in sent[1]["body"]
    with pytest.raises(ValueError, match="websocket: only http"):
        asyncio.run(metrics_app(metrics)({"type": "websocket"}, nothing, drop))


def test_the_lifespan_shuts_metrics_down_after_the_user_s_own(metrics: ExecutorMetrics) -> None:
    """The user's own lifespan still records, and its state is there."""
    events: list[Any] = []

    @asynccontextmanager
    async def own(app: Any) -> Any:
        yield {"state": 1}
        events.append(metrics.enable_metrics)

    app = FastAPI(lifespan=metrics_lifespan(metrics, own))

    with serving(app):
        assert metrics.enable_metrics
    assert events == [True]
    assert not metrics.enable_metrics


def test_a_lifespan_without_another_shuts_metrics_down(metrics: ExecutorMetrics) -> None:
    """The user need not have one."""
    with serving(FastAPI(lifespan=metrics_lifespan(metrics))):
        assert metrics.enable_metrics
    assert not metrics.enable_metrics


WEB = """
from otel_executor_metrics.integrations import asgi, wsgi

metrics = ExecutorMetrics()
shown = {"asgi": asgi.metrics_app(metrics), "wsgi": wsgi.metrics_app(metrics)}

def wsgi_app(environ, start_response):
    if environ["PATH_INFO"] == "/metrics":
        return shown["wsgi"](environ, start_response)
    start_response("200 OK", [("Content-Length", "0")])
    return []

async def asgi_app(scope, receive, send):
    if scope["type"] == "http" and scope["path"] == "/metrics":
        await shown["asgi"](scope, receive, send)
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

wsgi_app = wsgi.MetricsMiddleware(wsgi_app, metrics)
asgi_app = asgi.MetricsMiddleware(asgi_app, metrics)
"""

SERVERS = {
    "forked": "gunicorn web:wsgi_app --preload -w 3 -t 120 -b 127.0.0.1:{port} --log-level error",
    "started apart": "uvicorn web:asgi_app --workers 3 --port {port} --log-level error",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("how", SERVERS)
def test_each_worker_shows_the_total_of_all(
    make_application: MakeApplication,  # noqa: F811
    how: str,
) -> None:
    """Whichever worker answers, forked or started apart: the page is that of the fleet."""
    application, (port,) = make_application(WEB, "web.py"), free_ports(1)
    application.run(
        *(sys.executable, "-m", *SERVERS[how].format(port=port).split()),
        # Seconds for a worker to start in, where uvicorn has it: 5 are few on a busy machine.
        UVICORN_TIMEOUT_WORKER_HEALTHCHECK="120",
    )
    asked = 0

    def shown(path: str = "/metrics") -> str | None:
        nonlocal asked
        try:
            with client(f"127.0.0.1:{port}") as http:
                text = http.get(path).text
        except httpx.ConnectError:  # nobody listens yet: this is no request
            return None
        asked += 1
        return text

    wait_until(lambda: shown("/") is not None, 60, "an answer")
    for _ in range(60):
        assert shown("/") is not None

    def all_are_there() -> bool:
        before, text = asked, shown()  # which does not count itself
        assert text is not None
        found = Scrape(text, text_string_to_metric_families(text))
        total = found.total("http_request_success_total", status_class="2xx")
        assert total <= before
        return total == before

    # Three workers, of which any may answer. One that has answered may not have recorded it yet.
    for _ in range(12):
        wait_until(all_are_there, what="the total of all workers")
