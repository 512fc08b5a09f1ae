"""What a scrape of the Prometheus endpoint gets, had without its port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

from otel_executor_metrics.storage import forks

if TYPE_CHECKING:  # the server and prometheus_client are left to whoever scrapes
    from otel_executor_metrics.config import Settings
    from otel_executor_metrics.pipeline import Pipeline, Source
    from otel_executor_metrics.runtime import Runtime
    from otel_executor_metrics.server import Response, Route

_OFF = "metrics are off: disabled, shut down, or see the warning at their start"
_UNREADABLE = (
    "only the readers of OpenTelemetry's MeterProvider can show what is recorded here: one of them"
    " has delta temporality, or the provider has no ExecutorViews"
)


class _Made(NamedTuple):
    route: Route
    pipeline: Pipeline  # kept: the SDK holds it weakly
    generation: int


class Exposition:
    """Answers as the endpoint does, from a pipeline of its own: scrapes of the port go on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: _Made | None = None

    def answer(
        self, runtime: Runtime | None, headers: Mapping[str, str] | None, query: str
    ) -> Response:
        """Return what a GET of /metrics is answered; a status says why there is nothing."""
        from otel_executor_metrics.server import Request
        from otel_executor_metrics.server.messages import text

        if runtime is None:
            return text(503, _OFF)
        if runtime.source is None:
            return text(501, _UNREADABLE)
        route = self._route(runtime, runtime.source)
        return route(Request("GET", "/metrics", parse_qs(query), headers or {}))

    def _route(self, runtime: Runtime, source: Source) -> Route:
        made = self._made
        # After a fork another one: a thread of the parent's may have been inside.
        if made is None or made.generation != forks.generation:
            self._made = made = self._new(runtime, source)
        return made.route

    def _new(self, runtime: Runtime, source: Source) -> _Made:
        from otel_executor_metrics.exporters import prometheus
        from otel_executor_metrics.pipeline import Pipeline

        reader, route = prometheus.exposed(self._settings)
        pipeline = Pipeline.over([reader], runtime.resource)
        pipeline.export(source)
        return _Made(route, pipeline, forks.generation)
