"""Metrics on the port that was asked for, or on the next free one."""

from __future__ import annotations

from collections.abc import Callable

from otel_executor_metrics import ExecutorMetrics, find_available_port
from otel_executor_metrics.demo.notes import Notes

TRIES = 5


class NoEndpointError(OSError):
    """There is nothing to scrape; the message is one line with the reason."""


def open_endpoint(
    port: int | None, notes: Notes, say: Callable[[str], None]
) -> tuple[ExecutorMetrics, str]:
    """Return metrics that are served, and the URL to scrape.

    Args:
        port: where to serve; None for what the environment says, or the default.
        notes: the warnings of the library, which say why something failed.
        say: tells the user that another port was taken.

    Raises:
        NoEndpointError: no port could be had, or the environment has metrics switched off.
    """
    metrics = ExecutorMetrics(metrics_port=port)
    for _ in range(TRIES):
        if not metrics.degraded or metrics.metrics_port == 0:  # with any port it would be the same
            break
        metrics = _elsewhere(metrics.metrics_port, notes, say)
    url = metrics.get_metrics_summary()["url"]
    if url is None:
        metrics.shutdown()
        raise NoEndpointError(_reason(notes))
    return metrics, url


def _elsewhere(taken: int, notes: Notes, say: Callable[[str], None]) -> ExecutorMetrics:
    try:
        free = find_available_port(taken)
    except RuntimeError as error:
        raise NoEndpointError("; ".join([*notes.taken(), str(error)])) from None
    if free != taken:
        notes.taken()
        say(f"port {taken} is not free: using {free} instead")
    return ExecutorMetrics(metrics_port=free)


def _reason(notes: Notes) -> str:
    return "; ".join(notes.taken()) or (
        "no Prometheus endpoint: unset METRICS_ENABLED and OTEL_SDK_DISABLED, and let"
        " METRICS_EXPORTER and OTEL_METRICS_EXPORTER name prometheus"
    )
