"""The case of tenacity: what a call of a retried function costs, measured or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tenacity

from benchmarks.cases import Case
from benchmarks.loops import Contestant
from benchmarks.ours import Facade
from benchmarks.prometheus import Families
from benchmarks.work import T
from otel_executor_metrics.integrations.tenacity import instrument_retrying

TITLE = "a call of a function that tenacity retries"
OURS = "instrument_retrying"
BARE = "not instrumented"
PEER = "prometheus_client: time, count_exceptions, track_inprogress"
OURS_RETRIED = "instrument_retrying, one retry"
RETRIED = "not instrumented, one retry"


class Flaky:
    """Fails at each first attempt."""

    def __init__(self) -> None:
        self._fails = False

    def __call__(self) -> None:
        """Raise, or do nothing, in turn."""
        self._fails = not self._fails
        if self._fails:
            raise ConnectionError


def work() -> None:
    """Do what is measured: nothing."""


def tenacity_case(facade: Facade, families: Families) -> Case:
    """Return the case; ours record into ``facade``, the peer into ``families``."""
    kept = families.kept()
    timed, counted = kept["latency_ml"].time(), kept["failures_ml"].count_exceptions()
    tracked = kept["in_progress_ml"].track_inprogress()
    return Case(
        TITLE,
        OURS,
        (
            _call(OURS, _measured(facade, work)),
            _call(BARE, _retried(work)),
            _call(PEER, tracked(timed(counted(_retried(work))))),
            _call(OURS_RETRIED, _measured(facade, Flaky())),
            _call(RETRIED, _retried(Flaky())),
        ),
        own={OURS_RETRIED: OURS_RETRIED, RETRIED: OURS_RETRIED},
        note="Ours records latency, outcome by type, retries, and what is in progress; the peer's"
        " decorators, children kept, latency, exceptions and what is in progress. Nobody waits"
        " between two attempts.",
    )


def _retried(function: Callable[[], None]) -> Any:
    return tenacity.retry(stop=tenacity.stop_after_attempt(3))(function)


def _measured(facade: Facade, function: Callable[[], None]) -> Any:
    measured = _retried(function)
    instrument_retrying(measured, facade.metrics, "execute", {"task_type": T})
    return measured


def _call(name: str, function: Any) -> Contestant:
    return Contestant(name, "function()", {"function": function})
