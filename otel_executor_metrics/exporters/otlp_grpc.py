"""OpenTelemetry's OTLP exporter over gRPC, as the settings say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.sdk.metrics.export import MetricExportResult

from otel_executor_metrics.config import Settings
from otel_executor_metrics.exporters.delivery import Watched
from otel_executor_metrics.exporters.otlp_settings import (
    POINTS_A_REQUEST,
    Target,
    headers,
    tls_files,
)

_TIMEOUT: Final = "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"


def over_grpc(settings: Settings, target: Target) -> Watched:
    """Return the exporter; raises ImportError without the extra, SettingError for bad settings."""
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
        "max_export_batch_size": POINTS_A_REQUEST,
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
