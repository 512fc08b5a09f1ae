"""Programs of users with integrations: what must type-check, and what must not."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from typing_extensions import assert_type
from websockets.asyncio.server import ServerConnection

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations import asgi, wsgi
from otel_executor_metrics.integrations.futures import InstrumentedExecutor, instrumented_task
from otel_executor_metrics.integrations.tenacity import instrument_retrying
from otel_executor_metrics.integrations.websocket import measured_connection


def applications(metrics: ExecutorMetrics) -> None:
    """Middlewares go where frameworks want them."""
    app = FastAPI(lifespan=asgi.metrics_lifespan(metrics))
    app.add_middleware(asgi.MetricsMiddleware, metrics=metrics)
    Starlette().add_middleware(asgi.MetricsMiddleware, metrics=metrics, route=lambda scope: "/")
    asgi.MetricsMiddleware(asgi.MetricsMiddleware(app, metrics), metrics)
    app.mount("/metrics", asgi.metrics_app(metrics))

    flask = Flask("app")
    flask.wsgi_app = wsgi.MetricsMiddleware(flask.wsgi_app, metrics)  # type: ignore[method-assign]

    asgi.MetricsMiddleware(app)  # type: ignore[call-arg]
    asgi.MetricsMiddleware(app, metrics, route="/")  # type: ignore[arg-type]
    wsgi.MetricsMiddleware(app, metrics, lambda environ: None)  # type: ignore[call-arg, arg-type]


def executors(metrics: ExecutorMetrics) -> None:
    """Futures and tasks keep their types, and functions their arguments."""
    executor = InstrumentedExecutor(ThreadPoolExecutor(), metrics, "jobs")
    assert_type(executor.submit(len, "a"), Future[int])

    async def work() -> str:
        return ""

    async def main() -> None:
        assert_type(await instrumented_task(work(), metrics, "jobs", name="first"), str)

    asyncio.run(main())
    executor.submit(len, 1)  # type: ignore[arg-type]
    InstrumentedExecutor(ThreadPoolExecutor(), metrics)  # type: ignore[call-arg]


def others(metrics: ExecutorMetrics, retrying: Any) -> None:
    """A measured class of connections is one of connections; switching off takes no argument."""
    assert_type(measured_connection(ServerConnection, metrics), type[ServerConnection])
    instrument_retrying(retrying, metrics, "fetch", {"host": "a"})()
    metrics.scrape({"accept": "text/plain"}).body.decode()

    measured_connection(ServerConnection(), metrics)  # type: ignore[call-arg, type-var]
