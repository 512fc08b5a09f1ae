"""Arguments of the generator: those that several artifacts share, and their types."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from typing import Final

from otel_executor_metrics.artifacts.alerts import DEFAULT_JOB

_DURATION: Final = re.compile(r"0|(\d+(ms|[smhdwy]))+", re.ASCII)
_JOB: Final = re.compile(r"[\w.:/-]+", re.ASCII)
_TARGET: Final = re.compile(r"[^\s/:]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}", re.ASCII)


def duration(text: str) -> str:
    """Return ``text``, a duration as Prometheus writes it."""
    if not _DURATION.fullmatch(text):
        raise ArgumentTypeError(f"{text!r}: must be a duration, such as 30s, 5m or 1h30m")
    return "0s" if text == "0" else text


def job(text: str) -> str:
    """Return ``text``, the name of a scrape job, which expressions can hold as it is."""
    if not _JOB.fullmatch(text):
        raise ArgumentTypeError(f"{text!r}: must consist of letters, digits, and _ . : / -")
    return text


def host_and_port(text: str) -> str:
    """Return ``text``, an address of the form that Prometheus's targets have."""
    if not _TARGET.fullmatch(text) or not 1 <= int(text.rpartition(":")[2]) <= 65535:
        raise ArgumentTypeError(f"{text!r}: must be HOST:PORT, a port from 1 to 65535")
    return text


def add_catalogue(parser: ArgumentParser) -> None:
    """Declare whose operations it is about."""
    parser.add_argument(
        "--catalog",
        metavar="MODULE:ATTRIBUTE",
        help="the operations of your program, a sequence of Operation (default: the built-in ones)",
    )


def add_jobs(parser: ArgumentParser) -> None:
    """Declare which targets are watched."""
    parser.add_argument(
        "--job",
        dest="jobs",
        action="append",
        type=job,
        metavar="NAME",
        help=f"scrape job whose targets are watched; may be repeated (default: {DEFAULT_JOB})",
    )


def add_interval(parser: ArgumentParser) -> None:
    """Declare how often Prometheus scrapes."""
    parser.add_argument(
        "--interval",
        type=duration,
        default="15s",
        metavar="DURATION",
        help="between two scrapes (default: 15s)",
    )
