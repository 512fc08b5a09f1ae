"""All checks, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from otel_executor_metrics.checks.clock import check_clock
from otel_executor_metrics.checks.endpoint import check_endpoint
from otel_executor_metrics.checks.finding import Finding
from otel_executor_metrics.checks.local import check_fleet, check_recording, check_tls
from otel_executor_metrics.checks.otlp import check_otlp
from otel_executor_metrics.checks.packages import check_packages
from otel_executor_metrics.checks.ports import check_port
from otel_executor_metrics.checks.variables import check_settings
from otel_executor_metrics.diagnosis import Setup
from otel_executor_metrics.scraping import Endpoint
from otel_executor_metrics.scraping.endpoint import TIMEOUT


def check(endpoint: Endpoint | str | None = None, *, timeout: float = TIMEOUT) -> list[Finding]:
    """Return what there is to say of metrics in this process's environment.

    Settings, packages, recording; then what the exporters that are asked for need: port, TLS and
    the directory of the fleet for ``prometheus``, a Collector that answers for ``otlp``; last the
    clock. Nothing is recorded that anybody sees: a Collector gets an empty request.

    Args:
        endpoint: one that should run, to be looked at as well: a URL, or an ``Endpoint`` with
            credentials. Its own settings are not known here.
        timeout: seconds that each answer may take.
    """
    return list(_findings(Endpoint(endpoint) if isinstance(endpoint, str) else endpoint, timeout))


def _findings(endpoint: Endpoint | None, timeout: float) -> Iterator[Finding]:
    found, setup = check_settings()
    yield from found
    yield from check_packages(setup.exporters)
    yield from check_recording()
    yield from _of_exporters(setup, timeout)
    date = None
    if endpoint is not None:
        seen = check_endpoint(endpoint, timeout)
        date = seen.date
        yield from seen.findings
    yield from check_clock(date)


def _of_exporters(setup: Setup, timeout: float) -> Iterator[Finding]:
    if "prometheus" in setup.exporters:
        yield from check_port(setup, timeout)
        yield from check_tls(setup)
        yield from check_fleet(setup)
    if "otlp" in setup.exporters:
        yield from check_otlp(setup, timeout)
