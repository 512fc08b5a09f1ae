"""The command ``serve``: an endpoint as the environment describes it, until a signal ends it."""

from __future__ import annotations

import argparse
import logging
import sys
from typing import TYPE_CHECKING, Final

from otel_executor_metrics._arguments import port_number

if TYPE_CHECKING:
    from otel_executor_metrics.metrics import ExecutorMetrics

SUMMARY: Final = "Serve /metrics as the environment says, until SIGTERM or Ctrl-C"
EPILOG: Final = (
    "It records nothing itself: it holds the port for the processes of a fleet, which come and go."
    " The METRICS_* and OTEL_* variables hold. Exit status 0: ended by a signal; 1: /metrics could"
    " not be served, the reason is in the log. With metrics switched off (METRICS_ENABLED=false"
    " or OTEL_SDK_DISABLED=true) it waits for a signal all the same, lest a container restart in a"
    " loop."
)

_logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "--port",
        type=port_number,
        metavar="P",
        help="where to serve (default: METRICS_PORT, or 8001); 0 takes any free port",
    )
    parser.add_argument(
        "--host",
        metavar="H",
        help="address to listen on (default: METRICS_HOST, or all interfaces)",
    )
    parser.add_argument(
        "--fleet",
        metavar="NAME",
        help="serve what processes of this fleet record, also while none of them lives"
        " (default: METRICS_FLEET)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until a signal comes, and return the exit status."""
    from otel_executor_metrics._signals import StopSignals

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    with StopSignals() as signals:
        from otel_executor_metrics.metrics import ExecutorMetrics

        with ExecutorMetrics(metrics_port=args.port, host=args.host, fleet=args.fleet) as metrics:
            if not _is_ready(metrics):
                return 1
            signals.wait()
            _logger.info("ended by a signal")
    return 0


def _is_ready(metrics: ExecutorMetrics) -> bool:
    summary = metrics.get_metrics_summary()
    if summary["url"] is not None:
        _logger.info("serving %s until SIGTERM or Ctrl-C", summary["url"])
        if summary["page"] is not None:
            _logger.info("a browser shows it at %s", summary["page"])
        return True
    if metrics.enable_metrics or metrics.degraded:
        running = ", ".join(summary["exporters"]) or "none"
        _logger.error("/metrics cannot be served: see above; exporters that run: %s", running)
        return False
    _logger.warning("metrics are switched off by the environment: waiting for SIGTERM or Ctrl-C")
    return True
