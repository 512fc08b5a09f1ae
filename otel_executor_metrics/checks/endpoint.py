"""An endpoint that runs: does it answer, and what does it say of itself?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from otel_executor_metrics.checks.finding import Finding, ok, problem, warning
from otel_executor_metrics.scraping import Endpoint, ScrapeError, remedy
from otel_executor_metrics.snapshot import Snapshot

ABOUT: Final = "endpoint"
_SLOW: Final = 2.0
"""Seconds; Prometheus gives up after 10, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to say of an endpoint, and the Date header of its answer, if any."""

    findings: list[Finding]
    date: str | None = None


def check_endpoint(endpoint: Endpoint, timeout: float) -> Seen:
    """Read the endpoint as Prometheus would."""
    start = time.perf_counter()
    try:
        snapshot, answer = endpoint.read(timeout)
    except ScrapeError as error:
        return Seen([problem(ABOUT, str(error), remedy(error))])
    took = time.perf_counter() - start
    return Seen([*_of_answer(endpoint.url, snapshot, took), *_of_losses(snapshot)], answer.date)


def _of_answer(url: str, snapshot: Snapshot, took: float) -> Iterator[Finding]:
    if not snapshot.series:
        advice = "give the URL of /metrics, of a program that uses this package"
        yield warning(ABOUT, f"{url} shows no operation of this package", advice)
        return
    count = f"{len(snapshot.operations)} operations, {len(snapshot.series)} label sets"
    message = f"{url} answers in {1000 * took:.0f} ms: {count}"
    if took > _SLOW:
        advice = "have fewer label sets (see `analyze`), or raise scrape_timeout in Prometheus"
        yield warning(ABOUT, message, advice)
    else:
        yield ok(ABOUT, message)


def _of_losses(snapshot: Snapshot) -> Iterator[Finding]:
    if dropped := {reason: n for reason, n in snapshot.dropped.items() if n}:
        told = ", ".join(f"{reason} {n:.0f}" for reason, n in dropped.items())
        advice = "the log of the program names them; docs/contract.md §3 has the reasons"
        yield warning(ABOUT, f"dropped, not recorded: {told}", advice)
    for (operation, label), count in snapshot.overflowed.items():
        if count:
            message = f"{operation}: {count:.0f} records had too many values of {label}"
            advice = "do not label by ids; METRICS_MAX_LABEL_VALUES is the limit"
            yield warning(ABOUT, message, advice)
    if lost := sum(recorded.lost for recorded in snapshot.series.values()):
        advice = "look for out-of-memory kills and time limits of workers"
        yield warning(ABOUT, f"{lost:.0f} in progress when their process was killed", advice)
