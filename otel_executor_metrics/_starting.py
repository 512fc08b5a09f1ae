"""The start of an exporter, and what is said of it."""

from __future__ import annotations

import errno
import logging

from otel_executor_metrics.config import Settings
from otel_executor_metrics.errors import show
from otel_executor_metrics.typing import Exporter

_logger = logging.getLogger(__name__)


def started(exporter: Exporter, settings: Settings) -> bool:
    """Start ``exporter``, and tell whether it runs; where it does not, the log says why."""
    try:
        exporter.start()
    except Exception as error:  # no port, no thread is left, or a third party's exporter raises
        if isinstance(error, OSError) and exporter.port is not None:
            _warn_of_port(error, settings)
        else:
            _logger.warning("%s could not start: %s", type(exporter).__name__, show(error))
        return False
    if exporter.url:
        serves = getattr(exporter, "role", "alone") != "member"
        how = f"listening on {settings.host}" if serves else "served by another of its processes"
        _logger.info("Prometheus metrics at %s, %s", exporter.url, how)
    return True


def _warn_of_port(error: OSError, settings: Settings) -> None:
    _logger.warning(
        "Failed to start metrics server on %s port %d: %s. %s Until then there are no metrics.",
        settings.host,
        settings.metrics_port,
        error.strerror or error,
        remedy(error),
    )


def remedy(error: OSError) -> str:
    """Return what to do where a port could not be had."""
    if error.errno == errno.EADDRINUSE:
        return (
            "Another program has the port: choose a free one with metrics_port= or METRICS_PORT"
            " (0 takes any). If both belong together, give both one name, by fleet= or"
            " METRICS_FLEET, and run them as one user: then they share it."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return "This user may not: choose a port from 1024 on."
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "No file descriptor is left: close some, or raise the limit (ulimit -n)."
    return "The host must be an address of this machine: see host= or METRICS_HOST."
