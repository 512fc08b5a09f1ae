"""The command ``check``: whether metrics are set up rightly here."""

from __future__ import annotations

import argparse
import dataclasses
import json
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from otel_executor_metrics._access import (
    add_credentials,
    add_timeout,
    add_tls,
    endpoint,
    metrics_url,
)
from otel_executor_metrics._text import visible

if TYPE_CHECKING:
    from otel_executor_metrics.checks.finding import Finding

SUMMARY: Final = "Check whether metrics are set up rightly here, and say what to do where not"
EPILOG: Final = (
    "Run it where the program runs: as the same user, with the same variables, in the same"
    " environment. It looks at settings, packages, recording, the port (and whose it is), TLS, the"
    " directory of a fleet, the Collector, the clock, and with --url at an endpoint that runs. Exit"
    " status 0: no problem, warnings perhaps; 1: a problem, or it could not be checked."
)
_WIDTH: Final = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "--url", type=metrics_url, metavar="URL", help="of a process that runs, to look at as well"
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    add_timeout(parser)
    add_credentials(add_tls(parser), "", "the endpoint")


def run(args: argparse.Namespace) -> int:
    """Check, and return the exit status."""
    from otel_executor_metrics._progress import Progress
    from otel_executor_metrics.checks.checking import check

    with Progress("checking"):
        found = check(endpoint(args) if args.url else None, timeout=args.timeout)
    failed = any(finding.status == "problem" for finding in found)
    if args.json:
        document = {"ok": not failed, "findings": [dataclasses.asdict(one) for one in found]}
        print(json.dumps(document, indent=2))
    else:
        print(*_lines(found), sep="\n")
    return 1 if failed else 0


def _lines(found: list[Finding]) -> Iterator[str]:
    for finding in found:
        head = f"{finding.status:8} {finding.about:10} "
        text = finding.message + (f"; remedy: {finding.remedy}" if finding.remedy else "")
        yield from textwrap.wrap(
            visible(text),
            _WIDTH,
            initial_indent=head,
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
