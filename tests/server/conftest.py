"""Real servers on port 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from otel_executor_metrics.server import MetricsServer, Request, Response, healthz_route
from tests.server.clients import Serve, server_threads


def _hello(request: Request) -> Response:
    return Response(200, b"hello\n")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers, by default on a free port of 127.0.0.1; stop them, leaving no thread."""
    started: list[MetricsServer] = []

    def start(routes: Mapping[str, Any] | None = None, **options: Any) -> MetricsServer:
        if routes is None:
            routes = {"/metrics": _hello, "/healthz": healthz_route()}
        server = MetricsServer(routes, **{"host": "127.0.0.1", "port": 0, **options})
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop(timeout=60)
    assert server_threads() == []
