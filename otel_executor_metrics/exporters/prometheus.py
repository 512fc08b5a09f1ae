"""The exporter ``prometheus``: OpenTelemetry's reader behind our HTTP server."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry

from otel_executor_metrics.config import Settings
from otel_executor_metrics.exporters.exemplars import ExemplarReader, ExemplarRegistry
from otel_executor_metrics.server import (
    AnyOf,
    Authorizer,
    BasicAuth,
    BearerToken,
    MetricsServer,
    Registry,
    Request,
    Response,
    Route,
    healthz_route,
    metrics_route,
    page_routes,
    readyz_route,
    server_context,
)


class Readiness(Protocol):
    """Judges what is recorded."""

    def begin(self) -> None:
        """Begin: the port will be served."""

    def look(self) -> None:
        """Take note of what is recorded by now; must not raise."""

    def check(self) -> tuple[bool, Mapping[str, object]]:
        """Return whether all is well, and in detail, with a ``status``."""


class PrometheusExporter:
    """Serves metrics, probes and the page: a :class:`~otel_executor_metrics.typing.Exporter`."""

    def __init__(self, settings: Settings) -> None:
        self.reader, self._metrics = exposed(settings)
        authorizer = _authorizer(settings)
        routes: dict[str, Route] = {
            "/metrics": self._scraped,
            "/healthz": healthz_route(),
            "/readyz": readyz_route(self._checked, authorizer),
        }
        self._server = MetricsServer(
            {**routes, **page_routes(routes)} if settings.page else routes,
            host=settings.host,
            port=settings.metrics_port,
            ssl_context=_ssl_context(settings),
            authorizer=authorizer,
            # Probes have no credentials, and learn little without.
            open_paths=("/healthz", "/readyz"),
            on_connection=self._connected,
        )
        self.on_connection: Callable[[], None] = lambda: None
        """Called for each connection, before it is served; must not raise."""
        self.readiness: Readiness | None = None
        """What answers at /readyz."""

    @property
    def url(self) -> str:
        """Where to scrape."""
        return f"{self._server.url}/metrics"

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    def start(self) -> None:
        """Bind and serve; raises OSError where the address cannot be had."""
        if self.readiness is not None:
            self.readiness.begin()
        self._server.start()

    def flush(self, timeout: float) -> bool:
        """Have nothing to send: whoever scrapes gets what is recorded by then."""
        return True

    def stop(self, timeout: float) -> None:
        """Close the port."""
        self._server.stop(timeout)

    def _connected(self) -> None:
        self.on_connection()

    def _scraped(self, request: Request) -> Response:
        if self.readiness is not None:
            self.readiness.look()
        return self._metrics(request)

    def _checked(self) -> tuple[bool, Mapping[str, object]]:
        return self.readiness.check() if self.readiness else (True, {"status": "no_data"})


def build(settings: Settings) -> PrometheusExporter:
    """Return the exporter; raises SettingError for certificates that cannot be used."""
    return PrometheusExporter(settings)


def exposed(settings: Settings) -> tuple[ExemplarReader, Route]:
    """Return a reader, and the route that shows what it reads."""
    registry = CollectorRegistry()
    reader = ExemplarReader(
        disable_target_info=not settings.target_info,
        scope_info_enabled=False,
        registry=registry,
    )
    return reader, metrics_route(_shown(ExemplarRegistry(registry, reader), settings))


def _shown(registry: Registry, settings: Settings) -> Registry:
    if settings.multiproc_dir is None:
        return registry
    from otel_executor_metrics.exporters.multiprocess import SharedRegistry

    return SharedRegistry(registry, settings.multiproc_dir)


def _ssl_context(settings: Settings) -> ssl.SSLContext | None:
    files = (settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
    return server_context(*files) if any(files) else None


def _authorizer(settings: Settings) -> Authorizer | None:
    accepted: list[Authorizer] = []
    if settings.basic_auth is not None:
        accepted.append(BasicAuth(*settings.basic_auth))
    if settings.bearer_token is not None:
        accepted.append(BearerToken(settings.bearer_token))
    return AnyOf(*accepted) if accepted else None
