"""ASGI applications, served by uvicorn: each request counts once, by its route and its end."""

from __future__ import annotations

import asyncio
import random
import string
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.asgi import MetricsMiddleware
from tests.facade.outcomes import Outcomes, outcomes
from tests.facade.scraping import label_set, scrape
from tests.integrations.serving import client, serving
from tests.support.waiting import wait_until


def fastapi(metrics: ExecutorMetrics) -> FastAPI:
    """Return an application with the middleware, and a route for each kind of end."""
    app = FastAPI()
    app.add_middleware(MetricsMiddleware, metrics=metrics)

    @app.get("/items/{number}")
    @app.get("/things/{number}")
    def item(number: int) -> int:
        return number

    @app.get("/broken")
    def broken() -> None:
        raise LookupError("on purpose")

    @app.get("/busy")
    async def busy() -> None:
        raise HTTPException(503)

    return app


def ended(metrics: ExecutorMetrics, method: str, route: str, status_class: str) -> Outcomes:
    """Return what one label set of requests has recorded."""
    return outcomes(metrics, "http_request", method=method, route=route, status_class=status_class)


def in_progress(metrics: ExecutorMetrics) -> float:
    """Return how many requests are in progress."""
    return scrape(metrics).total("http_request_in_progress")


def test_each_request_of_many_clients_counts_once(metrics: ExecutorMetrics) -> None:
    """Requests of eight clients at once are all there, under their templates."""
    paths = ["/items/{}", "/things/{}", "/items/x{}", "/broken"]

    with serving(fastapi(metrics)) as address, client(address) as http:

        def ask(number: int) -> int:
            return http.get(paths[number % 4].format(number)).status_code

        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(ask, range(400)))

    assert sorted(set(statuses)) == [200, 422, 500]
    assert ended(metrics, "GET", "/items/{number}", "2xx") == Outcomes(100, observed=100)
    assert ended(metrics, "GET", "/items/{number}", "4xx") == Outcomes(100, observed=100)
    assert ended(metrics, "GET", "/things/{number}", "2xx") == Outcomes(100, observed=100)
    assert ended(metrics, "GET", "/broken", "5xx") == Outcomes(
        failures={"LookupError": 100}, observed=100
    )
    assert in_progress(metrics) == 0


def test_a_response_of_the_server_s_fault_is_a_failure_by_its_number(
    metrics: ExecutorMetrics,
) -> None:
    """503 fails; 404 and 405 are answers like any other."""
    with serving(fastapi(metrics)) as address, client(address) as http:
        assert [http.get(path).status_code for path in ("/busy", "/nowhere")] == [503, 404]
        assert http.post("/busy").status_code == 405

    assert ended(metrics, "GET", "/busy", "5xx").failures == {"503": 1}
    assert ended(metrics, "GET", "unmatched", "4xx").successes == 1
    assert ended(metrics, "POST", "/busy", "4xx").successes == 1


@pytest.mark.parametrize("inside", [True, False])
def test_an_exception_is_told_by_its_class_wherever_the_middleware_stands(
    metrics: ExecutorMetrics, inside: bool
) -> None:
    """Outside of Starlette's own error page as well, which answers 500 before it raises again."""
    app: Any = FastAPI()

    @app.get("/broken")
    def broken() -> None:
        raise LookupError("on purpose")

    if inside:
        app.add_middleware(MetricsMiddleware, metrics=metrics)
    else:
        app = MetricsMiddleware(app, metrics)
    with serving(app) as address, client(address) as http:
        assert http.get("/broken").status_code == 500

    assert ended(metrics, "GET", "/broken", "5xx").failures == {"LookupError": 1}


def test_templates_have_the_prefixes_of_mounts_and_routers(metrics: ExecutorMetrics) -> None:
    """Included twice, mounted, or both: each route has its own whole template."""

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("page")

    async def plain(request: Request) -> PlainTextResponse:
        return PlainTextResponse("plain")

    router = APIRouter(prefix="/users")

    @router.get("/{name}")
    def user(name: str) -> str:
        return name

    app, inner = fastapi(metrics), FastAPI()
    inner.include_router(router)
    app.include_router(router, prefix="/v1")
    app.include_router(router, prefix="/v2")
    app.mount("/inner", inner)
    app.mount("/tenants/{tenant}", Starlette(routes=[Route("/pages/{page}", page)]))
    app.add_route("/plain/{name}", plain)
    with serving(app) as address, client(address) as http:
        for path in ("v1/users/a", "v2/users/b", "inner/users/c", "tenants/d/pages/e", "plain/f"):
            assert http.get(path).status_code == 200
        assert http.get("tenants/d/nowhere").status_code == 404

    assert scrape(metrics).label_values("http_request_success_total", "route") == {
        "",
        "/v1/users/{name}",
        "/v2/users/{name}",
        "/inner/users/{name}",
        "/tenants/{tenant}/pages/{page}",
        "/tenants/{tenant}/{path}",
        "/plain/{name}",
    }


def test_starlette_alone_has_templates(metrics: ExecutorMetrics) -> None:
    """Its routes and mounts are found without FastAPI."""

    async def page(request: Request) -> PlainTextResponse:
        return PlainTextResponse("page")

    routes = [Route("/", page), Mount("/sub", routes=[Route("/{page:int}", page)])]
    app = MetricsMiddleware(Starlette(routes=routes), metrics)
    with serving(app) as address, client(address) as http:
        assert [http.get(path).status_code for path in ("/", "/sub/007")] == [200, 200]

    assert ended(metrics, "GET", "/", "2xx").successes == 1
    assert ended(metrics, "GET", "/sub/{page}", "2xx").successes == 1


def test_a_thousand_paths_make_no_more_series(metrics: ExecutorMetrics) -> None:
    """Neither paths, nor parts of paths, nor methods that a client makes up become labels."""
    letters = random.Random(7)
    with serving(fastapi(metrics)) as address, client(address) as http:
        http.headers.pop("Connection")
        for number in range(1000):
            word = "".join(letters.choices(string.ascii_letters, k=12))
            method = word.upper() if number % 10 == 0 else "GET"
            http.request(method, f"/{word}" if number % 2 else f"/items/{word}")

    seen = scrape(metrics)
    assert seen.total("http_request_success_total") == 1000
    assert set(seen.series("http_request_success_total")) == {
        label_set(labels)
        for labels in (
            {},
            {"method": "GET", "route": "unmatched", "status_class": "4xx"},
            {"method": "GET", "route": "/items/{number}", "status_class": "4xx"},
            {"method": "other", "route": "/items/{number}", "status_class": "4xx"},
        )
    }
    assert seen.overflows() == {}


async def nothing() -> Any:
    """Have nothing to receive."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def drop(message: Any) -> None:
    """Send to nobody."""


def stream(metrics: ExecutorMetrics, go_on: threading.Event) -> Starlette:
    """Return an application that sends a block, and another when it is told to go on."""

    async def blocks() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.to_thread(go_on.wait, 60)
        yield b"last"

    async def endpoint(request: Request) -> StreamingResponse:
        return StreamingResponse(blocks())

    app = Starlette(routes=[Route("/stream", endpoint)])
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    return app


def test_a_streamed_response_is_measured_to_its_end(metrics: ExecutorMetrics) -> None:
    """It is in progress until the last block is sent."""
    go_on = threading.Event()
    with (
        serving(stream(metrics, go_on)) as address,
        client(address) as http,
        http.stream("GET", "/stream") as answer,
    ):
        blocks = answer.iter_bytes()
        assert next(blocks) == b"first"
        assert in_progress(metrics) == 1
        assert scrape(metrics).total("http_request_success_total") == 0
        go_on.set()
        assert list(blocks) == [b"last"]

    assert ended(metrics, "GET", "/stream", "2xx") == Outcomes(1, observed=1)
    assert in_progress(metrics) == 0


def test_a_client_that_leaves_is_counted(metrics: ExecutorMetrics) -> None:
    """A connection that is closed in the middle of a response is a failure."""
    never = threading.Event()
    with serving(stream(metrics, never)) as address, client(address) as http:
        with http.stream("GET", "/stream") as answer:
            assert next(answer.iter_bytes()) == b"first"
        wait_until(lambda: in_progress(metrics) == 0, what="the end of the request")
        never.set()  # there is a thread that waits for it

    assert ended(metrics, "GET", "/stream", "2xx") == Outcomes(
        failures={"ClientDisconnect": 1}, observed=1
    )


def test_what_runs_in_the_background_is_no_part_of_the_request(metrics: ExecutorMetrics) -> None:
    """A request is over when its response is, whatever becomes of its background task."""
    go_on, app = threading.Event(), fastapi(metrics)

    @app.get("/later")
    def later(tasks: BackgroundTasks) -> str:
        tasks.add_task(go_on.wait, 60)
        return "done"

    with serving(app) as address, client(address) as http:
        assert http.get("/later").json() == "done"
        wait_until(lambda: in_progress(metrics) == 0, what="the end of the request")
        assert ended(metrics, "GET", "/later", "2xx") == Outcomes(1, observed=1)
        go_on.set()

    assert ended(metrics, "GET", "/later", "2xx") == Outcomes(1, observed=1)


SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": []}


async def run(app: Any, send: Any = drop) -> None:
    """Send one request to an application, without a server."""
    await app(dict(SCOPE), nothing, send)


def test_cancellation_is_a_failure_and_goes_on_up(metrics: ExecutorMetrics) -> None:
    """A server that cancels its application leaves nothing in progress."""

    async def forever(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    async def cancelled() -> None:
        task = asyncio.ensure_future(run(MetricsMiddleware(forever, metrics)))
        await asyncio.sleep(0)
        assert await asyncio.to_thread(in_progress, metrics) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())

    assert ended(metrics, "GET", "unmatched", "none").failures == {"CancelledError": 1}
    assert in_progress(metrics) == 0


def test_an_application_that_does_not_finish_its_response_fails(metrics: ExecutorMetrics) -> None:
    """Whether it has begun with one or not."""

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        return

    async def half(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    asyncio.run(run(MetricsMiddleware(silent, metrics)))
    asyncio.run(run(MetricsMiddleware(half, metrics)))

    assert ended(metrics, "GET", "unmatched", "5xx").failures == {"IncompleteResponse": 1}
    assert ended(metrics, "GET", "unmatched", "2xx").failures == {"IncompleteResponse": 1}


def test_a_server_that_raises_for_a_client_that_is_gone(metrics: ExecutorMetrics) -> None:
    """What ASGI 2.4 has servers do counts like any other client that left."""

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    async def broken_pipe(message: Any) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        asyncio.run(run(MetricsMiddleware(page, metrics), broken_pipe))

    assert ended(metrics, "GET", "unmatched", "none").failures == {"ClientDisconnect": 1}


def test_a_route_that_cannot_be_told_breaks_no_request(
    metrics: ExecutorMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """What the user's own function raises is logged; the request is counted as unmatched."""

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    def broken(scope: Any) -> str:
        raise LookupError

    asyncio.run(run(MetricsMiddleware(page, metrics, route=broken)))
    asyncio.run(run(MetricsMiddleware(page, metrics, route=lambda scope: "/mine")))

    assert ended(metrics, "GET", "unmatched", "2xx").successes == 1
    assert ended(metrics, "GET", "/mine", "2xx").successes == 1
    assert "cannot be told" in caplog.text


def test_switched_off_the_application_is_called_as_if_nothing_was_there(
    metrics: ExecutorMetrics,
) -> None:
    """After a shutdown it gets the server's own functions; and the way back is one line."""
    got: list[Any] = []

    async def page(*given: Any) -> None:
        got.extend(given)

    app = MetricsMiddleware(page, metrics)
    metrics.shutdown()
    asyncio.run(run(app))

    assert got[1:] == [nothing, drop]
    assert app.app is page


@pytest.mark.parametrize("status", [None, "200", 10**9])
def test_a_status_that_is_none_breaks_no_request(metrics: ExecutorMetrics, status: Any) -> None:
    """What to make of it is the server's business; the request is over all the same."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    async def send(message: Any) -> None:
        assert message["type"].startswith("http.response.")

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(MetricsMiddleware(app, metrics)(scope, receive, send))

    assert ended(metrics, "GET", "unmatched", "none").successes == 1
    assert in_progress(metrics) == 0
