"""Which route answers a request, and what is answered when none can."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping

from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.server.auth import Authorizer
from otel_executor_metrics.server.messages import Request, Response, Route, text

_logger = logging.getLogger("otel_executor_metrics.server")
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
        self._may_log = Throttle()

    def answer(self, request: Request) -> Response:
        """Return the response to ``request``; raises nothing, whatever the routes do."""
        try:
            return self._routed(request)
        # Whatever a route raises, SystemExit too, ends here: there is a client to be answered,
        # and it learns nothing about the inside.
        except BaseException as error:
            if self._may_log((request.path, type(error))):
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


class Throttle:
    """Let each key through at once, and then once every ``interval`` seconds.

    The keys are kept: let them be few.
    """

    def __init__(self, interval: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval
        self._clock = clock
        self._next: dict[object, float] = {}

    def __call__(self, key: object) -> bool:
        """Tell whether ``key`` may pass now."""
        now = self._clock()
        if now < self._next.get(key, now):
            return False
        self._next[key] = now + self._interval
        return True
