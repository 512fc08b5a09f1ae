"""The exporter ``otlp``: OpenTelemetry's own OTLP exporters, over gRPC or HTTP, to a Collector.

Needs the extra ``otlp``. What is no setting here, OpenTelemetry reads from its own variables
(``OTEL_EXPORTER_OTLP_INSECURE``, ``OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE``, …).
"""

from __future__ import annotations

from typing import Final

from otel_executor_metrics.config import Settings
from otel_executor_metrics.errors import missing_extra
from otel_executor_metrics.exporters.delivery import Delivery
from otel_executor_metrics.exporters.otlp_grpc import over_grpc
from otel_executor_metrics.exporters.otlp_http import over_http
from otel_executor_metrics.exporters.otlp_settings import Target
from otel_executor_metrics.exporters.overheard import listen_to, listening
from otel_executor_metrics.exporters.push import PushExporter

_LOGGERS: Final = (
    "opentelemetry.exporter.otlp.proto.grpc.exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.util.re",  # it would log headers that it cannot read, secrets and all
)


def build(settings: Settings) -> PushExporter:
    """Return the exporter; it connects when it first sends.

    Raises:
        SettingError: an endpoint, header or certificate cannot be used.
        MissingExtraError: OpenTelemetry's exporter is not installed.
    """
    target = Target.of(settings)
    make = over_grpc if settings.otlp_protocol == "grpc" else over_http
    listen_to(_LOGGERS)
    try:
        with listening():
            exporter = make(settings, target)
    except ImportError as error:
        raise missing_extra(error, "the exporter otlp", "otlp") from error
    exporter.delivery = Delivery(target.shown)
    return PushExporter(exporter, settings)
