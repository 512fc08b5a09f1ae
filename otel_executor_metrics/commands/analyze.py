"""The command ``analyze``: where an executor spends its time, and what goes wrong."""

from __future__ import annotations

import argparse
import json
import threading
from typing import TYPE_CHECKING, Final

from otel_executor_metrics._access import add_endpoint, endpoint
from otel_executor_metrics._arguments import positive_number, whole_number

if TYPE_CHECKING:
    from otel_executor_metrics.snapshot import Snapshot

SUMMARY: Final = "Analyze performance: slow operations, retries, errors, and how many series"
EPILOG: Final = (
    "It is of all that was recorded since the start, or of --window SECONDS from now on. Exit"
    " status 0: analyzed, whatever was found; 1: there is nothing to analyze, no answer or no"
    " operation of this package in it; the reason is one line on stderr."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_endpoint(parser)
    parser.add_argument(
        "--window",
        type=positive_number(86_400),
        metavar="SECONDS",
        help="analyze what is recorded in so many seconds from now on",
    )
    parser.add_argument(
        "--most",
        type=whole_number(1, 1_000_000),
        default=10,
        metavar="N",
        help="rows of each kind in the text (default: 10)",
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(args: argparse.Namespace) -> int:
    """Analyze, and return the exit status."""
    from otel_executor_metrics.analysis import report
    from otel_executor_metrics.analysis.analysis import analyze

    snapshot = _snapshot(args)
    if not snapshot.series:
        raise ValueError(f"{args.url}: it shows no operation of this package")
    analysis = analyze(snapshot)
    if args.json:
        about = {"url": args.url, "window": args.window}
        print(json.dumps(report.document(analysis, **about), indent=2))
        return 0
    since = f"{args.window:g} s" if args.window else "all since the start"
    print(f"{args.url}: {since}", "", *report.lines(analysis, args.most), sep="\n")
    return 0


def _snapshot(args: argparse.Namespace) -> Snapshot:
    from otel_executor_metrics._progress import Progress

    asked = endpoint(args)
    with Progress(f"reading {args.url}"):
        first = asked.scrape(args.timeout)
    if args.window is None:
        return first
    with Progress("watching", args.window):
        threading.Event().wait(args.window)
        return asked.scrape(args.timeout).since(first)
