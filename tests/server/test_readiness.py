"""The route /readyz: a status for probes, and details for those who may read the metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from otel_executor_metrics.server import BearerToken, MetricsServer, readyz_route
from tests.server.clients import Serve, exchange, fetch

DETAILS: Mapping[str, object] = {"status": "degraded", "reasons": ["plan: 6 % of it \u2013 fails"]}


def serving(serve: Serve, *, well: bool, token: str | None = None) -> MetricsServer:
    """Serve the route as an open path."""
    authorizer = BearerToken(token) if token else None
    routes = {"/readyz": readyz_route(lambda: (well, DETAILS), authorizer)}
    return serve(routes, authorizer=authorizer, open_paths=["/readyz"])


@pytest.mark.parametrize(("well", "status"), [(True, 200), (False, 503)])
def test_the_status_tells_whether_all_is_well(serve: Serve, well: bool, status: int) -> None:
    """The body is JSON, whatever the status."""
    reply = fetch(serving(serve, well=well), "/readyz")

    assert reply.status == status
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-store"
    assert json.loads(reply.body) == DETAILS


@pytest.mark.parametrize(
    ("credentials", "details"), [(None, False), ("Bearer wrong", False), ("Bearer s3cret", True)]
)
def test_details_are_for_those_who_may_read(
    serve: Serve, credentials: str | None, details: bool
) -> None:
    """A probe without credentials gets its answer, and nothing beyond the status."""
    server = serving(serve, well=False, token="s3cret")
    headers = {"Authorization": credentials} if credentials else {}

    reply = fetch(server, "/readyz", headers=headers)

    assert reply.status == 503
    assert json.loads(reply.body) == (DETAILS if details else {"status": "degraded"})


def test_head_and_other_methods(serve: Serve) -> None:
    """HEAD has the status and no body; nothing else but GET is allowed."""
    server = serving(serve, well=False)

    answer = exchange(server, b"HEAD /readyz HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"\r\n\r\n")
    assert fetch(server, "/readyz", "POST").status == 405
