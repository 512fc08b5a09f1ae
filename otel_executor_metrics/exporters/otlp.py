"""The exporter ``otlp``: OpenTelemetry's own OTLP exporters, over gRPC or HTTP, to a Collector.

Needs the extra ``otlp``. What is no setting here, OpenTelemetry reads from its own variables
(``OTEL_EXPORTER_OTLP_INSECURE``, ``OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE``, …).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.metrics.export import MetricExportResult

from otel_executor_metrics.config import Settings
from otel_executor_metrics.errors import MissingExtraError
from otel_executor_metrics.exporters.delivery import Delivery, Watched
from otel_executor_metrics.exporters.otlp_settings import Target, headers, tls_files
from otel_executor_metrics.exporters.overheard import listen_to, listening
from otel_executor_metrics.exporters.push import PushExporter

if TYPE_CHECKING:
    from requests import Session

_LOGGERS: Final = (
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.util.re",  # it would log headers that it cannot read, secrets and all
)
_TIMEOUT: Final = "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"

# A Collector takes 4 MiB at once over gRPC, 20 MiB over HTTP, unless told otherwise. A histogram
# with long labels is about 1.5 KiB.
_POINTS_A_REQUEST: Final = 2000


def build(settings: Settings) -> PushExporter:
    """Return the exporter; it connects when it first sends.

    Raises:
        SettingError: an endpoint, header or certificate cannot be used.
        MissingExtraError: OpenTelemetry's exporter is not installed.
    """
    target = Target.of(settings)
    make = _over_grpc if settings.otlp_protocol == "grpc" else _over_http
    listen_to(_LOGGERS)
    try:
        with listening():
            exporter = make(settings, target)
    except ImportError as error:
        rule = "the exporter otlp needs it: pip install otel-executor-metrics[otlp]"
        raise MissingExtraError(f"{error}; {rule}", name=error.name) from error
    exporter.delivery = Delivery(target.shown)
    return PushExporter(exporter, settings)


def _over_grpc(settings: Settings, target: Target) -> Watched:
    from grpc import Compression, ssl_channel_credentials
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter

    files = tls_files(settings, target)
    kinds = {"none": Compression.NoCompression, "gzip": Compression.Gzip}
    arguments: dict[str, Any] = {
        "endpoint": target.url,
        "credentials": ssl_channel_credentials(*files.contents()) if files else None,
        "headers": headers(settings),
        "timeout": settings.otlp_timeout,
        "compression": kinds[settings.otlp_compression],
        "max_export_batch_size": _POINTS_A_REQUEST,
        # Else a new channel would take over the old one's connection.
        "channel_options": (("grpc.use_local_subchannel_pool", 1),),
    }

    class GrpcExporter(Watched, OTLPMetricExporter):
        """OpenTelemetry's, watched.

        Nothing tells that the other end of a connection is gone: gRPC would send on it for as
        long as the kernel does, a quarter of an hour. So after a failure it connects anew.
        """

        def __init__(self) -> None:
            with _without_unreadable(_TIMEOUT):
                OTLPMetricExporter.__init__(self, **arguments)

        def export(self, *args: Any, **kwargs: Any) -> MetricExportResult:
            result = super().export(*args, **kwargs)
            if result is not MetricExportResult.SUCCESS and not self.delivery.ended:
                OTLPMetricExporter.shutdown(self)
                GrpcExporter.__init__(self)
            return result

    return GrpcExporter()


@contextmanager
def _without_unreadable(variable: str) -> Iterator[None]:
    """Hide a variable that is no number.

    OpenTelemetry's exporter over gRPC reads it, and raises, whatever timeout it is passed.
    """
    text = os.environ.get(variable)
    if text is None or _is_number(text):
        yield
        return
    del os.environ[variable]
    try:
        yield
    finally:
        os.environ[variable] = text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _over_http(settings: Settings, target: Target) -> Watched:
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
        max_export_batch_size=_POINTS_A_REQUEST,
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
