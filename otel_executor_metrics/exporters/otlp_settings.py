"""What the settings of OTLP mean: where to send, with which headers, under which certificates.

Source: specification, "OpenTelemetry Protocol Exporter".
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from otel_executor_metrics.config import Settings
from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.server.tls import check_holds_certificate, load_chain

# A Collector takes 4 MiB at once over gRPC, 20 MiB over HTTP, unless told otherwise. A histogram
# with long labels is about 1.5 KiB.
POINTS_A_REQUEST: Final = 2000

_DEFAULTS: Final = {"grpc": "http://localhost:4317", "http/protobuf": "http://localhost:4318"}
_PATH: Final = "/v1/metrics"
_FOR_METRICS_ALONE: Final = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
_SECURE_SETTINGS: Final = ("otlp_certificate", "otlp_client_certificate", "otlp_client_key")


@dataclass(frozen=True)
class Target:
    """Where to send.

    Attributes:
        url: what OpenTelemetry's exporter is told.
        shown: the same for the log, without a user's name and password.
        secure: whether that is over TLS.
    """

    url: str
    shown: str
    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> Target:
        """Return the target; raises SettingError for an endpoint that is no URL."""
        url = settings.otlp_endpoint or _DEFAULTS[settings.otlp_protocol]
        parts = _parts(url)
        # Without a scheme only gRPC goes on, and only where a variable says whether to use TLS.
        insecure = _insecure() if settings.otlp_protocol == "grpc" else None
        if insecure is None and not (parts.scheme in ("http", "https") and parts.hostname):
            rule = "must begin with http:// (in clear) or https:// (TLS), as http://localhost:4318"
            raise SettingError("otlp_endpoint", _public(url, parts), rule)
        if settings.otlp_protocol != "grpc":
            url = _with_path(url, settings)
        elif "@" in parts.netloc:
            rule = "gRPC takes no user and password from a URL: send them as otlp_headers"
            raise SettingError("otlp_endpoint", _public(url, parts), rule)
        return cls(url, _public(url, parts), parts.scheme == "https" or insecure is False)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError as error:
        raise SettingError("otlp_endpoint", url, f"must be a URL: {error}") from None
    return parts


def _with_path(url: str, settings: Settings) -> str:
    """Return where metrics go below a base URL; the variable for metrics alone is no base."""
    if settings.from_environment.get("otlp_endpoint") == _FOR_METRICS_ALONE:
        return url
    base = url.rstrip("/")
    return base if base.endswith(_PATH) else base + _PATH


def _public(url: str, parts: SplitResult) -> str:
    """Return ``url`` as it may be shown."""
    if "@" not in parts.netloc:
        return url
    return url.replace(parts.netloc, parts.netloc.rpartition("@")[2], 1)


def _insecure() -> bool | None:
    for name in ("OTEL_EXPORTER_OTLP_METRICS_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE"):
        if os.environ.get(name):
            return os.environ[name].strip().lower() == "true"
    return None


def headers(settings: Settings) -> dict[str, str]:
    """Return the headers to send, their names in lower case, as gRPC wants them.

    Raises:
        SettingError: not name=value pairs; shows none of them.
    """
    given = settings.otlp_headers
    if given is None:
        return {}
    pairs = given.items() if isinstance(given, Mapping) else _pairs(given)
    found = {name.strip().lower(): value.strip() for name, value in pairs}
    if not all(_sendable(name, value) for name, value in found.items()):
        rule = "must be name=value pairs, separated by commas, in ASCII (else percent-encoded)"
        raise SettingError("otlp_headers", "(hidden)", rule)
    return found


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in text.split(",") if part.strip()]
    # Without "=" it is no name either: an empty one cannot be sent.
    return [(unquote(name) if equals else "", unquote(value)) for name, equals, value in parts]


def _sendable(name: str, value: str) -> bool:
    token = name.replace("-", "").replace("_", "").replace(".", "")
    return token.isascii() and token.isalnum() and value.isascii() and value.isprintable()


@dataclass(frozen=True)
class TlsFiles:
    """PEM files that can be read and belong together."""

    authority: str | None
    certificate: str | None
    key: str | None

    def contents(self) -> tuple[bytes | None, bytes | None, bytes | None]:
        """Return authority, key and certificate chain, in the order that gRPC takes them."""
        key = self.key or self.certificate  # one file may hold both
        names = (self.authority, key, self.certificate)
        authority, key_text, chain = (Path(name).read_bytes() if name else None for name in names)
        return authority, key_text, chain


def tls_files(settings: Settings, target: Target) -> TlsFiles | None:
    """Return the files, or None where not one is given.

    Raises:
        SettingError: one cannot be used, or there is no TLS that could use it.
    """
    given = {name: getattr(settings, name) for name in _SECURE_SETTINGS}
    for name, path in given.items():
        if path and not target.secure:
            rule = f"needs an https:// endpoint: nothing is sent in clear to {target.shown}"
            raise SettingError(name, path, f"{rule} where TLS was asked for")
    authority, certificate, key = given.values()
    if authority:
        check_holds_certificate("otlp_certificate", authority)
    if key and not certificate:
        raise SettingError("otlp_client_key", key, "needs otlp_client_certificate too: a PEM file")
    if certificate:
        check_holds_certificate("otlp_client_certificate", certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        load_chain(context, certificate, key, settings=_SECURE_SETTINGS[1:])
    return TlsFiles(authority, certificate, key) if any(given.values()) else None
