"""The command ``top``: what an executor does, live."""

from __future__ import annotations

import argparse
from typing import Final

from otel_executor_metrics._access import add_endpoint, endpoint
from otel_executor_metrics._arguments import positive_number
from otel_executor_metrics.top.order import SORTS, Order

SUMMARY: Final = "Show what an executor does, live: a table of operations in the terminal"
EPILOG: Final = (
    "Rates, percentages, quantiles, retries and failures are of the last --window seconds; running"
    " is what is in progress now. An executor that began anew, or does not answer, is told in the"
    " first line; the table goes on when it is back. On a terminal: < and > (or the arrows) sort by"
    " another column, r reverses, q ends. Where stdout is no terminal, or with --once, one table of"
    " one interval is printed. Exit status 0: ended by q, Ctrl-C or SIGTERM, or the one table was"
    " printed; 1: there was no answer to begin with, the reason is one line on stderr."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_endpoint(parser)
    parser.add_argument(
        "--sort", choices=tuple(SORTS), default="rate", help="by which column (default: rate)"
    )
    parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="TEXT",
        help="show rows whose name has TEXT, or whose label has the value of LABEL=VALUE"
        " (operation=NAME works, too); may be repeated: then all must hold",
    )
    parser.add_argument(
        "--interval",
        type=positive_number(3600),
        default=2.0,
        metavar="S",
        help="seconds between two looks (default: 2)",
    )
    parser.add_argument(
        "--window",
        type=positive_number(86_400),
        default=30.0,
        metavar="S",
        help="seconds that the numbers are of (default: 30)",
    )
    parser.add_argument("--once", action="store_true", help="print one table, and end")


def run(args: argparse.Namespace) -> int:
    """Show, and return the exit status."""
    import sys

    from otel_executor_metrics.top.screen import TerminalScreen, screen_for
    from otel_executor_metrics.top.session import Session
    from otel_executor_metrics.top.view import View

    screen = screen_for(sys.stdout)
    view = View(args.url, args.window, Order(args.sort, args.reverse), args.filter)
    session = Session(endpoint(args), view, screen, interval=args.interval, timeout=args.timeout)
    if args.once or not isinstance(screen, TerminalScreen):
        session.once()
    else:
        session.run()
    return 0
