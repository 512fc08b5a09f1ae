"""The command ``parity``: whether two endpoints show Prometheus the same."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otel_executor_metrics._access import (
    add_credentials,
    add_timeout,
    add_tls,
    endpoint,
    metrics_url,
)
from otel_executor_metrics._arguments import positive_number

if TYPE_CHECKING:
    from otel_executor_metrics.parity.difference import Difference
    from otel_executor_metrics.parity.exposition import Exposition
    from otel_executor_metrics.scraping import Endpoint

SUMMARY: Final = "Compare what a process and a Collector show Prometheus, series by series"
EPILOG: Final = (
    "Both are asked for OpenMetrics. Not compared: target_info, exemplars and timestamps, and the"
    " labels job and instance where only one side has them (Prometheus adds them to the other)."
    " A process that goes on recording is ahead of its Collector by up to an export interval:"
    " flush before comparing, or give --wait. Exit status 0: the same; 1: different; 2: it cannot"
    " be told, the reason is one line on stderr."
)
PAUSE: Final = 0.5
"""Seconds between two comparisons."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What both sides showed, and what of it differs."""

    pull: Exposition
    collector: Exposition
    differences: list[Difference]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "pull",
        type=metrics_url,
        metavar="PULL_URL",
        help="the process, http://localhost:8001/metrics",
    )
    parser.add_argument(
        "collector",
        type=metrics_url,
        metavar="COLLECTOR_URL",
        help="the Collector's prometheus exporter, http://localhost:8889/metrics",
    )
    parser.add_argument(
        "--wait",
        type=positive_number(),
        default=0.0,
        metavar="SECONDS",
        help="try again until they are the same, or this time is over",
    )
    add_timeout(parser)
    parser.add_argument(
        "--ignore-label",
        action="append",
        default=[],
        metavar="NAME",
        help="compare as if no series had this label; may be repeated",
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    access = add_tls(parser)
    for side in ("pull", "collector"):
        add_credentials(access, f"{side}-", side)


def run(args: argparse.Namespace) -> int:
    """Compare, and return the exit status."""
    from otel_executor_metrics.cli import complain
    from otel_executor_metrics.parity.exposition import ExpositionError

    try:
        pull = endpoint(args, args.pull, "pull_")
        collector = endpoint(args, args.collector, "collector_")
        compared = _compared_in_time(args, pull, collector)
    except (ExpositionError, OSError, ValueError) as error:
        complain(args.command, error)
        return 2
    _show(args, compared)
    return 1 if compared.differences else 0


def _compared_in_time(args: argparse.Namespace, pull: Endpoint, collector: Endpoint) -> Compared:
    """Compare until there is no difference or the time is over; what is last holds."""
    from otel_executor_metrics.parity.exposition import ExpositionError
    from otel_executor_metrics.scraping import ScrapeError

    deadline = time.monotonic() + args.wait
    while (left := deadline - time.monotonic()) > 0:
        try:
            compared = _compared(args, pull, collector)
            if not compared.differences:
                return compared
        except (ExpositionError, ScrapeError):  # not there yet
            pass
        time.sleep(min(PAUSE, left))
    return _compared(args, pull, collector)


def _compared(args: argparse.Namespace, pull: Endpoint, collector: Endpoint) -> Compared:
    from otel_executor_metrics.parity.comparison import differences, parse_both
    from otel_executor_metrics.parity.exposition import ExpositionError

    ours, theirs = parse_both(_text(pull, args.timeout), _text(collector, args.timeout))
    if not ours and not theirs:
        raise ExpositionError("neither shows any series: there is nothing to compare")
    return Compared(ours, theirs, differences(ours, theirs, args.ignore_label))


def _text(side: Endpoint, timeout: float) -> str:
    from otel_executor_metrics.parity.exposition import ExpositionError
    from otel_executor_metrics.scraping import OPENMETRICS

    answer = side.fetch(timeout)
    if answer.content_type != OPENMETRICS:
        raise ExpositionError(
            f"{side.url}: it answers {answer.content_type}, not OpenMetrics; a Collector's"
            " prometheus exporter needs enable_open_metrics: true"
        )
    return answer.text


def _show(args: argparse.Namespace, compared: Compared) -> None:
    from otel_executor_metrics.parity import report
    from otel_executor_metrics.parity.exposition import count_series

    sides = {"pull": compared.pull, "collector": compared.collector}
    counts = {side: (len(shown), count_series(shown)) for side, shown in sides.items()}
    if args.json:
        about = {
            side: {"url": getattr(args, side), "families": families, "series": series}
            for side, (families, series) in counts.items()
        }
        print(json.dumps(report.document(compared.differences, **about), indent=2))
        return
    for side, (families, series) in counts.items():
        print(f"{side:9}  {getattr(args, side)}  {families} families, {series} series")
    for line in report.lines(compared.differences):
        print(line)
    print(f"differences: {len(compared.differences)}")
