"""The route /readyz: whether things are well, for probes and for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

from otel_executor_metrics.server.auth import Authorizer
from otel_executor_metrics.server.messages import Request, Response, Route

Check: TypeAlias = Callable[[], tuple[bool, Mapping[str, object]]]
"""Returns whether things are well, and in detail: ``status`` and whatever else there is to say."""


def readyz_route(check: Check, authorizer: Authorizer | None) -> Route:
    """Return the route that answers 200 where ``check`` says that things are well, else 503.

    The body is JSON. It goes on an open path, since probes have no credentials: who is not admitted
    by ``authorizer`` gets the ``status`` and no detail.
    """

    def readyz(request: Request) -> Response:
        well, details = check()
        if authorizer is not None and not authorizer(request.headers.get("authorization")):
            details = {"status": details["status"]}
        body = f"{json.dumps(details)}\n".encode()
        return Response(200 if well else 503, body, "application/json")

    return readyz
