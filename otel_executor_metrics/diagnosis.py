"""What the environment would make of metrics, part by part, without starting them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from otel_executor_metrics._sockets import bind, connectable_name
from otel_executor_metrics._starting import remedy
from otel_executor_metrics.config import SETTINGS, Settings, resolve
from otel_executor_metrics.exporters import loaders
from otel_executor_metrics.exporters.otlp_settings import Target, headers, tls_files
from otel_executor_metrics.server import server_context
from otel_executor_metrics.storage.directories import (
    open_private,
    private_name,
    runtime_directory,
)

__all__ = ["VARIABLES", "OtlpTarget", "Setup", "remedy", "setup"]

VARIABLES = frozenset(variable for setting in SETTINGS for variable in setting.variables)
"""The environment variables of all settings."""


@dataclass(frozen=True, slots=True)
class OtlpTarget:
    """Where the exporter ``otlp`` would send, and how.

    Args:
        url: where to.
        shown: the same without a user's name and password.
        protocol: ``grpc`` or ``http/protobuf``.
        secure: whether over TLS.
        headers: what is sent along.
        authority: PEM file of the authorities to trust, likewise the other two.
        certificate: of the client.
        key: of the client's certificate.
    """

    url: str = field(repr=False)
    shown: str
    protocol: str
    secure: bool
    headers: Mapping[str, str] = field(repr=False)
    authority: str | None
    certificate: str | None
    key: str | None


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings that the environment makes, and what would come of them."""

    settings: Settings

    @property
    def exporters(self) -> tuple[str, ...]:
        """The exporters that would run; none where metrics are off."""
        return self.settings.exporter if self.settings.enable_metrics else ()

    @property
    def unknown_exporters(self) -> tuple[str, ...]:
        """Those among them that nobody offers."""
        known = loaders()
        return tuple(name for name in self.exporters if name not in known)

    @property
    def url(self) -> str:
        """Where this machine would find the Prometheus endpoint."""
        scheme = "https" if self.settings.tls_certificate else "http"
        host = connectable_name(self.settings.host)
        return f"{scheme}://{host}:{self.settings.metrics_port}/metrics"

    def try_port(self) -> None:
        """Bind the port, and let it go; raises OSError where it cannot be had."""
        bind(self.settings.host, self.settings.metrics_port).close()

    def try_tls(self) -> bool:
        """Read the endpoint's certificates, and tell whether there are any.

        Raises:
            SettingError: they cannot be used.
        """
        found = self.settings
        files = (found.tls_certificate, found.tls_key, found.tls_client_ca)
        if not any(files):
            return False
        server_context(*files)
        return True

    def try_fleet_directory(self) -> str:
        """Return where processes that share the port meet; it is made if it is not there.

        Raises:
            OSError: it cannot be used.
        """
        base = self.settings.fleet_directory or runtime_directory(os.environ)
        os.close(open_private(base, [private_name()]))
        return os.path.join(base, private_name())

    def otlp(self) -> OtlpTarget:
        """Return where the exporter ``otlp`` would send.

        Raises:
            SettingError: an endpoint, header or certificate cannot be used.
        """
        target = Target.of(self.settings)
        files = tls_files(self.settings, target)
        return OtlpTarget(
            target.url,
            target.shown,
            self.settings.otlp_protocol,
            target.secure,
            headers(self.settings),
            files.authority if files else None,
            files.certificate if files else None,
            files.key if files else None,
        )


def setup() -> Setup:
    """Return what the environment makes; what cannot be read there is warned of in the log."""
    return Setup(resolve({}, os.environ))
