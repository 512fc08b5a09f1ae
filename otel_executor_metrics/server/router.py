"""Which route answers a request, and what is answered when none can."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from otel_executor_metrics._throttle import Throttle
from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.server.auth import Authorizer
from otel_executor_metrics.server.messages import Request, Response, Route, text

_logger = logging.getLogger(__name__)
_METHODS = ("GET", "HEAD")


class Router:
    """Answer requests by exact path; every path asks for credentials unless it is open.

    Raises:
        SettingError: an open path has no route; misspelt, it would be guarded unnoticed.
    """

    def __init__(
        self,
        routes: Mapping[str, Route],
        *,
        authorizer: Authorizer | None = None,
        open_paths: Collection[str] = (),
    ) -> None:
        for path in open_paths:
            if path not in routes:
                raise SettingError("open_paths", path, f"must be one of {', '.join(routes)}")
        self._routes = dict(routes)
        self._authorizer = authorizer
        self._open_paths = frozenset(open_paths)
        self._throttle = Throttle()

    def answer(self, request: Request) -> Response:
        """Return the response to ``request``; raises nothing, whatever the routes do."""
        try:
            return self._routed(request)
        # Whatever a route raises, SystemExit too, ends here: there is a client to be answered,
        # and it learns nothing about the inside.
        except BaseException as error:
            if self._throttle.admit((request.path, type(error))) is not None:
                _logger.exception("%s %s failed", request.method, request.path)
            return text(500, "internal error; the log of the program tells more")

    def _routed(self, request: Request) -> Response:
        if request.method not in _METHODS:
            return text(405, "only GET and HEAD are allowed", ("Allow", ", ".join(_METHODS)))
        route = self._routes.get(request.path)
        if route is None:
            return text(404, "not found; the metrics are at /metrics")
        if not self._admits(request):
            return self._challenge()
        return route(request)

    def _admits(self, request: Request) -> bool:
        if self._authorizer is None or request.path in self._open_paths:
            return True
        return self._authorizer(request.headers.get("authorization"))

    def _challenge(self) -> Response:
        challenges = self._authorizer.challenges if self._authorizer else ()
        headers = [("WWW-Authenticate", challenge) for challenge in challenges]
        return text(401, "credentials are required", *headers)
