"""OpenTelemetry's OTLP exporter over HTTP, as the settings say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_executor_metrics.config import Settings
from otel_executor_metrics.exporters.delivery import Watched
from otel_executor_metrics.exporters.otlp_settings import (
    POINTS_A_REQUEST,
    Target,
    headers,
    tls_files,
)

if TYPE_CHECKING:
    from requests import Session


def over_http(settings: Settings, target: Target) -> Watched:
    """Return the exporter; raises ImportError without the extra, SettingError for bad settings."""
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

    class HttpExporter(Watched, OTLPMetricExporter):
        """OpenTelemetry's, watched."""

    files = tls_files(settings, target)
    return HttpExporter(
        endpoint=target.url,
        certificate_file=files.authority if files else None,
        client_certificate_file=files.certificate if files else None,
        client_key_file=files.key if files else None,
        headers=headers(settings),
        timeout=settings.otlp_timeout,
        compression=Compression(settings.otlp_compression),
        max_export_batch_size=POINTS_A_REQUEST,
        session=_session() if files and files.authority else None,
    )


def _session() -> Session:
    """Return a session for which REQUESTS_CA_BUNDLE is no better authority than the one given."""
    from requests import Session

    class PinnedSession(Session):
        """Looks for an authority in the environment only where it has none."""

        def merge_environment_settings(
            self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
        ) -> Any:
            own = self.verify if verify is None else verify
            return super().merge_environment_settings(url, proxies, stream, own, cert)

    return PinnedSession()
