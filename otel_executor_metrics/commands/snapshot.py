"""The command ``snapshot``: what an endpoint says now, as a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from otel_executor_metrics._access import add_endpoint, endpoint

SUMMARY: Final = "Export what an endpoint says now, as JSON, CSV or OpenMetrics"
EPILOG: Final = (
    "Of the operations of this package; what others show at the same endpoint is left out, and the"
    " processes behind a Collector are added up. Exit status 0: written; 1: there is nothing to"
    " write, no answer or no operation in it, or it could not be written; the reason is one line on"
    " stderr, and a file that was there before is as it was."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_endpoint(parser)
    parser.add_argument(
        "--format",
        choices=("json", "csv", "openmetrics"),
        default="json",
        help="of what is written (default: json)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where to, written as a whole or not at all (default: stdout)",
    )


def run(args: argparse.Namespace) -> int:
    """Export, and return the exit status."""
    from otel_executor_metrics import formats
    from otel_executor_metrics._progress import Progress
    from otel_executor_metrics.formats.writing import write_whole

    with Progress(f"reading {args.url}"):
        snapshot = endpoint(args).scrape(args.timeout)
    if not snapshot.series:
        raise ValueError(f"{args.url}: it shows no operation of this package")
    write = {"json": formats.to_json, "csv": formats.to_csv}.get(args.format)
    text = write(snapshot) if write else formats.to_openmetrics(snapshot)
    if args.output is None:
        sys.stdout.buffer.write(text.encode())  # whatever encoding the terminal has
    else:
        write_whole(args.output, text)
    return 0
