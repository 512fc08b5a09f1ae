"""The command ``demo``: a sample workload, its metrics served, and a live table of them."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from otel_executor_metrics._arguments import port_number, positive_number, whole_number
from otel_executor_metrics.demo.incident import Incident, incident

SUMMARY: Final = "Run a sample executor, serve its metrics and show them in a live table"
EPILOG: Final = (
    "It runs until Ctrl-C, SIGTERM or the end of --duration; each of these is a regular end: it"
    " closes with a summary and exit status 0. What is in progress by then has a second to finish."
    " A second Ctrl-C ends it at once. Exit status 1: no metrics could be served. The METRICS_*"
    " and OTEL_* variables hold here as well."
)
HIGHEST_RATE: Final = 1000.0
USUAL_INCIDENT: Final = Incident(after=30, seconds=60)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "--duration", type=positive_number(), metavar="S", help="end after S seconds"
    )
    parser.add_argument(
        "--rate",
        type=positive_number(HIGHEST_RATE),
        default=20.0,
        metavar="R",
        help="requests a second, on average (default: 20)",
    )
    parser.add_argument(
        "--port",
        type=port_number,
        metavar="P",
        help="where to serve /metrics (default: METRICS_PORT, or 8001); 0 takes any free port,"
        " and for one that is taken the next free one is",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**63 - 1),
        metavar="N",
        help="draw the same requests as another run with this seed",
    )
    parser.add_argument(
        "--workers",
        type=whole_number(1, 10_000),
        default=256,
        metavar="N",
        help="requests handled at a time; too few lower the rate (default: 256)",
    )
    parser.add_argument(
        "--interval",
        type=positive_number(3600),
        metavar="S",
        help="seconds between two tables (default: 1 on a terminal, else 5)",
    )
    parser.add_argument(
        "--incident",
        type=incident,
        nargs="?",
        const=USUAL_INCIDENT,
        metavar="AFTER:FOR",
        help="AFTER seconds let work be slow and fail, FOR seconds (30:60 where none are given);"
        " see what /readyz makes of it",
    )


def run(args: argparse.Namespace) -> int:
    """Run the demo until it is ended, and return the exit status."""
    from otel_executor_metrics._notes import Notes
    from otel_executor_metrics._signals import StopSignals
    from otel_executor_metrics.demo.endpoint import open_endpoint
    from otel_executor_metrics.demo.session import Session

    with StopSignals() as signals, Notes() as notes:
        metrics, url = open_endpoint(args.port, notes, _say)
        with metrics:
            session = Session(metrics, url, signals, notes, seed=args.seed, incident=args.incident)
            session.run(
                rate=args.rate,
                workers=args.workers,
                duration=args.duration,
                interval=args.interval,
            )
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
