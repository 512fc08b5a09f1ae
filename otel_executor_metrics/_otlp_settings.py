"""The rows of the table of settings that concern OTLP."""

from __future__ import annotations

from typing import Final

from otel_executor_metrics import _parsers
from otel_executor_metrics._setting import Setting


def _otlp(name: str) -> tuple[str, str]:
    """Return OpenTelemetry's variables of an OTLP setting: the one for metrics comes first."""
    return f"OTEL_EXPORTER_OTLP_METRICS_{name}", f"OTEL_EXPORTER_OTLP_{name}"


OTLP_SETTINGS: Final = (
    Setting(
        "otlp_endpoint",
        _otlp("ENDPOINT"),
        _parsers.text,
        None,
        "URL of the Collector; http://localhost:4318, or :4317 for gRPC, where none is given.",
    ),
    Setting(
        "otlp_protocol",
        _otlp("PROTOCOL"),
        _parsers.one_of("http/protobuf", "grpc"),
        "http/protobuf",
        "How OTLP is spoken: 'http/protobuf' or 'grpc'.",
    ),
    Setting(
        "otlp_headers",
        _otlp("HEADERS"),
        _parsers.headers,
        None,
        "Headers of each export: a mapping, or text as name=value,name=value.",
        secret=True,
    ),
    Setting(
        "otlp_compression",
        _otlp("COMPRESSION"),
        _parsers.one_of("none", "gzip"),
        "none",
        "How exports are compressed: 'none' or 'gzip'.",
    ),
    Setting(
        "otlp_timeout",
        _otlp("TIMEOUT"),
        _parsers.seconds,
        10.0,
        "Seconds that one export may take, retries included.",
    ),
    Setting(
        "otlp_certificate",
        _otlp("CERTIFICATE"),
        _parsers.path,
        None,
        "PEM file of the authority that the Collector's certificate must be signed by.",
        guards=True,
    ),
    Setting(
        "otlp_client_certificate",
        _otlp("CLIENT_CERTIFICATE"),
        _parsers.path,
        None,
        "PEM file of the certificate that is shown to the Collector.",
        guards=True,
    ),
    Setting(
        "otlp_client_key",
        _otlp("CLIENT_KEY"),
        _parsers.path,
        None,
        "PEM file of its private key, where the certificate's file does not hold it.",
        guards=True,
    ),
)
