"""The exporter ``prometheus``: OpenTelemetry's reader behind our HTTP server."""

from __future__ import annotations

import ssl
from collections.abc import Callable

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
    healthz_route,
    metrics_route,
    server_context,
)


class PrometheusExporter:
    """Serves ``/metrics`` and ``/healthz``; see :class:`~otel_executor_metrics.typing.Exporter`."""

    def __init__(self, settings: Settings) -> None:
        registry = CollectorRegistry()
        self.reader = ExemplarReader(
            disable_target_info=not settings.target_info,
            scope_info_enabled=False,
            registry=registry,
        )
        shown = _shown(ExemplarRegistry(registry, self.reader), settings)
        self._server = MetricsServer(
            {"/metrics": metrics_route(shown), "/healthz": healthz_route()},
            host=settings.host,
            port=settings.metrics_port,
            ssl_context=_ssl_context(settings),
            authorizer=_authorizer(settings),
            # Liveness probes have no credentials, and learn nothing here.
            open_paths=("/healthz",),
            on_connection=self._connected,
        )
        self.on_connection: Callable[[], None] = lambda: None
        """Called for each connection, before it is served; must not raise."""

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
        self._server.start()

    def flush(self, timeout: float) -> bool:
        """Have nothing to send: whoever scrapes gets what is recorded by then."""
        return True

    def stop(self, timeout: float) -> None:
        """Close the port."""
        self._server.stop(timeout)

    def _connected(self) -> None:
        self.on_connection()


def build(settings: Settings) -> PrometheusExporter:
    """Return the exporter; raises SettingError for certificates that cannot be used."""
    return PrometheusExporter(settings)


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
