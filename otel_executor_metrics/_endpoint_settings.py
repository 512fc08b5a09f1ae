"""The settings of the Prometheus endpoint: what it serves, and who may ask."""

from __future__ import annotations

from typing import Final

from otel_executor_metrics import _parsers
from otel_executor_metrics._setting import Setting

ENDPOINT_SETTINGS: Final = (
    Setting(
        "target_info",
        ("METRICS_TARGET_INFO",),
        _parsers.boolean,
        False,
        "Show the resource as target_info at the Prometheus endpoint.",
    ),
    Setting(
        "page",
        ("METRICS_PAGE",),
        _parsers.boolean,
        True,
        "Serve the live page at / of the Prometheus endpoint.",
    ),
    Setting(
        "tls_certificate",
        ("METRICS_TLS_CERTIFICATE",),
        _parsers.path,
        None,
        "PEM file of the endpoint's certificate chain; makes it HTTPS.",
        guards=True,
    ),
    Setting(
        "tls_key",
        ("METRICS_TLS_KEY",),
        _parsers.path,
        None,
        "PEM file of the private key, where the certificate's file does not hold it.",
        guards=True,
    ),
    Setting(
        "tls_client_ca",
        ("METRICS_TLS_CLIENT_CA",),
        _parsers.path,
        None,
        "PEM file of the authority whose client certificates are asked for.",
        guards=True,
    ),
    Setting(
        "basic_auth",
        ("METRICS_BASIC_AUTH",),
        _parsers.credentials,
        None,
        "User and password that /metrics and the page ask for, as user:password.",
        guards=True,
        secret=True,
    ),
    Setting(
        "bearer_token",
        ("METRICS_BEARER_TOKEN",),
        _parsers.text,
        None,
        "Token that /metrics and the page ask for.",
        guards=True,
        secret=True,
    ),
)
