"""The wall clock: Prometheus and Collectors stamp samples with theirs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from otel_executor_metrics.checks.finding import Finding, ok, warning

ABOUT: Final = "clock"
SKEW: Final = 5.0
"""Seconds. A Date header is up to one behind, and an answer takes its time."""

_REMEDY: Final = "set the clock, and keep it by NTP: samples with wrong times are refused or lost"


def check_clock(date: str | None) -> Iterator[Finding]:
    """Compare the clock with a Date header, if any, and with when this package was installed."""
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now + SKEW < Path(__file__).stat().st_mtime:
        yield warning(ABOUT, f"it says {shown}, before this package was installed", _REMEDY)
        return
    ahead = None if date is None else _seconds_ahead(now, date)
    if ahead is not None and abs(ahead) > SKEW:
        direction = "ahead of" if ahead > 0 else "behind"
        yield warning(ABOUT, f"it is {abs(ahead):.0f} s {direction} the endpoint's", _REMEDY)
    elif ahead is not None:
        yield ok(ABOUT, f"it says {shown}, as the endpoint's does")
    else:
        yield ok(ABOUT, f"it says {shown}")


def _seconds_ahead(now: float, date: str) -> float | None:
    try:
        return now - parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
